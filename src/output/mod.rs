//! A value in, bytes out: the formats of `--output`, and `--query`.
//!
//! The bytes are those of Azure CLI 2.91 (knack 0.14, PyYAML 6, tabulate 0.10), which scripts rely on.

mod json;
mod python;
mod query;
mod table;
mod tsv;
mod yaml;

pub use query::{Query, QueryError};

use serde_json::Value;

/// The formats of `--output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Two-space indent, sorted keys.
    Json,
    /// JSON, coloured on a terminal.
    Jsonc,
    /// As PyYAML's `safe_dump` writes it.
    Yaml,
    /// YAML, coloured on a terminal.
    Yamlc,
    /// For people.
    Table,
    /// Tab-separated values.
    Tsv,
    /// Nothing.
    None,
}

impl Format {
    /// All formats by the name that `--output` takes.
    pub const ALL: [(&'static str, Self); 7] = [
        ("json", Self::Json),
        ("jsonc", Self::Jsonc),
        ("none", Self::None),
        ("table", Self::Table),
        ("tsv", Self::Tsv),
        ("yaml", Self::Yaml),
        ("yamlc", Self::Yamlc),
    ];

    /// The format of a name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, format)| *format)
    }
}

/// What a command has to say: a value, how it looks as a table, and the exit code.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The answer; `Null` prints nothing.
    pub value: Value,
    /// Rows (objects whose keys are the column titles) for `--output table`; without it each object's own keys.
    pub table: Option<fn(&Value) -> Vec<Value>>,
    /// Gives lines of a table a colour on a terminal.
    pub line_colour: Option<fn(&str) -> Option<&'static str>>,
    /// Whether a terminal gets a table where no format was asked for.
    pub table_on_terminal: bool,
    /// The exit code when nothing goes wrong with the output.
    pub exit_code: u8,
}

impl Outcome {
    /// An answer that exits with 0.
    pub fn new(value: Value) -> Self {
        Self { value, table: None, line_colour: None, table_on_terminal: false, exit_code: 0 }
    }

    /// The same with a view for `--output table`.
    #[must_use]
    pub fn with_table(mut self, table: fn(&Value) -> Vec<Value>) -> Self {
        self.table = Some(table);
        self
    }
}

/// Writes an outcome.
///
/// # Arguments
/// * `query` - `--query`, applied first.
/// * `colour` - whether `jsonc` and `yamlc` may use colour.
///
/// # Errors
/// [`QueryError`] when the query fails on this answer.
pub fn render(
    outcome: &Outcome,
    format: Format,
    query: Option<&Query>,
    colour: bool,
) -> Result<Vec<u8>, QueryError> {
    let queried;
    let value = match query {
        Some(query) => {
            // A table shows plain objects in the model's order, TSV in the alphabet's.
            queried = query.search(&outcome.value, format == Format::Tsv)?;
            &queried
        }
        None => &outcome.value,
    };
    if value.is_null() {
        return Ok(Vec::new());
    }
    let text = match format {
        Format::Json => json::render(value, false),
        Format::Jsonc => json::render(value, colour),
        Format::Yaml => yaml::render(value, false),
        Format::Yamlc => yaml::render(value, colour),
        Format::Tsv => tsv::render(value, query.is_none()),
        Format::None => String::new(),
        Format::Table => {
            let text = match (outcome.table, query) {
                (Some(view), None) => table::render(&Value::Array(view(value)), false),
                (_, query) => table::render(value, query.is_none()),
            };
            match outcome.line_colour.filter(|_| colour) {
                Some(line_colour) => painted(&text, line_colour),
                None => text,
            }
        }
    };
    Ok(text.into_bytes())
}

fn painted(text: &str, line_colour: fn(&str) -> Option<&'static str>) -> String {
    let paint = |line: &str| match line_colour(line) {
        Some(colour) => format!("{colour}{line}\x1b[0m\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(paint).collect()
}

/// An object's entries, sorted by key.
fn sorted(object: &serde_json::Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = object.iter().collect();
    entries.sort_by(|a, b| a.0.cmp(b.0));
    entries
}
