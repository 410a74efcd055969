//! Reads files that the user has not named: only regular files, up to a size, so that nothing hangs or fills memory.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// The largest file of `az` or of this program that is read, in bytes.
pub const MAX_FILE: u64 = 32 << 20;

/// The content of a regular file; `None` if there is no such file.
///
/// # Errors
/// It is a pipe, a device or a directory, it is too large, or reading fails.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // A pipe would block when it is opened.
    let length = match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
        Ok(metadata) if !metadata.is_file() => {
            return Err(io::Error::other("it is not a regular file"));
        }
        Ok(metadata) => metadata.len().min(MAX_FILE),
    };
    // One read for the whole file, and one that says that it has ended.
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::other(format!("it is larger than {} MiB", MAX_FILE >> 20)));
    }
    Ok(Some(bytes))
}
