//! Renders a value as bytes: the formats of `--output`, and `--query`.
//!
//! The output is that of Azure CLI 2.91 (knack 0.14, PyYAML 6, tabulate 0.10) byte for byte: scripts rely on it.

mod double_quoted;
mod json;
pub mod markdown;
mod python;
mod query;
mod rows;
mod table;
mod tsv;
mod yaml;

pub use query::{Query, QueryError};
pub use rows::RowStream;
pub use table::{Row, Style};

use crate::terminal::visible_value;
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
    /// For people to read.
    Table,
    /// A line of JSON for each row.
    Jsonl,
    /// Tab-separated values.
    Tsv,
    /// Nothing.
    None,
}

impl Format {
    /// All formats, with the names that `--output` accepts.
    pub const ALL: [(&'static str, Self); 8] = [
        ("json", Self::Json),
        ("jsonc", Self::Jsonc),
        ("jsonl", Self::Jsonl),
        ("none", Self::None),
        ("table", Self::Table),
        ("tsv", Self::Tsv),
        ("yaml", Self::Yaml),
        ("yamlc", Self::Yamlc),
    ];

    /// Returns the format with this name, ignoring case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, format)| *format)
    }
}

/// What the user chose for the output.
#[derive(Debug)]
pub struct Choice {
    /// `--output`, or the default of `az`'s settings.
    pub format: Option<Format>,
    /// `--query`.
    pub query: Option<Query>,
}

impl Choice {
    /// A stream for rows that can be written as they arrive; `None` if all must be known first, or if a terminal shows
    /// a table because the user chose no format.
    pub fn stream(&self, stdout_tty: bool) -> Option<RowStream> {
        let format = match self.format {
            None if stdout_tty => return None,
            format => format.unwrap_or(Format::Json),
        };
        if self.query.is_some() { None } else { RowStream::new(format, stdout_tty) }
    }
}

/// The result of a command: a value, its rows as a table, and the exit code.
pub struct Outcome {
    /// The value; `Null` prints nothing.
    pub value: Value,
    /// Whether a terminal shows a table if the user chose no format.
    pub table_on_terminal: bool,
    /// The exit code if the value can be printed.
    pub exit_code: u8,
    /// How the command ended, written to standard error after the value.
    pub summary: Option<String>,
    table: Option<Box<dyn FnOnce() -> Vec<Row>>>,
}

impl Outcome {
    /// Creates an outcome with exit code 0. As a table, it shows the value's own keys.
    pub fn new(value: Value) -> Self {
        Self { value, table: None, table_on_terminal: false, exit_code: 0, summary: None }
    }

    /// Sets the rows for `--output table`, which are created only when they are shown.
    #[must_use]
    pub fn with_table(mut self, rows: impl FnOnce() -> Vec<Row> + 'static) -> Self {
        self.table = Some(Box::new(rows));
        self
    }

    /// Sets the line that says how the command ended.
    #[must_use]
    pub fn with_summary(mut self, summary: String) -> Self {
        self.summary = Some(summary);
        self
    }

    /// Sets the exit code.
    #[must_use]
    pub fn with_exit_code(mut self, exit_code: u8) -> Self {
        self.exit_code = exit_code;
        self
    }
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outcome").field("value", &self.value).finish_non_exhaustive()
    }
}

/// Renders an outcome.
///
/// # Arguments
/// * `query` - `--query`, applied first.
/// * `terminal` - whether a terminal shows it, so that control characters must be visible.
/// * `colour` - whether colour may be used.
///
/// # Errors
/// [`QueryError`] if the query fails on this value.
pub fn render(
    outcome: Outcome,
    format: Format,
    query: Option<&Query>,
    terminal: bool,
    colour: bool,
) -> Result<Vec<u8>, QueryError> {
    let value = match query {
        // A table shows plain objects in the model's order, TSV in alphabetical order.
        Some(query) => query.search(&outcome.value, format == Format::Tsv)?,
        None => outcome.value,
    };
    if value.is_null() {
        return Ok(Vec::new());
    }
    let value = if terminal { visible_value(value) } else { value };
    let text = match format {
        Format::Json => json::render(&value, false),
        Format::Jsonc => json::render(&value, colour),
        Format::Yaml => yaml::render(&value, false),
        Format::Yamlc => yaml::render(&value, colour),
        Format::Jsonl => table::rows(&value).iter().map(json::line).collect(),
        Format::Tsv => tsv::render(&value, query.is_none()),
        Format::None => String::new(),
        Format::Table => match (outcome.table, query) {
            (Some(rows), None) => table::render_rows(&rows(), terminal, colour),
            (_, query) => table::render(&value, query.is_none()).ok_or_else(|| {
                QueryError::new(format!(
                    "The table would have more than {} cells; -o json shows the values",
                    table::MAX_CELLS
                ))
            })?,
        },
    };
    Ok(text.into_bytes())
}

/// An object's entries, sorted by key.
fn sorted(object: &serde_json::Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = object.iter().collect();
    entries.sort_by(|a, b| a.0.cmp(b.0));
    entries
}
