//! The outside world as values: environment variables and the clock.
//!
//! What a variable means is decided where it is used.

use std::collections::HashMap;
use std::path::PathBuf;
use time::OffsetDateTime;

/// Environment variables and the time.
#[derive(Debug, Clone)]
pub struct Env {
    variables: Variables,
    /// Values that replace those of the variables; `None` stands for an unset variable.
    overrides: HashMap<String, Option<String>>,
    clock: fn() -> OffsetDateTime,
}

#[derive(Debug, Clone)]
enum Variables {
    Process,
    Map(HashMap<String, String>),
}

impl Env {
    /// The variables of this process and the system's clock.
    pub fn process() -> Self {
        Self {
            variables: Variables::Process,
            overrides: HashMap::new(),
            clock: OffsetDateTime::now_utc,
        }
    }

    /// An environment with just these variables, and the system's clock.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let map = pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        Self {
            variables: Variables::Map(map),
            overrides: HashMap::new(),
            clock: OffsetDateTime::now_utc,
        }
    }

    /// The same environment with another value of a variable, or without it.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        self.overrides.insert(name.to_owned(), value.map(str::to_owned));
        self
    }

    /// A variable's value; `None` if it is unset or empty, as in most tools.
    pub fn var(&self, name: &str) -> Option<String> {
        if let Some(value) = self.overrides.get(name) {
            return value.clone();
        }
        match &self.variables {
            Variables::Process => {
                std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
            }
            Variables::Map(map) => map.get(name).cloned(),
        }
        .filter(|value| !value.is_empty())
    }

    /// A variable that holds a path.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        match &self.variables {
            Variables::Process => {
                std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
            }
            Variables::Map(_) => self.var(name).map(PathBuf::from),
        }
    }

    /// The user's home directory (`HOME`, on Windows `USERPROFILE`).
    pub fn home(&self) -> Option<PathBuf> {
        self.path(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
    }

    /// A directory of the XDG base directory specification: `variable`, or `fallback` below the home directory.
    pub fn xdg(&self, variable: &str, fallback: &str) -> Option<PathBuf> {
        // The specification says that relative paths must be ignored.
        self.path(variable)
            .filter(|path| path.is_absolute())
            .or_else(|| self.home().map(|home| home.join(fallback)))
    }

    /// The directory that the program was started in; `None` if it no longer exists.
    pub fn current_directory(&self) -> Option<PathBuf> {
        match self.variables {
            Variables::Process => std::env::current_dir().ok(),
            Variables::Map(_) => None,
        }
    }

    /// The time now, in UTC.
    pub fn now(&self) -> OffsetDateTime {
        (self.clock)()
    }

    /// The clock itself, for callers that need the time later.
    pub fn clock(&self) -> fn() -> OffsetDateTime {
        self.clock
    }
}
