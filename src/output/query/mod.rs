//! `--query`: JMESPath as jmespath.py 1.1 implements it, which `az` uses.
//!
//! Objects keep the order of their keys, numbers are Python's, and leniencies of the parser that scripts may rely on are
//! kept. The `jmespath` crate follows the specification instead, and reads some queries differently without an error.

mod evaluate;
mod functions;
mod parser;
mod tokens;
mod value;

use parser::Node;
use serde_json::Value as Json;

/// A parsed `--query`.
pub struct Query(Node);

/// The query failed on a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid jmespath query supplied for `--query`: {0}")]
pub struct QueryError(String);

impl QueryError {
    /// The error with this text.
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }
}

impl Query {
    /// Parses a query.
    ///
    /// # Errors
    /// Returns what is wrong with the query, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        parser::parse(text).map(Self)
    }

    /// Applies the query.
    ///
    /// Objects from `value` keep the order of their keys, or are sorted if `sort_plain` is true. Objects that the query
    /// creates (`{a: …}`) always keep the query's order.
    ///
    /// # Errors
    /// [`QueryError`] for unknown functions and arguments of the wrong type.
    pub fn search(&self, value: &Json, sort_plain: bool) -> Result<Json, QueryError> {
        let data = value::Value::import(value);
        let result = evaluate::evaluate(&self.0, &data, 0);
        result.and_then(|result| result.export(sort_plain)).map_err(QueryError)
    }
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Query").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn search(query: &str, value: &Json, sort: bool) -> String {
        Query::parse(query).unwrap().search(value, sort).unwrap().to_string()
    }

    #[test]
    fn to_string_keeps_the_order_of_keys_as_jmespath_py_does() {
        let value = serde_json::json!({"b": 1, "a": ["é", "😀", null, true, 1.5]});
        let text = Query::parse("to_string(@)").unwrap().search(&value, true).unwrap();
        assert_eq!(text, "{\"b\":1,\"a\":[\"\\u00e9\",\"\\ud83d\\ude00\",null,true,1.5]}");
    }

    #[test]
    fn order_survives_queries() {
        let data = json!([{"z": 1, "a": {"y": 1, "b": 2}}, {"z": 0, "a": {"y": 1, "b": 2}}]);
        for (query, expected) in [
            ("[0]", r#"{"z":1,"a":{"y":1,"b":2}}"#),
            ("[0].{q: z, c: a}", r#"{"q":1,"c":{"y":1,"b":2}}"#),
            ("sort_by(@, &z)[].{q: z, c: z}", r#"[{"q":0,"c":0},{"q":1,"c":1}]"#),
            ("map(&{q: z, c: z}, @)", r#"[{"q":1,"c":1},{"q":0,"c":0}]"#),
            ("keys([0])", r#"["z","a"]"#),
            ("[0].*", r#"[1,{"y":1,"b":2}]"#),
            ("merge([0], {b: `1`, z: `2`})", r#"{"z":2,"a":{"y":1,"b":2},"b":1}"#),
            ("sum([].z)", "1"),
            ("avg([].z)", "0.5"),
            ("[?z > `0`].a.b | [0]", "2"),
            ("[?'2026-02-01' >= '2026-01-31'] | length(@)", "2"),
            ("[?'b' < 'a'] | length(@)", "0"),
        ] {
            assert_eq!(search(query, &data, false), expected, "{query}");
        }
    }

    #[test]
    fn for_tsv_plain_objects_are_sorted_and_made_ones_are_not() {
        let data = json!({"z": 1, "a": 2});
        assert_eq!(search("@", &data, true), r#"{"a":2,"z":1}"#);
        assert_eq!(search("{z: z, a: a}", &data, true), r#"{"z":1,"a":2}"#);
    }

    #[test]
    fn unknown_functions_are_named() {
        let error = Query::parse("foo(@)").unwrap().search(&json!(1), false).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Invalid jmespath query supplied for `--query`: Unknown function: foo()"
        );
    }

    #[test]
    fn what_follows_a_selection_is_done_with_the_whole_list() {
        let data = json!([{"name": "a", "n": 1}, {"name": "b", "n": 2}]);
        for (query, expected) in [
            ("[].{n: name}[0]", r#"{"n":"a"}"#),
            ("[?n > `1`].{n: name}[0].n", r#""b""#),
            ("[].{n: name}[?n=='b'].n", r#"["b"]"#),
            ("[].{n: name}.n", "null"),
            ("[].[name][]", r#"["a","b"]"#),
            ("[*].[name, n][0]", r#"["a",1]"#),
        ] {
            assert_eq!(search(query, &data, false), expected, "{query}");
        }
    }

    #[test]
    fn numbers_are_pythons() {
        for (query, expected) in [
            ("sum(`[1.5, 0.5]`)", "2.0"),
            ("abs(`-1.0`)", "1.0"),
            ("ceil(`1.2`)", "2"),
            ("max(`[2, 2.0]`)", "2"),
            ("sum(`[9007199254740993]`)", "9007199254740993"),
            ("`9007199254740993` == `9007199254740992`", "false"),
            ("`12345678901234567.0`", "1.2345678901234568e+16"),
            ("to_number('_1')", "null"),
            ("to_number(' 1_000 ')", "1000"),
            ("to_number('9223372036854775808')", "9223372036854775808"),
            ("`-0`", "0"),
            ("`1NaN`", r#""1NaN""#),
            ("contains(`[1]`, `true`)", "true"),
        ] {
            assert_eq!(search(query, &json!(null), false), expected, "{query}");
        }
    }

    #[test]
    fn leniencies_of_jmespath_py_are_kept() {
        let data = json!({"name": "contoso", "list": [[1, 2], [3]]});
        for (query, expected) in [
            ("length(name,)", "7"),
            ("starts_with(name 'con')", "true"),
            ("{a: name b: name}", r#"{"a":"contoso","b":"contoso"}"#),
            ("[name][-0]", r#""contoso""#),
            ("list[0:99999999999][0]", "[1,3]"),
            // A slice after an index is no projection.
            ("list[0][0:1].x", "null"),
        ] {
            assert_eq!(search(query, &data, false), expected, "{query}");
        }
        for query in ["[a b]", "a b", "[a,]", "{a: b,}", "a.b(c).(d)", "a.`1`", "[ ]", "a *", ""] {
            assert!(Query::parse(query).is_err(), "{query}");
        }
    }

    #[test]
    fn long_queries_are_fine_and_deep_ones_are_refused() {
        let data = json!([{"name": "contoso"}]);
        let terms: Vec<_> = (0..5_000).map(|i| format!("name!='r{i}'")).collect();
        assert_eq!(
            search(&format!("[?{}].name | [0]", terms.join(" && ")), &data, false),
            r#""contoso""#
        );
        for part in ["[", "(", "!", "[*].a", "{a:", "f(&"] {
            assert!(Query::parse(&part.repeat(50_000)).is_err(), "{part}");
        }
        for query in ["{f: &map(f, [@])} | map(f, [@])", "to_array(&map([0], [@])) | map([0], [@])"]
        {
            let error = Query::parse(query).unwrap().search(&data, false).unwrap_err();
            assert!(error.to_string().contains("150 deep"), "{error}");
        }
        let steps = " | [@]".repeat(50_000);
        assert!(Query::parse(&format!("@{steps}")).unwrap_err().contains("more than 200"));
    }
}
