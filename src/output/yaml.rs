//! `yaml` and `yamlc`, as PyYAML's `safe_dump(default_flow_style=False, allow_unicode=True)` writes them.
//!
//! libyaml's emitter, which is modelled on PyYAML's own, does the layout. This module decides which text needs no
//! quotes: only text that PyYAML's resolver would read back as a string.

use super::{python, sorted};
use libyaml_safer::{Emitter, Encoding, Event, MappingStyle, ScalarStyle, SequenceStyle};
use regex_lite::Regex;
use serde_json::Value;
use std::sync::LazyLock;

/// Renders YAML with sorted keys. A bare scalar is followed by `...`.
pub fn render(value: &Value, colour: bool) -> String {
    let mut bytes = Vec::new();
    // Writing to memory fails only if the events do not form a document. These always do.
    let _ = emit(&mut bytes, value);
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    // PyYAML marks the end of a document that is a plain scalar; libyaml does not.
    if !value.is_array() && !value.is_object() && !text.starts_with(['\'', '"']) {
        text.push_str("...\n");
    }
    if colour { coloured(&text) } else { text }
}

fn emit(bytes: &mut Vec<u8>, value: &Value) -> libyaml_safer::Result<()> {
    let mut emitter = Emitter::new();
    emitter.set_output_string(bytes);
    emitter.set_unicode(true);
    emitter.emit(Event::stream_start(Encoding::Utf8))?;
    emitter.emit(Event::document_start(None, &[], true))?;
    node(&mut emitter, value)?;
    emitter.emit(Event::document_end(true))?;
    emitter.emit(Event::stream_end())?;
    emitter.flush()
}

fn node(emitter: &mut Emitter<'_>, value: &Value) -> libyaml_safer::Result<()> {
    match value {
        Value::Null => plain(emitter, "null"),
        Value::Bool(flag) => plain(emitter, if *flag { "true" } else { "false" }),
        Value::Number(number) => plain(emitter, &float(&python::number(number))),
        Value::String(text) => string(emitter, text),
        Value::Array(items) => {
            let style = if items.is_empty() { SequenceStyle::Flow } else { SequenceStyle::Block };
            emitter.emit(Event::sequence_start(None, None, true, style))?;
            for item in items {
                node(emitter, item)?;
            }
            emitter.emit(Event::sequence_end())
        }
        Value::Object(map) => {
            let style = if map.is_empty() { MappingStyle::Flow } else { MappingStyle::Block };
            emitter.emit(Event::mapping_start(None, None, true, style))?;
            for (key, item) in sorted(map) {
                string(emitter, key)?;
                node(emitter, item)?;
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

fn string(emitter: &mut Emitter<'_>, text: &str) -> libyaml_safer::Result<()> {
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
