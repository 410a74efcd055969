//! Tables in Markdown, for step summaries and reports.

use super::table::Row;
use std::fmt::Write as _;

/// Rows as a table; at most `most` of them, and a line that says how many there are.
pub fn table(rows: &[Row], most: usize) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let remarks = rows.iter().any(|row| row.remark_text().is_some());
    let mut titles: Vec<String> = first.cells().map(|(title, _)| escaped(title)).collect();
    titles.extend(remarks.then(|| "REMARK".to_owned()));
    let dashes = vec!["---".to_owned(); titles.len()];
    let mut text = line(titles) + &line(dashes);
    for row in rows.iter().take(most) {
        let mut cells: Vec<String> = row.cells().map(|(_, cell)| escaped(cell)).collect();
        cells.extend(remarks.then(|| escaped(row.remark_text().unwrap_or_default())));
        text += &line(cells);
    }
    if rows.len() > most {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n{most} of {} rows are shown.", rows.len());
    }
    text
}

/// Text that is nothing but text in Markdown and in a table.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '@' => {
                escaped.extend(['\\', c]);
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Style;

    #[test]
    fn text_stays_text() {
        assert_eq!(escaped("a|b"), r"a\|b");
        assert_eq!(escaped("<img src=x>"), "&lt;img src=x&gt;");
        assert_eq!(escaped("[x](y)\n"), r"\[x\](y) ");
    }

    #[test]
    fn a_table_says_what_it_leaves_out() {
        let row = |host: &str| Row::new(Style::Plain).cell("HOST", host).cell("OK", "✓");
        let text = table(&[row("a"), row("*.b")], 1);
        assert_eq!(text, "| HOST | OK |\n| --- | --- |\n| a | ✓ |\n\n1 of 2 rows are shown.\n");
        assert_eq!(table(&[], 1), "");
    }
}
