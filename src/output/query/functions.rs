//! The functions of JMESPath, with the types of jmespath.py 1.1 and its words for a wrong type.

use super::evaluate::evaluate;
use super::value::{MAX_RESULT, Number, Value, whole};
use crate::output::{json, python};
use indexmap::IndexMap;
use std::cmp::Ordering;
use std::fmt::Write as _;

/// The types that an argument can have, in jmespath.py's words; none for any. `array-number` is a list of numbers.
type Types = &'static [&'static str];

/// The arguments of a function, and whether the last one can be repeated.
fn signature(name: &str) -> Option<(&'static [Types], bool)> {
    const ORDERED: Types = &["array-number", "array-string"];
    Some(match name {
        "abs" | "ceil" | "floor" => (&[&["number"]], false),
        "avg" | "sum" => (&[&["array-number"]], false),
        "not_null" => (&[&[]], true),
        "to_array" | "to_string" | "to_number" | "type" => (&[&[]], false),
        "contains" => (&[&["array", "string"], &[]], false),
        "length" => (&[&["string", "array", "object"]], false),
        "ends_with" | "starts_with" => (&[&["string"], &["string"]], false),
        "reverse" => (&[&["array", "string"]], false),
        "join" => (&[&["string"], &["array-string"]], false),
        "map" => (&[&["expref"], &["array"]], false),
        "max" | "min" => (&[ORDERED], false),
        "sort" => (&[&["array-string", "array-number"]], false),
        "merge" => (&[&["object"]], true),
        "keys" | "values" => (&[&["object"]], false),
        "sort_by" | "min_by" | "max_by" => (&[&["array"], &["expref"]], false),
        _ => return None,
    })
}

/// Calls a function.
///
/// # Errors
/// Returns that the function is unknown, or which argument is missing or has the wrong type.
pub(super) fn call(name: &str, arguments: &[Value], depth: usize) -> Result<Value, String> {
    let (types, is_repeated) =
        signature(name).ok_or_else(|| format!("Unknown function: {name}()"))?;
    let enough = arguments.len() >= types.len();
    if !enough || (!is_repeated && arguments.len() > types.len()) {
        return Err(format!(
            "Expected {}{} argument{} for function {name}(), received {}",
            if is_repeated { "at least " } else { "" },
            types.len(),
            if types.len() == 1 { "" } else { "s" },
            arguments.len()
        ));
    }
    for (argument, types) in arguments.iter().zip(types) {
        check(name, argument, types)?;
    }
    match (name, arguments) {
        ("merge", objects) => merge(objects),
        ("not_null", values) => {
            Ok(values.iter().find(|value| **value != Value::Null).cloned().unwrap_or(Value::Null))
        }
        ("starts_with", [Value::Text(text), Value::Text(part)]) => {
            Ok(Value::Bool(text.starts_with(&**part)))
        }
        ("ends_with", [Value::Text(text), Value::Text(part)]) => {
            Ok(Value::Bool(text.ends_with(&**part)))
        }
        ("contains", [Value::Text(text), Value::Text(part)]) => {
            Ok(Value::Bool(text.contains(&**part)))
        }
        ("contains", [Value::Text(_), other]) => {
            let found = other.python_type();
            Err(format!("'in <string>' requires string as left operand, not {found}"))
        }
        ("contains", [Value::List(items), value]) => {
            let mut left = MAX_RESULT;
            for item in items.iter() {
                if item.equals_in_python(value, &mut left)? {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        ("join", [Value::Text(separator), Value::List(items)]) => join(separator, items),
        ("map", [Value::Expression(node), Value::List(items)]) => {
            let results = items.iter().map(|item| evaluate(node, item, depth));
            Ok(Value::list(results.collect::<Result<_, _>>()?))
        }
        ("sort_by" | "min_by" | "max_by", [Value::List(items), Value::Expression(node)]) => {
            let keys = items.iter().map(|item| evaluate(node, item, depth));
            by(name, items, &keys.collect::<Result<Vec<_>, _>>()?)
        }
        (_, [value]) => of_one(name, value),
        // A function of the table above that is missing here.
        _ => Err(format!("Unknown function: {name}()")),
    }
}

/// Functions of one argument, whose type was checked.
fn of_one(name: &str, value: &Value) -> Result<Value, String> {
    Ok(match (name, value) {
        ("type", Value::Expression(_)) => Value::Null,
        ("type", value) => Value::text(value.kind()),
        ("to_array", Value::List(_))
        | ("to_string", Value::Text(_))
        | ("to_number", Value::Number(_))
        | ("ceil" | "floor", Value::Number(Number::Int(_))) => value.clone(),
        ("to_array", value) => Value::list(vec![value.clone()]),
        ("to_string", value) => Value::text(ascii(&json::compact(&value.export(false)?))),
        ("to_number", Value::Text(text)) => match python::digits(text) {
            Some(digits) => match (digits.parse(), digits.parse::<f64>()) {
                (Ok(number), _) => Value::Number(Number::Int(number)),
                // JSON has no NaN and no infinity.
                (_, Ok(number)) if number.is_finite() => Value::Number(Number::Float(number)),
                _ => Value::Null,
            },
            None => Value::Null,
        },
        ("abs", Value::Number(number)) => Value::Number(match *number {
            Number::Int(number) => number
                .checked_abs()
                .map_or(Number::Float(Number::Int(number).float().abs()), Number::Int),
            Number::Float(number) => Number::Float(number.abs()),
        }),
        ("ceil" | "floor", Value::Number(Number::Float(number))) => {
            let rounded = if name == "ceil" { number.ceil() } else { number.floor() };
            // Beyond the limit, floats have no fraction.
            Value::Number(whole(rounded).map_or(Number::Float(rounded), Number::Int))
        }
        ("length", Value::Text(text)) => Value::int(text.chars().count()),
        ("length", Value::List(items)) => Value::int(items.len()),
        ("length", Value::Object(object)) => Value::int(object.entries.len()),
        ("reverse", Value::Text(text)) => Value::text(text.chars().rev().collect::<String>()),
        ("reverse", Value::List(items)) => Value::list(items.iter().rev().cloned().collect()),
        ("keys", Value::Object(object)) => {
            Value::list(object.entries.keys().map(|key| Value::text(key.as_str())).collect())
        }
        ("values", Value::Object(object)) => {
            Value::list(object.entries.values().cloned().collect())
        }
        ("sum", Value::List(items)) => Value::Number(sum(items)),
        ("avg", Value::List(items)) if !items.is_empty() => {
            #[expect(clippy::cast_precision_loss, reason = "as Python divides")]
            let count = items.len() as f64;
            Value::Number(Number::Float(sum(items).float() / count))
        }
        ("sort" | "min" | "max", Value::List(items)) => {
            return by(name, items, items);
        }
        // Of nothing, there is no average; of what is no text, no number.
        ("avg" | "to_number", _) => Value::Null,
        _ => return Err(format!("Unknown function: {name}()")),
    })
}

fn sum(items: &[Value]) -> Number {
    items.iter().fold(Number::Int(0), |sum, item| match item {
        Value::Number(number) => sum.plus(*number),
        _ => sum,
    })
}

fn join(separator: &str, items: &[Value]) -> Result<Value, String> {
    let texts = items.iter().filter_map(|item| match item {
        Value::Text(text) => Some(&**text),
        _ => None,
    });
    let texts: Vec<&str> = texts.collect();
    let length: usize = texts.iter().map(|text| text.len() + separator.len()).sum();
    if length > MAX_RESULT {
        return Err(format!("join() makes a text of more than {MAX_RESULT} bytes"));
    }
    Ok(Value::text(texts.join(separator)))
}

/// Later objects win; a key keeps its first place. As in jmespath.py, only the first one must be an object: a list of pairs
/// merges as well.
fn merge(objects: &[Value]) -> Result<Value, String> {
    let mut merged = IndexMap::new();
    for object in objects {
        let entries: Option<Vec<(String, Value)>> = match object {
            Value::Object(object) => Some(
                object.entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            ),
            Value::List(items) => items.iter().map(pair).collect(),
            Value::Text(text) if text.is_empty() => Some(Vec::new()),
            _ => None,
        };
        let wrong = || wrong_type("merge", object, object.kind(), &["object"]);
        merged.extend(entries.ok_or_else(wrong)?);
    }
    Ok(Value::object(merged, false))
}

/// A key and a value: what Python can take apart into two.
fn pair(item: &Value) -> Option<(String, Value)> {
    let parts: Vec<Value> = match item {
        Value::List(items) => items.to_vec(),
        Value::Object(object) => {
            object.entries.keys().map(|key| Value::text(key.as_str())).collect()
        }
        Value::Text(text) => text.chars().map(|c| Value::text(c.to_string())).collect(),
        _ => return None,
    };
    match &parts[..] {
        [Value::Text(key), value] => Some((key.to_string(), value.clone())),
        _ => None,
    }
}

/// Sorts items, or finds the first smallest or largest one, by keys that are all numbers or all texts.
fn by(name: &str, items: &[Value], keys: &[Value]) -> Result<Value, String> {
    let Some(first) = keys.first() else {
        return Ok(if name.starts_with("sort") { Value::list(Vec::new()) } else { Value::Null });
    };
    let is_ordered = |key: &Value| matches!(key, Value::Number(_) | Value::Text(_));
    for (key, item) in keys.iter().zip(items) {
        let types: Types = match name {
            "sort_by" if !is_ordered(first) => &["string", "number"],
            "sort_by" if first.kind() == "string" => &["string"],
            "sort_by" => &["number"],
            _ => &["number", "string"],
        };
        if !types.contains(&key.kind()) {
            // Of the first item, sort_by shows the item itself.
            let shown = if name == "sort_by" && !is_ordered(first) { item } else { key };
            return Err(wrong_type(name, shown, key.kind(), types));
        }
        if key.kind() != first.kind() {
            return Err("a text and a number cannot be compared".to_owned());
        }
    }
    let order = |left: &Value, right: &Value| match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left.compare(*right).unwrap_or(Ordering::Equal)
        }
        (Value::Text(left), Value::Text(right)) => left.cmp(right),
        _ => Ordering::Equal,
    };
    let mut keyed: Vec<_> = keys.iter().zip(items).collect();
    if name.starts_with("sort") {
        keyed.sort_by(|left, right| order(left.0, right.0));
        return Ok(Value::list(keyed.into_iter().map(|(_, item)| item.clone()).collect()));
    }
    let wanted = if name.starts_with("max") { Ordering::Greater } else { Ordering::Less };
    let best = keyed.into_iter().reduce(
        |best, next| {
            if order(next.0, best.0) == wanted { next } else { best }
        },
    );
    Ok(best.map_or(Value::Null, |(_, item)| item.clone()))
}

/// Checks an argument's type, and those of a list's items.
fn check(name: &str, argument: &Value, types: Types) -> Result<(), String> {
    let kind = argument.kind();
    let matches = |allowed: &&str| allowed.split('-').next() == Some(kind);
    if types.is_empty() {
        return Ok(());
    }
    if !types.iter().any(matches) {
        return Err(wrong_type(name, argument, kind, types));
    }
    let Value::List(items) = argument else { return Ok(()) };
    let of_items: Vec<&str> =
        types.iter().filter_map(|allowed| allowed.split_once('-')).map(|(_, of)| of).collect();
    // The first item decides between texts and numbers.
    let decided =
        |first: &Value| of_items.iter().find(|of| of_items.len() == 1 || **of == first.kind());
    let (Some(first), false) = (items.first(), of_items.is_empty()) else { return Ok(()) };
    let wrong = match decided(first) {
        None => Some(first),
        Some(allowed) => items.iter().find(|item| item.kind() != *allowed),
    };
    match wrong {
        Some(item) => Err(wrong_type(name, item, item.python_type(), types)),
        None => Ok(()),
    }
}

fn wrong_type(name: &str, value: &Value, received: &str, types: Types) -> String {
    let shown = match value.export(false) {
        Ok(value) => python::str(&value),
        Err(_) => "an expression".to_owned(),
    };
    let types: Vec<String> = types.iter().map(|name| format!("'{name}'")).collect();
    format!(
        "In function {name}(), invalid type for value: {shown}, expected one of: [{}], received: \"{received}\"",
        types.join(", ")
    )
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
