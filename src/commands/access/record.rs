//! The addresses that this program has added to registries from this machine, so that it can take them out again.

use crate::files::{self, LONGEST_LOCK};
use crate::session::Session;
use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The addresses of each registry, by resource id in lower case.
type Records = BTreeMap<String, BTreeSet<IpAddr>>;

/// The file `my-addresses.json`.
pub(super) struct Record {
    path: PathBuf,
    registry: String,
}

impl Record {
    /// The record of one registry.
    pub(super) fn new(registry: &str, session: &Session) -> Result<Self> {
        let state = session.env.xdg("XDG_STATE_HOME", ".local/state");
        let state = state.context("cannot find the home directory: set HOME or XDG_STATE_HOME")?;
        let path = state.join("az-acr").join("my-addresses.json");
        Ok(Self { path, registry: registry.to_lowercase() })
    }

    /// What was added and not taken out.
    pub(super) fn addresses(&self) -> Result<BTreeSet<IpAddr>> {
        Ok(self.read()?.remove(&self.registry).unwrap_or_default())
    }

    /// Remembers an address.
    pub(super) fn add(&self, address: IpAddr) -> Result<()> {
        self.change(|addresses| addresses.insert(address))
    }

    /// Forgets an address.
    pub(super) fn remove(&self, address: IpAddr) -> Result<()> {
        self.change(|addresses| addresses.remove(&address))
    }

    fn read(&self) -> Result<Records> {
        let name = || self.path.display().to_string();
        let bytes = files::read(&self.path).with_context(|| format!("cannot read {}", name()))?;
        let Some(bytes) = bytes else { return Ok(Records::new()) };
        serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is damaged; delete it to start over", name()))
    }

    /// Changes the record under a lock, and replaces the file as a whole.
    fn change(&self, edit: impl FnOnce(&mut BTreeSet<IpAddr>) -> bool) -> Result<()> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        let write = || format!("cannot write {}", self.path.display());
        fs::create_dir_all(directory).with_context(write)?;
        let _lock = files::lock(&self.path.with_extension("lock"), LONGEST_LOCK)
            .with_context(|| format!("cannot lock {}", self.path.display()))?;
        let mut records = self.read()?;
        if !edit(records.entry(self.registry.clone()).or_default()) {
            return Ok(());
        }
        records.retain(|_, addresses| !addresses.is_empty());
        let bytes = serde_json::to_vec_pretty(&records)?;
        files::replace_durably(&self.path, &bytes).with_context(write)
    }
}
