//! Who may import whom: the table of docs/architecture.md, checked against the `use crate::…` lines.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Module, and the modules that it may import.
const ALLOWED: [(&str, &str); 22] = [
    ("env", ""),
    ("streams", ""),
    ("endpoints", ""),
    ("registry_name", ""),
    ("output", ""),
    ("arm", ""),
    ("hints", ""),
    ("regions", ""),
    ("generic_update", ""),
    ("generate", ""),
    ("emulator", ""),
    ("firewall", "endpoints"),
    ("probe", ""),
    ("view", "arm"),
    ("what_if", "arm endpoints"),
    ("azure", "env"),
    ("error", "arm azure streams"),
    ("context", "arm azure emulator env error hints registry_name streams"),
    (
        "commands",
        "arm context emulator endpoints error firewall generate generic_update output probe regions registry_name \
         streams view what_if",
    ),
    ("cli", "commands output"),
    ("lib", "*"),
    ("main", "*"),
];

fn imports(path: &Path, module: &str, found: &mut BTreeMap<String, Vec<String>>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            imports(&entry.unwrap().path(), module, found);
        }
        return;
    }
    let text = fs::read_to_string(path).unwrap();
    for (i, _) in text.match_indices("crate::") {
        let name: String =
            text[i + 7..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        found.entry(module.to_owned()).or_default().push(name);
    }
}

#[test]
fn modules_import_only_what_they_may() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(&source).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        imports(&path, &module, &mut found);
        assert!(ALLOWED.iter().any(|(name, _)| *name == module), "{module} is not in the table");
    }
    for (module, imported) in &found {
        let allowed = ALLOWED.iter().find(|(name, _)| name == module).unwrap().1;
        for name in imported.iter().filter(|name| *name != module) {
            let may = allowed == "*" || allowed.split(' ').any(|a| a == name);
            assert!(may, "{module} must not import {name}");
        }
    }
}

#[test]
fn files_stay_readable() {
    fn longest(path: &Path) -> Vec<(usize, String)> {
        if path.is_dir() {
            return fs::read_dir(path).unwrap().flat_map(|e| longest(&e.unwrap().path())).collect();
        }
        vec![(fs::read_to_string(path).unwrap().lines().count(), path.display().to_string())]
    }
    for (lines, path) in longest(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        assert!(lines <= 600, "{path} has {lines} lines: split it");
    }
}
