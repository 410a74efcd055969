//! `yaml` and `yamlc`, as PyYAML's `safe_dump(default_flow_style=False, allow_unicode=True)` writes them.
//!
//! libyaml's emitter, which is modelled on PyYAML's own, does the layout. This module decides which text needs no
//! quotes: only text that PyYAML's resolver would read back as a string. In place of text in double quotes, which
//! libyaml writes otherwise, the emitter gets a mark, and [`double_quoted`] writes the text when its column is known.

use super::{double_quoted, python, sorted};
use libyaml_safer::{Emitter, Encoding, Event, MappingStyle, ScalarStyle, SequenceStyle};
use regex_lite::Regex;
use serde_json::Value;
use std::sync::LazyLock;

/// Renders YAML with sorted keys. A bare scalar is followed by `...`.
pub fn render(value: &Value, colour: bool) -> String {
    let mut bytes = Vec::new();
    let mut quoted = Vec::new();
    // Writing to memory fails only if the events do not form a document. These always do.
    let _ = emit(&mut bytes, value, &mut quoted);
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if !quoted.is_empty() {
        text = with_quoted(&text, &quoted);
    }
    // PyYAML marks the end of a document that is a plain scalar; libyaml does not.
    if !value.is_array() && !value.is_object() && !text.starts_with(['\'', '"']) {
        text.push_str("...\n");
    }
    if colour { coloured(&text) } else { text }
}

/// Stands for text in double quotes until its column is known. The character is private: no text of Azure's has it, and
/// text that has it is itself written in this way.
const MARK: char = '\u{f8ff}';

/// The document with the texts in the places of their marks.
fn with_quoted(text: &str, quoted: &[&str]) -> String {
    let mut quoted = quoted.iter();
    let mut document = String::new();
    for line in text.split_inclusive('\n') {
        let content = line.find(|c| !matches!(c, ' ' | '-')).unwrap_or_default();
        let (mut done, mut rest) = (String::new(), line);
        while let Some((before, after)) = rest.split_once(MARK) {
            done.push_str(before);
            let column = done.chars().count();
            let indent = if column == content { column.max(2) } else { content + 2 };
            let text = quoted.next().copied().unwrap_or_default();
            let key = after.starts_with(':');
            done.push_str(&double_quoted::write(text, column, (!key).then_some(indent)));
            rest = after;
        }
        document.push_str(&done);
        document.push_str(rest);
    }
    document
}

fn emit<'v>(
    bytes: &mut Vec<u8>,
    value: &'v Value,
    quoted: &mut Vec<&'v str>,
) -> libyaml_safer::Result<()> {
    let mut emitter = Emitter::new();
    emitter.set_output_string(bytes);
    emitter.set_unicode(true);
    emitter.emit(Event::stream_start(Encoding::Utf8))?;
    emitter.emit(Event::document_start(None, &[], true))?;
    node(&mut emitter, value, quoted)?;
    emitter.emit(Event::document_end(true))?;
    emitter.emit(Event::stream_end())?;
    emitter.flush()
}

fn node<'v>(
    emitter: &mut Emitter<'_>,
    value: &'v Value,
    quoted: &mut Vec<&'v str>,
) -> libyaml_safer::Result<()> {
    match value {
        Value::Null => plain(emitter, "null"),
        Value::Bool(flag) => plain(emitter, if *flag { "true" } else { "false" }),
        Value::Number(number) => plain(emitter, &float(&python::number(number))),
        Value::String(text) => string(emitter, text, false, quoted),
        Value::Array(items) => {
            let style = if items.is_empty() { SequenceStyle::Flow } else { SequenceStyle::Block };
            emitter.emit(Event::sequence_start(None, None, true, style))?;
            for item in items {
                node(emitter, item, quoted)?;
            }
            emitter.emit(Event::sequence_end())
        }
        Value::Object(map) => {
            let style = if map.is_empty() { MappingStyle::Flow } else { MappingStyle::Block };
            emitter.emit(Event::mapping_start(None, None, true, style))?;
            for (key, item) in sorted(map) {
                string(emitter, key, true, quoted)?;
                node(emitter, item, quoted)?;
            }
            emitter.emit(Event::mapping_end())
        }
    }
}

/// YAML 1.1 requires a decimal point in a float: PyYAML writes `1.0e+16`.
fn float(text: &str) -> String {
    match text.split_once('e') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0e{exponent}"),
        _ => text.to_owned(),
    }
}

fn plain(emitter: &mut Emitter<'_>, text: &str) -> libyaml_safer::Result<()> {
    emitter.emit(Event::scalar(None, None, text, true, false, ScalarStyle::Plain))
}

fn string<'v>(
    emitter: &mut Emitter<'_>,
    text: &'v str,
    key: bool,
    quoted: &mut Vec<&'v str>,
) -> libyaml_safer::Result<()> {
    if double_quoted::is_needed(text, key) || text.contains(MARK) {
        quoted.push(text);
        return plain(emitter, MARK.encode_utf8(&mut [0; 4]));
    }
    let plain_implicit = !reads_as_something_else(text);
    emitter.emit(Event::scalar(None, None, text, plain_implicit, true, ScalarStyle::Any))
}

/// Returns whether PyYAML's implicit resolvers (YAML 1.1) read `text` as anything but a string.
fn reads_as_something_else(text: &str) -> bool {
    static OTHER: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let kinds = [
            "|~|null|Null|NULL",
            "yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
            "=|<<",
            // Integers: binary, octal, decimal, hexadecimal, base 60.
            "[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+",
            "[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+",
            // Floats.
            r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?",
            r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
            // Dates and times.
            "[0-9]{4}-[0-9]{2}-[0-9]{2}",
            r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?",
        ];
        Regex::new(&format!("^(?:{})$", kinds.join("|"))).ok()
    });
    OTHER.as_ref().is_none_or(|pattern| pattern.is_match(text))
}

/// Colours the keys. Values keep the terminal's own colour.
fn coloured(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| {
            let start = line.len() - line.trim_start_matches([' ', '-']).len();
            match line[start..].find(':') {
                Some(colon) if !line[start..].starts_with(['\'', '"']) => {
                    let end = start + colon;
                    format!(
                        "{}\x1b[94m{}\x1b[39;49;00m{}",
                        &line[..start],
                        &line[start..end],
                        &line[end..]
                    )
                }
                _ => line.to_owned(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_that_reads_as_something_else_is_quoted() {
        for (value, expected) in [
            (json!("contoso"), "contoso\n...\n"),
            (json!(7), "7\n...\n"),
            (json!(1e16), "1.0e+16\n...\n"),
            (
                json!([
                    "yes",
                    "12",
                    "1:20",
                    "0x1f",
                    "2026-09-10T06:47:33.936693+00:00",
                    "",
                    "a: b",
                    "*.blob"
                ]),
                "- 'yes'\n- '12'\n- '1:20'\n- '0x1f'\n- '2026-09-10T06:47:33.936693+00:00'\n- ''\n- 'a: b'\n- '*.blob'\n",
            ),
            (json!({"b": {"c": []}, "a": [{"x": null}]}), "a:\n- x: null\nb:\n  c: []\n"),
        ] {
            assert_eq!(render(&value, false), expected);
        }
    }
}
