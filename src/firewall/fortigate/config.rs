//! Reads a configuration of FortiOS: `config`, `edit`, `set`, `next`, `end` (FortiOS, "CLI configuration commands").

use crate::firewall::policy::{InvalidRules, Place, RuleFile};
use ipnet::{IpNet, Ipv4Net};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// How deep sections may be nested.
const MAX_DEPTH: usize = 20;

/// An object of a table, such as an address or a policy.
#[derive(Debug)]
pub struct Object {
    pub name: String,
    /// The values of each option.
    pub options: HashMap<String, Vec<String>>,
    pub place: Place,
}

impl Object {
    /// Carries out `set`, `append` or `unset`.
    fn change(&mut self, command: &str, option: &str, values: &[String]) {
        if command != "append" {
            self.options.remove(option);
        }
        if command != "unset" {
            self.options.entry(option.to_owned()).or_default().extend(values.iter().cloned());
        }
    }

    /// The values of an option.
    pub fn values(&self, option: &str) -> &[String] {
        self.options.get(option).map_or(&[], Vec::as_slice)
    }

    /// The first value of an option.
    pub fn first(&self, option: &str) -> Option<&str> {
        self.values(option).first().map(String::as_str)
    }

    /// The network of an address object: `set subnet 10.0.0.0 255.0.0.0`, or with a prefix.
    pub fn subnet(&self) -> Option<IpNet> {
        match self.values("subnet") {
            [network] => network.parse().ok(),
            [address, mask] => {
                let (address, mask) =
                    (address.parse::<Ipv4Addr>().ok()?, mask.parse::<Ipv4Addr>().ok()?);
                Ipv4Net::with_netmask(address, mask).ok().map(IpNet::V4)
            }
            // Without a subnet, an object of the type ipmask is 0.0.0.0/0.
            [] if self.first("type").is_none_or(|kind| kind == "ipmask")
                && self.values("start-ip").is_empty() =>
            {
                Some(IpNet::V4(Ipv4Net::default()))
            }
            _ => None,
        }
    }

    /// Whether an option is enabled.
    pub fn is_enabled(&self, option: &str) -> bool {
        self.first(option) == Some("enable")
    }
}

/// The tables by path, such as `firewall address`.
#[derive(Debug, Default)]
pub struct Config {
    tables: HashMap<String, Vec<Object>>,
    /// The virtual domains that have objects of the firewall.
    pub domains: Vec<String>,
    /// What cannot be read.
    pub hidden: Option<(Place, Arc<str>)>,
    /// For each table, where the first object of a name is.
    places: HashMap<String, HashMap<String, usize>>,
}

/// Whether a text is a configuration of a firewall with FortiOS.
pub fn is_config(text: &str) -> bool {
    text.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        matches!(words.as_slice(), ["config", "firewall", "policy" | "address" | "addrgrp", ..])
    })
}

/// The words of a line. Quotes hold blanks together, and a backslash takes the next character as it is.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), None::<String>, false);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            c if c.is_whitespace() && !is_quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// A section that is open.
struct Section {
    path: String,
    object: Option<Object>,
}

impl Config {
    /// Reads files as one configuration.
    ///
    /// # Errors
    /// [`InvalidRules`] if sections do not end, or end twice.
    pub fn read(files: &[RuleFile]) -> Result<Self, InvalidRules> {
        let mut config = Self::default();
        for file in files {
            config.file(file)?;
        }
        Ok(config)
    }

    fn file(&mut self, file: &RuleFile) -> Result<(), InvalidRules> {
        let place = |line: usize| Place { file: Arc::clone(&file.name), line };
        let invalid =
            |line: usize, what: &str| InvalidRules { place: place(line), what: what.to_owned() };
        let mut sections: Vec<Section> = Vec::new();
        let mut domain = String::new();
        let mut last = 0;
        for (line, text) in logical_lines(&file.text) {
            last = line;
            let words = words(&text);
            let Some((command, rest)) = words.split_first() else { continue };
            match command.as_str() {
                "config" if sections.len() < MAX_DEPTH => {
                    let path = nested_path(sections.last(), &rest.join(" "));
                    sections.push(Section { path, object: None });
                }
                "config" => return Err(invalid(line, "sections are nested too deeply")),
                "edit" => {
                    let Some(section) = sections.last_mut() else {
                        return Err(invalid(line, "edit outside a section"));
                    };
                    let name = rest.first().cloned().unwrap_or_default();
                    if section.path == "vdom" {
                        domain.clone_from(&name);
                    }
                    let done = section.object.replace(Object {
                        name,
                        options: HashMap::new(),
                        place: place(line),
                    });
                    let path = section.path.clone();
                    self.keep(&path, done, &domain);
                }
                "set" | "append" | "unset" => {
                    self.change(command, rest, sections.last_mut(), place(line));
                }
                "next" => {
                    let Some(section) = sections.last_mut() else {
                        return Err(invalid(line, "next outside a section"));
                    };
                    let (path, done) = (section.path.clone(), section.object.take());
                    self.keep(&path, done, &domain);
                }
                "end" => {
                    let Some(section) = sections.pop() else {
                        return Err(invalid(line, "end without a section"));
                    };
                    self.keep(&section.path, section.object, &domain);
                }
                command => self.other(command, &sections, place(line)),
            }
        }
        if sections.is_empty() {
            Ok(())
        } else {
            Err(invalid(last.max(1), "a section does not end"))
        }
    }

    /// `set`, `append` or `unset`.
    fn change(
        &mut self,
        command: &str,
        words: &[String],
        section: Option<&mut Section>,
        place: Place,
    ) {
        let Some((option, values)) = words.split_first() else { return };
        if option == "ngfw-mode" && values.first().is_some_and(|mode| mode != "profile-based") {
            self.hide(place, "in policy-based mode, other policies decide");
        }
        if let Some(object) = section.and_then(|section| section.object.as_mut()) {
            object.change(command, option, values);
        }
    }

    /// A command that is not read, such as `move`.
    fn other(&mut self, command: &str, sections: &[Section], place: Place) {
        if sections.iter().any(|section| section.path.starts_with("firewall")) {
            let why = format!(
                "'{command}' changes what stands before it: check an export of the configuration"
            );
            self.hide(place, &why);
        }
    }

    fn hide(&mut self, place: Place, why: &str) {
        self.hidden.get_or_insert_with(|| (place, why.into()));
    }

    fn keep(&mut self, path: &str, object: Option<Object>, domain: &str) {
        let Some(object) = object else { return };
        if path.starts_with("firewall") && !self.domains.iter().any(|known| known == domain) {
            self.domains.push(domain.to_owned());
        }
        let other = [
            "acl",
            "acl6",
            "policy6",
            "consolidated policy",
            "security-policy",
            "policy46",
            "policy64",
            "proxy-policy",
            "explicit-proxy-policy",
            "interface-policy",
            "interface-policy6",
        ];
        let is_other = path.strip_prefix("firewall ").is_some_and(|table| other.contains(&table));
        if is_other && object.first("status") != Some("disable") {
            self.hide(object.place.clone(), &format!("the table '{path}' is not judged"));
        }
        // A policy with the number 0 gets a number of its own.
        let objects = self.tables.entry(path.to_owned()).or_default();
        let names = self.places.entry(path.to_owned()).or_default();
        // A backup opens the table of virtual domains twice.
        let is_firewall = path.starts_with("firewall");
        if is_firewall && object.name != "0" && names.contains_key(&object.name) {
            let why = "an object is edited twice: check an export of the configuration";
            self.hidden.get_or_insert((object.place.clone(), why.into()));
        }
        names.entry(object.name.clone()).or_insert(objects.len());
        objects.push(object);
    }

    /// The object of a table with a name.
    pub fn object(&self, path: &str, name: &str) -> Option<&Object> {
        self.table(path).get(*self.places.get(path)?.get(name)?)
    }

    /// The objects of a table.
    pub fn table(&self, path: &str) -> &[Object] {
        self.tables.get(path).map_or(&[], Vec::as_slice)
    }
}

/// The path of a table, after that of the object which holds it. Virtual domains hold whole configurations.
fn nested_path(outer: Option<&Section>, own: &str) -> String {
    match outer {
        Some(Section { path, object: Some(object) }) if path != "vdom" => {
            format!("{path} {} {own}", object.name)
        }
        _ => own.to_owned(),
    }
}

/// Lines without comments. A value in quotes may go over several lines.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for (i, line) in text.lines().enumerate() {
        if !is_open && line.trim_start().starts_with('#') {
            continue;
        }
        match lines.last_mut().filter(|_| is_open) {
            Some((_, whole)) => {
                whole.push('\n');
                whole.push_str(line);
            }
            None => lines.push((i + 1, line.to_owned())),
        }
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => drop(chars.next()),
                '"' => is_open = !is_open,
                _ => {}
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_objects_are_read_with_their_lines() {
        let text = "config firewall address\n    edit \"my host\"\n        set type fqdn\n        set comment \"two\nlines\"\n\
                    \x20       config tagging\n            edit \"x\"\n            next\n        end\n        set fqdn \"a.io\"\n    next\nend\n";
        let file = RuleFile { name: "f".into(), text: text.to_owned() };
        let config = Config::read(&[file]).unwrap();
        let address = &config.table("firewall address")[0];
        assert_eq!((address.name.as_str(), address.place.line), ("my host", 2));
        assert_eq!(address.first("fqdn"), Some("a.io"));
        assert_eq!(address.first("comment"), Some("two\nlines"));
        for text in ["end\n", "config firewall policy\n    edit 1\n"] {
            let file = RuleFile { name: "f".into(), text: text.to_owned() };
            assert!(Config::read(&[file]).is_err(), "{text}");
        }
    }
}
