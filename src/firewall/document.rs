//! JSON, YAML and HCL as one tree of values that know their lines.

use super::policy::{InvalidRules, Place};
use libyaml_safer::{EventData, Parser, ScalarStyle};
use std::borrow::Cow;
use std::sync::Arc;

/// The limit of values within values.
const MAX_DEPTH: usize = 64;
/// The most values of a file.
const MAX_NODES: usize = 20_000_000;

/// A value and the line on which it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The line, from 1.
    pub line: usize,
    /// Whether a text is written without quotes, as numbers are.
    pub is_plain: bool,
    /// The value.
    pub value: Value,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A text, a number or a Boolean, as it is written.
    Text(String),
    /// Values in order.
    List(Vec<Node>),
    /// Values by name.
    Object(Vec<(String, Node)>),
    /// A value that is not in the file; why.
    Unknown(Arc<str>),
}

impl Node {
    /// A value of an object; `None` if there is none, or if it is null.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Value::Object(entries) = &self.value else { return None };
        let found = entries.iter().rev().find(|(key, _)| key == name).map(|(_, node)| node);
        found.filter(|node| node.value != Value::Null)
    }

    /// A value below values.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    /// A text, a number or a Boolean.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a value of an object.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// The values of a list; a single value is a list of one. Nothing is in what is not known.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Null | Value::Unknown(_) => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// The values of a list in an object, and none if there is no such list.
    pub fn items_of(&self, name: &str) -> &[Self] {
        self.get(name).map_or(&[], Self::items)
    }

    /// Makes the names in objects small, for languages that do not tell capitals from small letters.
    pub fn lower_keys(&mut self) {
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(Self::lower_keys),
            Value::Object(entries) => {
                for (key, node) in entries {
                    key.make_ascii_lowercase();
                    node.lower_keys();
                }
            }
            _ => {}
        }
    }

    /// Why the value is not known, or a value in it.
    pub fn unknown(&self) -> Option<&Arc<str>> {
        match &self.value {
            Value::Unknown(why) => Some(why),
            Value::List(items) => items.iter().find_map(Self::unknown),
            Value::Object(entries) => entries.iter().find_map(|(_, node)| node.unknown()),
            Value::Null | Value::Text(_) => None,
        }
    }
}

/// Reads the documents of a YAML or JSON file.
///
/// # Errors
/// [`InvalidRules`] if it is neither.
pub fn read(text: &str, file: &Arc<str>) -> Result<Vec<Node>, InvalidRules> {
    let is_json = text.trim_start().starts_with(['{', '[', '/']);
    let text = if is_json { Cow::Owned(plain_json(text)) } else { Cow::Borrowed(text) };
    let mut input = text.as_bytes();
    let mut parser = Parser::new();
    parser.set_input_string(&mut input);
    let mut reader = Reader { parser, file, left: MAX_NODES };
    let mut documents = Vec::new();
    loop {
        let (line, event) = reader.next()?;
        match event {
            EventData::StreamEnd => return Ok(documents),
            EventData::StreamStart { .. }
            | EventData::DocumentStart { .. }
            | EventData::DocumentEnd { .. } => {}
            event => documents.push(reader.node(line, event, 0)?),
        }
    }
}

/// The value, unless it has a tag of an application, such as `!Sub` of CloudFormation: then it is not what it seems.
fn unless_tagged(tag: Option<String>, value: Value) -> Value {
    match tag.filter(|tag| tag.starts_with('!') && tag != "!") {
        Some(tag) => Value::Unknown(format!("values with the tag {tag} are not read").into()),
        None => value,
    }
}

/// JSON without what YAML does not read: comments, which templates of ARM may hold, and surrogate pairs.
fn plain_json(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let mut quoted = false;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '"' => quoted = !quoted,
            '\\' if quoted => {
                if let Some((pair, used)) = surrogates(rest) {
                    plain.push(pair);
                    rest = &rest[used..];
                    continue;
                }
                length += rest[1..].chars().next().map_or(0, char::len_utf8);
            }
            '/' if !quoted && rest.starts_with("//") => {
                length = rest.find('\n').unwrap_or(rest.len());
                rest = &rest[length..];
                continue;
            }
            '/' if !quoted && rest.starts_with("/*") => {
                length = rest.find("*/").map_or(rest.len(), |end| end + 2);
                plain.extend(rest[..length].chars().filter(|c| *c == '\n'));
                rest = &rest[length..];
                continue;
            }
            _ => {}
        }
        plain.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    plain
}

/// The character of a surrogate pair such as `\ud83d\ude00`, and the length of the text.
fn surrogates(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let units = [unit(0)?, unit(6)?];
    let pair = char::decode_utf16(units).next()?.ok()?;
    (u32::from(pair) > 0xffff).then_some((pair, 12))
}

struct Reader<'a, 'b> {
    parser: Parser<&'a mut &'b [u8]>,
    file: &'a Arc<str>,
    /// The values that may still come.
    left: usize,
}

impl Reader<'_, '_> {
    fn invalid(&self, line: usize, what: &str) -> InvalidRules {
        InvalidRules { place: Place { file: Arc::clone(self.file), line }, what: what.to_owned() }
    }

    fn next(&mut self) -> Result<(usize, EventData), InvalidRules> {
        let event = self.parser.parse().map_err(|error| {
            let line = error.problem_mark().map_or(0, |mark| mark.line);
            let line = usize::try_from(line).unwrap_or(0) + 1;
            self.invalid(line, &format!("neither JSON nor YAML: {error}"))
        })?;
        let line = usize::try_from(event.start_mark.line).unwrap_or(0) + 1;
        self.left =
            self.left.checked_sub(1).ok_or_else(|| self.invalid(line, "too many values"))?;
        Ok((line, event.data))
    }

    fn node(&mut self, line: usize, event: EventData, depth: usize) -> Result<Node, InvalidRules> {
        if depth > MAX_DEPTH {
            return Err(self.invalid(line, "values are nested too deeply"));
        }
        let mut is_plain = false;
        let value = match event {
            EventData::Scalar { tag, value, style, .. } => {
                is_plain = style == ScalarStyle::Plain;
                let value = match value.as_str() {
                    "" | "~" | "null" | "Null" | "NULL" if is_plain => Value::Null,
                    _ => Value::Text(value),
                };
                unless_tagged(tag, value)
            }
            EventData::SequenceStart { tag, .. } => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (_, EventData::SequenceEnd) => {
                            break unless_tagged(tag, Value::List(items));
                        }
                        (line, event) => items.push(self.node(line, event, depth + 1)?),
                    }
                }
            }
            EventData::MappingStart { tag, .. } => {
                let mut entries = Vec::new();
                loop {
                    let (line, event) = self.next()?;
                    if event == EventData::MappingEnd {
                        break unless_tagged(tag, Value::Object(entries));
                    }
                    let key = self.node(line, event, depth + 1)?;
                    let (line, event) = self.next()?;
                    let node = self.node(line, event, depth + 1)?;
                    entries.push((key.text().unwrap_or_default().to_owned(), node));
                }
            }
            EventData::Alias { .. } => Value::Unknown("aliases of YAML are not read".into()),
            _ => return Err(self.invalid(line, "neither JSON nor YAML")),
        };
        Ok(Node { line, is_plain, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_yaml_are_read_with_their_lines() {
        let file: Arc<str> = "f".into();
        for text in ["{\"a\":[1,\n\"b\"],\"c\":null}", "a:\n- 1\n- b\nc: null\n"] {
            let documents = read(text, &file).unwrap();
            let [document] = documents.as_slice() else { panic!("{documents:?}") };
            let items = document.items_of("a");
            assert_eq!(items[1].text(), Some("b"), "{text}");
            assert!(items[1].line >= 2, "{text}");
            assert_eq!(document.get("c"), None);
        }
        let commented = "// x\n{/* y */\"a\": \"//\\ud83d\\ude00\"}";
        let documents = read(commented, &file).unwrap();
        assert_eq!(documents[0].text_of("a"), Some("//\u{1f600}"));
        let tagged = read("a: !Sub '${B}'\nc: !If [d]\ne: !!str f\n", &file).unwrap();
        let is_unknown = |name: &str| tagged[0].get(name).is_some_and(|n| n.unknown().is_some());
        assert_eq!(["a", "c", "e"].map(is_unknown), [true, true, false]);
        assert!(read("{\"a\":", &file).is_err());
        assert!(read(&"[".repeat(10_000), &file).is_err());
    }
}
