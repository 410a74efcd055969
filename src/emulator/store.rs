//! The emulator's memory between two processes: one JSON file, written atomically, changed under a lock.

use super::handler::handle;
use super::message::{Request, Response};
use super::world::State;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A state file.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
}

/// The state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is there, but it is not a state that this version wrote.
    #[error(
        "the emulator's state in {path} is damaged ({detail}). Run 'az-acr emulator reset' to start over"
    )]
    Damaged {
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
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
    /// A store in the file `path`, which need not exist: then the first world is shown, and written by the
    /// first change.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where the state is kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Answers a request. Reading takes no lock: the file is only ever replaced as a whole.
    ///
    /// # Errors
    /// [`StoreError`] when the file is damaged, unreadable, or a change cannot be written.
    pub fn handle(&self, request: &Request) -> Result<Response, StoreError> {
        let mut state = self.load()?;
        let before = state.clone();
        let answer = handle(&mut state, request);
        if state == before {
            return Ok(answer);
        }
        // Somebody else may have written since: once more, alone.
        let _lock = self.lock()?;
        let mut state = self.load()?;
        let answer = handle(&mut state, request);
        self.save(&state)?;
        Ok(answer)
    }

    /// Brings the first world back.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the file cannot be written.
    pub fn reset(&self) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        self.save(&State::first_world())
    }

    /// Reads the state, or gives the first world where there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the file is damaged or unreadable.
    pub fn load(&self) -> Result<State, StoreError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(State::first_world()),
            Err(e) => return Err(self.io("read", e)),
        };
        serde_json::from_slice(&bytes)
            .map_err(|e| StoreError::Damaged { path: self.path.clone(), detail: e.to_string() })
    }

    fn save(&self, state: &State) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec_pretty(state).map_err(|e| self.io("write", e.into()))?;
        let temporary = self.beside(".new");
        File::create(&temporary)
            .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&temporary, &self.path))
            .map_err(|e| self.io("write", e))
    }

    /// An exclusive lock, held until the file is dropped. The lock file stays.
    fn lock(&self) -> Result<File, StoreError> {
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory).map_err(|e| self.io("write", e))?;
        }
        let file = File::create(self.beside(".lock")).map_err(|e| self.io("lock", e))?;
        file.lock().map_err(|e| self.io("lock", e))?;
        Ok(file)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    }

    fn io(&self, action: &'static str, source: io::Error) -> StoreError {
        StoreError::Io { action, path: self.path.clone(), source }
    }
}
