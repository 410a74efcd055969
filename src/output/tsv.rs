//! `tsv`: one row per item, no titles.

use super::{python, sorted};
use serde_json::Value;

/// Renders rows of values. `sort` orders an object's values by key; after a query, they keep their order.
pub fn render(value: &Value, sort: bool) -> String {
    let mut out = String::new();
    for row in super::table::rows(value) {
        match row {
            Value::Array(items) => cells(&mut out, items.iter()),
            Value::Object(map) if sort => cells(&mut out, sorted(map).into_iter().map(|e| e.1)),
            Value::Object(map) => cells(&mut out, map.values()),
            // A boolean in its own row is in lower case, a boolean in a cell is not: az 2.91 prints `true` and `True`.
            Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            scalar => out.push_str(&cell(scalar)),
        }
        out.push('\n');
    }
    out
}

fn cells<'a>(out: &mut String, values: impl Iterator<Item = &'a Value>) {
    for (i, value) in values.enumerate() {
        if i > 0 {
            out.push('\t');
        }
        out.push_str(&cell(value));
    }
}

/// Formats a cell: a list as its length, an object as nothing.
fn cell(value: &Value) -> String {
    match value {
        Value::Array(items) => items.len().to_string(),
        Value::Object(_) => String::new(),
        scalar => python::str(scalar),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_and_rows_differ_for_booleans() {
        let value = json!([true, {"b": true, "a": null}, [[1, 2], {"x": 1}, "text"]]);
        assert_eq!(render(&value, true), "true\nNone\tTrue\n2\t\ttext\n");
    }
}
