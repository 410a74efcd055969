//! Paths as users write them: `networkRuleSet.ipRules[0].value`, `sku.name=Premium`.

use serde_json::Value;

/// `a.b[0].c` as `a`, `b`, `[0]`, `c`.
pub(super) fn segments(path: &str) -> Vec<String> {
    let mut segments = Vec::new();
    let mut current = String::new();
    let mut brackets = false;
    for c in path.chars() {
        match c {
            '[' => {
                brackets = true;
                segments.push(std::mem::take(&mut current));
                current.push(c);
            }
            ']' if brackets => {
                brackets = false;
                current.push(c);
                segments.push(std::mem::take(&mut current));
            }
            '.' if !brackets => segments.push(std::mem::take(&mut current)),
            c => current.push(c),
        }
    }
    segments.push(current);
    segments.retain(|segment| !segment.is_empty());
    segments
}

/// Splits at the first `=` that is not in brackets.
pub(super) fn split_assignment(expression: &str) -> (String, Option<&str>) {
    let mut brackets = false;
    for (i, c) in expression.char_indices() {
        match c {
            '[' => brackets = true,
            ']' => brackets = false,
            '=' if !brackets => return (expression[..i].to_owned(), Some(&expression[i + 1..])),
            _ => {}
        }
    }
    (expression.to_owned(), None)
}

/// Reads JSON, a simple Python literal, or otherwise text.
pub(super) fn read_value(text: &str) -> Value {
    let quoted = |quote| text.len() >= 2 && text.starts_with(quote) && text.ends_with(quote);
    match text {
        "True" => Value::Bool(true),
        "False" => Value::Bool(false),
        "None" => Value::Null,
        _ if quoted('\'') && !text[1..text.len() - 1].contains(['\'', '\\']) => {
            Value::from(&text[1..text.len() - 1])
        }
        _ => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
    }
}

/// The text between the brackets of a `[0]` or `[key=value]` segment.
pub(super) fn picker(segment: &str) -> Option<&str> {
    segment.strip_prefix('[')?.strip_suffix(']')
}
