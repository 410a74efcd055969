//! Names and patterns of Cilium: `matchName` and `matchPattern`.

use crate::firewall::document::Node;
use crate::firewall::policy::Match;

/// A name or a pattern.
#[derive(Debug)]
pub(super) enum Name {
    Exact(String),
    Pattern(String),
}

impl Name {
    /// Whether a host matches. A star stands for characters of one label, alone it stands for every name.
    pub fn matches(&self, host: &str) -> Match {
        match self {
            Self::Exact(name) => Match::from_bool(name == host),
            Self::Pattern(pattern) if pattern == "*" => Match::Yes,
            Self::Pattern(pattern) if pattern.contains("**") => {
                // Cilium 1.19 and later: one label or more; before: one star.
                let new = pattern.strip_prefix("**.").is_some_and(|domain| {
                    host.strip_suffix(domain)
                        .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
                });
                let old = matches_labels(&pattern.replace("**", "*"), host);
                if new == old {
                    return Match::from_bool(new);
                }
                Match::Maybe("** is read differently before Cilium 1.19".into())
            }
            Self::Pattern(pattern) => Match::from_bool(matches_labels(pattern, host)),
        }
    }
}

/// Whether each label of a host matches that of a pattern.
fn matches_labels(pattern: &str, host: &str) -> bool {
    let (patterns, labels): (Vec<&str>, Vec<&str>) =
        (pattern.split('.').collect(), host.split('.').collect());
    patterns.len() == labels.len()
        && patterns.iter().zip(labels).all(|(pattern, label)| matches_label(pattern, label))
}

fn matches_label(pattern: &str, label: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = label.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// `matchName` or `matchPattern`, and its line.
pub(super) fn name_of(node: &Node) -> Option<(Name, usize)> {
    let canonical = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    if let Some(name) = node.get("matchName") {
        return Some((Name::Exact(canonical(name.text()?)), name.line));
    }
    let pattern = node.get("matchPattern")?;
    Some((Name::Pattern(canonical(pattern.text()?)), pattern.line))
}
