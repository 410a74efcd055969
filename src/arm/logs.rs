//! The logs of a resource: where it sends them, and queries over them through Azure Resource Manager.
//!
//! The resource's own route needs no workspace and no second token. As Microsoft documents it: there are no pages, a
//! query may take 10 minutes, and tables that the caller may not read are left out without a word unless the request asks
//! to be told.

use super::client::ArmClient;
use super::error::ArmError;
use super::http::parse;
use serde::Deserialize;
use serde_json::{Map, Value, json};

const SETTINGS_API_VERSION: &str = "2021-05-01-preview";
const QUERY_API_VERSION: &str = "2018-03-01-preview";
const PROVIDER: &str = "microsoft.insights";
/// Answers say what may not be read; the service gives up shortly before this client does.
const PREFER: &str = "include-permissions=true,wait=590";

/// Where a resource sends its logs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct DiagnosticSetting {
    /// The setting's name.
    pub name: String,
    properties: Destinations,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Destinations {
    workspace_id: Option<String>,
    storage_account_id: Option<String>,
    event_hub_authorization_rule_id: Option<String>,
    logs: Option<Vec<Log>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Log {
    category: Option<String>,
    category_group: Option<String>,
    enabled: bool,
}

impl DiagnosticSetting {
    /// Whether it collects a category, by its own name or by a group that contains it.
    pub fn collects(&self, category: &str) -> bool {
        self.properties.logs.iter().flatten().filter(|log| log.enabled).any(|log| {
            let named =
                log.category.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(category));
            named || log.category_group.as_deref().is_some_and(|group| !group.is_empty())
        })
    }

    /// The workspace, which is the only destination that can be asked.
    pub fn workspace(&self) -> Option<&str> {
        self.properties.workspace_id.as_deref().filter(|id| !id.is_empty())
    }

    /// The destinations that cannot be asked, in words.
    pub fn elsewhere(&self) -> Vec<&'static str> {
        let given = |id: &Option<String>| id.as_deref().is_some_and(|id| !id.is_empty());
        let of = &self.properties;
        let places = [
            (given(&of.storage_account_id), "a storage account"),
            (given(&of.event_hub_authorization_rule_id), "an event hub"),
        ];
        places.into_iter().filter(|(given, _)| *given).map(|(_, name)| name).collect()
    }
}

/// The answer to a query over logs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogRows {
    /// Each row as an object, by the names of the columns.
    pub rows: Vec<Map<String, Value>>,
    /// What is missing in the rows, one sentence each.
    pub gaps: Vec<String>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    tables: Vec<Table>,
    error: Option<Value>,
    permissions: Option<Value>,
}

#[derive(Deserialize)]
struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
    r#type: String,
}

impl ArmClient {
    /// Lists where a resource sends its logs.
    ///
    /// # Arguments
    /// * `resource` - the resource id.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn list_diagnostic_settings(
        &self,
        resource: &str,
    ) -> Result<Vec<DiagnosticSetting>, ArmError> {
        let path = of_resource(resource, &[PROVIDER, "diagnosticSettings"]);
        self.list(self.http().url(&path, SETTINGS_API_VERSION)?, "a list of diagnostic settings")
            .await
    }

    /// Queries the logs of a resource. `None` means that there are no such logs, or none that the caller may see.
    ///
    /// # Arguments
    /// * `resource` - the resource id.
    /// * `query` - in Kusto Query Language, with its own limits on time and rows.
    ///
    /// # Errors
    /// [`ArmError`].
    pub async fn query_logs(
        &self,
        resource: &str,
        query: &str,
    ) -> Result<Option<LogRows>, ArmError> {
        let url =
            self.http().url(&of_resource(resource, &[PROVIDER, "logs"]), QUERY_API_VERSION)?;
        let body = json!({ "query": query }).to_string().into_bytes();
        let response = match self.http().send_read(url.clone(), body, Some(PREFER)).await {
            Ok(response) => response,
            Err(ArmError::Service { status: 400, error }) if error.is_unknown_table() => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        // A workspace that has never received anything.
        if u16::from(response.status()) == 204 {
            return Ok(None);
        }
        let answer: Answer = parse(&url, &response, "the rows of a log query")?;
        let mut gaps = Vec::new();
        if let Some(error) = &answer.error {
            gaps.push(format!("The answer is partial: {}", message(error)));
        }
        denied_tables(answer.permissions.as_ref(), &mut gaps);
        let Some(table) = answer.tables.into_iter().next() else {
            return Ok(Some(LogRows { rows: Vec::new(), gaps }));
        };
        let rows = table.rows.into_iter().map(|row| object(&table.columns, row)).collect();
        Ok(Some(LogRows { rows, gaps }))
    }
}

/// The segments of a path below a resource.
fn of_resource<'a>(resource: &'a str, below: &[&'a str]) -> Vec<&'a str> {
    // An empty segment is refused when the URL is made: without it, the path would be another resource's.
    let segments = resource.strip_prefix('/').unwrap_or(resource).split('/');
    segments.chain(["providers"]).chain(below.iter().copied()).collect()
}

/// Dynamic columns arrive as JSON in text.
fn object(columns: &[Column], row: Vec<Value>) -> Map<String, Value> {
    let value = |column: &Column, value: Value| match &value {
        Value::String(text) if column.r#type == "dynamic" => {
            serde_json::from_str(text).unwrap_or(value)
        }
        _ => value,
    };
    columns
        .iter()
        .zip(row)
        .map(|(column, cell)| (column.name.clone(), value(column, cell)))
        .collect()
}

fn message(error: &Value) -> String {
    let innermost = error["details"].as_array().and_then(|details| details.first());
    let text = innermost.and_then(|inner| inner["message"].as_str()).or(error["message"].as_str());
    text.unwrap_or("no reason is given").chars().take(500).collect()
}

/// Finds the tables that the caller may not read, wherever the answer names them.
fn denied_tables(permissions: Option<&Value>, gaps: &mut Vec<String>) {
    match permissions {
        Some(Value::Object(map)) => {
            let tables = map.get("denyTables").and_then(Value::as_array).into_iter().flatten();
            let tables: Vec<&str> = tables.filter_map(Value::as_str).take(20).collect();
            if !tables.is_empty() {
                let place = map.get("resourceId").and_then(Value::as_str).unwrap_or("a workspace");
                gaps.push(format!("The login may not read {} in {place}.", tables.join(", ")));
            }
            map.values().for_each(|value| denied_tables(Some(value), gaps));
        }
        Some(Value::Array(items)) => items.iter().for_each(|item| denied_tables(Some(item), gaps)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_read_is_named_wherever_it_stands() {
        let permissions = json!({
            "resources": [{"resourceId": "/r", "dataSources": [{"resourceId": "/w", "denyTables": ["A", "B"]}]}],
            "dataSources": [{"resourceId": "/x", "denyTables": []}],
        });
        let mut gaps = Vec::new();
        denied_tables(Some(&permissions), &mut gaps);
        assert_eq!(gaps, ["The login may not read A, B in /w."]);
    }

    #[test]
    fn a_group_of_categories_collects_each_of_them() {
        let setting = |log: Value| -> DiagnosticSetting {
            serde_json::from_value(json!({"name": "s", "properties": {"logs": [log]}})).unwrap()
        };
        for (log, collects) in [
            (json!({"categoryGroup": "allLogs", "enabled": true}), true),
            (json!({"categoryGroup": "allLogs", "enabled": false}), false),
            (json!({"category": "containerregistryrepositoryevents", "enabled": true}), true),
            (json!({"category": "ContainerRegistryLoginEvents", "enabled": true}), false),
        ] {
            assert_eq!(
                setting(log.clone()).collects("ContainerRegistryRepositoryEvents"),
                collects,
                "{log}"
            );
        }
    }

    #[test]
    fn dynamic_columns_are_read_from_their_text() {
        let columns = [("a", "string"), ("b", "dynamic")];
        let columns = columns.map(|(name, kind)| Column { name: name.into(), r#type: kind.into() });
        let row = object(&columns, vec![json!("[1]"), json!("[1]")]);
        assert_eq!(Value::Object(row), json!({"a": "[1]", "b": [1]}));
    }
}
