//! `json` and `jsonc`.

use super::{python, sorted};
use serde_json::Value;

const KEY: &str = "\x1b[94m";
const STRING: &str = "\x1b[33m";
const SCALAR: &str = "\x1b[34m";
const RESET: &str = "\x1b[39;49;00m";

/// Renders JSON with a two-space indent, sorted keys and a final newline.
pub fn render(value: &Value, colour: bool) -> String {
    let mut out = String::new();
    write(&mut out, value, 0, colour);
    out.push('\n');
    out
}

/// Renders one item of a list as [`render`] does, without the final newline.
pub(super) fn item(value: &Value) -> String {
    let mut out = "  ".to_owned();
    write(&mut out, value, 1, false);
    out
}

/// Renders JSON on one line, with sorted keys and a final newline.
pub(super) fn line(value: &Value) -> String {
    let mut out = String::new();
    write_compact(&mut out, value, true);
    out.push('\n');
    out
}

/// JSON without spaces, the keys in their own order.
pub(super) fn compact(value: &Value) -> String {
    let mut out = String::new();
    write_compact(&mut out, value, false);
    out
}

fn write_compact(out: &mut String, value: &Value, sort: bool) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                write_compact(out, item, sort);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            let entries = if sort { sorted(map) } else { map.iter().collect() };
            for (i, (key, item)) in entries.into_iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                out.push_str(&quote(key));
                out.push(':');
                write_compact(out, item, sort);
            }
            out.push('}');
        }
        Value::Number(n) => out.push_str(&python::number(n)),
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn write(out: &mut String, value: &Value, depth: usize, colour: bool) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                new_line(out, i > 0, depth + 1);
                write(out, item, depth + 1, colour);
            }
            new_line(out, false, depth);
            out.push(']');
        }
        Value::Object(map) if !map.is_empty() => {
            out.push('{');
            for (i, (key, item)) in sorted(map).into_iter().enumerate() {
                new_line(out, i > 0, depth + 1);
                paint(out, &quote(key), colour.then_some(KEY));
                out.push_str(": ");
                write(out, item, depth + 1, colour);
            }
            new_line(out, false, depth);
            out.push('}');
        }
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        Value::String(text) => paint(out, &quote(text), colour.then_some(STRING)),
        Value::Number(n) => paint(out, &python::number(n), colour.then_some(SCALAR)),
        Value::Null | Value::Bool(_) => paint(out, &value.to_string(), colour.then_some(SCALAR)),
    }
}

/// serde_json escapes as Python's `ensure_ascii=False` does: only quotes, backslashes and control characters.
fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

fn new_line(out: &mut String, comma: bool, depth: usize) {
    if comma {
        out.push(',');
    }
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

fn paint(out: &mut String, text: &str, colour: Option<&str>) {
    match colour {
        Some(colour) => {
            out.push_str(colour);
            out.push_str(text);
            out.push_str(RESET);
        }
        None => out.push_str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_and_empty_collections_stay_on_one_line() {
        let value = json!({"b": [], "a": {"z": "ä\u{7f}\u{1}", "y": {}}});
        assert_eq!(
            render(&value, false),
            "{\n  \"a\": {\n    \"y\": {},\n    \"z\": \"ä\u{7f}\\u0001\"\n  },\n  \"b\": []\n}\n"
        );
    }

    #[test]
    fn colour_wraps_keys_and_scalars_alone() {
        assert_eq!(
            render(&json!({"a": 1}), true),
            "{\n  \x1b[94m\"a\"\x1b[39;49;00m: \x1b[34m1\x1b[39;49;00m\n}\n"
        );
    }
}
