//! Follows a path into a body, along its schema.

use super::path::{picker, read_value};
use super::schema::Schema;
use Schema::{Free, List, Model};
use serde_json::{Map, Value};

/// A step cannot be applied. Most of the wording is Azure CLI 2.91's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PatchError(pub(super) String);

/// The value at a path and its schema; `None` if nothing exists there.
pub(super) fn find<'v>(
    body: &'v mut Value,
    schema: Schema,
    path: &[String],
) -> Result<Option<(&'v mut Value, Schema)>, PatchError> {
    let (mut value, mut schema) = (body, schema);
    for (i, name) in path.iter().enumerate() {
        let next = step(value, schema, name, path)?;
        match next {
            Some(next) => (value, schema) = next,
            None if i + 1 == path.len() => return Ok(None),
            None => return Err(no_further(&path[..=i + 1])),
        }
    }
    Ok(Some((value, schema)))
}

/// The member or item with this name and its schema.
fn step<'v>(
    value: &'v mut Value,
    schema: Schema,
    name: &str,
    path: &[String],
) -> Result<Option<(&'v mut Value, Schema)>, PatchError> {
    if let Some(pick) = picker(name) {
        let Value::Array(list) = value else { return Err(not_found(name, path, schema)) };
        let position = match pick.split_once('=') {
            Some((key, wanted)) => {
                let wanted = read_value(wanted);
                let mut matching = (0..list.len()).filter(|i| list[*i].get(key) == Some(&wanted));
                match (matching.next(), matching.next()) {
                    (found, None) => found,
                    _ => {
                        return Err(PatchError(format!(
                            "non-unique key '{key}' found multiple matches. Key must be unique."
                        )));
                    }
                }
            }
            None => pick.parse().ok(),
        };
        return match position.and_then(|position| list.get_mut(position)) {
            Some(item) => Ok(Some((item, Free))),
            None => Err(PatchError(format!(
                "index {pick} doesn't exist on {}",
                path.first().map_or("", String::as_str)
            ))),
        };
    }
    match (schema, value) {
        (Free | List, Value::Object(object)) => match object.get_mut(name) {
            Some(member) => Ok(Some((member, Free))),
            None => Err(not_found(name, path, schema)),
        },
        (Free | List, _) => Err(no_further(path)),
        (Model(_), value) => {
            let Some((place, schema)) = schema.member(name) else {
                return Err(not_found(name, path, schema));
            };
            let found = place.iter().try_fold(value, |value, name| value.get_mut(*name));
            Ok(found.map(|value| (value, schema)))
        }
    }
}

/// Like [`find`], but creates the last member if it is missing.
pub(super) fn create<'v>(
    body: &'v mut Value,
    schema: Schema,
    path: &[String],
) -> Result<(&'v mut Value, Schema), PatchError> {
    if let (None, Some((name, parents))) = (find(body, schema, path)?, path.split_last()) {
        let Some((parent, schema)) = find(body, schema, parents)? else {
            return Err(no_further(path));
        };
        put(parent, schema, name, parents, Value::Object(Map::new()))?;
    }
    find(body, schema, path)?.ok_or_else(|| no_further(path))
}

/// Sets a member or an item. `null` removes a member of a model from the body, so that it is not sent.
pub(super) fn put(
    parent: &mut Value,
    schema: Schema,
    name: &str,
    parents: &[String],
    value: Value,
) -> Result<(), PatchError> {
    let path = [parents, &[name.to_owned()]].concat();
    if let Some(pick) = picker(name) {
        let item = match parent {
            Value::Array(list) => pick.parse().ok().and_then(|i: usize| list.get_mut(i)),
            _ => None,
        };
        return match item {
            Some(item) => {
                *item = value;
                Ok(())
            }
            None => Err(PatchError(format!("index {pick} doesn't exist on {name}"))),
        };
    }
    match (schema, parent) {
        (Free | List, Value::Object(object)) => {
            object.insert(name.to_owned(), value);
            Ok(())
        }
        (Free | List, _) => Err(no_further(&path)),
        (Model(_), mut parent) => {
            let Some((place, _)) = schema.member(name) else {
                return Err(not_found(name, &path, schema));
            };
            let Some((last, above)) = place.split_last() else { return Ok(()) };
            for name in above {
                parent = object(parent, &path)?
                    .entry(*name)
                    .or_insert_with(|| Value::Object(Map::new()));
            }
            let parent = object(parent, &path)?;
            if value.is_null() {
                parent.shift_remove(*last);
            } else {
                parent.insert((*last).to_owned(), value);
            }
            Ok(())
        }
    }
}

/// The members of a value, which must be an object.
fn object<'v>(
    value: &'v mut Value,
    path: &[String],
) -> Result<&'v mut Map<String, Value>, PatchError> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(no_further(path)),
    }
}

pub(super) fn not_found(name: &str, path: &[String], schema: Schema) -> PatchError {
    let parent = path[..path.len().saturating_sub(1)].join(".");
    let mut message = format!("Couldn't find '{name}' in '{parent}'.");
    if let Some(options) = schema.names() {
        message.push_str(" Available options: ");
        message.push_str(&options.join(", "));
    }
    PatchError(message)
}

pub(super) fn no_further(path: &[String]) -> PatchError {
    let (name, parents) = path.split_last().map_or(("", &[][..]), |(name, p)| (name.as_str(), p));
    let parent = parents.join(".");
    PatchError(format!(
        "Couldn't find '{name}' in '{parent}'. '{parent}' does not support further indexing."
    ))
}
