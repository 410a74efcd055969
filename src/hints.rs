//! The hint file: the resource group in which each registry was last found.
//!
//! A hint is only a guess. `locate` confirms it before anything else happens, and drops it if it is stale. The file
//! contains only names. Without it, `locate` searches, which also takes one request.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// More registries than a user works with; the file stays small.
const MAX_HINTS: usize = 1_000;

/// The hint file.
#[derive(Debug, Clone)]
pub struct Hints {
    path: Option<PathBuf>,
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
        Self { path: cache_directory.map(|d| d.join("az-acr").join("registries.json")) }
    }

    /// The resource group in which the registry was last found.
    pub fn get(&self, key: Key) -> Option<String> {
        self.load().remove(&key.text())
    }

    /// Remembers a resource group, or forgets the registry. Failures are ignored.
    pub fn set(&self, key: Key, resource_group: Option<&str>) {
        let mut hints = self.load();
        let before = hints.clone();
        match resource_group {
            Some(group) => {
                if hints.len() >= MAX_HINTS {
                    hints.clear();
                }
                hints.insert(key.text(), group.to_owned());
            }
            None => {
                hints.remove(&key.text());
            }
        }
        if hints != before {
            let _ = self.save(&hints);
        }
    }

    /// The hints in the file; none if it is missing, damaged or unreadable.
    fn load(&self) -> BTreeMap<String, String> {
        let bytes = self.path.as_ref().and_then(|path| fs::read(path).ok());
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    fn save(&self, hints: &BTreeMap<String, String>) -> Option<()> {
        let path = self.path.as_ref()?;
        fs::create_dir_all(path.parent()?).ok()?;
        // Written to another file and renamed, so that other processes never see half a file.
        let temporary = path.with_extension(format!("{}.new", std::process::id()));
        fs::write(&temporary, serde_json::to_vec(hints).ok()?).ok()?;
        fs::rename(&temporary, path).ok()
    }
}
