//! The hint file: the resource group in which each registry was last found.
//!
//! A hint is only a guess. `locate` confirms it before anything else happens, and drops it if it is stale. The file
//! contains names and subscriptions only. Without it, `locate` searches, which also takes one request.

use crate::files::{self, Readers};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// More registries than a user works with; the file stays small.
const MAX_HINTS: usize = 1_000;

/// The hint file, read once. What was learned is written once, by [`Hints::save`].
#[derive(Debug)]
pub struct Hints {
    path: Option<PathBuf>,
    known: BTreeMap<String, String>,
    learned: RefCell<BTreeMap<String, Option<String>>>,
}

/// The registry that a hint is about.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    /// ARM's URL.
    pub endpoint: &'a str,
    /// The subscription's GUID.
    pub subscription: &'a str,
    /// The registry.
    pub registry: &'a str,
}

impl Key<'_> {
    fn text(&self) -> String {
        format!("{} {} {}", self.endpoint, self.subscription, self.registry).to_lowercase()
    }
}

impl Hints {
    /// Hints in `registries.json` in a cache directory. Without a directory, nothing is remembered.
    pub fn new(cache_directory: Option<PathBuf>) -> Self {
        let path = cache_directory.map(|d| d.join("az-acr").join("registries.json"));
        let known = read(path.as_ref());
        Self { path, known, learned: RefCell::default() }
    }

    /// The names of all registries in the file, sorted.
    pub fn registries(&self) -> Vec<String> {
        let names = self.known.keys().filter_map(|key| key.rsplit(' ').next());
        // Shells show them as they are.
        let names =
            names.filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The resource group in which the registry was last found.
    pub fn get(&self, key: Key) -> Option<String> {
        // A damaged file must not make names that no request can have.
        let is_name = |group: &&String| {
            !matches!(group.as_str(), "" | "." | "..") && !group.contains(char::is_control)
        };
        self.known.get(&key.text()).filter(is_name).cloned()
    }

    /// Remembers a resource group, or forgets the registry.
    pub fn set(&self, key: Key, resource_group: Option<&str>) {
        self.learned.borrow_mut().insert(key.text(), resource_group.map(str::to_owned));
    }

    /// Writes what was learned. Failures are ignored.
    pub fn save(self) {
        let learned = self.learned.take();
        if learned.is_empty() {
            return;
        }
        // Other processes may have written the file in the meantime.
        let mut hints = read(self.path.as_ref());
        let before = hints.clone();
        for (key, group) in learned {
            match group {
                Some(group) => {
                    if hints.len() >= MAX_HINTS {
                        hints.clear();
                    }
                    hints.insert(key, group);
                }
                None => {
                    hints.remove(&key);
                }
            }
        }
        if hints != before {
            let _ = self.write(&hints);
        }
    }

    fn write(&self, hints: &BTreeMap<String, String>) -> Option<()> {
        let path = self.path.as_ref()?;
        fs::create_dir_all(path.parent()?).ok()?;
        files::replace(path, &serde_json::to_vec(hints).ok()?, Readers::Owner).ok()
    }
}

/// The hints in the file; none if it is missing, damaged or unreadable.
fn read(path: Option<&PathBuf>) -> BTreeMap<String, String> {
    let bytes = path.and_then(|path| files::read(path).ok()?);
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}
