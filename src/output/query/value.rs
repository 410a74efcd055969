//! The values of a query, with Python's rules for numbers, equality and the order of keys.

use super::parser::Node;
use indexmap::IndexMap;
use serde_json::Value as Json;
use std::cmp::Ordering;
use std::rc::Rc;

/// The most values that a result, or a flattened list, can have; also the most bytes that `join` makes.
pub(super) const MAX_RESULT: usize = 10_000_000;

/// A value. Copies share lists and objects.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(Rc<str>),
    List(Rc<Vec<Value>>),
    Object(Rc<Object>),
    Expression(Rc<Node>),
}

/// An object, whose keys keep their order.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Object {
    pub entries: IndexMap<String, Value>,
    /// Whether the query made it with `{…}`. For Python, the order of keys belongs to such an object.
    pub is_made: bool,
}

/// Python's `int` and `float`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "as Python's float() of an int")]
    pub fn float(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float(number) => number,
        }
    }

    /// Compares exactly, an integer with a float as well. `None` for NaN.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => Some(left.cmp(&right)),
            (Self::Float(left), Self::Float(right)) => left.partial_cmp(&right),
            (Self::Float(_), Self::Int(_)) => other.compare(self).map(Ordering::reverse),
            (Self::Int(left), Self::Float(right)) => {
                let Some(whole) = whole(right) else { return self.float().partial_cmp(&right) };
                let of_fraction = 0.0.partial_cmp(&(right - right.trunc()));
                of_fraction.map(|of_fraction| left.cmp(&whole).then(of_fraction))
            }
        }
    }

    pub fn plus(self, other: Self) -> Self {
        if let (Self::Int(left), Self::Int(right)) = (self, other)
            && let Some(sum) = left.checked_add(right)
        {
            return Self::Int(sum);
        }
        Self::Float(self.float() + other.float())
    }

    fn import(number: &serde_json::Number) -> Self {
        match number.as_i128() {
            Some(number) => Self::Int(number),
            None => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
        }
    }

    fn export(self) -> Json {
        let number = match self {
            Self::Int(number) => serde_json::Number::from_i128(number)
                .or_else(|| serde_json::Number::from_f64(self.float())),
            Self::Float(number) => serde_json::Number::from_f64(number),
        };
        number.map_or(Json::Null, Json::Number)
    }
}

/// A float without its fraction, if an integer can hold it.
pub(super) fn whole(number: f64) -> Option<i128> {
    const LIMIT: f64 = 1e38;
    #[expect(clippy::cast_possible_truncation, reason = "checked: below the limit of i128")]
    (number.abs() < LIMIT).then_some(number.trunc() as i128)
}

impl Value {
    pub fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Rc::new(items))
    }

    pub fn int(number: usize) -> Self {
        // A length fits: it is at most 2^63.
        Self::Number(Number::Int(number as i128))
    }

    pub fn object(entries: IndexMap<String, Self>, is_made: bool) -> Self {
        Self::Object(Rc::new(Object { entries, is_made }))
    }

    pub fn import(value: &Json) -> Self {
        match value {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Bool(*flag),
            Json::Number(number) => Self::Number(Number::import(number)),
            Json::String(text) => Self::text(text.as_str()),
            Json::Array(items) => Self::list(items.iter().map(Self::import).collect()),
            Json::Object(map) => {
                let entries = map.iter().map(|(key, value)| (key.clone(), Self::import(value)));
                Self::object(entries.collect(), false)
            }
        }
    }

    /// The value as JSON. `sort_plain` sorts the keys of objects that the query did not make.
    ///
    /// # Errors
    /// Returns why it has no JSON: it contains an expression (`&…`), or has too many parts.
    pub fn export(&self, sort_plain: bool) -> Result<Json, String> {
        self.export_within(sort_plain, &mut { MAX_RESULT })
    }

    fn export_within(&self, sort_plain: bool, left: &mut usize) -> Result<Json, String> {
        let Some(fewer) = left.checked_sub(1) else {
            return Err(format!("the result has more than {MAX_RESULT} values"));
        };
        *left = fewer;
        Ok(match self {
            Self::Null => Json::Null,
            Self::Bool(flag) => Json::Bool(*flag),
            Self::Number(number) => number.export(),
            Self::Text(text) => Json::String(text.to_string()),
            Self::List(items) => {
                let items = items.iter().map(|item| item.export_within(sort_plain, left));
                Json::Array(items.collect::<Result<_, _>>()?)
            }
            Self::Object(object) => {
                let mut entries: Vec<_> = object.entries.iter().collect();
                if sort_plain && !object.is_made {
                    entries.sort_by_key(|entry| entry.0);
                }
                let mut map = serde_json::Map::new();
                for (key, value) in entries {
                    map.insert(key.clone(), value.export_within(sort_plain, left)?);
                }
                Json::Object(map)
            }
            Self::Expression(_) => return Err("'&' is for arguments of functions".to_owned()),
        })
    }

    /// Whether it counts as false: null, false, and what is empty. 0 is true.
    pub fn is_false(&self) -> bool {
        match self {
            Self::Null | Self::Bool(false) => true,
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Object(object) => object.entries.is_empty(),
            Self::Bool(true) | Self::Number(_) | Self::Expression(_) => false,
        }
    }

    /// `==` of a query: Python's, but a boolean is no number.
    ///
    /// # Errors
    /// The values have too many parts.
    pub fn equals(&self, other: &Self) -> Result<bool, String> {
        match (self, other) {
            (Self::Bool(_), Self::Number(_)) | (Self::Number(_), Self::Bool(_)) => Ok(false),
            _ => self.equals_in_python(other, &mut { MAX_RESULT }),
        }
    }

    /// `==` of Python: true is 1 and false is 0, as jmespath.py has it inside lists and objects.
    ///
    /// # Arguments
    /// * `left` - how many parts may still be compared: lists within lists can stand for any number of them.
    ///
    /// # Errors
    /// The values have too many parts.
    pub fn equals_in_python(&self, other: &Self, left: &mut usize) -> Result<bool, String> {
        let Some(fewer) = left.checked_sub(1) else {
            return Err(format!("values with more than {MAX_RESULT} parts cannot be compared"));
        };
        *left = fewer;
        let number = |value: &Self| match value {
            Self::Bool(flag) => Some(Number::Int(i128::from(*flag))),
            Self::Number(number) => Some(*number),
            _ => None,
        };
        match (self, other) {
            // Parts can be shared many times over.
            (Self::List(one), Self::List(two)) if Rc::ptr_eq(one, two) => {}
            (Self::Object(one), Self::Object(two)) if Rc::ptr_eq(one, two) => {}
            (Self::List(one), Self::List(two)) => {
                if one.len() != two.len() {
                    return Ok(false);
                }
                for (one, two) in one.iter().zip(two.iter()) {
                    if !one.equals_in_python(two, left)? {
                        return Ok(false);
                    }
                }
            }
            (Self::Object(one), Self::Object(two)) => {
                let is_ordered = one.is_made && two.is_made;
                if one.entries.len() != two.entries.len() {
                    return Ok(false);
                }
                for (index, (key, value)) in one.entries.iter().enumerate() {
                    let found = two.entries.get_full(key);
                    let found = found.filter(|(at, ..)| !is_ordered || *at == index);
                    let Some((_, _, found)) = found else { return Ok(false) };
                    if !value.equals_in_python(found, left)? {
                        return Ok(false);
                    }
                }
            }
            (Self::Expression(one), Self::Expression(two)) => return Ok(Rc::ptr_eq(one, two)),
            _ => {
                return Ok(match (number(self), number(other)) {
                    (Some(one), Some(two)) => one.compare(two) == Some(Ordering::Equal),
                    _ => self == other,
                });
            }
        }
        Ok(true)
    }

    /// The name of its type in Python, which errors show.
    pub fn python_type(&self) -> &'static str {
        match self {
            Self::Null => "NoneType",
            Self::Bool(_) => "bool",
            Self::Number(Number::Int(_)) => "int",
            Self::Number(Number::Float(_)) => "float",
            Self::Text(_) => "str",
            Self::List(_) => "list",
            Self::Object(object) if object.is_made => "OrderedDict",
            Self::Object(_) => "dict",
            Self::Expression(_) => "_Expression",
        }
    }

    /// The name of its type in JMESPath.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Object(_) => "object",
            Self::Expression(_) => "expref",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_compared_exactly() {
        use Number::{Float, Int};
        for (left, right, expected) in [
            (Int(9_007_199_254_740_993), Int(9_007_199_254_740_992), Ordering::Greater),
            (Int(9_007_199_254_740_993), Float(9_007_199_254_740_992.0), Ordering::Greater),
            (Int(2), Float(2.0), Ordering::Equal),
            (Int(2), Float(2.5), Ordering::Less),
            (Int(-2), Float(-2.5), Ordering::Greater),
            (Float(1e300), Int(i128::MAX), Ordering::Greater),
        ] {
            assert_eq!(left.compare(right), Some(expected), "{left:?} {right:?}");
        }
    }

    #[test]
    fn results_have_a_bound() {
        let doubled = (0..60).fold(Value::Null, |value, _| Value::list(vec![value.clone(), value]));
        assert!(doubled.export_within(false, &mut 1_000).is_err());
    }

    #[test]
    fn a_boolean_is_a_number_inside_lists_only() {
        let value = |json: Json| Value::import(&json);
        assert!(!value(json!(true)).equals(&value(json!(1))).unwrap());
        assert!(value(json!([true, 2])).equals(&value(json!([1, 2.0]))).unwrap());
        assert!(!value(json!([true])).equals(&value(json!([2]))).unwrap());
        assert!(value(json!({"a": 1, "b": 2})).equals(&value(json!({"b": 2, "a": 1}))).unwrap());
    }
}
