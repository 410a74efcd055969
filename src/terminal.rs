//! Text from elsewhere on a terminal: control characters become visible, so that nobody can move the cursor or hide text.
//!
//! Pipes get the bytes as they are, as from `az`.

use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with its control characters as `\x1b` or `\u{202e}`. Newlines and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if !is_hidden(c) => shown.push(c),
            // Writing to a String cannot fail.
            c if u32::from(c) < 0x100 => {
                let _ = write!(shown, "\\x{:02x}", u32::from(c));
            }
            c => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(shown)
}

/// The longest message that is shown, in characters: others may send megabytes.
const LONGEST: usize = 16_384;

/// A message, cut after [`LONGEST`] characters; its end says how many are left out.
pub fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let (start, rest) = text.split_at(end);
            Cow::Owned(format!("{start}… ({} more characters)", rest.chars().count()))
        }
    }
}

/// A message without commands for CI systems: GitHub Actions obeys lines that begin with `::`, and Azure Pipelines obeys `##vso[…]`
/// and `##[…]`.
pub fn without_commands(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_end_of_line = |c: char| matches!(c, '\n' | '\r');
    let begins = |line: &str| line.trim_start().starts_with("::");
    if !text.contains("##") && !text.split(is_end_of_line).any(begins) {
        return text;
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive(is_end_of_line) {
        let mut is_start = begins(line);
        let mut before = None;
        for c in line.chars() {
            let is_second = before == Some(c) && (c == '#' || c == ':' && is_start);
            if is_second {
                safe.push(' ');
                is_start = false;
            }
            safe.push(c);
            before = Some(c);
        }
    }
    Cow::Owned(safe)
}

/// A value whose texts and keys are visible.
pub fn visible_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(visible(&text).into_owned()),
        Value::Array(items) => items.into_iter().map(visible_value).collect(),
        Value::Object(map) => {
            let entries = map.into_iter();
            entries.map(|(key, value)| (visible(&key).into_owned(), visible_value(value))).collect()
        }
        other => other,
    }
}

/// Control characters, and those that change the direction of text.
fn is_hidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_has_an_end() {
        assert_eq!(shortened("short"), "short");
        let text = shortened(&"é".repeat(LONGEST + 5)).into_owned();
        assert!(text.ends_with("é… (5 more characters)"));
        assert_eq!(text.chars().filter(|c| *c == 'é').count(), LONGEST);
    }

    #[test]
    fn what_ci_systems_obey_is_taken_apart() {
        for (text, shown) in [
            ("::error::x", ": :error::x"),
            ("a\r\n ::stop-commands::x", "a\r\n : :stop-commands::x"),
            ("a\r::add-mask::x", "a\r: :add-mask::x"),
            ("##vso[task.complete]", "# #vso[task.complete]"),
            ("###vso[x] ##[error]", "# # #vso[x] # #[error]"),
            ("::##[x]", ": :# #[x]"),
            ("see Registry::pull, # 1", "see Registry::pull, # 1"),
        ] {
            assert_eq!(without_commands(text.into()), shown);
        }
    }

    #[test]
    fn what_moves_the_cursor_is_shown() {
        for (text, shown) in [
            ("plain ✓\ttext\n", "plain ✓\ttext\n"),
            ("\u{1b}[2Jgone", "\\x1b[2Jgone"),
            ("a\rb\u{7f}\u{9b}31m", "a\\x0db\\x7f\\x9b31m"),
            ("user\u{202e}gpj.exe", "user\\u{202e}gpj.exe"),
        ] {
            assert_eq!(visible(text), shown);
        }
        let value = json!({"a\u{1b}": ["\u{1b}", 1, null]});
        assert_eq!(visible_value(value), json!({"a\\x1b": ["\\x1b", 1, null]}));
    }
}
