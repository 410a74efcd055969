//! The words of a query.

use super::value::{Number, Value};

/// A word, and where it begins, in characters.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: usize,
}

/// What a word is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Name(String),
    QuotedName(String),
    Literal(Value),
    Number(i64),
    /// An operator or a bracket: `[?`, `&&`, `.`.
    Sign(&'static str),
    End,
}

/// Operators and brackets, the longer ones first. `=` alone is none.
const SIGNS: [&str; 24] = [
    "[]", "[?", "&&", "||", "==", "!=", "<=", ">=", "[", "]", "{", "}", "(", ")", ".", ",", ":",
    "*", "@", "|", "&", "!", "<", ">",
];

/// Splits a query into words; the last one is [`Kind::End`].
///
/// # Errors
/// Returns what cannot be read, and where.
pub(super) fn tokenize(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let (mut rest, mut start) = (text, 0);
    while let Some(first) = rest.chars().next() {
        let (kind, length) = match first {
            ' ' | '\t' | '\n' | '\r' => (None, 1),
            '`' | '"' | '\'' => {
                let length = quoted(rest, first)
                    .ok_or_else(|| format!("the {first} at column {start} is not closed"))?;
                let inside = &rest[1..length - 1];
                let kind = match first {
                    '\'' => Ok(Kind::Literal(Value::text(inside.replace("\\'", "'")))),
                    '"' => serde_json::from_str(&rest[..length])
                        .map(Kind::QuotedName)
                        .map_err(|e| e.to_string()),
                    _ => literal(&inside.replace("\\`", "`")).map(Kind::Literal),
                };
                (Some(kind.map_err(|reason| format!("{reason}, at column {start}"))?), length)
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let length = length.unwrap_or(rest.len());
                (Some(Kind::Name(rest[..length].to_owned())), length)
            }
            '-' | '0'..='9' => {
                let digits = rest[1..].find(|c: char| !c.is_ascii_digit());
                let length = digits.map_or(rest.len(), |digits| digits + 1);
                (Some(Kind::Number(number(&rest[..length], start)?)), length)
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
                let sign =
                    sign.ok_or_else(|| format!("unknown token '{first}' at column {start}"))?;
                (Some(Kind::Sign(sign)), sign.len())
            }
        };
        tokens.extend(kind.map(|kind| Token { kind, start }));
        start += rest[..length].chars().count();
        rest = &rest[length..];
    }
    tokens.push(Token { kind: Kind::End, start });
    Ok(tokens)
}

/// The length of a quoted part with its quotes; `None` if it is not closed.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// An index. Lists are never as long as the numbers that do not fit.
fn number(text: &str, start: usize) -> Result<i64, String> {
    match text {
        "-" => Err(format!("unknown token '-' at column {start}")),
        _ => Ok(text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX })),
    }
}

/// A literal: JSON, or else a text, as jmespath.py reads `` `Premium` ``.
fn literal(inside: &str) -> Result<Value, String> {
    // serde_json makes a float of -0, and of integers beyond 64 bits.
    let integer = inside.trim_matches([' ', '\t', '\n', '\r']);
    let digits = integer.strip_prefix('-').unwrap_or(integer);
    let is_json = digits == "0" || !digits.starts_with(['0', '+']);
    if let (true, Ok(number)) = (is_json, integer.parse()) {
        return Ok(Value::Number(Number::Int(number)));
    }
    let error = match serde_json::from_str::<serde_json::Value>(inside) {
        Ok(value) => return Ok(Value::import(&value)),
        Err(error) => error.to_string(),
    };
    // Python reads these as JSON, and so they are no texts.
    let is_number = ["NaN", "Infinity"].into_iter().any(|name| inside.contains(name)) && {
        let names = ["-Infinity", "Infinity", "NaN"].into_iter();
        let text = names.fold(inside.to_owned(), |text, name| text.replace(name, "null"));
        serde_json::from_str::<serde_json::Value>(&text).is_ok()
    };
    if is_number || error.contains("recursion limit") || error.contains("out of range") {
        return Err(format!("the literal cannot be represented ({error})"));
    }
    serde_json::from_str::<String>(&format!("\"{}\"", inside.trim_start()))
        .map(Value::text)
        .map_err(|_| format!("the literal is not JSON ({error})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_that_are_not_json_are_texts() {
        for (query, expected) in [
            ("`contoso`", Some("contoso")),
            ("`  two words`", Some("two words")),
            ("`a\\`b`", Some("a`b")),
            ("`a\"b`", None),
            ("`NaN`", None),
            ("`[1e999]`", None),
        ] {
            let tokens = tokenize(query).ok();
            let kind = tokens.map(|tokens| tokens[0].kind.clone());
            assert_eq!(kind, expected.map(|text| Kind::Literal(Value::text(text))), "{query}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        for (query, reason) in [
            ("a = b", "unknown token '=' at column 2"),
            ("é", "unknown token 'é' at column 0"),
            ("[-]", "unknown token '-' at column 1"),
            ("a.'b", "the ' at column 2 is not closed"),
        ] {
            assert_eq!(tokenize(query).err().as_deref(), Some(reason));
        }
    }
}
