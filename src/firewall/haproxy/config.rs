//! Reads a configuration of HAProxy: sections, and their directives (HAProxy, "Configuration Manual", 2 and 4).

use crate::firewall::policy::{InvalidRules, Place, RuleFile};
use std::sync::Arc;

/// A directive of a section.
#[derive(Debug, Clone)]
pub struct Directive {
    pub words: Vec<String>,
    pub place: Place,
}

/// A section, such as `frontend tls`.
#[derive(Debug)]
pub struct Section {
    pub kind: String,
    pub name: String,
    /// Whether it names the defaults that it begins with: `frontend tls from base`.
    pub has_from: bool,
    pub directives: Vec<Directive>,
    pub place: Place,
}

/// The words that begin a section.
const SECTIONS: [&str; 16] = [
    "global",
    "defaults",
    "frontend",
    "backend",
    "listen",
    "peers",
    "resolvers",
    "cache",
    "program",
    "userlist",
    "mailers",
    "http-errors",
    "ring",
    "log-forward",
    "fcgi-app",
    "crt-store",
];

/// Whether a text is a configuration of HAProxy that looks at names.
pub fn is_config(text: &str) -> bool {
    let begins = |word: &str| text.lines().any(|line| line.split_whitespace().next() == Some(word));
    (begins("frontend") || begins("listen"))
        && ["req_ssl_sni", "req.ssl_sni", "ssl_fc_sni", "use_backend", "default_backend"]
            .iter()
            .any(|word| text.contains(word))
}

/// Reads the sections of files, in order.
///
/// # Errors
/// [`InvalidRules`] for a directive outside a section, or quotes that do not end.
pub fn sections(files: &[RuleFile]) -> Result<Vec<Section>, InvalidRules> {
    let mut sections: Vec<Section> = Vec::new();
    for file in files {
        for (i, line) in file.text.lines().enumerate() {
            let place = Place { file: Arc::clone(&file.name), line: i + 1 };
            let invalid = |what: &str| InvalidRules { place: place.clone(), what: what.to_owned() };
            let words =
                words(line).ok_or_else(|| invalid("HAProxy refuses a quote that does not end"))?;
            let Some(first) = words.first() else { continue };
            if SECTIONS.contains(&first.as_str()) {
                let name = words.get(1).cloned().unwrap_or_default();
                let has_from = words.get(2).is_some_and(|word| word == "from");
                sections.push(Section {
                    kind: first.clone(),
                    name,
                    has_from,
                    directives: Vec::new(),
                    place,
                });
            } else if let Some(section) = sections.last_mut() {
                section.directives.push(Directive { words, place });
            } else {
                return Err(invalid("HAProxy refuses a directive before the first section"));
            }
        }
    }
    Ok(sections)
}

/// Why what a line says is not known: HAProxy decides when it starts.
pub fn is_decided_at_start(line: &str) -> Option<&'static str> {
    let first = line.split_whitespace().next().unwrap_or_default();
    if first.starts_with('.') {
        return Some("conditional blocks are not judged");
    }
    // Between double quotes, a dollar sign begins a variable.
    let (mut quote, mut chars) = (None, line.chars());
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '#') => break,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (Some('"'), '$') => return Some("variables of the environment are not judged"),
            (None | Some('"'), '\\') => drop(chars.next()),
            _ => {}
        }
    }
    None
}

/// The words of a line; `None` if a quote does not end. A backslash takes the next character as it is, and `#` ends the line.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => match chars.next() {
                Some(next) => word.get_or_insert_default().push(next),
                // A backslash at the end continues the line, which is not read.
                None => return None,
            },
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_comments() {
        let read = |line: &str| words(line).map(|words| words.join("|"));
        assert_eq!(
            read("  acl a req_ssl_sni -i x\\ y # z").as_deref(),
            Some("acl|a|req_ssl_sni|-i|x y")
        );
        assert_eq!(read("acl a 'b \"c' \"d e\"").as_deref(), Some("acl|a|b \"c|d e"));
        assert_eq!(read("acl 'a"), None);
    }
}
