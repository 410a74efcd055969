//! Rows written as they arrive, in the formats that allow it. The bytes are those of the whole list.

use super::{Format, json, tsv};
use crate::terminal::visible_value;
use serde_json::Value;

/// A list whose rows are written as they arrive.
#[derive(Debug)]
pub struct RowStream {
    format: Format,
    terminal: bool,
    rows: usize,
}

impl RowStream {
    /// A stream in a format; `None` if the format needs all rows before it can write the first.
    ///
    /// # Arguments
    /// * `terminal` - whether a terminal shows it, so that control characters must be visible.
    pub fn new(format: Format, terminal: bool) -> Option<Self> {
        matches!(format, Format::Json | Format::Jsonl | Format::Tsv | Format::None)
            .then_some(Self { format, terminal, rows: 0 })
    }

    /// The bytes of the next row.
    pub fn row(&mut self, row: Value) -> String {
        self.rows += 1;
        let row = &if self.terminal { visible_value(row) } else { row };
        match self.format {
            Format::Json => {
                let start = if self.rows == 1 { "[\n" } else { ",\n" };
                format!("{start}{}", json::item(row))
            }
            Format::Jsonl => json::line(row),
            Format::Tsv => tsv::render(row, true),
            _ => String::new(),
        }
    }

    /// The bytes after the last row.
    pub fn end(self) -> &'static str {
        match (self.format, self.rows) {
            (Format::Json, 0) => "[]\n",
            (Format::Json, _) => "\n]\n",
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Outcome, render};
    use serde_json::json;

    #[test]
    fn a_stream_has_the_bytes_of_the_whole_list() {
        let rows = [json!({"b": [1, {"c": null}], "a": "x"}), json!({"a": "y", "b": []})];
        for format in [Format::Json, Format::Jsonl, Format::Tsv, Format::None] {
            for count in 0..=rows.len() {
                let mut stream = RowStream::new(format, false).unwrap();
                let mut text: String =
                    rows[..count].iter().map(|row| stream.row(row.clone())).collect();
                text.push_str(stream.end());
                let whole = Outcome::new(json!(rows[..count]));
                let whole = render(whole, format, None, false, false).unwrap();
                assert_eq!(text.as_bytes(), whole, "{format:?}, {count} rows");
            }
        }
        let mut shown = RowStream::new(Format::Tsv, true).unwrap();
        assert_eq!(shown.row(json!({"a": "\u{1b}[31m"})), "\\x1b[31m\n");
        assert!(RowStream::new(Format::Table, false).is_none());
    }
}
