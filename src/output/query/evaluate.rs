//! What an expression makes of a value.

use super::functions;
use super::parser::{Comparison, Head, Node, Step};
use super::value::{MAX_RESULT, Value};
use std::cmp::Ordering;
use std::rc::Rc;

/// The deepest evaluation. An expression (`&…`) in the data can call itself.
const MAX_DEPTH: usize = 150;

/// Evaluates an expression against `data`.
///
/// # Arguments
/// * `depth` - how many evaluations it is part of.
///
/// # Errors
/// Returns why it cannot be evaluated: an unknown function, an argument of the wrong type.
pub(super) fn evaluate(node: &Node, data: &Value, depth: usize) -> Result<Value, String> {
    if depth > MAX_DEPTH {
        return Err(format!("it is evaluated more than {MAX_DEPTH} deep"));
    }
    let mut value = first(&node.head, data, depth + 1)?;
    for step in &node.steps {
        value = next(step, value, data, depth + 1)?;
    }
    Ok(value)
}

fn first(head: &Head, data: &Value, depth: usize) -> Result<Value, String> {
    Ok(match head {
        Head::Current => data.clone(),
        Head::Field(name) => match data {
            Value::Object(object) => object.entries.get(name).cloned().unwrap_or(Value::Null),
            _ => Value::Null,
        },
        Head::Literal(value) => value.clone(),
        // 0 counts as true, as everywhere in JMESPath.
        Head::Not(node) => Value::Bool(evaluate(node, data, depth)?.is_false()),
        Head::Expression(node) => Value::Expression(Rc::clone(node)),
        Head::List(_) | Head::Object(_) if *data == Value::Null => Value::Null,
        Head::List(items) => {
            let items = items.iter().map(|item| evaluate(item, data, depth));
            Value::list(items.collect::<Result<_, _>>()?)
        }
        Head::Object(entries) => {
            let entries =
                entries.iter().map(|(key, node)| Ok((key.clone(), evaluate(node, data, depth)?)));
            Value::object(entries.collect::<Result<_, String>>()?, true)
        }
        Head::Function(name, arguments) => {
            let arguments = arguments.iter().map(|argument| evaluate(argument, data, depth));
            functions::call(name, &arguments.collect::<Result<Vec<_>, _>>()?, depth)?
        }
    })
}

/// Applies a step to the value before it; `data` is what the whole expression is evaluated against.
fn next(step: &Step, value: Value, data: &Value, depth: usize) -> Result<Value, String> {
    Ok(match (step, value) {
        (Step::Then(node), value) => evaluate(node, &value, depth)?,
        (Step::Or(node), value) if value.is_false() => evaluate(node, data, depth)?,
        (Step::And(node), value) if !value.is_false() => evaluate(node, data, depth)?,
        (Step::Or(_) | Step::And(_), value) => value,
        (Step::Compare(comparison, node), value) => {
            compare(*comparison, &value, &evaluate(node, data, depth)?)?
        }
        (Step::ProjectValues(node), Value::Object(object)) => {
            project(object.entries.values(), node, depth)?
        }
        (Step::Index(index), Value::List(items)) => {
            at(&items, *index).cloned().unwrap_or(Value::Null)
        }
        (Step::Slice(parts), Value::List(items)) => Value::list(slice(&items, *parts)?),
        (Step::Project(node), Value::List(items)) => project(items.iter(), node, depth)?,
        (Step::Filter(condition, node), Value::List(items)) => {
            let mut kept = Vec::new();
            for item in items.iter() {
                if !evaluate(condition, item, depth)?.is_false() {
                    kept.push(item);
                }
            }
            project(kept.into_iter(), node, depth)?
        }
        (Step::Flatten, Value::List(items)) => {
            let mut flat = Vec::with_capacity(items.len());
            for item in items.iter() {
                if flat.len() > MAX_RESULT {
                    return Err(format!("a list has more than {MAX_RESULT} items"));
                }
                match item {
                    Value::List(inner) => flat.extend(inner.iter().cloned()),
                    item => flat.push(item.clone()),
                }
            }
            Value::list(flat)
        }
        // What needs a list or an object makes null of anything else.
        _ => Value::Null,
    })
}

/// The results for all items, without nulls.
fn project<'a>(
    items: impl Iterator<Item = &'a Value>,
    node: &Node,
    depth: usize,
) -> Result<Value, String> {
    let mut results = Vec::new();
    for item in items {
        let result = evaluate(node, item, depth)?;
        if result != Value::Null {
            results.push(result);
        }
    }
    Ok(Value::list(results))
}

fn at(items: &[Value], index: i64) -> Option<&Value> {
    if let Ok(index) = usize::try_from(index) {
        return items.get(index);
    }
    let from_end = usize::try_from(index.unsigned_abs()).ok()?;
    items.get(items.len().checked_sub(from_end)?)
}

/// A slice as Python makes it: bounds beyond the list are its ends.
fn slice(items: &[Value], parts: [Option<i64>; 3]) -> Result<Vec<Value>, String> {
    let [start, stop, by] = parts.map(|part| part.map(i128::from));
    let by = by.unwrap_or(1);
    if by == 0 {
        return Err("slice step cannot be zero".to_owned());
    }
    // A list is never longer than i64::MAX.
    let length = items.len() as i128;
    let (lowest, highest) = if by > 0 { (0, length) } else { (-1, length - 1) };
    let bound = |given: Option<i128>, otherwise: i128| {
        let from_start = |given: i128| if given < 0 { given + length } else { given };
        given.map_or(otherwise, |given| from_start(given).clamp(lowest, highest))
    };
    let (first, end) = if by > 0 { (lowest, highest) } else { (highest, lowest) };
    let (mut index, end) = (bound(start, first), bound(stop, end));
    let mut kept = Vec::new();
    while (by > 0 && index < end) || (by < 0 && index > end) {
        kept.extend(usize::try_from(index).ok().and_then(|index| items.get(index)).cloned());
        index += by;
    }
    Ok(kept)
}

/// Compares two values. Only numbers and texts have an order; `[?creationDate >= '2026-01-01']` is how scripts select by
/// time.
fn compare(comparison: Comparison, left: &Value, right: &Value) -> Result<Value, String> {
    let order = match (comparison, left, right) {
        (Comparison::Equal, ..) => return Ok(Value::Bool(left.equals(right)?)),
        (Comparison::NotEqual, ..) => return Ok(Value::Bool(!left.equals(right)?)),
        (_, Value::Number(left), Value::Number(right)) => left.compare(*right),
        (_, Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (_, Value::Number(_), Value::Text(_)) | (_, Value::Text(_), Value::Number(_)) => {
            return Err("a text and a number cannot be compared".to_owned());
        }
        _ => return Ok(Value::Null),
    };
    Ok(Value::Bool(order.is_some_and(|order| match comparison {
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        _ => order != Ordering::Less,
    })))
}
