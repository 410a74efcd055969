//! Reads a configuration in `set` format, as `show` prints it after `set cli config-output-format set`.

use super::category::{Entries, Entry};
use crate::firewall::policy::{Place, RuleFile};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A rule of the security rulebase.
#[derive(Debug)]
pub struct Rule {
    /// The values of each field.
    pub fields: HashMap<String, Vec<String>>,
    pub place: Place,
}

/// What the lines say.
#[derive(Debug, Default)]
pub struct Config {
    /// The rules, in the order in which they are asked: those that Panorama shares, those of its device group, those of the
    /// firewall itself, those after them of the device group, and those after them that Panorama shares.
    pub rules: [Vec<Rule>; 5],
    /// The entries of custom URL categories by name.
    pub categories: HashMap<String, Entries>,
    /// Values of address objects by name: the kind and the value.
    pub addresses: HashMap<String, (String, String)>,
    pub address_groups: HashMap<String, Vec<String>>,
    /// Service objects by name.
    pub services: HashMap<String, Service>,
    pub service_groups: HashMap<String, Vec<String>>,
    /// The device groups and virtual systems that have rules.
    pub owners: Vec<String>,
    /// Where each rule stands in its rulebase.
    known: HashMap<(usize, String), usize>,
    /// The owner of each object.
    scopes: HashMap<String, String>,
    /// Rules of other rulebases, by owner, rulebase and name.
    others: BTreeMap<String, OtherRule>,
    /// What cannot be read.
    pub unknown: Option<(Place, Arc<str>)>,
}

/// A rule of another rulebase, which may stop a connection before or after the security rules.
#[derive(Debug, Default)]
struct OtherRule {
    /// The line with the action that does so, and why it is not judged.
    stops: Option<(Place, &'static str)>,
    is_disabled: bool,
    /// Whether it is for the TLS of others than clients of servers elsewhere.
    is_inbound: bool,
}

/// A rulebase beside the security rules.
#[derive(Clone, Copy)]
struct Rulebase {
    name: &'static str,
    /// The field that says whether a rule stops connections, or changes how security rules see them.
    field: &'static str,
    /// Whether a value of the field does so.
    stops: fn(&str) -> bool,
    /// Why it is not judged.
    why: &'static str,
}

const STOPPING: [Rulebase; 5] = [
    Rulebase {
        name: "decryption",
        field: "action",
        stops: |action| action.starts_with("decrypt"),
        why: "a decryption rule opens TLS: clients must trust its CA",
    },
    Rulebase {
        name: "pbf",
        field: "action",
        stops: |action| action.starts_with("discard"),
        why: "a rule of policy-based forwarding discards packets, and is not judged",
    },
    Rulebase {
        name: "dos",
        field: "action",
        stops: |action| action.starts_with("deny"),
        why: "a rule of DoS protection denies packets, and is not judged",
    },
    Rulebase {
        name: "authentication",
        field: "authentication-enforcement",
        stops: |enforcement| enforcement != "default-no-captive-portal",
        why: "an authentication rule wants a login first, and is not judged",
    },
    Rulebase {
        name: "application-override",
        field: "port",
        stops: |ports| ports.split(',').any(has_https),
        why: "an application override hides URLs from the rules, and is not judged",
    },
];

/// Whether a port or a range such as `1-1024` has 443.
fn has_https(ports: &str) -> bool {
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let number = |text: &str| text.trim().parse::<u16>().ok();
    number(first).zip(number(last)).is_none_or(|(first, last)| (first..=last).contains(&443))
}

/// A service object.
#[derive(Debug, Default)]
pub struct Service {
    /// The ports over TCP; `None` for another protocol.
    pub ports: Option<String>,
    /// Whether it is for some ports of clients alone.
    pub has_source: bool,
}

/// The fields with one value.
const SCALARS: [&str; 7] = [
    "action",
    "disabled",
    "negate-source",
    "negate-destination",
    "rule-type",
    "schedule",
    "description",
];

/// A word of a line. Quotes hold blanks together.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    /// Whether it stands in brackets, and so is a value.
    is_value: bool,
}

fn words(line: &str) -> Vec<Word> {
    let (mut words, mut text, mut quote, mut is_value) = (Vec::new(), None::<String>, None, false);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                text.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() || c == ']' || (c == '[' && text.is_none()) => {
                words.extend(text.take().map(|text| Word { text, is_value }));
                is_value = if c.is_whitespace() { is_value } else { c == '[' };
            }
            (_, c) => text.get_or_insert_default().push(c),
        }
    }
    words.extend(text.map(|text| Word { text, is_value }));
    words
}

/// The fields of a rule that are read or that make it unknown; other words are values.
const FIELDS: [&str; 28] = [
    "from",
    "to",
    "source",
    "destination",
    "application",
    "service",
    "category",
    "action",
    "disabled",
    "negate-source",
    "negate-destination",
    "source-user",
    "source-hip",
    "destination-hip",
    "hip-profiles",
    "profile-setting",
    "schedule",
    "target",
    "rule-type",
    "tag",
    "description",
    "log-start",
    "log-end",
    "log-setting",
    "group-tag",
    "option",
    "qos",
    "uuid",
];

/// Whether a text has `set` commands.
pub fn is_set_format(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with("set "))
}

/// Where a path of words begins and ends. What stands before it names the owner, and is short.
fn position(texts: &[&str], path: &[&str]) -> Option<(usize, usize)> {
    let at = texts.windows(path.len()).position(|window| window == path)?;
    (at <= 7).then_some((at, at + path.len()))
}

/// Whether words name the owner of an object: a device group, a virtual system, or nobody.
fn is_owner(words: &[&str]) -> bool {
    match words {
        [] => true,
        ["shared" | "config", rest @ ..]
        | ["devices" | "vsys" | "device-group" | "template", _, rest @ ..] => is_owner(rest),
        _ => false,
    }
}

impl Config {
    /// Reads files as one configuration. Files without `set` commands are lists, which are not read here.
    pub fn read(files: &[RuleFile]) -> Self {
        let mut config = Self::default();
        for file in files.iter().filter(|file| is_set_format(&file.text)) {
            for (i, line) in file.text.lines().enumerate() {
                let place = Place { file: Arc::clone(&file.name), line: i + 1 };
                let line = line.trim();
                let harmless = ["configure", "exit", "commit", "quit"];
                if let Some(rest) = line.strip_prefix("set ") {
                    config.set(&words(rest), &place);
                } else if !line.is_empty() && !line.starts_with('#') && !harmless.contains(&line) {
                    config.hide(&place, "commands other than set are not judged");
                }
            }
        }
        for file in files.iter().filter(|file| file.text.trim_start().starts_with('<')) {
            let place = Place { file: Arc::clone(&file.name), line: 1 };
            config.hide(&place, "XML is not read: export the configuration as set commands");
        }
        let stops =
            |rule: &OtherRule| rule.stops.clone().filter(|_| !rule.is_disabled && !rule.is_inbound);
        if let Some((place, why)) = config.others.values().filter_map(stops).min() {
            config.hide(&place, why);
        }
        if config.owners.len() > 1
            && let Some(file) = files.first()
        {
            let place = Place { file: Arc::clone(&file.name), line: 1 };
            config.hide(&place, "there are rules of several device groups or virtual systems");
        }
        config
    }

    fn hide(&mut self, place: &Place, why: &str) {
        self.unknown.get_or_insert_with(|| (place.clone(), why.into()));
    }

    /// Reads a `set` command. What stands before the part that matters is the owner of the object.
    fn set(&mut self, words: &[Word], place: &Place) {
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let after = |path: &[&str]| position(&texts, path);
        for base in ["pre-rulebase", "rulebase", "post-rulebase"] {
            if let Some((start, at)) = after(&[base, "security", "rules"]) {
                let is_shared = texts[..start].contains(&"shared");
                let number = match (base, is_shared) {
                    ("pre-rulebase", true) => 0,
                    ("pre-rulebase", false) => 1,
                    ("rulebase", _) => 2,
                    ("post-rulebase", false) => 3,
                    _ => 4,
                };
                self.owner(&texts[..start]);
                return self.rule(number, &words[at..], place);
            }
            for rulebase in STOPPING {
                if let Some((_, at)) = after(&[base, rulebase.name, "rules"]) {
                    return self.other_rule(words, at, rulebase, place);
                }
            }
            if after(&[base, "default-security-rules"]).is_some() {
                // The last rule may be overridden to allow.
                let allows = texts.windows(2).any(|pair| pair == ["action", "allow"]);
                if allows && texts.contains(&"interzone-default") {
                    self.hide(place, "interzone-default is overridden to allow");
                }
                return;
            }
        }
        self.object(&texts, place);
    }

    /// Reads a part of a rule of another rulebase. Its parts stand on lines of their own.
    ///
    /// # Arguments
    /// * `at` - where the rule's name stands.
    fn other_rule(&mut self, words: &[Word], at: usize, rulebase: Rulebase, place: &Place) {
        let Some((name, parts)) = words.split_at_checked(at + 1) else { return };
        let name: Vec<&str> = name.iter().map(|word| word.text.as_str()).collect();
        let rule = self.others.entry(name.join(" ")).or_default();
        // A later command replaces the value. Words in brackets are values themselves.
        for pair in parts.windows(2).filter(|pair| !pair[0].is_value) {
            match [pair[0].text.as_str(), pair[1].text.as_str()] {
                [field, value] if field == rulebase.field => {
                    rule.stops = (rulebase.stops)(value).then(|| (place.clone(), rulebase.why));
                }
                ["disabled", value] => rule.is_disabled = value == "yes",
                ["type", kind] => {
                    rule.is_inbound = matches!(kind, "ssl-inbound-inspection" | "ssh-proxy");
                }
                _ => {}
            }
        }
    }

    /// Reads a command for an object that rules refer to.
    fn object(&mut self, texts: &[&str], place: &Place) {
        // In rules and in settings of the system, the same words mean something else.
        let after = |path: &[&str]| position(texts, path).filter(|(at, _)| is_owner(&texts[..*at]));
        let list = |at: usize| texts[at..].iter().map(|text| (*text).to_owned());
        let kinds: [&[&str]; 5] = [
            &["profiles", "custom-url-category"],
            &["address-group"],
            &["service-group"],
            &["address"],
            &["service"],
        ];
        if let Some((start, at)) = kinds.iter().find_map(|kind| after(kind))
            && let Some(name) = texts.get(at)
        {
            let owner = texts[..start].join(" ");
            let key = format!("{} {name}", texts[start]);
            if self.scopes.entry(key).or_insert_with(|| owner.clone()) != &owner {
                self.hide(
                    place,
                    &format!("several device groups or virtual systems have an object '{name}'"),
                );
            }
        }
        if let Some((_, at)) = after(&["profiles", "custom-url-category"])
            && let [name, "list", ..] = &texts[at..]
        {
            let entries =
                list(at + 2).filter_map(|entry| Some((Entry::parse(&entry)?, place.clone())));
            self.categories.entry((*name).to_owned()).or_default().extend(entries);
        } else if let Some((_, at)) = after(&["profiles", "custom-url-category"])
            && let [name, "type", "Category Match", ..] = &texts[at..]
        {
            let name = name.to_string();
            self.hide(place, &format!("the category {name} is made of predefined categories"));
        } else if let Some((_, at)) = after(&["address-group"])
            && let [name, "static", ..] = &texts[at..]
        {
            self.address_groups.entry((*name).to_owned()).or_default().extend(list(at + 2));
        } else if let Some((_, at)) = after(&["service-group"])
            && let [name, "members", ..] = &texts[at..]
        {
            self.service_groups.entry((*name).to_owned()).or_default().extend(list(at + 2));
        } else if let Some((_, at)) = after(&["address"])
            && let [name, kind @ ("fqdn" | "ip-netmask" | "ip-range" | "ip-wildcard"), value] =
                &texts[at..]
        {
            self.addresses.insert((*name).to_owned(), ((*kind).to_owned(), (*value).to_owned()));
        } else if let Some((_, at)) = after(&["service"])
            && let [name, "protocol", protocol, rest @ ..] = &texts[at..]
        {
            let service = self.services.entry((*name).to_owned()).or_default();
            match rest {
                ["source-port", ..] => service.has_source = true,
                ["port", ports, more @ ..] if *protocol == "tcp" => {
                    service.ports = Some((*ports).to_owned());
                    service.has_source |= more.contains(&"source-port");
                }
                _ => {}
            }
        }
    }

    fn owner(&mut self, path: &[&str]) {
        let owner = path.join(" ");
        // What Panorama shares comes before the rules of every group.
        if owner != "shared" && !self.owners.contains(&owner) {
            self.owners.push(owner);
        }
    }

    fn rule(&mut self, base: usize, words: &[Word], place: &Place) {
        let Some((name, words)) = words.split_first() else { return };
        let rules = &mut self.rules[base];
        let at = *self.known.entry((base, name.text.clone())).or_insert_with(|| {
            let fields = HashMap::new();
            rules.push(Rule { fields, place: place.clone() });
            rules.len() - 1
        });
        let rule = &mut rules[at];
        let mut field = None;
        for word in words {
            if !word.is_value
                && FIELDS.contains(&word.text.as_str())
                && field.is_none_or(is_complete(rule))
            {
                field = FIELDS.iter().copied().find(|name| *name == word.text);
                let values = rule.fields.entry(word.text.clone()).or_default();
                // A later command replaces what is no list.
                if SCALARS.contains(&word.text.as_str()) {
                    values.clear();
                }
            } else if let Some(field) = field {
                rule.fields.entry(field.to_owned()).or_default().push(word.text.clone());
            } else {
                // A field that is not known may narrow the rule.
                rule.fields.entry("other".to_owned()).or_default().push(word.text.clone());
            }
        }
    }
}

/// Whether a field has a value, so that the next word may be a field: a zone or a tag can have a field's name.
fn is_complete(rule: &Rule) -> impl Fn(&str) -> bool + '_ {
    |field| rule.fields.get(field).is_some_and(|values| !values.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_on_one_line_or_on_several() {
        let read =
            |text: &str| Config::read(&[RuleFile { name: "f".into(), text: text.to_owned() }]);
        let one =
            read("set rulebase security rules \"my rule\" from any source [ a b ] action allow\n");
        let several = read(
            "set device-group dg pre-rulebase security rules \"my rule\" from any\n\
             set device-group dg pre-rulebase security rules \"my rule\" source [ a b ]\n\
             set device-group dg pre-rulebase security rules \"my rule\" action allow\n",
        );
        for (rule, line) in [(&one.rules[2][0], 1), (&several.rules[1][0], 1)] {
            assert_eq!(rule.place.line, line);
            assert_eq!(rule.fields["source"], ["a", "b"]);
            assert_eq!(rule.fields["action"], ["allow"]);
        }
        let objects = read(
            "set address reg fqdn contoso.azurecr.io\nset shared service web protocol tcp port 80,443\n\
             set vsys vsys1 profiles custom-url-category c list [ a.io/ *.b.io/ ]\n",
        );
        assert_eq!(objects.addresses["reg"].1, "contoso.azurecr.io");
        assert_eq!(objects.services["web"].ports.as_deref(), Some("80,443"));
        assert_eq!(objects.categories["c"].iter().count(), 2);
    }
}
