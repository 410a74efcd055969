//! The words of nftables' own language.

/// A word and its line. The end of a line is the word `;`.
pub(super) type Word = (String, usize);

/// The words of a file. `\` at the end of a line continues it, `#` begins a comment.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let line_number = i + 1;
        let mut rest = line.trim();
        let mut continued = false;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '#' => break,
                '"' => rest[1..].find('"').map_or(rest.len(), |end| end + 2),
                '{' | '}' | ';' | ',' | '=' | '<' | '>' | '&' | '|' | '!' => {
                    let is_pair =
                        matches!(first, '!' | '=' | '<' | '>') && rest[1..].starts_with('=');
                    1 + usize::from(is_pair)
                }
                '\\' if rest.len() == 1 => {
                    continued = true;
                    break;
                }
                _ => rest
                    .find(|c: char| c.is_whitespace() || "{};,=<>&|!\"#".contains(c))
                    .unwrap_or(rest.len()),
            };
            // A character that is no word by itself must not stop the reader.
            let length = length.max(first.len_utf8());
            let word = &rest[..length];
            match word.split_once(':') {
                _ if first == '"' => words.push((word.to_owned(), line_number)),
                // `443: accept` and `443:accept` of a map; an IPv6 address has more than one colon.
                Some((key, "")) if !key.is_empty() && !key.contains(':') => {
                    words.push((key.to_owned(), line_number));
                    words.push((":".to_owned(), line_number));
                }
                Some((key, value)) if !value.contains(':') && is_verdict(value) => {
                    words.push((key.to_owned(), line_number));
                    words.push((":".to_owned(), line_number));
                    words.push((value.to_owned(), line_number));
                }
                _ => words.push((word.to_owned(), line_number)),
            }
            rest = rest[length..].trim_start();
        }
        if !continued {
            words.push((";".to_owned(), line_number));
        }
    }
    words
}

fn is_verdict(word: &str) -> bool {
    matches!(word, "accept" | "drop" | "reject" | "jump" | "goto" | "return" | "continue")
}
