//! Reads the files or standard input that the user names, up to a size limit.

use crate::error::UserError;
use crate::session::Session;
use std::fs::File;
use std::io::{self, Read as _};

/// The content of a file, or of standard input for `-`. Pipes work as well (`<(…)` in a shell).
///
/// # Arguments
/// * `limit` - the maximum size, in bytes.
/// * `what` - what the content should be, for the error about the limit.
///
/// # Errors
/// Fails if the content cannot be read or is larger than the limit.
pub fn read(file: &str, limit: usize, what: &str, session: &Session) -> Result<Vec<u8>, UserError> {
    // One byte beyond the limit shows that the content is too large.
    let most = limit as u64 + 1;
    let result = if file == "-" { session.streams.read_stdin(most) } else { read_file(file, most) };
    let bytes = result.map_err(|e| UserError::new(format!("cannot read {}: {e}", shown(file))))?;
    if bytes.len() > limit {
        let size = if limit >= 1 << 20 {
            format!("{} MiB", limit >> 20)
        } else {
            format!("{} KiB", limit >> 10)
        };
        return Err(UserError::new(format!(
            "{} is larger than {size}, the limit for {what}.",
            shown(file)
        )));
    }
    Ok(bytes)
}

fn read_file(file: &str, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Decodes UTF-8, with or without a byte order mark, or UTF-16 with one, as PowerShell's `>` writes it.
///
/// # Errors
/// Returns the bytes if they are neither.
pub fn decode(bytes: Vec<u8>) -> Result<String, Vec<u8>> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).collect::<Result<String, _>>().ok()
    };
    let decoded = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => return String::from_utf8(bytes).map_err(std::string::FromUtf8Error::into_bytes),
    };
    decoded.ok_or(bytes)
}

/// Like [`decode`], but replaces invalid bytes with a replacement character.
pub fn decode_lossy(bytes: Vec<u8>) -> String {
    match decode(bytes) {
        Ok(text) => text,
        Err(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
    }
}

/// How messages name a file.
pub fn shown(file: &str) -> &str {
    if file == "-" { "standard input" } else { file }
}
