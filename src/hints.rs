//! The hint file: in which resource group each registry was found the last time.
//!
//! A hint is only a guess. `locate` confirms it before anything else happens, and drops it when it is stale. The file holds
//! only names; without it `locate` searches, which takes one request as well.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// More registries than anybody works with; the file stays small.
const MAX_HINTS: usize = 1_000;

/// The hint file.
#[derive(Debug, Clone)]
pub struct Hints {
    path: Option<PathBuf>,
}

/// What a hint is about.
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
    /// Hints in `registries.json` of a cache directory; without one nothing is remembered.
    pub fn new(cache_directory: Option<PathBuf>) -> Self {
        Self { path: cache_directory.map(|d| d.join("az-acr").join("registries.json")) }
    }

    /// The resource group in which the registry was last.
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

    /// The hints of the file; none when it is missing, damaged or cannot be read.
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
