//! `--query`: JMESPath as `az` implements it.
//!
//! The `jmespath` crate parses queries and evaluates functions. Its objects are sorted by key, but Python's keep
//! their order, which tables and `keys()` show. This module therefore walks the expression tree itself. It remembers
//! the order of every object by the object's identity while values pass through the crate's functions.

use super::{json, python, query_text};
use jmespath::ast::{Ast, Comparator};
use jmespath::{Context, DEFAULT_RUNTIME, Expression, Rcvar, Variable};
use serde_json::{Map, Number, Value};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

/// The longest query, in bytes.
const MAX_LENGTH: usize = 4_000;
/// The deepest nesting.
const MAX_DEPTH: usize = 100;

/// A parsed `--query`.
pub struct Query {
    text: String,
    expression: Expression<'static>,
}

/// The query failed on a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid jmespath query supplied for `--query`: {0}")]
pub struct QueryError(String);

impl Query {
    /// Parses a query.
    ///
    /// # Errors
    /// Returns what is wrong with the query, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        check_size(text)?;
        let adapted = query_text::for_crate(text)?;
        let expression = jmespath::compile(&adapted).map_err(|e| {
            let reason = e.reason.to_string();
            let reason = reason.trim_start_matches("Parse error: ");
            // Another text has other columns.
            if adapted == text {
                format!("{reason} at column {}", e.column)
            } else {
                reason.to_owned()
            }
        })?;
        Ok(Self { text: adapted, expression })
    }

    /// Applies the query.
    ///
    /// Objects from `value` keep the order of their keys, or are sorted if `sort_plain` is true. Objects that the query
    /// creates (`{a: …}`) always keep the query's order.
    ///
    /// # Errors
    /// [`QueryError`] for unknown functions and arguments of the wrong type.
    pub fn search(&self, value: &Value, sort_plain: bool) -> Result<Value, QueryError> {
        let mut evaluator = Evaluator {
            context: Context::new(&self.text, &DEFAULT_RUNTIME),
            orders: HashMap::new(),
        };
        let data = evaluator.import(value);
        let result = evaluator.eval(&data, self.expression.as_ast())?;
        if matches!(*result, Variable::Expref(_)) {
            return Err(QueryError("'&' is for arguments of functions".to_owned()));
        }
        Ok(evaluator.export(&result, sort_plain))
    }
}

/// Refuses queries that would need more stack than there is: the parser and the evaluation are recursive.
fn check_size(text: &str) -> Result<(), String> {
    if text.len() > MAX_LENGTH {
        return Err(format!("it is longer than {MAX_LENGTH} characters"));
    }
    let mut depth = 0usize;
    for c in text.chars() {
        match c {
            '[' | '(' | '{' | '!' | '&' => depth += 1,
            ']' | ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} deep"));
        }
    }
    Ok(())
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Query").field(&self.text).finish()
    }
}

/// The order of an object's keys. The object is kept so that no other object can reuse its address.
struct Order {
    _object: Rcvar,
    keys: Vec<String>,
    plain: bool,
}

struct Evaluator<'a> {
    context: Context<'a>,
    orders: HashMap<*const Variable, Order>,
}

impl Evaluator<'_> {
    fn import(&mut self, value: &Value) -> Rcvar {
        Rcvar::new(match value {
            Value::Null => Variable::Null,
            Value::Bool(flag) => Variable::Bool(*flag),
            Value::Number(number) => Variable::Number(number.clone()),
            Value::String(text) => Variable::String(text.clone()),
            Value::Array(items) => Variable::Array(items.iter().map(|v| self.import(v)).collect()),
            Value::Object(map) => {
                let entries = map.iter().map(|(k, v)| (k.clone(), self.import(v))).collect();
                return self.object(entries, true);
            }
        })
    }

    /// Creates an object with this key order. A repeated key keeps its first place and its last value, as in Python.
    fn object(&mut self, entries: Vec<(String, Rcvar)>, plain: bool) -> Rcvar {
        let mut keys: Vec<String> = Vec::with_capacity(entries.len());
        let mut map = BTreeMap::new();
        for (key, value) in entries {
            if map.insert(key.clone(), value).is_none() {
                keys.push(key);
            }
        }
        let object = Rcvar::new(Variable::Object(map));
        let order = Order { _object: Rcvar::clone(&object), keys, plain };
        self.orders.insert(Rcvar::as_ptr(&object), order);
        object
    }

    fn entries(&self, object: &Rcvar) -> Option<Vec<(String, Rcvar)>> {
        let map = object.as_object()?;
        let keys = match self.orders.get(&Rcvar::as_ptr(object)) {
            Some(order) => order.keys.clone(),
            None => map.keys().cloned().collect(),
        };
        let entry = |key: String| map.get(&key).map(|value| (key.clone(), Rcvar::clone(value)));
        Some(keys.into_iter().filter_map(entry).collect())
    }

    fn export(&self, value: &Rcvar, sort_plain: bool) -> Value {
        match &**value {
            Variable::Null | Variable::Expref(_) => Value::Null,
            Variable::Bool(flag) => Value::Bool(*flag),
            Variable::Number(number) => Value::Number(number.clone()),
            Variable::String(text) => Value::String(text.clone()),
            Variable::Array(items) => {
                Value::Array(items.iter().map(|v| self.export(v, sort_plain)).collect())
            }
            Variable::Object(_) => {
                let mut entries = self.entries(value).unwrap_or_default();
                let order = self.orders.get(&Rcvar::as_ptr(value));
                if sort_plain && order.is_none_or(|order| order.plain) {
                    entries.sort_by(|a, b| a.0.cmp(&b.0));
                }
                let export = |(key, value)| (key, self.export(&value, sort_plain));
                Value::Object(entries.into_iter().map(export).collect::<Map<_, _>>())
            }
        }
    }

    /// Evaluates a node against `data`.
    fn eval(&mut self, data: &Rcvar, node: &Ast) -> Result<Rcvar, QueryError> {
        let null = || Rcvar::new(Variable::Null);
        Ok(match node {
            Ast::Identity { .. } => Rcvar::clone(data),
            Ast::Field { name, .. } => data.get_field(name),
            Ast::Literal { value, .. } => Rcvar::clone(value),
            Ast::Index { idx, .. } => match usize::try_from(*idx) {
                Ok(index) => data.get_index(index),
                Err(_) => data.get_negative_index(idx.unsigned_abs() as usize),
            },
            Ast::Slice { start, stop, step, .. } => {
                if *step == 0 {
                    return Err(QueryError("Invalid slice, step cannot be 0".to_owned()));
                }
                data.slice(*start, *stop, *step)
                    .map_or_else(null, |items| Rcvar::new(Variable::Array(items)))
            }
            Ast::Subexpr { lhs, rhs, .. } => {
                let left = self.eval(data, lhs)?;
                self.eval(&left, rhs)?
            }
            Ast::Or { lhs, rhs, .. } => {
                let left = self.eval(data, lhs)?;
                if left.is_truthy() { left } else { self.eval(data, rhs)? }
            }
            Ast::And { lhs, rhs, .. } => {
                let left = self.eval(data, lhs)?;
                if left.is_truthy() { self.eval(data, rhs)? } else { left }
            }
            Ast::Not { node, .. } => {
                let result = self.eval(data, node)?;
                Rcvar::new(Variable::Bool(!result.is_truthy()))
            }
            Ast::Condition { predicate, then, .. } => {
                if self.eval(data, predicate)?.is_truthy() {
                    self.eval(data, then)?
                } else {
                    null()
                }
            }
            Ast::Comparison { comparator, lhs, rhs, .. } => {
                let (left, right) = (self.eval(data, lhs)?, self.eval(data, rhs)?);
                compare(&left, comparator, &right)?
                    .map_or_else(null, |result| Rcvar::new(Variable::Bool(result)))
            }
            Ast::Expref { ast, .. } => Rcvar::new(Variable::Expref((**ast).clone())),
            Ast::Function { name, args, offset } => {
                let args: Result<Vec<Rcvar>, QueryError> =
                    args.iter().map(|arg| self.eval(data, arg)).collect();
                self.call(name, &args?, *offset)?
            }
            Ast::ObjectValues { .. } | Ast::Projection { .. } | Ast::Flatten { .. } => {
                self.eval_projection(data, node)?
            }
            Ast::MultiList { .. } | Ast::MultiHash { .. } => self.eval_selection(data, node)?,
        })
    }

    /// Evaluates a node that collects the parts of a list or an object.
    fn eval_projection(&mut self, data: &Rcvar, node: &Ast) -> Result<Rcvar, QueryError> {
        let null = || Rcvar::new(Variable::Null);
        Ok(match node {
            Ast::ObjectValues { node, .. } => {
                let subject = self.eval(data, node)?;
                self.entries(&subject).map_or_else(null, |entries| {
                    Rcvar::new(Variable::Array(entries.into_iter().map(|e| e.1).collect()))
                })
            }
            Ast::Projection { lhs, rhs, .. } => {
                let left = self.eval(data, lhs)?;
                let Some(items) = left.as_array() else { return Ok(null()) };
                let mut collected = Vec::new();
                for item in items {
                    let result = self.eval(item, rhs)?;
                    if !result.is_null() {
                        collected.push(result);
                    }
                }
                Rcvar::new(Variable::Array(collected))
            }
            Ast::Flatten { node, .. } => {
                let subject = self.eval(data, node)?;
                let Some(items) = subject.as_array() else { return Ok(null()) };
                let mut collected = Vec::new();
                for item in items {
                    match item.as_array() {
                        Some(inner) => collected.extend(inner.iter().cloned()),
                        None => collected.push(Rcvar::clone(item)),
                    }
                }
                Rcvar::new(Variable::Array(collected))
            }
            _ => null(),
        })
    }

    /// Evaluates a node that builds a list or an object.
    fn eval_selection(&mut self, data: &Rcvar, node: &Ast) -> Result<Rcvar, QueryError> {
        Ok(match node {
            _ if data.is_null() => Rcvar::new(Variable::Null),
            Ast::MultiList { elements, .. } => {
                let items: Result<Vec<Rcvar>, QueryError> =
                    elements.iter().map(|element| self.eval(data, element)).collect();
                Rcvar::new(Variable::Array(items?))
            }
            Ast::MultiHash { elements, .. } => {
                let mut entries = Vec::new();
                for pair in elements {
                    entries.push((pair.key.clone(), self.eval(data, &pair.value)?));
                }
                self.object(entries, false)
            }
            _ => Rcvar::new(Variable::Null),
        })
    }

    fn call(&mut self, name: &str, args: &[Rcvar], offset: usize) -> Result<Rcvar, QueryError> {
        // Functions that read or create objects need the order of keys. Wrong arguments are left to the crate's checks.
        match (name, args) {
            ("keys", [object]) if object.is_object() => {
                let entries = self.entries(object).unwrap_or_default();
                let keys = entries.into_iter().map(|e| Rcvar::new(Variable::String(e.0)));
                return Ok(Rcvar::new(Variable::Array(keys.collect())));
            }
            ("values", [object]) if object.is_object() => {
                let entries = self.entries(object).unwrap_or_default();
                return Ok(Rcvar::new(Variable::Array(entries.into_iter().map(|e| e.1).collect())));
            }
            ("merge", objects) if !objects.is_empty() && objects.iter().all(|o| o.is_object()) => {
                let entries = objects.iter().filter_map(|o| self.entries(o)).flatten();
                let entries = entries.collect();
                return Ok(self.object(entries, true));
            }
            ("to_string", [value]) if !value.is_string() && !value.is_expref() => {
                let text = ascii(&json::compact(&self.export(value, false)));
                return Ok(Rcvar::new(Variable::String(text)));
            }
            ("to_number", [value]) if let Some(text) = value.as_string() => {
                return Ok(Rcvar::new(
                    python::parse_number(text).map_or(Variable::Null, Variable::Number),
                ));
            }
            // The average of nothing is null; the crate divides by zero.
            ("avg", [items]) if items.as_array().is_some_and(Vec::is_empty) => {
                return Ok(Rcvar::new(Variable::Null));
            }
            ("map", [function, items]) if function.is_expref() && items.is_array() => {
                let (Some(ast), Some(items)) = (function.as_expref(), items.as_array()) else {
                    return Ok(Rcvar::new(Variable::Null));
                };
                let results: Result<Vec<Rcvar>, QueryError> =
                    items.iter().map(|item| self.eval(item, ast)).collect();
                return Ok(Rcvar::new(Variable::Array(results?)));
            }
            _ => {}
        }
        let Some(function) = DEFAULT_RUNTIME.get_function(name) else {
            return Err(QueryError(format!("Unknown function: {name}()")));
        };
        self.context.offset = offset;
        let result = function
            .evaluate(args, &mut self.context)
            .map_err(|e| QueryError(e.reason.to_string()))?;
        Ok(if matches!(name, "sum" | "abs" | "ceil" | "floor") { whole(result) } else { result })
    }
}

/// Compares two values; `None` if they have no order. As in jmespath.py, and unlike the specification, texts have one:
/// `[?creationDate >= '2026-01-01']` is how scripts select by time.
fn compare(
    left: &Variable,
    comparator: &Comparator,
    right: &Variable,
) -> Result<Option<bool>, QueryError> {
    match (left, comparator, right) {
        (_, Comparator::Equal | Comparator::NotEqual, _) => Ok(left.compare(comparator, right)),
        (Variable::String(left), _, Variable::String(right)) => Ok(Some(match comparator {
            Comparator::LessThan => left < right,
            Comparator::LessThanEqual => left <= right,
            Comparator::GreaterThan => left > right,
            _ => left >= right,
        })),
        (Variable::String(_), _, Variable::Number(_))
        | (Variable::Number(_), _, Variable::String(_)) => {
            Err(QueryError("a text and a number cannot be compared".to_owned()))
        }
        _ => Ok(left.compare(comparator, right)),
    }
}

/// JSON with everything beyond ASCII escaped, as Python's json.dumps writes it.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && c != '\x7f' {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

/// Converts whole floats to integers: the crate calculates in floats, but Python's sum of integers is an integer.
fn whole(value: Rcvar) -> Rcvar {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    match value.as_number() {
        #[expect(clippy::cast_possible_truncation, reason = "checked: whole and below 2^53")]
        Some(number) if number.fract() == 0.0 && number.abs() < EXACT => {
            Rcvar::new(Variable::Number(Number::from(number as i64)))
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn search(query: &str, value: &Value, sort: bool) -> String {
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
}
