//! Azure Resource Graph: the queries that this program sends, recognised line by line. It does not understand KQL.
//!
//! As the service was seen to do: subscriptions that the caller may not read are left out without a word,
//! `resultTruncated` is a string that says "false" on pages that have a token, and properties of preview versions are
//! missing.

use super::message::{Request, Response};
use super::network;
use super::registries;
use super::replications;
use super::world::{Registry, State};
use azure_core::base64;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

const REGISTRIES: &str = "microsoft.containerregistry/registries";
const REPLICATIONS: &str = "microsoft.containerregistry/registries/replications";
const MAX_TOP: usize = 1_000;

/// The properties that the newest version without "preview" does not have.
const PREVIEW: [&str; 2] = ["regionalEndpoints", "regionalEndpointHostNames"];

/// What a query asks for.
enum Query {
    /// The subscriptions that can be read.
    Subscriptions,
    /// Registries and their replications.
    Registries(Filter, Vec<(String, String)>),
    /// Resources of networks, which are these.
    Network(Vec<Value>),
}

/// Which registries: one of the values, or all if there are none. Values are in lower case.
#[derive(Default)]
struct Filter {
    names: Vec<String>,
    groups: Vec<String>,
    locations: Vec<String>,
    skus: Vec<String>,
}

/// Where a page begins.
#[derive(Default)]
struct Position {
    /// The row before it, by its id in lower case; empty for the first page.
    after: String,
    /// The number of rows on all pages; `None` before they have been counted.
    total: Option<usize>,
}

/// `POST /providers/Microsoft.ResourceGraph/resources`.
pub fn query(state: &State, request: &Request) -> Response {
    let body = match request.object() {
        Ok(body) => Value::Object(body),
        Err(answer) => return *answer,
    };
    let scope: Vec<String> = match scope(state, &body) {
        Ok(scope) => scope,
        Err(answer) => return *answer,
    };
    let Some(query) = body["query"].as_str().and_then(parse) else {
        return bad_request("InvalidQuery", "The emulator knows the queries of az-acr only.");
    };
    let options = &body["options"];
    let top = options["$top"].as_u64().and_then(|top| usize::try_from(top).ok()).unwrap_or(100);
    if !(1..=MAX_TOP).contains(&top) {
        return bad_request("InvalidOptions", "$top must be between 1 and 1000.");
    }
    let position = match options["$skipToken"].as_str() {
        None => Position::default(),
        Some(token) => match Position::parse(token) {
            Some(position) => position,
            None => return bad_request("InvalidSkipToken", "The skip token is not valid."),
        },
    };
    match query {
        Query::Subscriptions => {
            let rows = state.subscriptions().filter(|s| scope.contains(&s.id.to_lowercase()));
            let rows: Vec<Row> = rows
                .map(|s| Row {
                    key: s.id.to_lowercase(),
                    value: json!({"subscriptionId": s.id, "name": s.name}),
                })
                .collect();
            let position = Position { total: Some(rows.len()), ..position };
            page(rows.into_iter(), &position, top)
        }
        Query::Network(resources) => network_page(resources, position, top),
        Query::Registries(filter, columns) => {
            let in_scope = |registry: &Registry| {
                scope.binary_search(&registry.subscription.to_lowercase()).is_ok()
                    && filter.matches(registry)
            };
            let count = || {
                let all = state.all_registries().filter(|registry| in_scope(registry));
                let own = |registry: &Registry| usize::from(filter.keeps(registry));
                all.map(|registry| own(&registry) + registry.replications.len()).sum()
            };
            let position = Position { total: position.total.or_else(|| Some(count())), ..position };
            let rows = sorted(state, &position.after).filter(|registry| in_scope(registry));
            let rows = rows.flat_map(|registry| {
                let skipped = usize::from(!filter.keeps(&registry));
                // The registry's own row is the first.
                rows_of(&registry, &columns).into_iter().skip(skipped)
            });
            page(rows, &position, top)
        }
    }
}

fn network_page(resources: Vec<Value>, position: Position, top: usize) -> Response {
    let key = |value: &Value| value["id"].as_str().unwrap_or_default().to_lowercase();
    let mut rows: Vec<Row> =
        resources.into_iter().map(|value| Row { key: key(&value), value }).collect();
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    let position = Position { total: Some(rows.len()), ..position };
    page(rows.into_iter(), &position, top)
}

/// A row and what it is sorted by.
struct Row {
    key: String,
    value: Value,
}

/// The registries from a position on, sorted by id: the state's own between those of the fleet.
fn sorted<'a>(state: &'a State, after: &str) -> impl Iterator<Item = Cow<'a, Registry>> {
    // The last row may have been this registry or one of its replications, and others of them may come next.
    let registry = after.split("/replications/").next().unwrap_or_default();
    let mut own: Vec<&Registry> = state.registries.iter().collect();
    own.sort_by_cached_key(|registry| key(registry));
    own.retain(|other| key(other).as_str() >= registry);
    let first = state.fleet.first_after(registry).saturating_sub(1);
    let fleet = state.fleet.registries(first).filter(|r| !state.has_own(&r.name));
    let mut fleet = fleet.peekable();
    let mut own = own.into_iter().peekable();
    std::iter::from_fn(move || {
        let other = fleet.peek();
        match own.next_if(|mine| other.is_none_or(|other| key(mine) < key(other))) {
            Some(mine) => Some(Cow::Borrowed(mine)),
            None => fleet.next().map(Cow::Owned),
        }
    })
}

fn key(registry: &Registry) -> String {
    registries::id(registry).to_lowercase()
}

/// A registry's row, then those of its replications.
fn rows_of(registry: &Registry, columns: &[(String, String)]) -> Vec<Row> {
    let body = registries::body(registry);
    let replicas = registry.replications.iter().map(|r| replications::body(registry, r));
    let row = |body: &Value| Row {
        key: body["id"].as_str().unwrap_or_default().to_lowercase(),
        value: project(body, registry, columns),
    };
    let mut rows: Vec<Row> = [body].iter().chain(&replicas.collect::<Vec<_>>()).map(row).collect();
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    rows
}

fn project(body: &Value, registry: &Registry, columns: &[(String, String)]) -> Value {
    let value = |path: &str| match path {
        "subscriptionId" => json!(registry.subscription),
        // Resource Graph writes types and groups in lower case.
        "resourceGroup" => json!(registry.resource_group.to_lowercase()),
        "type" => json!(body["type"].as_str().map(str::to_lowercase)),
        _ => {
            let absent = path.split('.').any(|part| PREVIEW.contains(&part));
            let at = path.split('.').fold(body, |value, part| &value[part]);
            if absent { Value::Null } else { at.clone() }
        }
    };
    let columns = columns.iter().map(|(name, path)| (name.clone(), value(path)));
    Value::Object(columns.collect::<Map<_, _>>())
}

/// The rows after a position, and a token if there are more.
fn page(rows: impl Iterator<Item = Row>, position: &Position, top: usize) -> Response {
    let mut rows = rows.filter(|row| row.key > position.after).peekable();
    let mut data = Vec::new();
    let mut last = String::new();
    for row in rows.by_ref().take(top) {
        last = row.key;
        data.push(row.value);
    }
    let mut body = json!({
        "totalRecords": position.total,
        "count": data.len(),
        "data": data,
        "facets": [],
        "resultTruncated": "false",
    });
    if rows.peek().is_some() {
        body["$skipToken"] = json!(Position { after: last, total: position.total }.token());
    }
    Response::json(200, body)
}

impl Position {
    fn token(&self) -> String {
        base64::encode(format!("{} {}", self.total.unwrap_or(0), self.after))
    }

    fn parse(token: &str) -> Option<Self> {
        let text = String::from_utf8(base64::decode(token).ok()?).ok()?;
        let (total, after) = text.split_once(' ')?;
        Some(Self { after: after.to_owned(), total: Some(total.parse().ok()?) })
    }
}

/// The subscriptions of a request that can be read, in lower case, sorted.
fn scope(state: &State, body: &Value) -> Result<Vec<String>, Box<Response>> {
    let list = |name: &str| {
        let items = body[name].as_array();
        items.map(|items| {
            items.iter().filter_map(Value::as_str).map(str::to_lowercase).collect::<Vec<_>>()
        })
    };
    let wanted = match (list("subscriptions"), list("managementGroups")) {
        (Some(_), Some(_)) => {
            let message = "Subscriptions and management groups cannot be named together.";
            return Err(Box::new(bad_request("InvalidScope", message)));
        }
        (Some(subscriptions), None) => Some(subscriptions),
        (None, Some(groups)) => {
            let subscriptions =
                groups.iter().filter_map(|group| super::management::below(state, group));
            Some(subscriptions.flatten().map(|s| s.id.to_lowercase()).collect())
        }
        (None, None) => None,
    };
    let readable = state.subscriptions().filter(|s| !s.unreadable).map(|s| s.id.to_lowercase());
    let mut scope: Vec<String> =
        readable.filter(|id| wanted.as_ref().is_none_or(|wanted| wanted.contains(id))).collect();
    scope.sort_unstable();
    if scope.is_empty() {
        return Err(Box::new(bad_request(
            "NoValidSubscriptionsInQueryRequest",
            "There must be at least one subscription that is eligible to contain resources.",
        )));
    }
    Ok(scope)
}

fn bad_request(code: &str, message: &str) -> Response {
    Response::json(
        400,
        json!({"error": {
            "code": "BadRequest",
            "message": "Please provide below info when asking for support: timestamp, correlationId.",
            "details": [{"code": code, "message": message}],
        }}),
    )
}

/// Recognises a query.
fn parse(text: &str) -> Option<Query> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.as_slice() {
        [
            "resourcecontainers",
            "| where type =~ 'microsoft.resources/subscriptions'",
            "| project subscriptionId, name",
            "| order by subscriptionId asc",
        ] => Some(Query::Subscriptions),
        ["resources", types, filters @ .., project, "| order by tolower(id) asc"]
            if *types == format!("| where type in~ ('{REGISTRIES}', '{REPLICATIONS}')") =>
        {
            let mut filter = Filter::default();
            filters.iter().try_for_each(|line| filter.read(line))?;
            let columns = project.strip_prefix("| project ")?.split(", ").map(|column| {
                let (name, path) = column.split_once(" = ").unwrap_or((column, column));
                (name.to_owned(), path.to_owned())
            });
            Some(Query::Registries(filter, columns.collect()))
        }
        ["resources", "| where type =~ 'microsoft.network/azurefirewalls'", named, ..] => {
            let name = named.strip_prefix("| where name =~ ")?;
            Some(Query::Network(network::firewalls(&string(name)?.0)))
        }
        ["resources", types, ..] if types.starts_with("| where type in~ ('microsoft.network/") => {
            Some(Query::Network(network::owners()))
        }
        _ => None,
    }
}

impl Filter {
    fn read(&mut self, line: &str) -> Option<()> {
        let only = format!("type =~ '{REPLICATIONS}' or ");
        let condition = line.strip_prefix("| where ")?;
        let condition = condition.strip_prefix(&only).unwrap_or(condition);
        let (what, list) = condition.split_once(" in~ (")?;
        let values = match what {
            "tostring(split(id, '/')[8])" => &mut self.names,
            "resourceGroup" => &mut self.groups,
            "location" => &mut self.locations,
            "tostring(sku.name)" => &mut self.skus,
            _ => return None,
        };
        let mut rest = list;
        loop {
            let (value, after) = string(rest)?;
            values.push(value.to_lowercase());
            match after.strip_prefix(", ") {
                Some(more) => rest = more,
                None => return (after == ")").then_some(()),
            }
        }
    }

    /// Whether the conditions hold that a registry and its replications share.
    fn matches(&self, registry: &Registry) -> bool {
        one_of(&self.names, &registry.name) && one_of(&self.groups, &registry.resource_group)
    }

    /// Whether the registry's own row stays. Its replications pass in any case.
    fn keeps(&self, registry: &Registry) -> bool {
        one_of(&self.locations, &registry.location) && one_of(&self.skus, &registry.sku)
    }
}

/// Whether a value is one of the wanted ones, in lower case; without any, every value is.
fn one_of(values: &[String], value: &str) -> bool {
    values.is_empty() || values.iter().any(|wanted| *wanted == value.to_lowercase())
}

/// A string of KQL in single quotes, and what follows it.
fn string(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('\'')?;
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return Some((value, &text[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}
