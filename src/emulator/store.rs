//! The emulator's state across processes: one JSON file, written atomically and changed under a lock.

use super::fleet::Fleet;
use super::handler::handle;
use super::message::{Request, Response};
use super::world::{Event, State};
use crate::files::{self, LONGEST_LOCK, MAX_FILE};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// A state file.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
    fleet: Fleet,
    /// The state as it was last read, and the file that it was read from.
    cache: Arc<Mutex<Option<Cached>>>,
}

/// A state and the version of the file that it was read from.
type Cached = (Version, Arc<State>);

/// Tells one version of the file from another: time, length, and on Unix the inode, since each write makes a new file.
/// `None` means that there is no file.
type Version = Option<(SystemTime, u64, u64)>;

/// The state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file exists, but it does not contain a state that this version wrote.
    #[error(
        "the emulator's state in {path} is damaged ({detail}). Run 'az-acr emulator reset' to start over"
    )]
    Damaged {
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// A change would make the file larger than any that is read.
    #[error(
        "the emulator's state in {path} would be larger than {mebibytes} MiB, so the change was not made. Run 'az-acr \
         emulator reset' to start over"
    )]
    Full {
        /// The state file.
        path: PathBuf,
        /// The limit.
        mebibytes: u64,
    },
    /// Reading or writing failed.
    #[error("cannot {action} the emulator's state in {path}: {source}")]
    Io {
        /// `read`, `write` or `lock`.
        action: &'static str,
        /// The state file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl Store {
    /// Creates a store in the file `path`.
    ///
    /// If the file does not exist, the store has the initial state, and the first change creates the file.
    pub fn new(path: PathBuf) -> Self {
        Self { path, fleet: Fleet::default(), cache: Arc::default() }
    }

    /// The same store with a fleet beside the saved registries.
    #[must_use]
    pub fn with_fleet(self, fleet: Fleet) -> Self {
        Self { fleet, ..self }
    }

    /// The path of the state file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Handles a request.
    ///
    /// Reading needs no lock because the file is only ever replaced as a whole.
    ///
    /// # Errors
    /// [`StoreError`] if the file is damaged or unreadable, or if a change cannot be written.
    pub fn handle(&self, request: &Request) -> Result<Response, StoreError> {
        self.load()?;
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, state)) = cache.as_mut() {
            // A state that nobody else holds is not copied.
            let state = Arc::make_mut(state);
            let answer = handle(state, request);
            if !state.changed {
                return Ok(answer);
            }
        }
        // Another process may have written the file since then: handle the request again, under the lock.
        *cache = None;
        let _lock = self.lock()?;
        let mut state = self.read()?;
        let before = state.clone();
        let answer = handle(&mut state, request);
        state.changed = false;
        // A refusal may have looked at something that it would have changed.
        if state != before {
            self.save(&state)?;
        }
        Ok(answer)
    }

    /// Remembers what a client of a registry did.
    ///
    /// # Errors
    /// [`StoreError`] if the file is damaged or cannot be written.
    pub fn record(&self, event: Event) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        let mut state = self.read()?;
        state.record(event);
        state.changed = false;
        self.save(&state)
    }

    /// Restores the initial state.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the file cannot be written.
    pub fn reset(&self) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        self.save(&State::first_world())
    }

    /// Returns the state, or the initial state if the file does not exist. Reads the file only if it has changed.
    ///
    /// # Errors
    /// [`StoreError`] if the file is damaged or unreadable.
    pub fn load(&self) -> Result<Arc<State>, StoreError> {
        // The version is read first: if the file is replaced in between, the cache is out of date, not wrong.
        let version = self.version()?;
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, state)) = cache.as_ref().filter(|(known, _)| *known == version) {
            return Ok(Arc::clone(state));
        }
        let state = Arc::new(self.read()?);
        *cache = Some((version, Arc::clone(&state)));
        Ok(state)
    }

    fn read(&self) -> Result<State, StoreError> {
        let mut state = match files::read(&self.path).map_err(|e| self.io("read", e))? {
            None => State::first_world(),
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|e| StoreError::Damaged {
                path: self.path.clone(),
                detail: e.to_string(),
            })?,
        };
        state.fleet = self.fleet;
        Ok(state)
    }

    fn version(&self) -> Result<Version, StoreError> {
        match fs::metadata(&self.path) {
            Ok(metadata) => {
                let modified = metadata.modified().map_err(|e| self.io("read", e))?;
                Ok(Some((modified, metadata.len(), inode(&metadata))))
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(self.io("read", e)),
        }
    }

    fn save(&self, state: &State) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec_pretty(state).map_err(|e| self.io("write", e.into()))?;
        // What could not be read again is not written.
        if bytes.len() as u64 > MAX_FILE {
            return Err(StoreError::Full { path: self.path.clone(), mebibytes: MAX_FILE >> 20 });
        }
        files::replace_durably(&self.path, &bytes).map_err(|e| self.io("write", e))
    }

    /// Acquires an exclusive lock, held until the returned file is dropped. The lock file is not deleted.
    fn lock(&self) -> Result<File, StoreError> {
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory).map_err(|e| self.io("write", e))?;
        }
        files::lock(&files::beside(&self.path, ".lock"), LONGEST_LOCK)
            .map_err(|e| self.io("lock", e))
    }

    fn io(&self, action: &'static str, source: io::Error) -> StoreError {
        StoreError::Io { action, path: self.path.clone(), source }
    }
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> u64 {
    0
}
