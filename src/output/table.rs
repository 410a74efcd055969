//! `table`: the layout of Python's tabulate in its "simple" format.

use super::{python, sorted};
use crate::terminal::visible;
use comfy_table::Table;
use indexmap::IndexSet;
use serde_json::{Map, Value};

/// The most cells of a table: rows with keys of their own make each other longer.
pub const MAX_CELLS: usize = 5_000_000;
/// Keys that tables leave out unless a query renames them.
const SKIPPED: [&str; 3] = ["id", "type", "etag"];
/// tabulate makes each column at least this much wider than its title.
const TITLE_PADDING: usize = 2;
/// The width of the lines below a row, in characters.
const MAX_WIDTH: usize = 80;
/// The margin of the lines below a row.
const REMARK: &str = "      ";

/// Returns the items that become rows: the items of a list, or the value itself.
pub fn rows(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}

/// How a row looks on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// The terminal's own colour.
    #[default]
    Plain,
    /// Green: good, or added.
    Good,
    /// Yellow: changed, or worth a look.
    Notice,
    /// Red: removed.
    Removed,
    /// Bright red: bad.
    Bad,
}

impl Style {
    fn escape(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Good => Some("\x1b[32m"),
            Self::Notice => Some("\x1b[33m"),
            Self::Removed => Some("\x1b[31m"),
            Self::Bad => Some("\x1b[91m"),
        }
    }
}

/// The text of a cell; empty for a missing value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell(String);

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map(Into::into).unwrap_or_default()
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self(python::repr(&Value::Bool(flag)))
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        Self(number.to_string())
    }
}

/// A row: cells under their titles, a style, and perhaps a remark. All rows of a table have the same titles.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    cells: Vec<(&'static str, Cell)>,
    style: Style,
    remark: Option<String>,
}

impl Row {
    /// Creates a row with this style and no cells.
    pub fn new(style: Style) -> Self {
        Self { cells: Vec::new(), style, remark: None }
    }

    /// The titles and the texts.
    pub(super) fn cells(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.cells.iter().map(|(title, cell)| (*title, cell.0.as_str()))
    }

    /// Adds a cell.
    #[must_use]
    pub fn cell(mut self, title: &'static str, value: impl Into<Cell>) -> Self {
        self.cells.push((title, value.into()));
        self
    }

    /// Sets a text for the lines below the row.
    #[must_use]
    pub fn remark(mut self, text: Option<String>) -> Self {
        self.remark = text;
        self
    }

    /// The text for the lines below the row.
    pub(super) fn remark_text(&self) -> Option<&str> {
        self.remark.as_deref()
    }

    /// The lines of its tallest cell.
    fn height(&self) -> usize {
        let heights = self.cells.iter().map(|(_, cell)| cell.0.trim().lines().count());
        heights.max().unwrap_or_default().max(1)
    }
}

/// Renders rows as a table, or an empty line if there are none.
///
/// # Arguments
/// * `terminal` - whether control characters must be visible.
/// * `colour` - whether colour may be used.
pub fn render_rows(rows: &[Row], terminal: bool, colour: bool) -> String {
    let shown = |text: &str| if terminal { visible(text).into_owned() } else { text.to_owned() };
    let Some(first) = rows.first() else { return "\n".to_owned() };
    let titles: Vec<&str> = first.cells.iter().map(|(title, _)| *title).collect();
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.cells.iter().map(|(_, cell)| shown(cell.0.trim())).collect())
        .collect();
    let text = layout(&titles, &lines);
    let mut lines = text.lines();
    let mut painted = String::new();
    let mut paint = |line: &str, style: Style| match style.escape() {
        Some(escape) if colour => painted.extend([escape, line, "\x1b[0m\n"]),
        _ => painted.extend([line, "\n"]),
    };
    // The titles and the dashes.
    lines.by_ref().take(2).for_each(|line| paint(line, Style::Plain));
    for row in rows {
        lines.by_ref().take(row.height()).for_each(|line| paint(line, row.style));
        for line in
            row.remark.iter().flat_map(|text| wrapped(&shown(text), MAX_WIDTH - REMARK.len()))
        {
            paint(&format!("{REMARK}{line}"), row.style);
        }
    }
    painted
}

/// Breaks a text into lines of at most `most` characters; a longer word stands alone.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if width(line) + 1 + width(word) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Renders a value as a table, or an empty line if there is nothing to show; `None` if it has too many cells.
pub fn render(value: &Value, sort_keys: bool) -> Option<String> {
    let rows: Vec<Map<String, Value>> = rows(value).iter().map(|r| row(r, sort_keys)).collect();
    let titles: IndexSet<&str> = rows.iter().flat_map(Map::keys).map(String::as_str).collect();
    let titles: Vec<&str> = titles.into_iter().collect();
    if titles.is_empty() {
        return Some("\n".to_owned());
    }
    if titles.len() * rows.len() > MAX_CELLS {
        return None;
    }
    let lines: Vec<Vec<String>> =
        rows.iter().map(|row| titles.iter().map(|title| cell(row.get(*title))).collect()).collect();
    Some(layout(&titles, &lines))
}

fn layout(titles: &[&str], lines: &[Vec<String>]) -> String {
    let dashes = titles.iter().enumerate().map(|(i, title)| {
        let widest = lines.iter().flat_map(|line| line[i].lines()).map(width).max();
        "-".repeat(widest.unwrap_or(0).max(width(title) + TITLE_PADDING))
    });
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(titles);
    table.add_row(dashes.collect::<Vec<_>>());
    table.add_rows(lines);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt() + "\n"
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        // tabulate breaks lines at a carriage return as well.
        Some(value) => python::str(value).trim().replace("\r\n", "\n").replace('\r', "\n"),
    }
}

/// Converts an item to a row: an object's scalars, a list's items as `Column1`…, anything else as `Result`.
fn row(item: &Value, sort_keys: bool) -> Map<String, Value> {
    match item {
        Value::Object(map) => {
            let entries = if sort_keys { sorted(map) } else { map.iter().collect() };
            entries
                .into_iter()
                .filter(|(key, value)| {
                    !SKIPPED.contains(&key.as_str())
                        && !matches!(value, Value::Null | Value::Array(_) | Value::Object(_))
                })
                .map(|(key, value)| (capitalised(key), value.clone()))
                .collect()
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(i, value)| (format!("Column{}", i + 1), value.clone()))
            .collect(),
        scalar => Map::from_iter([("Result".to_owned(), scalar.clone())]),
    }
}

fn capitalised(key: &str) -> String {
    let mut chars = key.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_column_is_as_wide_as_its_title_and_two_more() {
        let value = json!([{"n": 7, "s": "contoso"}, {"n": 8, "s": "fabrikam", "more": true}]);
        assert_eq!(
            render(&value, false).unwrap(),
            "N    S         More\n---  --------  ------\n7    contoso\n8    fabrikam  True\n"
        );
    }

    #[test]
    fn nothing_to_show_is_an_empty_line() {
        assert_eq!(render(&json!([]), false).unwrap(), "\n");
        assert_eq!(render(&json!({"a": {}}), false).unwrap(), "\n");
    }

    #[test]
    fn lists_become_columns_and_scalars_results() {
        let value = json!([["a", {"x": "y"}], "b"]);
        assert_eq!(
            render(&value, false).unwrap(),
            "Column1    Column2     Result\n---------  ----------  --------\na          {'x': 'y'}\n                       b\n"
        );
    }
}
