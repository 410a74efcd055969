//! Matches contents of rules with a name: the server name of TLS, or the host of HTTP.

use crate::firewall::posix_regex::PosixRegex;

/// A sticky buffer that is being filled with contents.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    /// Which one of the rule's buffers it is. All are the same name.
    pub number: usize,
    /// Whether a dot stands before the name.
    pub dotprefix: bool,
}

/// What is looked for.
#[derive(Debug)]
pub(super) enum Needle {
    Text(String),
    Regex(Box<PosixRegex>),
}

/// A content and its modifiers.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of its own")]
pub(super) struct Content {
    pub needle: Needle,
    pub negated: bool,
    pub nocase: bool,
    pub startswith: bool,
    pub endswith: bool,
    pub offset: usize,
    pub depth: Option<usize>,
    /// The length of the whole name.
    pub size: Option<usize>,
    pub dotprefix: bool,
    pub buffer: usize,
}

impl Content {
    /// A content without modifiers.
    pub fn new(needle: Needle, negated: bool, buffer: &Buffer) -> Self {
        Self {
            needle,
            negated,
            nocase: false,
            startswith: false,
            endswith: false,
            offset: 0,
            depth: None,
            size: None,
            dotprefix: buffer.dotprefix,
            buffer: buffer.number,
        }
    }

    /// Whether a name matches. Names are in lower case.
    pub fn matches(&self, host: &str) -> bool {
        let text = if self.dotprefix { format!(".{host}") } else { host.to_owned() };
        if self.size.is_some_and(|size| size != text.len()) {
            return false;
        }
        self.finds(&text) != self.negated
    }

    fn finds(&self, text: &str) -> bool {
        let needle = match &self.needle {
            Needle::Regex(regex) => return regex.is_match(text),
            Needle::Text(needle) if self.nocase => &needle.to_ascii_lowercase(),
            Needle::Text(needle) => needle,
        };
        let end = self
            .depth
            .map_or(text.len(), |depth| self.offset.saturating_add(depth).min(text.len()));
        let mut starts = text.match_indices(needle.as_str()).map(|(at, _)| at);
        // Overlapping places do not matter: the first and the last place are what anchors look at.
        if self.startswith && !text.starts_with(needle.as_str()) {
            return false;
        }
        if self.endswith && !text.ends_with(needle.as_str()) {
            return false;
        }
        if self.startswith && self.endswith {
            return text == needle;
        }
        if self.endswith {
            let at = text.len() - needle.len();
            return at >= self.offset && text.len() <= end;
        }
        starts.any(|at| at >= self.offset && at + needle.len() <= end)
    }

    /// The host, if the content matches that one alone.
    pub fn exact(&self) -> Option<&str> {
        let Needle::Text(text) = &self.needle else { return None };
        let is_exact = self.startswith && self.endswith || self.size == Some(text.len());
        (is_exact && !self.negated && !self.dotprefix).then_some(text.as_str())
    }

    /// Texts that match, to make strangers from.
    pub fn examples(&self) -> Vec<String> {
        match &self.needle {
            Needle::Regex(regex) => regex.examples(),
            Needle::Text(text) => {
                let text = text.to_ascii_lowercase();
                let padded = format!("{}{text}", "a".repeat(self.offset.min(60)));
                vec![text, padded]
            }
        }
    }
}
