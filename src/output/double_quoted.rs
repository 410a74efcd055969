//! Text in double quotes as PyYAML writes it, which differs from libyaml: characters beyond U+FFFF are escaped, and a
//! long line is broken behind a space with a backslash.
//!
//! Source: `Emitter.analyze_scalar` and `Emitter.write_double_quoted` of PyYAML 6, with a width of 80 and `allow_unicode`.

const WIDTH: usize = 80;

/// Whether PyYAML knows no other style for a text: for control characters, and for a space beside a line break.
///
/// # Arguments
/// * `key` - the text is the key of an entry, which stays on one line.
pub fn is_needed(text: &str, key: bool) -> bool {
    let special = |c: char| c != '\n' && !is_printable(c) && !is_beyond_bmp(c);
    let breaks = text.contains('\n');
    text.chars().any(special) || text.contains(" \n") || text.contains("\n ") || (key && breaks)
}

/// Whether PyYAML writes a character in double quotes as it is.
fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn is_beyond_bmp(c: char) -> bool {
    ('\u{10000}'..'\u{10ffff}').contains(&c)
}

/// The text in double quotes.
///
/// # Arguments
/// * `column` - where the opening quote stands.
/// * `indent` - where the following lines begin; `None` to write one line.
pub fn write(text: &str, column: usize, indent: Option<usize>) -> String {
    let text: Vec<char> = text.chars().collect();
    let (mut out, mut column) = (String::from('"'), column + 1);
    let mut pending = String::new();
    for (at, &c) in text.iter().enumerate() {
        let plain = is_printable(c) && !matches!(c, '"' | '\\');
        if !plain {
            let escaped = escape(c);
            column += pending.chars().count() + escaped.len();
            out.push_str(&std::mem::take(&mut pending));
            out.push_str(&escaped);
        }
        let may_break = at > 0 && at + 1 < text.len() && (c == ' ' || !plain || pending.is_empty());
        // PyYAML does not count the last character of an escape here.
        let width = if plain { column + pending.chars().count() } else { column - 1 };
        if let Some(indent) = indent.filter(|_| may_break && width > WIDTH) {
            out.push_str(&std::mem::take(&mut pending));
            out.push_str("\\\n");
            out.push_str(&" ".repeat(indent));
            column = indent;
            // A space at the start of a line would be taken for its indentation.
            let next = if plain { c } else { text[at + 1] };
            if next == ' ' {
                out.push('\\');
                column += 1;
            }
        }
        if plain {
            pending.push(c);
        }
    }
    out.push_str(&pending);
    out.push('"');
    out
}

fn escape(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            return match u32::from(c) {
                code @ 0..=0xff => format!("\\x{code:02X}"),
                code @ 0x100..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}
