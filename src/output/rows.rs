//! Rows written as they arrive, in the formats that allow it. The bytes are those of the whole list.

use super::{Format, json, tsv};
use serde_json::Value;

/// A list whose rows are written as they arrive.
#[derive(Debug)]
pub struct RowStream {
    format: Format,
    rows: usize,
}

impl RowStream {
    /// A stream in a format; `None` if the format needs all rows before it can write the first.
    pub fn new(format: Format) -> Option<Self> {
        matches!(format, Format::Json | Format::Jsonl | Format::Tsv | Format::None)
            .then_some(Self { format, rows: 0 })
    }

    /// The bytes of the next row.
    pub fn row(&mut self, row: &Value) -> String {
        self.rows += 1;
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
                let mut stream = RowStream::new(format).unwrap();
                let mut text: String = rows[..count].iter().map(|row| stream.row(row)).collect();
                text.push_str(stream.end());
                let whole = Outcome::new(json!(rows[..count]));
                let whole = render(whole, format, None, false, false).unwrap();
                assert_eq!(text.as_bytes(), whole, "{format:?}, {count} rows");
            }
        }
        assert!(RowStream::new(Format::Table).is_none());
    }
}
