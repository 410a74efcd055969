//! Where the text of a query means something else to jmespath.py, which `az` uses, than to the `jmespath` crate.

use serde_json::Value;

/// The query as the crate has to read it. A literal that is not JSON is a string for jmespath.py: `` `Premium` `` is
/// `` `"Premium"` ``.
///
/// # Errors
/// Returns what is wrong if the crate would accept what jmespath.py refuses: two values with nothing between them, and `[ ]`.
pub(super) fn for_crate(text: &str) -> Result<String, String> {
    let mut adapted = String::with_capacity(text.len());
    let mut rest = text;
    // Whether the part before is a value, so that an operator or a comma must follow.
    let mut value_before = false;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '`' | '"' | '\'' => quoted(rest, first),
            c if c.is_ascii_alphabetic() || c == '_' => word(rest),
            '&' if rest.starts_with("&&") => 2,
            '!' if rest.starts_with("!=") => 2,
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        if first.is_whitespace() {
            adapted.push_str(token);
            rest = after;
            continue;
        }
        let is_value = token.starts_with(|c: char| "`\"'_@".contains(c) || c.is_ascii_alphabetic());
        if value_before && (is_value || matches!(token, "{" | "!" | "&")) {
            let column = text[..text.len() - rest.len()].chars().count();
            return Err(format!("an operator or a comma is missing before column {column}"));
        }
        if token == "[" && !after.starts_with(']') && after.trim_start().starts_with(']') {
            return Err("'[ ]' selects nothing; '[]' flattens a list".to_owned());
        }
        value_before = is_value || matches!(token, ")" | "]" | "}" | "*");
        match first {
            '`' => adapted.push_str(&literal(token)),
            _ => adapted.push_str(token),
        }
        rest = after;
    }
    Ok(adapted)
}

/// The length of a quoted part, which may have no end.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a name.
fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// A literal, as JSON if jmespath.py makes a string of it. (`NaN` and `Infinity` are numbers for Python, and texts here.)
fn literal(token: &str) -> String {
    let inside = token.strip_prefix('`').and_then(|inside| inside.strip_suffix('`'));
    let Some(inside) = inside else { return token.to_owned() };
    let inside = inside.replace("\\`", "`");
    let is_json = |text: &str| serde_json::from_str::<Value>(text).is_ok();
    let text = format!("\"{}\"", inside.trim_start());
    if is_json(&inside) || !is_json(&text) {
        return token.to_owned();
    }
    format!("`{}`", text.replace('`', "\\`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_that_are_not_json_are_strings() {
        for (query, adapted) in [
            ("[?name==`contoso`]", "[?name==`\"contoso\"`]"),
            ("[?count==`3`]", "[?count==`3`]"),
            ("`[\"a\"]`", "`[\"a\"]`"),
            ("` two words`", "`\"two words\"`"),
            ("`a\\`b`", "`\"a\\`b\"`"),
            ("'`x`'", "'`x`'"),
            ("\"a`b\" || `c`", "\"a`b\" || `\"c\"`"),
            // Neither JSON nor the inside of a string: the crate says so.
            ("`a\"b`", "`a\"b`"),
            ("`open", "`open"),
        ] {
            assert_eq!(for_crate(query).as_deref(), Ok(adapted), "{query}");
        }
    }

    #[test]
    fn values_side_by_side_are_refused() {
        for query in ["[*].[name sku.name]", "[a b]", "join(', ' @)", "[`1` `2`]", "a !b", "[ ].a"]
        {
            assert!(for_crate(query).is_err(), "{query}");
        }
        for query in [
            "[*].[name, sku.name]",
            "{a: b, c: d}",
            "sort_by(@, &name)[-1]",
            "a && !b || c != d",
            "[?a == b && !(c)] | [0]",
            "a.*.b[1:2]",
            "[].{n: name}",
            "max_by([], &a)",
        ] {
            assert_eq!(for_crate(query).as_deref(), Ok(query));
        }
    }
}
