//! Puts registries together from rows that arrive sorted by id: each registry, then its replications.

use super::registry::{FleetRegistry, Source};
use crate::arm::ResourceRow;
use std::collections::VecDeque;

const REPLICATIONS: &str = "/replications/";

/// A registry whose replications may still arrive.
#[derive(Debug)]
struct Open {
    id: String,
    row: ResourceRow,
    replicas: Vec<Option<String>>,
}

/// Puts registries together. Only the last few rows are held.
#[derive(Debug)]
pub struct Fold {
    source: Source,
    /// Whether the query filtered out registries but not their replications.
    drops_registries: bool,
    open: VecDeque<Open>,
    /// The registry that was completed last: a page may repeat it if something changed meanwhile.
    last: String,
    /// The row before, and whether one came that sorts before it.
    previous: String,
    disordered: bool,
    orphans: Vec<String>,
}

impl Fold {
    /// Nothing has arrived yet.
    ///
    /// # Arguments
    /// * `drops_registries` - whether replications may arrive whose registry was filtered out.
    pub fn new(source: Source, drops_registries: bool) -> Self {
        let (open, last) = (VecDeque::new(), String::new());
        let (previous, disordered, orphans) = (String::new(), false, Vec::new());
        Self { source, drops_registries, open, last, previous, disordered, orphans }
    }

    /// Takes the next row. Returns the registries that are complete now.
    pub fn push(&mut self, row: ResourceRow) -> Vec<FleetRegistry> {
        let id = row.id.to_lowercase();
        self.disordered |= id < self.previous;
        self.previous.clone_from(&id);
        let complete = self.complete_before(&id);
        if !row.is_replication() {
            if self.last != id && !self.open.iter().any(|open| open.id == id) {
                self.open.push_back(Open { id, row, replicas: Vec::new() });
            }
            return complete;
        }
        let registry = id.split(REPLICATIONS).next().unwrap_or_default();
        match self.open.iter_mut().find(|open| open.id == registry) {
            Some(open) => open.replicas.push(row.location),
            None if self.drops_registries => {}
            None => self.orphans.push(row.id),
        }
        complete
    }

    /// Takes the registries at the front whose replications all sort before `id`.
    ///
    /// `contoso-eu` sorts between `contoso` and `contoso/replications/…`, so more than one registry may be open.
    fn complete_before(&mut self, id: &str) -> Vec<FleetRegistry> {
        let mut complete = Vec::new();
        while let Some(open) = self.open.front() {
            let last = format!("{}{REPLICATIONS}\u{10ffff}", open.id);
            let is_open = open.id.as_str() <= id && id <= last.as_str();
            if is_open {
                break;
            }
            if let Some(open) = self.open.pop_front() {
                self.last.clone_from(&open.id);
                complete.push(self.registry(open));
            }
        }
        complete
    }

    fn registry(&self, open: Open) -> FleetRegistry {
        FleetRegistry::new(open.row, &open.replicas, &self.source)
    }

    /// Whether a row arrived that should have come before another.
    pub fn is_disordered(&self) -> bool {
        self.disordered
    }

    /// No more rows arrive. Returns the last registries, and the ids of replications without a registry.
    pub fn finish(&mut self) -> (Vec<FleetRegistry>, Vec<String>) {
        let open = std::mem::take(&mut self.open);
        let last = open.into_iter().map(|open| self.registry(open)).collect();
        (last, std::mem::take(&mut self.orphans))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(path: &str) -> ResourceRow {
        let id = format!(
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/{path}"
        );
        let (kind, region) = match path.split_once(REPLICATIONS) {
            Some((_, region)) => ("microsoft.containerregistry/registries/replications", region),
            None => ("microsoft.containerregistry/registries", "eastus"),
        };
        let row = json!({
            "id": id, "name": path, "type": kind, "subscriptionId": "s", "resourceGroup": "g", "location": region,
        });
        serde_json::from_value(row).unwrap()
    }

    fn fold(paths: &[&str]) -> (Vec<String>, Vec<String>) {
        let mut fold = Fold::new(Source::default(), false);
        let mut all = Vec::new();
        for path in paths {
            all.extend(fold.push(row(path)));
        }
        let (last, orphans) = fold.finish();
        all.extend(last);
        let shown = |r: &FleetRegistry| {
            let regions: Vec<&str> = r.regions.iter().flatten().map(String::as_str).collect();
            format!("{}: {}", r.name, regions.join(" "))
        };
        (all.iter().map(shown).collect(), orphans)
    }

    #[test]
    fn replications_join_their_registry() {
        let (registries, orphans) = fold(&[
            "abc",
            "abc-eu",
            "abc-eu/replications/westeurope",
            "abc/replications/eastus",
            "abc/replications/westus",
            "abcd",
        ]);
        assert_eq!(registries, ["abc: eastus westus", "abc-eu: eastus westeurope", "abcd: eastus"]);
        assert!(orphans.is_empty());
    }

    #[test]
    fn a_replication_without_its_registry_is_an_orphan() {
        let (registries, orphans) = fold(&["abc", "abd/replications/westus", "abe"]);
        assert_eq!(registries, ["abc: eastus", "abe: eastus"]);
        assert_eq!(orphans.len(), 1);
    }
}
