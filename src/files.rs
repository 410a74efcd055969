//! Files that the user has not named, but for [`append`]. Only regular files are read; files are written and locked, but not through
//! a link that somebody else may have put there. Reading and waiting have limits, so that nothing hangs or fills memory.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The largest file of `az` or of this program that is read, in bytes.
pub const MAX_FILE: u64 = 32 << 20;

/// How long another process may hold a lock.
pub const LONGEST_LOCK: Duration = Duration::from_secs(10);
/// The pause between two attempts to lock.
const LOCK_PAUSE: Duration = Duration::from_millis(2);

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone.
    Owner,
    /// Everybody, e.g. a certificate.
    All,
}

impl Readers {
    #[cfg(unix)]
    fn mode(self) -> u32 {
        if self == Self::All { 0o644 } else { 0o600 }
    }
}

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

/// Replaces a file as a whole, so that nobody ever sees half of it. Its directory must exist.
///
/// # Errors
/// Writing fails.
pub fn replace(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    replace_with(path, readers, |file| file.write_all(bytes))
}

/// Replaces a file for its owner alone, and returns when it is on the disk.
///
/// # Errors
/// Writing fails.
pub fn replace_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_with(path, Readers::Owner, |file| file.write_all(bytes).and_then(|()| file.sync_all()))
}

fn replace_with(
    path: &Path,
    readers: Readers,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let temporary = beside(path, &format!(".{}.new", std::process::id()));
    // A file that a crash has left, or a link, is not written through.
    let _ = fs::remove_file(&temporary);
    let written = own(OpenOptions::new().write(true).create_new(true), readers)
        .open(&temporary)
        .and_then(|mut file| write(&mut file))
        .and_then(|()| fs::rename(&temporary, path));
    written.inspect_err(|_| drop(fs::remove_file(&temporary)))
}

/// Adds bytes to the end of a file that the user or a CI system has named: a link is followed, and a pipe that nobody reads is
/// an error.
///
/// # Arguments
/// * `readers` - of a new file.
///
/// # Errors
/// Writing fails.
#[cfg_attr(not(unix), allow(unused_variables, reason = "other systems have no modes"))]
pub fn append(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    if !fs::metadata(path).is_ok_and(|known| known.is_file()) {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(readers.mode()).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    }
    options.open(path)?.write_all(bytes)
}

/// Locks a file for this process until the returned file is dropped. The file stays.
///
/// # Arguments
/// * `longest` - how long another process may hold it.
///
/// # Errors
/// It is held for longer (`WouldBlock`), or is no regular file.
pub fn lock(path: &Path, longest: Duration) -> io::Result<File> {
    let file = own(OpenOptions::new().write(true).create(true).truncate(false), Readers::Owner)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if started.elapsed() < longest => {
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(TryLockError::WouldBlock) => {
                let message = format!("another process holds {}", path.display());
                return Err(io::Error::new(io::ErrorKind::WouldBlock, message));
            }
            Err(TryLockError::Error(e)) => return Err(e),
        }
    }
}

/// The path with an ending.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(ending);
    PathBuf::from(name)
}

/// On Unix, refuses links and does not block on a pipe.
#[cfg_attr(not(unix), allow(unused_variables, reason = "other systems have no modes"))]
fn own(options: &mut OpenOptions, readers: Readers) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits();
        options.mode(readers.mode()).custom_flags(flags.cast_signed());
    }
    options
}
