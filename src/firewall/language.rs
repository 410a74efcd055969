//! The languages that a check can judge, and how a file's language is recognised.

use super::policy::{Includes, InvalidRules, Policy, RuleFile};
use super::{json, list, squid, unjudged};

/// A language of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A configuration of Squid.
    Squid,
    /// A host or URL a line.
    List,
    /// What `firewall-rules --format json` writes.
    Json,
    /// Any other text. Nothing in it is judged.
    Other,
}

impl Language {
    /// All languages that can be judged.
    pub const JUDGED: [Self; 3] = [Self::Squid, Self::List, Self::Json];

    /// The name that `--from` takes; `None` for a language that cannot be judged.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Squid => Some("squid"),
            Self::List => Some("list"),
            Self::Json => Some("json"),
            Self::Other => None,
        }
    }

    /// Recognises the language of a file by its content.
    pub fn recognise(text: &str) -> Self {
        let has_squid_rules = || {
            text.lines().any(|line| {
                let first = line.split_whitespace().next();
                matches!(first, Some("http_access" | "acl"))
            })
        };
        if json::is_ours(text) {
            Self::Json
        } else if has_squid_rules() {
            Self::Squid
        } else if list::is_list(text) {
            Self::List
        } else {
            Self::Other
        }
    }

    /// Reads files as one policy, in order.
    ///
    /// # Errors
    /// [`InvalidRules`] if the program would refuse the files.
    pub fn read(
        self,
        files: &[RuleFile],
        includes: &dyn Includes,
    ) -> Result<Box<dyn Policy>, InvalidRules> {
        Ok(match self {
            Self::Squid => Box::new(squid::read(files, includes)?),
            Self::List => Box::new(list::read(files)),
            Self::Json => Box::new(json::read(files)?),
            Self::Other => Box::new(unjudged::read(files)),
        })
    }
}
