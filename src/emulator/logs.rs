//! Diagnostic settings and logs: where registries send them, and the queries of this program over them.
//!
//! The queries are recognised by their tables; the emulator does not understand KQL. As the service is documented to do: a
//! table that does not exist is a semantic error, a workspace without data answers 204, and there are no pages.

use super::error;
use super::faults::Fault;
use super::message::{RegistryId, Request, Response};
use super::past;
use super::registries;
use super::world::{Event, Registry, State};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The most events that are kept. The oldest go first.
const MAX_EVENTS: usize = 10_000;
const PULLS: &str = "ContainerRegistryRepositoryEvents";
const LOGINS: &str = "ContainerRegistryLoginEvents";
/// The firewall that the emulated cloud has.
pub(super) const FIREWALL: &str = "hub-firewall";

impl State {
    /// Remembers what a client did.
    pub fn record(&mut self, event: Event) {
        self.events.push(event);
        let excess = self.events.len().saturating_sub(MAX_EVENTS);
        self.events.drain(..excess);
        self.changed = true;
    }
}

/// `/{registry}/providers/microsoft.insights/…`.
pub fn of_registry(
    state: &mut State,
    request: &Request,
    of: RegistryId<'_>,
    segments: &[&str],
    lower: &[&str],
) -> Response {
    let Some(registry) = state.registry(of.subscription, of.group, of.registry) else {
        return registries::not_found(of);
    };
    match (request.method.as_str(), lower) {
        ("GET", ["diagnosticsettings"]) => {
            Response::json(200, json!({"value": registry.diagnostic_settings}))
        }
        ("POST", ["logs"]) => query(state, &registry, request),
        ("PUT", ["diagnosticsettings", _]) => {
            let body = match request.object() {
                Ok(body) => body,
                Err(answer) => return *answer,
            };
            let setting = json!({
                "id": request.path,
                "type": "Microsoft.Insights/diagnosticSettings",
                "name": segments[1],
                "properties": body.get("properties").cloned().unwrap_or_default(),
            });
            change(state, of, segments[1], Some(&setting));
            Response::json(200, setting)
        }
        ("DELETE", ["diagnosticsettings", _]) => {
            change(state, of, segments[1], None);
            Response::empty(200)
        }
        _ => error::arm(404, "NotFound", "The emulator does not implement this."),
    }
}

fn change(state: &mut State, of: RegistryId<'_>, name: &str, setting: Option<&Value>) {
    if let Some(registry) = state.registry_mut(of.subscription, of.group, of.registry) {
        let named =
            |known: &Value| known["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name));
        registry.diagnostic_settings.retain(|known| !named(known));
        registry.diagnostic_settings.extend(setting.cloned());
    }
}

fn query(state: &State, registry: &Registry, request: &Request) -> Response {
    let text = match request.object() {
        Ok(body) => body.get("query").and_then(Value::as_str).unwrap_or_default().to_owned(),
        Err(answer) => return *answer,
    };
    let to_workspace = |setting: &&Value| setting["properties"]["workspaceId"].is_string();
    if !registry.diagnostic_settings.iter().any(|setting| to_workspace(&setting)) {
        return unknown_table();
    }
    let Some(question) = Question::parse(&text) else { return not_understood() };
    let past = past::events(registry, &request.now);
    let mine = |event: &&Event| event.registry.eq_ignore_ascii_case(&registry.name);
    let events: Vec<&Event> = past.iter().chain(state.events.iter().filter(mine)).collect();
    if events.is_empty() {
        return Response::empty(204);
    }
    table(&Question::COLUMNS, &question.rows(&events))
}

fn unknown_table() -> Response {
    Response::json(
        400,
        json!({"error": {
            "code": "BadArgumentError",
            "message": "The request had some invalid properties",
            "innererror": {
                "code": "SemanticError",
                "message": "A semantic error occurred.",
                "innererror": {"code": "SEM0100", "message": "'union' operator: Failed to resolve table expression"},
            },
        }}),
    )
}

fn not_understood() -> Response {
    error::arm(400, "BadArgumentError", "The emulator knows the queries of az-acr only.")
}

fn table(columns: &[(&str, &str)], rows: &[Value]) -> Response {
    let columns: Vec<Value> =
        columns.iter().map(|(name, kind)| json!({"name": name, "type": kind})).collect();
    Response::json(
        200,
        json!({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]}),
    )
}

/// What a query over the logs of a registry asks for.
struct Question<'a> {
    logins: bool,
    refused: bool,
    since: &'a str,
    until: &'a str,
}

impl<'a> Question<'a> {
    const COLUMNS: [(&'static str, &'static str); 13] = [
        ("began", "datetime"),
        ("ended", "datetime"),
        ("client", "string"),
        ("agent", "string"),
        ("identity", "string"),
        ("region", "string"),
        ("server", "string"),
        ("pulls", "long"),
        ("hours", "long"),
        ("firstSeen", "datetime"),
        ("lastSeen", "datetime"),
        ("repositories", "dynamic"),
        ("reasons", "dynamic"),
    ];

    fn parse(text: &'a str) -> Option<Self> {
        let table = text.strip_prefix("let events = union isfuzzy=true ")?.lines().next()?;
        let logins = match table {
            PULLS => false,
            LOGINS => true,
            _ => return None,
        };
        let refused = !text.contains("OperationName =~ 'Pull'");
        // From a week before the period, until its end, and from its beginning.
        let [_, until, since] = datetimes(text)[..] else { return None };
        Some(Self { logins, refused, since, until })
    }

    fn rows(&self, events: &[&Event]) -> Vec<Value> {
        let of_table =
            |event: &&&Event| event.login == self.logins && event.time.as_str() < self.until;
        let times = || events.iter().filter(of_table).map(|event| event.time.as_str());
        let (began, ended) = (times().min(), times().max());
        let wanted = |event: &&&Event| {
            of_table(event)
                && event.time.as_str() >= self.since
                && matches!(event.status, 401 | 403) == self.refused
        };
        let mut groups: BTreeMap<[&str; 5], Vec<&Event>> = BTreeMap::new();
        for event in events.iter().filter(wanted) {
            let key = [&event.client, &event.agent, &event.identity, &event.region, &event.server];
            groups.entry(key.map(String::as_str)).or_default().push(event);
        }
        let about_table =
            json!([began, ended, null, null, null, null, null, null, null, null, null, null, null]);
        let rows = groups.into_iter().map(|(by, events)| self.row(by, &events));
        std::iter::once(about_table).chain(rows).collect()
    }

    fn row(&self, by: [&str; 5], events: &[&Event]) -> Value {
        let times = || events.iter().map(|event| event.time.as_str());
        let hours: BTreeSet<&str> = times().filter_map(|time| time.get(..13)).collect();
        let repositories: BTreeSet<&str> =
            events.iter().map(|event| event.repository.as_str()).collect();
        let repositories: Vec<&str> =
            repositories.into_iter().filter(|_| !self.logins).take(20).collect();
        let reasons: BTreeSet<String> =
            events.iter().map(|event| event.status.to_string()).collect();
        let [client, agent, identity, region, server] = by;
        // Dynamic columns are text in the service's answers.
        json!([
            null,
            null,
            client,
            agent,
            identity,
            region,
            server,
            events.len(),
            hours.len(),
            times().min(),
            times().max(),
            json!(repositories).to_string(),
            json!(reasons).to_string(),
        ])
    }
}

/// The texts in `datetime(…)`, in order.
fn datetimes(text: &str) -> Vec<&str> {
    text.split("datetime(").skip(1).filter_map(|rest| rest.split(')').next()).collect()
}

/// `POST /{firewall}/providers/microsoft.insights/logs`: a day of the emulated firewall.
pub fn of_firewall(request: &Request, name: &str) -> Response {
    if name != FIREWALL {
        return error::arm(404, "ResourceNotFoundError", "The firewall does not exist.");
    }
    let text = match request.object() {
        Ok(body) => body.get("query").and_then(Value::as_str).unwrap_or_default().to_owned(),
        Err(answer) => return *answer,
    };
    let time = |hour: u8| format!("{}T{hour:02}:15:00Z", request.now.get(..10).unwrap_or_default());
    let columns = [
        ("source", "string"),
        ("host", "string"),
        ("action", "string"),
        ("events", "long"),
        ("firstSeen", "datetime"),
        ("lastSeen", "datetime"),
        ("began", "datetime"),
    ];
    let row = |(source, host, action, events): (&str, &str, &str, u32)| {
        json!([source, host, action, events, time(0), time(6), null])
    };
    let rows: &[(&str, &str, &str, u32)] = if text.contains("AZFWDnsQuery") {
        &[
            ("10.1.0.4", "contoso.azurecr.io", "Query", 40),
            ("10.1.0.5", "contoso.azurecr.io", "Query", 4),
            ("10.1.0.6", "contoso.azurecr.io", "Query", 2),
            ("10.1.0.6", "fabrikam.azurecr.io", "Query", 2),
        ]
    } else if text.contains("AZFWApplicationRule") {
        &[
            ("10.1.0.4", "contoso.azurecr.io", "Allow", 40),
            ("10.1.0.4", "eastusmanaged1.blob.core.windows.net", "Allow", 120),
            ("10.1.0.5", "contoso.azurecr.io", "Allow", 4),
            ("10.1.0.5", "contoso.westus.data.azurecr.io", "Deny", 12),
            ("10.1.0.7", "stcontosobackup.blob.core.windows.net", "Allow", 7),
        ]
    } else {
        return not_understood();
    };
    // The log begins with the period that is asked about.
    let began = datetimes(&text).first().copied().unwrap_or_default();
    let about_table = json!([null, null, null, null, null, null, began]);
    let rows = rows.iter().map(|&cells| row(cells)).chain([about_table]);
    table(&columns, &rows.collect::<Vec<_>>())
}

/// Whether a request asks about logs.
pub fn applies(path: &str) -> bool {
    path.to_lowercase().ends_with("/providers/microsoft.insights/logs")
}

/// What a client gets instead of the answer, or in it.
pub fn disturbed(fault: Fault, mut answer: Response) -> Response {
    match fault {
        Fault::LogsEmpty => Response::empty(204),
        Fault::LogsThrottled => error::arm(429, "ThrottledError", "Rate limit is exceeded.")
            .header("retry-after", "1".to_owned()),
        Fault::LogsPartial => {
            if let Some(Value::Object(body)) = &mut answer.body {
                body.insert("error".to_owned(), json!({
                    "code": "PartialError",
                    "message": "There were some errors when processing your query.",
                    "details": [{"code": "EngineError", "message": "Query result set has exceeded the internal record count limit 500000."}],
                }));
            }
            answer
        }
        Fault::LogsDenied => {
            if let Some(Value::Object(body)) = &mut answer.body {
                body.insert(
                    "permissions".to_owned(),
                    json!({
                        "resources": [{"resourceId": "/registry", "dataSources": [
                            {"resourceId": "central-logs", "denyTables": [PULLS, LOGINS]},
                        ]}],
                    }),
                );
            }
            answer
        }
        _ => answer,
    }
}
