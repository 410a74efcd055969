//! Checks each module's `use crate::…` lines against the table of allowed imports in docs/architecture.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The rows of the table: modules, and the modules that they may import (`*` means all).
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let table = page.split("| module | may import |").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let mut allowed = BTreeMap::new();
    for row in table.lines().skip(2) {
        let cells: Vec<&str> = row.split('|').collect();
        let modules: Vec<String> = names(cells[1]);
        let imports: Vec<String> = names(cells[2]);
        let imports: BTreeSet<String> = imports.into_iter().collect();
        for module in modules {
            assert!(
                allowed.insert(module.clone(), imports.clone()).is_none(),
                "{module} is listed twice"
            );
        }
    }
    allowed
}

fn imports(path: &Path, found: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            imports(&entry.unwrap().path(), found);
        }
        return;
    }
    let text = fs::read_to_string(path).unwrap();
    for (i, _) in text.match_indices("crate::") {
        let name = text[i + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        found.insert(name);
    }
}

#[test]
fn modules_import_only_what_they_may() {
    let allowed = allowed();
    let mut modules = BTreeSet::new();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let Some(may) = allowed.get(&module) else {
            panic!("{module} is not in the table of docs/architecture.md")
        };
        let mut found = BTreeSet::new();
        imports(&path, &mut found);
        for name in found.iter().filter(|name| **name != module) {
            assert!(may.contains("*") || may.contains(name), "{module} must not import {name}");
        }
        modules.insert(module);
    }
    let known: BTreeSet<String> = allowed.into_keys().collect();
    assert_eq!(known, modules, "the table names modules that do not exist");
}

#[test]
fn the_files_of_the_emulator_import_each_other_in_one_direction() {
    // Requests and responses are at the bottom, the handler is at the top.
    let directory = root().join("src/emulator");
    for file in ["message", "world", "error"] {
        let text = fs::read_to_string(directory.join(file).with_extension("rs")).unwrap();
        assert!(!text.contains("super::handler"), "{file} imports the handler");
    }
}

#[test]
fn files_stay_readable() {
    fn files(path: &Path) -> Vec<(usize, String)> {
        if path.is_dir() {
            return fs::read_dir(path).unwrap().flat_map(|e| files(&e.unwrap().path())).collect();
        }
        vec![(fs::read_to_string(path).unwrap().lines().count(), path.display().to_string())]
    }
    for (lines, path) in files(&root().join("src")) {
        assert!(lines <= 450, "{path} has {lines} lines: split it");
    }
}
