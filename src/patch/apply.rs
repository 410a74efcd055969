//! Applies steps to a request body, which is a typed value before and after.

use super::navigate::{PatchError, create, find, no_further, put};
use super::path::{read_value, segments, split_assignment};
use super::schema::Schema;
use Schema::{Free, List, Model};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// One argument with its values, in the order of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `--set KEY=VALUE …`
    Set(Vec<String>),
    /// `--add PATH VALUE …`
    Add(Vec<String>),
    /// `--remove PATH [INDEX]`
    Remove(Vec<String>),
}

/// Applies steps to the parameters of a request.
///
/// # Arguments
/// * `schema` - the names that the parameters may contain.
/// * `force_string` - whether values stay text.
///
/// # Errors
/// [`PatchError`] for the first step that cannot be applied.
pub fn apply<T: Serialize + DeserializeOwned>(
    parameters: &T,
    schema: Schema,
    steps: &[Step],
    force_string: bool,
) -> Result<T, PatchError> {
    let failed = |e: serde_json::Error| PatchError(e.to_string());
    let mut body = serde_json::to_value(parameters).map_err(failed)?;
    apply_to_json(&mut body, schema, steps, force_string)?;
    serde_json::from_value(body).map_err(failed)
}

fn apply_to_json(
    body: &mut Value,
    schema: Schema,
    steps: &[Step],
    force_string: bool,
) -> Result<(), PatchError> {
    for step in steps {
        match step {
            Step::Set(expressions) => {
                for expression in expressions {
                    set(body, schema, expression, force_string)?;
                }
            }
            Step::Add(values) => add(body, schema, values, force_string)?,
            Step::Remove(values) => remove(body, schema, values)?,
        }
    }
    Ok(())
}

fn set(body: &mut Value, schema: Schema, expression: &str, force: bool) -> Result<(), PatchError> {
    let (key, text) = split_assignment(expression);
    if key.trim().is_empty() {
        let message =
            "usage error: Empty key in --set. Correct syntax: --set KEY=VALUE [KEY=VALUE ...]";
        return Err(PatchError(message.to_owned()));
    }
    let Some(text) = text else {
        return Err(PatchError(format!(
            "usage error: no '=' in --set {key}. Correct syntax: --set KEY=VALUE [KEY=VALUE ...]"
        )));
    };
    let value = if force { Value::from(text) } else { read_value(text) };
    let path = segments(&key);
    let Some((name, parents)) = path.split_last() else {
        return Err(PatchError(format!("'{key}' is not a path")));
    };
    let (parent, schema) = create(body, schema, parents)?;
    put(parent, schema, name, parents, value)
}

fn add(body: &mut Value, schema: Schema, values: &[String], force: bool) -> Result<(), PatchError> {
    const USAGE: &str =
        "invalid syntax: `--add property.listProperty <key=value, string or JSON string>`";
    let Some((path, values)) = values.split_first() else {
        return Err(PatchError(USAGE.to_owned()));
    };
    let path = segments(path);
    if find(body, schema, &path)?.is_none() {
        let Some((name, parents)) = path.split_last() else {
            return Err(PatchError(USAGE.to_owned()));
        };
        match find(body, schema, parents)? {
            Some((_, schema)) if !matches!(schema.member(name), Some((_, List))) => {
                return Err(PatchError(USAGE.to_owned()));
            }
            Some((parent, schema)) => put(parent, schema, name, parents, Value::Array(Vec::new()))?,
            None => return Err(no_further(&path)),
        }
    }
    let Some((Value::Array(list), _)) = find(body, schema, &path)? else {
        return Err(PatchError(USAGE.to_owned()));
    };
    // Consecutive pairs form one entry.
    let mut entry = Map::new();
    for value in values {
        if let Some((key, text)) = value.split_once('=') {
            entry.insert(key.to_owned(), Value::from(text));
            continue;
        }
        if !entry.is_empty() {
            list.push(Value::Object(std::mem::take(&mut entry)));
        }
        list.push(if force { Value::from(value.as_str()) } else { read_value(value) });
    }
    if !entry.is_empty() {
        list.push(Value::Object(entry));
    }
    Ok(())
}

fn remove(body: &mut Value, schema: Schema, values: &[String]) -> Result<(), PatchError> {
    let Some((path, index)) = values.split_first() else {
        let usage =
            "invalid syntax: --remove property.list <indexToRemove> OR --remove propertyToRemove";
        return Err(PatchError(usage.to_owned()));
    };
    let path = segments(path);
    let last = path.last().cloned().unwrap_or_default();
    let Some(index) = index.first() else {
        // The path must be valid, even if nothing exists there.
        let is_list = matches!(find(body, schema, &path)?, Some((Value::Array(_), _)));
        let (name, parents) = path.split_last().ok_or_else(|| no_further(&path))?;
        let Some((parent, schema)) = find(body, schema, parents)? else {
            return Err(no_further(&path));
        };
        let emptied = if is_list && matches!(schema, Model(_)) {
            Value::Array(Vec::new())
        } else {
            Value::Null
        };
        return match (schema, parent) {
            (Free, Value::Object(object)) => {
                object.shift_remove(name);
                Ok(())
            }
            (_, parent) => put(parent, schema, name, parents, emptied),
        };
    };
    let Some((Value::Array(items), _)) = find(body, schema, &path)? else {
        return Err(PatchError(format!("{last} doesn't exist")));
    };
    let position = index.parse::<i64>().ok().and_then(|index| {
        let from_end = usize::try_from(index.unsigned_abs()).ok()?;
        if index < 0 { items.len().checked_sub(from_end) } else { Some(from_end) }
    });
    match position.filter(|position| *position < items.len()) {
        Some(position) => {
            items.remove(position);
            Ok(())
        }
        None => Err(PatchError(format!("index {index} doesn't exist on {last}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::REGISTRY;
    use super::*;
    use serde_json::json;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "cases read better")]
    fn check(body: Value, step: &Step, expected: Result<Value, &str>) {
        let result = apply(&body, REGISTRY, std::slice::from_ref(step), false);
        let result = result.map_err(|e| e.to_string());
        assert_eq!(result, expected.map_err(str::to_owned), "{step:?}");
    }

    #[test]
    fn set_finds_names_in_every_spelling() {
        let set = |expression: &str| Step::Set(words(&[expression]));
        let on = json!({"properties": {"dataEndpointEnabled": true}});
        for name in
            ["dataEndpointEnabled", "data_endpoint_enabled", "properties.dataEndpointEnabled"]
        {
            check(json!({}), &set(&format!("{name}=true")), Ok(on.clone()));
        }
        check(json!({}), &set("tags.a=b"), Ok(json!({"tags": {"a": "b"}})));
        check(
            json!({"tags": {"a": "b"}}),
            &set("tags.c=5"),
            Ok(json!({"tags": {"a": "b", "c": 5}})),
        );
        check(json!({}), &set("sku.name=Premium"), Ok(json!({"sku": {"name": "Premium"}})));
        check(json!({}), &set("tags=null"), Ok(json!({})));
        check(
            json!({}),
            &set("adminUserEnabled=True"),
            Ok(json!({"properties": {"adminUserEnabled": true}})),
        );
        check(
            json!({}),
            &set("networkRuleSet.defaultAction=Deny"),
            Ok(json!({"properties": {"networkRuleSet": {"defaultAction": "Deny"}}})),
        );
    }

    #[test]
    fn set_refuses_what_leads_nowhere() {
        let set = |expression: &str| Step::Set(words(&[expression]));
        check(
            json!({}),
            &set("policies.exportPolicy.status=disabled"),
            Err(
                "Couldn't find 'exportPolicy' in 'policies'. 'policies' does not support further indexing.",
            ),
        );
        check(
            json!({}),
            &set("=x"),
            Err("usage error: Empty key in --set. Correct syntax: --set KEY=VALUE [KEY=VALUE ...]"),
        );
        let error = apply(&json!({}), REGISTRY, &[set("bogus=1")], false).unwrap_err().to_string();
        assert!(
            error.starts_with("Couldn't find 'bogus' in ''. Available options: adminUserEnabled, "),
            "{error}"
        );
    }

    #[test]
    fn lists_are_added_to_and_removed_from() {
        let rules = |rules: Value| json!({"properties": {"networkRuleSet": {"ipRules": rules}}});
        let one = json!({"value": "1.2.3.4", "action": "Allow"});
        let add = Step::Add(words(&["networkRuleSet.ipRules", "value=1.2.3.4", "action=Allow"]));
        check(rules(json!([])), &add.clone(), Ok(rules(json!([one]))));
        check(
            json!({}),
            &add,
            Err(
                "Couldn't find 'ipRules' in 'networkRuleSet'. 'networkRuleSet' does not support further indexing.",
            ),
        );
        let remove = |index: &str| Step::Remove(words(&["networkRuleSet.ipRules", index]));
        check(rules(json!([1, 2])), &remove("0"), Ok(rules(json!([2]))));
        check(rules(json!([1, 2])), &remove("-1"), Ok(rules(json!([1]))));
        check(rules(json!([])), &remove("3"), Err("index 3 doesn't exist on ipRules"));
        check(
            rules(json!([{"value": "a"}])),
            &Step::Set(words(&["networkRuleSet.ipRules[value=a].action=Deny"])),
            Ok(rules(json!([{"value": "a", "action": "Deny"}]))),
        );
    }

    #[test]
    fn members_are_removed() {
        let remove = |path: &str| Step::Remove(words(&[path]));
        check(json!({"tags": {"a": "b"}}), &remove("tags.a"), Ok(json!({"tags": {}})));
        check(json!({}), &remove("tags"), Ok(json!({})));
        check(
            json!({"properties": {"adminUserEnabled": true}}),
            &remove("adminUserEnabled"),
            Ok(json!({"properties": {}})),
        );
        check(
            json!({}),
            &remove("tags.a"),
            Err("Couldn't find 'a' in 'tags'. 'tags' does not support further indexing."),
        );
    }

    #[test]
    fn text_stays_text_on_request() {
        let steps = [Step::Set(words(&["tags.n=5"]))];
        let body = apply(&json!({}), REGISTRY, &steps, true).unwrap();
        assert_eq!(body, json!({"tags": {"n": "5"}}));
    }
    #[test]
    fn a_parent_that_is_not_an_object_is_an_error() {
        for (steps, parent) in [
            (&["sku=Premium", "sku.name=Premium"][..], "sku"),
            (&["properties=5", "adminUserEnabled=true"], ""),
            (&["networkRuleSet=Deny", "networkRuleSet.defaultAction=Deny"], "networkRuleSet"),
            (&["tags=5", "tags.a=b"], "tags"),
        ] {
            let step = Step::Set(words(steps));
            let error = apply(&json!({}), REGISTRY, &[step], false).unwrap_err().to_string();
            let expected = format!("'{parent}' does not support further indexing.");
            assert!(error.ends_with(&expected), "{steps:?}: {error}");
        }
    }
}
