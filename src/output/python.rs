//! Scalars as Python writes them: `az` prints numbers, booleans and nested values with `str()` and `repr()`.

use serde_json::{Number, Value};
use std::fmt::Write as _;

/// `str(value)`.
pub fn str(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => repr(other),
    }
}

/// `repr(value)`.
pub fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => self::number(number),
        Value::String(text) => repr_string(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(repr).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let entries: Vec<String> =
                map.iter().map(|(k, v)| format!("{}: {}", repr_string(k), repr(v))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// A number as Python's `repr` writes it: a float keeps its decimal point, an exponent has a sign and two digits and
/// stands from 10^16 and below 10^-4.
pub fn number(number: &Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        return number.to_string();
    };
    if float != 0.0 && !(1e-4..1e16).contains(&float.abs()) {
        let text = format!("{float:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = match exponent.strip_prefix('-') {
            Some(digits) => ('-', digits),
            None => ('+', exponent),
        };
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    format!("{float:?}")
}

/// What Python's `int()` and `float()` read of a text: without the spaces around it, and without single underscores between
/// digits. `None` if an underscore stands elsewhere.
pub fn digits(text: &str) -> Option<String> {
    let text = text.trim();
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let mut digits = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if c != '_' {
            digits.push(c);
        } else if !is_digit(text[..at].chars().next_back())
            || !is_digit(text[at + 1..].chars().next())
        {
            return None;
        }
    }
    Some(digits)
}

fn repr_string(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut result = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => result.push_str("\\\\"),
            '\n' => result.push_str("\\n"),
            '\r' => result.push_str("\\r"),
            '\t' => result.push_str("\\t"),
            c if c == quote => {
                result.push('\\');
                result.push(c);
            }
            c if c.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(result, "\\x{:02x}", u32::from(c));
            }
            c => result.push(c),
        }
    }
    result.push(quote);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_look_like_python() {
        for (value, expected) in [
            (json!(null), "None"),
            (json!(true), "True"),
            (json!(2.0), "2.0"),
            (json!(1e16), "1e+16"),
            (json!(1.5e-7), "1.5e-07"),
            (json!(0.00001), "1e-05"),
            (json!(0.0001), "0.0001"),
            (json!(123_456_789_012_345.6), "123456789012345.6"),
            (json!(9_999_999_999_999_998.0), "9999999999999998.0"),
            (json!(-0.0), "-0.0"),
            (json!("it's"), "\"it's\""),
            (json!({"a": ["b", 1, null]}), "{'a': ['b', 1, None]}"),
        ] {
            assert_eq!(repr(&value), expected);
        }
    }
}
