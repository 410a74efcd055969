//! Completions and man pages match the command line. `AZ_ACR_UPDATE=1 cargo test generated` writes them.

use az_acr::{command_tree, generate};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Compares a directory with its expected files, or writes them.
fn check(directory: &str, expected: &BTreeMap<String, Vec<u8>>) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    if std::env::var_os("AZ_ACR_UPDATE").is_some() {
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        for (name, bytes) in expected {
            fs::write(directory.join(name), bytes).unwrap();
        }
    }
    let mut found: Vec<PathBuf> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    let names: Vec<&str> = found.iter().filter_map(|p| p.file_name()?.to_str()).collect();
    assert_eq!(names, expected.keys().collect::<Vec<_>>(), "in {}", directory.display());
    for path in &found {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            fs::read(path).unwrap() == expected[name],
            "{} is stale: AZ_ACR_UPDATE=1 cargo test generated",
            path.display()
        );
    }
}

#[test]
fn completions_are_fresh() {
    let files = generate::SHELLS.map(|shell| {
        let name = generate::completion_file_name(shell, &command_tree());
        (name, generate::completion(shell, "az-acr"))
    });
    check("completions", &BTreeMap::from(files));
}

#[test]
fn man_pages_are_fresh() {
    check("docs/man", &generate::man_pages(command_tree()).into_iter().collect());
}

#[test]
fn the_version_and_its_date_are_the_changelogs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let changelog = fs::read_to_string(root.join("CHANGELOG.md")).unwrap();
    let newest = changelog.lines().find_map(|line| line.strip_prefix("## ")).unwrap();
    assert_eq!(newest, format!("{} ({})", env!("CARGO_PKG_VERSION"), generate::RELEASE_DATE));
}

#[test]
fn links_between_pages_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = docs.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let others = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root.join(name));
    for page in pages.chain(others) {
        let text = fs::read_to_string(&page).unwrap();
        // `](target)`, without code.
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            if file.contains(':') || link.contains(' ') {
                continue;
            }
            let target =
                if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link}", page.display());
            if anchor.is_empty() || target.is_dir() {
                continue;
            }
            let target = fs::read_to_string(target).unwrap();
            let headings = target.lines().filter(|line| line.starts_with('#'));
            let mut anchors = headings.map(|line| {
                let title = line.trim_start_matches('#').trim().to_lowercase();
                let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
                kept.collect::<String>().replace(' ', "-")
            });
            assert!(anchors.any(|known| known == anchor), "{}: {link}", page.display());
        }
    }
}

#[test]
fn the_page_on_errors_quotes_texts_of_the_program() {
    fn sources(directory: &Path, text: &mut String) {
        for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                sources(&entry, text);
            } else {
                text.push_str(&String::from_utf8_lossy(&fs::read(entry).unwrap()));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    sources(&root.join("src"), &mut text);
    let page = fs::read_to_string(root.join("docs/troubleshooting.md")).unwrap();
    let quoted: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).collect();
    assert!(quoted.len() > 10);
    for quote in quoted {
        assert!(text.contains(quote), "nothing in src/ says: {quote}");
    }
}

#[test]
fn man_pages_are_valid() {
    // Without mandoc, there is nothing to ask; CI installs it.
    let Ok(mandoc) = std::process::Command::new("mandoc").arg("-Tlint").args(man_pages()).output()
    else {
        return;
    };
    let said = [mandoc.stdout, mandoc.stderr].concat();
    assert!(said.is_empty(), "{}", String::from_utf8_lossy(&said));
}

fn man_pages() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/man");
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn every_command_has_examples_and_every_argument_help() {
    fn examine(command: &clap::Command) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let leaf = command.get_subcommands().next().is_none() && !command.is_hide_set();
        let name = command.get_name();
        assert!(!leaf || name == "reset" || help.contains("Examples:"), "{name} has no examples");
        command.get_subcommands().for_each(examine);
    }
    // `help_expected` makes this fail for an argument without help.
    command_tree().debug_assert();
    examine(&command_tree());
}

#[test]
fn short_help_fits_on_a_screen() {
    fn examine(mut command: clap::Command) {
        let name = command.get_name().to_owned();
        let help = command.render_help().to_string();
        let lines: Vec<&str> = help.lines().collect();
        assert!(lines.len() <= 24, "{name} -h has {} lines:\n{help}", lines.len());
        let long = lines.iter().find(|line| line.chars().count() > 80);
        assert_eq!(long, None, "{name} -h");
        // Where one text is too long, clap puts every text on a line of its own.
        let alone = lines
            .iter()
            .find(|line| line.trim_start().starts_with('-') && !line.trim().contains("  "));
        assert_eq!(alone, None, "{name} -h:\n{help}");
        command.get_subcommands().cloned().for_each(examine);
    }
    let mut tree = command_tree();
    tree.build();
    examine(tree);
}

/// Returns the names of an enum's variants, as written in JSON.
fn variants(source: &str, name: &str) -> Vec<String> {
    let body = source.split(&format!("pub enum {name} {{")).nth(1).unwrap();
    let lines = body.split("\n}").next().unwrap().lines().map(str::trim);
    let names = lines.filter(|line| line.ends_with(',') && !line.starts_with("//"));
    names.map(|line| line[..1].to_lowercase() + line[1..].trim_end_matches(',')).collect()
}

/// The names in capital letters, with underscores, in a text between these marks.
fn variables(text: &str, mark: char) -> BTreeSet<String> {
    let is_variable = |word: &&str| {
        word.len() > 3
            && word.contains('_')
            && word.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
    };
    text.split(mark).filter(is_variable).map(str::to_owned).collect()
}

#[test]
fn every_variable_is_documented() {
    /// What looks like a variable and is an error code of a registry, or belongs to Squid or Cargo.
    const OTHERS: [&str; 9] = [
        "BLOB_UNKNOWN",
        "CARGO_PKG_NAME",
        "CARGO_PKG_VERSION",
        "ERR_CANNOT_FORWARD",
        "ERR_CONNECT_FAIL",
        "ERR_DNS_FAIL",
        "MANIFEST_UNKNOWN",
        "NAME_UNKNOWN",
        "NOT_FOUND",
    ];
    fn sources(directory: &Path, text: &mut String) {
        for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                // The words of firewalls' languages are no variables of ours.
                if entry.file_name().is_some_and(|name| name != "firewall") {
                    sources(&entry, text);
                }
            } else if entry.extension().is_some_and(|ending| ending == "rs") {
                text.push_str(&fs::read_to_string(entry).unwrap());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut source = String::new();
    sources(&root.join("src"), &mut source);
    let mut used = variables(&source, '"');
    used.retain(|name| !OTHERS.contains(&name.as_str()));
    let page = fs::read_to_string(root.join("docs/configuration.md")).unwrap();
    let mut documented = variables(&page, '`');
    // An example of a pattern.
    documented.remove("AZURE_DEFAULTS_ACR");
    assert_eq!(used, documented);
}

#[test]
fn codes_of_messages_are_a_documented_closed_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = fs::read_to_string(root.join("src/message.rs")).unwrap();
    let page = fs::read_to_string(root.join("docs/ci.md")).unwrap();
    let table = page.split("| `code` | |").nth(1).unwrap().split("\n\n").next().unwrap();
    let documented: Vec<&str> =
        table.lines().skip(2).map(|line| line.split('`').nth(1).unwrap()).collect();
    assert_eq!(documented, variants(&source, "Code"));
}

#[test]
fn reasons_and_verdicts_are_a_documented_closed_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = fs::read_to_string(root.join("src/probe/verdict.rs")).unwrap();
    let page = fs::read_to_string(root.join("docs/check-endpoints.md")).unwrap();
    for (name, column) in [("Verdict", "| `verdict` | |"), ("Reason", "| `reason` | |")] {
        let table = page.split(column).nth(1).unwrap().split("\n\n").next().unwrap();
        let documented: Vec<&str> =
            table.lines().skip(2).map(|line| line.split('`').nth(1).unwrap()).collect();
        assert_eq!(documented, variants(&source, name));
    }
}
