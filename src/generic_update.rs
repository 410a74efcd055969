//! `--set`, `--add` and `--remove`: changes to a request body by paths that the user spells out.
//!
//! The rules are those of `az`'s generic update arguments: names in camel or snake case, properties of a registry with
//! or without `properties.` in front, `[0]` and `[key=value]` to pick from lists, values read as JSON where they can be.

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

/// What a body may hold at a place.
#[derive(Debug, Clone, Copy)]
pub enum Schema {
    /// These members and no others.
    Model(&'static [(&'static str, Schema)]),
    /// A list, which `--add` makes where it is missing.
    List,
    /// Anything.
    Free,
}

use Schema::{Free, List, Model};

/// A step makes no sense. Most of the wording is Azure CLI 2.91's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StepError(String);

const POLICY: Schema = Model(&[("status", Free)]);
const NETWORK_RULE_SET: Schema =
    Model(&[("defaultAction", Free), ("virtualNetworkRules", List), ("ipRules", List)]);
const POLICIES: Schema = Model(&[
    ("quarantinePolicy", POLICY),
    ("trustPolicy", Model(&[("type", Free), ("status", Free)])),
    ("retentionPolicy", Model(&[("days", Free), ("status", Free)])),
    ("exportPolicy", POLICY),
    ("azureADAuthenticationAsArmPolicy", POLICY),
    ("softDeletePolicy", Model(&[("retentionDays", Free), ("status", Free)])),
]);
const ENCRYPTION: Schema = Model(&[
    ("status", Free),
    ("keyVaultProperties", Model(&[("keyIdentifier", Free), ("identity", Free)])),
]);

/// The body of a registry's PATCH.
pub const REGISTRY: Schema = Model(&[
    ("identity", Model(&[("type", Free), ("userAssignedIdentities", Free)])),
    ("tags", Free),
    ("sku", Model(&[("name", Free)])),
    (
        "properties",
        Model(&[
            ("adminUserEnabled", Free),
            ("networkRuleSet", NETWORK_RULE_SET),
            ("policies", POLICIES),
            ("encryption", ENCRYPTION),
            ("dataEndpointEnabled", Free),
            ("regionalEndpoints", Free),
            ("endpointProtocol", Free),
            ("publicNetworkAccess", Free),
            ("networkRuleBypassOptions", Free),
            ("networkRuleBypassAllowedForTasks", Free),
            ("anonymousPullEnabled", Free),
            ("metadataSearch", Free),
            ("writableCacheRepos", Free),
            ("roleAssignmentMode", Free),
        ]),
    ),
]);

/// The body of a replication's PATCH.
pub const REPLICATION: Schema =
    Model(&[("tags", Free), ("properties", Model(&[("regionEndpointEnabled", Free)]))]);

/// Applies steps to a body.
///
/// # Arguments
/// * `force_string` - values stay text.
///
/// # Errors
/// [`StepError`] for the first step that makes no sense.
pub fn apply(
    body: &mut Value,
    schema: Schema,
    steps: &[Step],
    force_string: bool,
) -> Result<(), StepError> {
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

fn set(body: &mut Value, schema: Schema, expression: &str, force: bool) -> Result<(), StepError> {
    let (key, text) = split_assignment(expression);
    if key.trim().is_empty() {
        let message =
            "usage error: Empty key in --set. Correct syntax: --set KEY=VALUE [KEY=VALUE ...]";
        return Err(StepError(message.to_owned()));
    }
    let Some(text) = text else {
        return Err(StepError(format!(
            "usage error: no '=' in --set {key}. Correct syntax: --set KEY=VALUE [KEY=VALUE ...]"
        )));
    };
    let value = if force { Value::from(text) } else { read_value(text) };
    let path = segments(&key);
    let Some((name, parents)) = path.split_last() else {
        return Err(StepError(format!("'{key}' is no path")));
    };
    let (parent, schema) = create(body, schema, parents)?;
    put(parent, schema, name, parents, value)
}

fn add(body: &mut Value, schema: Schema, values: &[String], force: bool) -> Result<(), StepError> {
    const USAGE: &str =
        "invalid syntax: `--add property.listProperty <key=value, string or JSON string>`";
    let Some((path, values)) = values.split_first() else {
        return Err(StepError(USAGE.to_owned()));
    };
    let path = segments(path);
    if find(body, schema, &path)?.is_none() {
        let Some((name, parents)) = path.split_last() else {
            return Err(StepError(USAGE.to_owned()));
        };
        match find(body, schema, parents)? {
            Some((_, schema)) if !matches!(member(schema, name), Some((_, List))) => {
                return Err(StepError(USAGE.to_owned()));
            }
            Some((parent, schema)) => put(parent, schema, name, parents, Value::Array(Vec::new()))?,
            None => return Err(no_further(&path)),
        }
    }
    let Some((Value::Array(list), _)) = find(body, schema, &path)? else {
        return Err(StepError(USAGE.to_owned()));
    };
    // Pairs that follow each other make one entry.
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

fn remove(body: &mut Value, schema: Schema, values: &[String]) -> Result<(), StepError> {
    let Some((path, index)) = values.split_first() else {
        let usage =
            "invalid syntax: --remove property.list <indexToRemove> OR --remove propertyToRemove";
        return Err(StepError(usage.to_owned()));
    };
    let path = segments(path);
    let last = path.last().cloned().unwrap_or_default();
    let Some(index) = index.first() else {
        // The path must lead somewhere, even if nothing is there.
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
        return Err(StepError(format!("{last} doesn't exist")));
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
        None => Err(StepError(format!("index {index} doesn't exist on {last}"))),
    }
}

/// The value at a path, and what it may hold; `None` where nothing is.
fn find<'v>(
    body: &'v mut Value,
    schema: Schema,
    path: &[String],
) -> Result<Option<(&'v mut Value, Schema)>, StepError> {
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

/// One name further.
fn step<'v>(
    value: &'v mut Value,
    schema: Schema,
    name: &str,
    path: &[String],
) -> Result<Option<(&'v mut Value, Schema)>, StepError> {
    if let Some(picker) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        let Value::Array(list) = value else { return Err(not_found(name, path, schema)) };
        let position = match picker.split_once('=') {
            Some((key, wanted)) => {
                let wanted = read_value(wanted);
                let mut matching = (0..list.len()).filter(|i| list[*i].get(key) == Some(&wanted));
                match (matching.next(), matching.next()) {
                    (found, None) => found,
                    _ => {
                        return Err(StepError(format!(
                            "non-unique key '{key}' found multiple matches. Key must be unique."
                        )));
                    }
                }
            }
            None => picker.parse().ok(),
        };
        return match position.and_then(|position| list.get_mut(position)) {
            Some(item) => Ok(Some((item, Free))),
            None => Err(StepError(format!(
                "index {picker} doesn't exist on {}",
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
            let Some((place, schema)) = member(schema, name) else {
                return Err(not_found(name, path, schema));
            };
            let found = place.iter().try_fold(value, |value, name| value.get_mut(*name));
            Ok(found.map(|value| (value, schema)))
        }
    }
}

/// As [`find`], but a last name that is missing is made.
fn create<'v>(
    body: &'v mut Value,
    schema: Schema,
    path: &[String],
) -> Result<(&'v mut Value, Schema), StepError> {
    if let (None, Some((name, parents))) = (find(body, schema, path)?, path.split_last()) {
        let Some((parent, schema)) = find(body, schema, parents)? else {
            return Err(no_further(path));
        };
        put(parent, schema, name, parents, Value::Object(Map::new()))?;
    }
    find(body, schema, path)?.ok_or_else(|| no_further(path))
}

/// Sets a member or an item. `null` takes a member of a model out of the body: nothing is sent for it.
fn put(
    parent: &mut Value,
    schema: Schema,
    name: &str,
    parents: &[String],
    value: Value,
) -> Result<(), StepError> {
    let path = [parents, &[name.to_owned()]].concat();
    if let Some(picker) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        let item = match parent {
            Value::Array(list) => picker.parse().ok().and_then(|i: usize| list.get_mut(i)),
            _ => None,
        };
        return match item {
            Some(item) => {
                *item = value;
                Ok(())
            }
            None => Err(StepError(format!("index {picker} doesn't exist on {name}"))),
        };
    }
    match (schema, parent) {
        (Free | List, Value::Object(object)) => {
            object.insert(name.to_owned(), value);
            Ok(())
        }
        (Free | List, _) => Err(no_further(&path)),
        (Model(_), mut parent) => {
            let Some((place, _)) = member(schema, name) else {
                return Err(not_found(name, &path, schema));
            };
            let Some((last, above)) = place.split_last() else { return Ok(()) };
            for name in above {
                if parent.get(*name).is_none() {
                    parent[*name] = Value::Object(Map::new());
                }
                parent = &mut parent[*name];
            }
            if let (Value::Null, Value::Object(object)) = (&value, &mut *parent) {
                object.shift_remove(*last);
            } else {
                parent[*last] = value;
            }
            Ok(())
        }
    }
}

/// Where a model keeps a member of this name: itself, or below `properties`.
fn member(schema: Schema, name: &str) -> Option<(Vec<&'static str>, Schema)> {
    let Model(members) = schema else { return None };
    let wanted = snake_case(name);
    let own = members.iter().find(|(known, _)| snake_case(known) == wanted);
    if let Some((known, schema)) = own {
        return Some((vec![known], *schema));
    }
    let (known, properties) = members.iter().find(|(known, _)| *known == "properties")?;
    let (mut place, schema) = member(*properties, name)?;
    place.insert(0, known);
    Some((place, schema))
}

fn not_found(name: &str, path: &[String], schema: Schema) -> StepError {
    let parent = path[..path.len().saturating_sub(1)].join(".");
    let mut message = format!("Couldn't find '{name}' in '{parent}'.");
    if let Model(members) = schema {
        let mut options: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
        if let Some((_, Model(properties))) = members.iter().find(|(name, _)| *name == "properties")
        {
            options.extend(properties.iter().map(|(name, _)| *name));
        }
        options.sort_unstable();
        message.push_str(" Available options: ");
        message.push_str(&options.join(", "));
    }
    StepError(message)
}

fn no_further(path: &[String]) -> StepError {
    let (name, parents) = path.split_last().map_or(("", &[][..]), |(name, p)| (name.as_str(), p));
    let parent = parents.join(".");
    StepError(format!(
        "Couldn't find '{name}' in '{parent}'. '{parent}' does not support further indexing."
    ))
}

/// `a.b[0].c` as `a`, `b`, `[0]`, `c`.
fn segments(path: &str) -> Vec<String> {
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
fn split_assignment(expression: &str) -> (String, Option<&str>) {
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

/// JSON, a Python literal of the simple kinds, or else text.
fn read_value(text: &str) -> Value {
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

/// `dataEndpointEnabled` and `data_endpoint_enabled` are the same.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut previous = '_';
    for c in name.chars() {
        if c.is_uppercase() && (previous.is_lowercase() || previous.is_ascii_digit()) {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
        previous = c;
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[track_caller]
    fn check(body: Value, step: &Step, expected: Result<Value, &str>) {
        let mut changed = body;
        let result = apply(&mut changed, REGISTRY, std::slice::from_ref(step), false);
        let result = result.map(|()| changed).map_err(|e| e.to_string());
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
        let mut body = json!({});
        let error = apply(&mut body, REGISTRY, &[set("bogus=1")], false).unwrap_err().to_string();
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
        let mut body = json!({});
        apply(&mut body, REGISTRY, &[Step::Set(words(&["tags.n=5"]))], true).unwrap();
        assert_eq!(body, json!({"tags": {"n": "5"}}));
    }
}
