//! Regular expressions of rule files: POSIX extended, as glibc reads them.
//!
//! A small parser accepts what POSIX and Rust's engine read alike; anything else is refused, so that the line counts as
//! unjudged. It also makes examples, to find out which other names an expression matches.

use regex_lite::Regex;

/// The longest expression that is read, in characters.
const MAX_LENGTH: usize = 1000;
/// The most ways in which two parts of an expression are combined to examples.
const MAX_COMBINATIONS: usize = 256;

/// An expression that is read alike by everybody.
#[derive(Debug, Clone)]
pub struct PosixRegex {
    regex: Regex,
    ast: Node,
}

#[derive(Debug, Clone)]
enum Node {
    Literal(char),
    Any,
    Class(Vec<(char, char)>, bool),
    Start,
    End,
    Repeat(Box<Node>, u32),
    Concat(Vec<Node>),
    Alternatives(Vec<Node>),
}

impl PosixRegex {
    /// Reads an expression.
    ///
    /// # Errors
    /// Why it cannot be judged.
    pub fn parse(text: &str, ignore_case: bool) -> Result<Self, String> {
        if text.chars().count() > MAX_LENGTH {
            return Err("the regular expression is too long to be judged".to_owned());
        }
        let mut parser = Parser { chars: text.chars().collect(), at: 0, translated: String::new() };
        let ast = parser
            .alternatives(0)
            .filter(|_| parser.at == parser.chars.len())
            .ok_or_else(|| format!("the regular expression {text:?} may be read differently"))?;
        let flags = if ignore_case { "(?i)" } else { "" };
        let regex = Regex::new(&format!("{flags}{}", parser.translated))
            .map_err(|_| format!("the regular expression {text:?} may be read differently"))?;
        Ok(Self { regex, ast })
    }

    /// Whether it matches anywhere in a text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Texts that match at their place, without the rest that may surround them.
    pub fn examples(&self) -> Vec<String> {
        examples(&self.ast)
    }
}

/// What stands for a repeated character: a label, one with a region below it, and the shortest.
const FILLERS: [&str; 3] = ["x", "zq0.eastus", "zq0"];

fn examples(node: &Node) -> Vec<String> {
    match node {
        Node::Start | Node::End => vec![String::new()],
        Node::Literal(c) => vec![c.to_string()],
        // A dot that is not escaped often means one.
        Node::Any => vec![".".to_owned(), "x".to_owned()],
        Node::Class(..) => {
            let candidates = ('a'..='z').chain('0'..='9').chain(['.', '-']).chain('A'..='Z');
            candidates.filter(|c| accepts(node, *c)).take(2).map(String::from).collect()
        }
        Node::Repeat(inner, least) => {
            let times = (*least).max(1) as usize;
            let fillers = FILLERS.iter().filter(|text| text.chars().all(|c| accepts(inner, c)));
            let mut all: Vec<String> = fillers.map(|text| (*text).to_owned()).collect();
            all.extend(examples(inner).iter().map(|text| text.repeat(times)));
            if *least == 0 {
                all.push(String::new());
            }
            all
        }
        Node::Concat(nodes) => {
            nodes.iter().fold(vec![String::new()], |before, node| join(&before, &examples(node)))
        }
        Node::Alternatives(nodes) => nodes.iter().flat_map(examples).collect(),
    }
}

/// Whether a node that stands for one character accepts this one.
fn accepts(node: &Node, c: char) -> bool {
    match node {
        Node::Any => true,
        Node::Literal(literal) => *literal == c,
        Node::Class(ranges, negated) => {
            ranges.iter().any(|(first, last)| (*first..=*last).contains(&c)) != *negated
        }
        _ => false,
    }
}

/// Puts beginnings and ends together: each with each, or, if that would be too many, so that each stands somewhere.
fn join(before: &[String], after: &[String]) -> Vec<String> {
    if before.is_empty() || after.is_empty() {
        return Vec::new();
    }
    if before.len() * after.len() <= MAX_COMBINATIONS {
        return before.iter().flat_map(|a| after.iter().map(move |b| format!("{a}{b}"))).collect();
    }
    let longest = before.len().max(after.len());
    (0..longest)
        .map(|i| format!("{}{}", before[i % before.len()], after[i % after.len()]))
        .collect()
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    /// The same expression for Rust's engine.
    translated: String,
}

/// Groups within groups that are read.
const MAX_DEPTH: usize = 20;

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn alternatives(&mut self, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut nodes = vec![self.concat(depth)?];
        while self.peek() == Some('|') {
            self.at += 1;
            self.translated.push('|');
            nodes.push(self.concat(depth)?);
        }
        Some(if nodes.len() == 1 { nodes.remove(0) } else { Node::Alternatives(nodes) })
    }

    fn concat(&mut self, depth: usize) -> Option<Node> {
        let mut nodes = Vec::new();
        while let Some(c) = self.peek() {
            if matches!(c, '|' | ')') {
                break;
            }
            nodes.push(self.repeated(depth)?);
        }
        match nodes.len() {
            // glibc and Rust differ on what an empty alternative means to users; an empty pattern is rare.
            0 => None,
            1 => nodes.pop(),
            _ => Some(Node::Concat(nodes)),
        }
    }

    fn repeated(&mut self, depth: usize) -> Option<Node> {
        let is_anchor = matches!(self.peek(), Some('^' | '$'));
        let atom = self.atom(depth)?;
        let least = match self.peek() {
            Some('*' | '?') => 0,
            Some('+') => 1,
            Some('{') => return None,
            _ => return Some(atom),
        };
        if is_anchor {
            return None;
        }
        self.translated.push(self.peek()?);
        self.at += 1;
        // A repetition of a repetition is read differently.
        if matches!(self.peek(), Some('*' | '+' | '?' | '{')) {
            return None;
        }
        Some(Node::Repeat(Box::new(atom), least))
    }

    fn atom(&mut self, depth: usize) -> Option<Node> {
        let c = self.peek()?;
        self.at += 1;
        Some(match c {
            '.' => {
                self.translated.push('.');
                Node::Any
            }
            '^' => {
                self.translated.push('^');
                Node::Start
            }
            '$' => {
                self.translated.push('$');
                Node::End
            }
            '(' => {
                self.translated.push('(');
                let inner = self.alternatives(depth + 1)?;
                (self.peek() == Some(')')).then_some(())?;
                self.at += 1;
                self.translated.push(')');
                inner
            }
            '[' => self.class()?,
            '\\' => {
                let escaped = self.peek()?;
                // `\d` and the like are extensions, or letters.
                (escaped.is_ascii_punctuation() && !matches!(escaped, '<' | '>' | '`' | '\''))
                    .then_some(())?;
                self.at += 1;
                self.literal(escaped)
            }
            '*' | '+' | '?' | '{' | '}' | ')' | ']' => return None,
            c if c.is_ascii_graphic() => self.literal(c),
            _ => return None,
        })
    }

    fn literal(&mut self, c: char) -> Node {
        self.translated.push_str(&regex_lite::escape(&c.to_string()));
        Node::Literal(c)
    }

    fn class(&mut self) -> Option<Node> {
        let negated = self.peek() == Some('^');
        if negated {
            self.at += 1;
        }
        let mut ranges = Vec::new();
        loop {
            let first = self.peek()?;
            self.at += 1;
            match first {
                ']' if !ranges.is_empty() => break,
                // `]` as a member, classes such as `[:alpha:]`, and escapes, which POSIX does not know here.
                ']' | '[' | '\\' | '&' | '~' | '^' => return None,
                _ => {}
            }
            let is_range = self.peek() == Some('-') && self.chars.get(self.at + 1) != Some(&']');
            let last = if is_range {
                self.at += 1;
                let last = self.peek()?;
                self.at += 1;
                last
            } else {
                first
            };
            // Other ranges depend on the locale.
            let plain = |c: char| c.is_ascii_alphanumeric();
            if is_range && !(plain(first) && plain(last) && first <= last) || !first.is_ascii() {
                return None;
            }
            ranges.push((first, last));
        }
        self.translated.push('[');
        if negated {
            self.translated.push('^');
        }
        for (first, last) in &ranges {
            for (c, mark) in [(first, ""), (last, "-")] {
                if mark == "-" && first == last {
                    continue;
                }
                self.translated.push_str(mark);
                if !c.is_ascii_alphanumeric() {
                    self.translated.push('\\');
                }
                self.translated.push(*c);
            }
        }
        self.translated.push(']');
        Some(Node::Class(ranges, negated))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_reads_alike_is_read() {
        for (pattern, text, matches) in [
            (r"^contoso\.azurecr\.io$", "contoso.azurecr.io", true),
            (r"^contoso\.azurecr\.io$", "contosoxazurecr.io", false),
            (r"\.blob\.core\.windows\.net$", "evil.blob.core.windows.net", true),
            ("^[a-m].*\\.io$", "contoso.azurecr.io", true),
            ("^[^c]", "contoso.azurecr.io", false),
            ("(east|west)us[0-9]?", "contoso.westus2.data.azurecr.io", true),
            ("AZURECR", "contoso.azurecr.io", false),
        ] {
            let regex = PosixRegex::parse(pattern, false).unwrap();
            assert_eq!(regex.is_match(text), matches, "{pattern} on {text}");
        }
        assert!(PosixRegex::parse("AZURECR", true).unwrap().is_match("contoso.azurecr.io"));
    }

    #[test]
    fn what_engines_read_differently_is_refused() {
        for pattern in [
            "",
            "(",
            ")",
            "*a",
            "^*a",
            "a**",
            "a{2}",
            r"\d",
            r"\w+",
            "[[:alpha:]]",
            "[]a]",
            "a||b",
            "(?:a)",
            "[z-a]",
            "[a",
            r"\<a",
            "b\u{fc}cher",
        ] {
            assert!(PosixRegex::parse(pattern, false).is_err(), "{pattern}");
        }
    }

    #[test]
    fn examples_match() {
        for pattern in [r"^[a-m].*\.blob\.core\.windows\.net$", "(east|west)us", "a+b?c*", "[^a]x"]
        {
            let regex = PosixRegex::parse(pattern, false).unwrap();
            let examples = regex.examples();
            assert!(!examples.is_empty(), "{pattern}");
            assert!(
                examples.iter().all(|example| regex.is_match(example)),
                "{pattern}: {examples:?}"
            );
        }
    }
}
