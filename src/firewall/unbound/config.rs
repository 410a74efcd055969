//! Reads the configuration of unbound, with the files that it includes and the policy zones that it loads.
//!
//! The syntax is that of unbound.conf(5), and of unbound 1.17 where the manual is silent.

use super::keywords::KEYWORDS;
use crate::firewall::host_set::{HostSet, name_and_domains};
use crate::firewall::policy::{Includes, InvalidRules, Outcome, Place, RuleFile};
use crate::firewall::rpz::{Override, PolicyZone, Reading, Zones, read_zone};
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

/// The limit of files within files.
const MAX_INCLUDES: usize = 16;
/// The keywords of sections.
const SECTIONS: [&str; 13] = [
    "auth-zone",
    "cachedb",
    "dnscrypt",
    "dnstap",
    "dynlib",
    "forward-zone",
    "ipset",
    "python",
    "remote-control",
    "rpz",
    "server",
    "stub-zone",
    "view",
];
/// Keywords that make answers depend on the client, or switch zones off.
const HIDING: [&str; 16] = [
    "access-control-tag",
    "access-control-tag-action",
    "access-control-tag-data",
    "access-control-view",
    "dynlib-file",
    "interface-action",
    "interface-tag",
    "interface-tag-action",
    "interface-tag-data",
    "interface-view",
    "ipset",
    "local-zone-override",
    "local-zone-tag",
    "python-script",
    "tags",
    "view",
];
/// Keywords that can take away answers from upstream.
const RESTRICTING: [&str; 5] =
    ["private-address", "response-ip", "response-ip-data", "response-ip-tag", "dns64-synthall"];

/// The type of a local zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZoneType {
    /// Names without data are blocked: `static`, `deny`, `refuse`, `inform_deny`.
    Closed,
    /// Names without data are asked upstream: `transparent`, `inform`, `nodefault`.
    Transparent,
    /// Also names that have data of another type: `typetransparent`.
    TypeTransparent,
    /// The zone's own data answers for all names below it: `redirect`, `inform_redirect`.
    Redirect,
    /// Data is ignored, and all is blocked: `always_refuse` and the like.
    AlwaysClosed,
    /// Data is ignored, and all is asked upstream: `always_transparent`.
    AlwaysTransparent,
    /// Names without data have an unspecified address: `always_null`.
    Null,
    /// Not judged: `ipset`.
    Unknown,
}

impl ZoneType {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "static" | "deny" | "refuse" | "inform_deny" => Self::Closed,
            "transparent" | "inform" | "nodefault" | "noview" => Self::Transparent,
            "typetransparent" => Self::TypeTransparent,
            "redirect" | "inform_redirect" => Self::Redirect,
            "always_refuse" | "always_nxdomain" | "always_nodata" | "always_deny" => {
                Self::AlwaysClosed
            }
            "always_transparent" => Self::AlwaysTransparent,
            "always_null" => Self::Null,
            // The last three are newer than 1.17.
            "ipset" | "block_a" | "block_aaaa" | "truncate" => Self::Unknown,
            _ => return None,
        })
    }
}

/// The configuration of unbound.
#[derive(Debug)]
pub struct Config {
    pub(super) zones: HashMap<String, (ZoneType, Place)>,
    /// The data of names: an address, or `None` for any other type.
    pub(super) data: HashMap<String, Vec<(Option<IpAddr>, Place)>>,
    pub(super) policy_zones: Zones,
    /// Zones that are answered from elsewhere.
    pub(super) elsewhere: HashMap<String, Place>,
    /// Which clients may ask.
    pub(super) access: Vec<(ipnet::IpNet, Outcome, Place)>,
    /// The first line that can take away an answer, and why.
    pub(super) restricted: Option<(Place, Arc<str>)>,
    /// The first line that makes every answer unknown, and why.
    pub(super) hidden: Option<(Place, Arc<str>)>,
    /// All names in the configuration.
    pub(super) names: HostSet,
}

/// Reads configuration files as one.
///
/// # Errors
/// [`InvalidRules`] for a configuration with which unbound refuses to start.
pub fn read(files: &[RuleFile], includes: &dyn Includes) -> Result<Config, InvalidRules> {
    let mut reader = Reader {
        includes,
        keywords: KEYWORDS.split_whitespace().collect(),
        section: String::new(),
        policy_zones: Vec::new(),
        has_respip: false,
        config: Config {
            zones: HashMap::new(),
            data: HashMap::new(),
            policy_zones: Zones::new(Vec::new(), Reading::Unbound),
            elsewhere: HashMap::new(),
            access: Vec::new(),
            restricted: None,
            hidden: None,
            names: HostSet::default(),
        },
    };
    for file in files {
        reader.read(&file.text, &file.name, 0)?;
    }
    reader.config.check_redirects()?;
    if let Some(place) = reader.policy_zones.first().map(|clause| clause.place.clone())
        && !reader.has_respip
    {
        let why = "unbound starts with policy zones only if module-config names respip";
        reader.hide(&place, why.to_owned());
    }
    let mut zones = Vec::new();
    for clause in std::mem::take(&mut reader.policy_zones) {
        zones.extend(reader.policy_zone(clause));
    }
    reader.config.policy_zones = Zones::new(zones, Reading::Unbound);
    Ok(reader.config)
}

impl Config {
    /// unbound does not start if a zone of type redirect has data below its top.
    fn check_redirects(&self) -> Result<(), InvalidRules> {
        for (name, data) in &self.data {
            let zone =
                name_and_domains(name).find_map(|domain| Some((domain, self.zones.get(domain)?)));
            if let Some((domain, (ZoneType::Redirect, _))) = zone
                && domain != name
            {
                let place = data.first().map(|(_, place)| place.clone());
                let what = format!("unbound does not start: '{name}' is below a redirect zone");
                return place.map_or(Ok(()), |place| Err(InvalidRules { place, what }));
            }
        }
        Ok(())
    }
}

/// Whether a text looks like a configuration of unbound.
pub fn is_config(text: &str) -> bool {
    text.lines().any(|line| {
        let key = line.trim_start().split(':').next().unwrap_or_default();
        let is_key = matches!(key, "server" | "local-zone" | "local-data" | "rpz" | "forward-zone");
        is_key && line.contains(':') && !line.contains("://")
    })
}

/// An `rpz:` clause.
struct Clause {
    place: Place,
    name: Option<String>,
    file: Option<String>,
    overridden: Option<Override>,
}

struct Reader<'a> {
    includes: &'a dyn Includes,
    keywords: HashSet<&'static str>,
    /// The section that the reader is in.
    section: String,
    policy_zones: Vec<Clause>,
    /// Whether `module-config` names the module that policy zones need.
    has_respip: bool,
    config: Config,
}

impl Reader<'_> {
    fn read(&mut self, text: &str, file: &Arc<str>, depth: usize) -> Result<(), InvalidRules> {
        let mut entry: Option<(String, Vec<String>, Place)> = None;
        for (line, word, quoted) in words(text) {
            let place = Place { file: Arc::clone(file), line };
            let (key, rest) = word.split_once(':').unwrap_or((&word, ""));
            let is_key = !quoted && word.contains(':') && self.keywords.contains(key);
            let is_unknown =
                !quoted && rest.is_empty() && word.ends_with(':') && !word.ends_with("::");
            if is_key || is_unknown {
                if let Some((key, values, place)) = entry.take() {
                    self.entry(&key, &values, &place, depth)?;
                }
                let values = if rest.is_empty() { Vec::new() } else { vec![unquoted(rest)] };
                entry = Some((key.to_owned(), values, place));
            } else if let Some((_, values, _)) = &mut entry {
                values.push(word);
            } else {
                self.hide(&place, format!("'{word}' is no keyword"));
            }
        }
        match entry {
            Some((key, values, place)) => self.entry(&key, &values, &place, depth),
            None => Ok(()),
        }
    }

    fn hide(&mut self, place: &Place, why: String) {
        self.config.hidden.get_or_insert((place.clone(), why.into()));
    }

    fn entry(
        &mut self,
        key: &str,
        values: &[String],
        place: &Place,
        depth: usize,
    ) -> Result<(), InvalidRules> {
        let first = values.first().map_or("", String::as_str);
        if SECTIONS.contains(&key) && values.is_empty() {
            self.section = key.to_owned();
            if key == "rpz" {
                let place = place.clone();
                self.policy_zones.push(Clause { place, name: None, file: None, overridden: None });
            } else if matches!(key, "view" | "python" | "dynlib" | "ipset") {
                self.hide(place, format!("{key}: is not judged"));
            }
            return Ok(());
        }
        match key {
            "include" | "include-toplevel" => return self.include(first, place, depth),
            "local-zone" => self.local_zone(values, place)?,
            "module-config" => {
                self.has_respip = values.iter().any(|value| value.contains("respip"));
            }
            "local-data" => self.local_data(first, place),
            "access-control" => self.access_control(values, place),
            "name" => self.zone_name(first, place),
            "zonefile" | "url" | "primary" | "master" | "rpz-action-override"
                if self.section == "rpz" =>
            {
                self.policy_clause(key, first);
            }
            _ if HIDING.contains(&key) => self.hide(place, format!("{key}: is not judged")),
            _ if RESTRICTING.contains(&key) => {
                let why = format!("{key} can take answers away");
                self.config.restricted.get_or_insert((place.clone(), why.into()));
            }
            _ if self.keywords.contains(key) => {}
            _ => self.hide(place, format!("unbound 1.17 does not know the keyword '{key}'")),
        }
        Ok(())
    }

    fn local_zone(&mut self, values: &[String], place: &Place) -> Result<(), InvalidRules> {
        let [name, kind, ..] = values else {
            let what = "unbound does not start: local-zone needs a name and a type".to_owned();
            return Err(InvalidRules { place: place.clone(), what });
        };
        let text_of_type = kind;
        let kind = ZoneType::parse(kind).ok_or_else(|| {
            let what = format!("unbound does not start: '{kind}' is no type of a local zone");
            InvalidRules { place: place.clone(), what }
        })?;
        if text_of_type == "nodefault" {
            // It only takes away a zone that unbound has by itself.
            return Ok(());
        }
        let name = canonical(name);
        self.config.names.insert_below(&name, place);
        if !name.is_empty() {
            self.config.names.insert_host(&name, place);
        }
        self.config.zones.insert(name, (kind, place.clone()));
        Ok(())
    }

    /// `local-data: "NAME TTL CLASS TYPE DATA"`.
    fn local_data(&mut self, record: &str, place: &Place) {
        let mut words = record.split_whitespace();
        let name = canonical(words.next().unwrap_or_default());
        let mut words = words.skip_while(|word| {
            word.eq_ignore_ascii_case("IN") || word.starts_with(|c: char| c.is_ascii_digit())
        });
        let kind = words.next().unwrap_or_default().to_ascii_uppercase();
        let address = words.next().and_then(|address| address.parse().ok());
        match kind.as_str() {
            "A" | "AAAA" if address.is_none() => {
                self.hide(place, "the record has no address".into());
            }
            "CNAME" | "DNAME" => {
                self.hide(place, format!("{kind} answers with another name's data"));
            }
            _ => {}
        }
        self.config.names.insert_host(&name, place);
        let address = address.filter(|_| matches!(kind.as_str(), "A" | "AAAA"));
        self.config.data.entry(name).or_default().push((address, place.clone()));
    }

    fn access_control(&mut self, values: &[String], place: &Place) {
        let [network, action, ..] = values else { return };
        let network = network.parse::<ipnet::IpNet>().ok();
        let network = network.or_else(|| values[0].parse::<IpAddr>().ok().map(ipnet::IpNet::from));
        let outcome = match action.as_str() {
            "allow" | "allow_snoop" | "allow_setrd" | "allow_cookie" => Outcome::Allow,
            "deny" | "refuse" | "deny_non_local" | "refuse_non_local" => Outcome::Deny,
            _ => return self.hide(place, format!("access-control: {action} is not judged")),
        };
        match network {
            Some(network) => self.config.access.push((network, outcome, place.clone())),
            None => self.hide(place, "the network of access-control cannot be read".into()),
        }
    }

    fn zone_name(&mut self, name: &str, place: &Place) {
        match (self.section.as_str(), self.policy_zones.last_mut()) {
            ("rpz", Some(clause)) => clause.name = Some(name.to_owned()),
            // Answers for the root come from its servers in either case.
            ("stub-zone" | "auth-zone", _) if name != "." => {
                self.config.elsewhere.insert(canonical(name), place.clone());
            }
            _ => {}
        }
    }

    fn policy_clause(&mut self, key: &str, value: &str) {
        let Some(clause) = self.policy_zones.last_mut() else { return };
        match (key, value) {
            ("zonefile", path) => clause.file = Some(path.to_owned()),
            ("rpz-action-override", action) => {
                clause.overridden = Some(match action {
                    "nxdomain" | "nodata" | "drop" => Override::Block,
                    "passthru" => Override::Pass,
                    "disabled" => Override::Disabled,
                    _ => Override::Unknown,
                });
            }
            _ => {}
        }
    }

    fn policy_zone(&mut self, clause: Clause) -> Option<PolicyZone> {
        let Some(path) = clause.file else {
            self.hide(&clause.place, "the policy zone is not in a file".into());
            return None;
        };
        match self.includes.read(&path) {
            Ok(text) => {
                let file = RuleFile { name: path.into(), text };
                let zone = read_zone(&file, clause.name.as_deref());
                Some(PolicyZone { zone, overridden: clause.overridden })
            }
            Err(why) => {
                self.hide(&clause.place, why);
                None
            }
        }
    }

    fn include(&mut self, pattern: &str, place: &Place, depth: usize) -> Result<(), InvalidRules> {
        let paths = self.includes.files(pattern).unwrap_or_else(|why| {
            self.hide(place, why);
            Vec::new()
        });
        for path in paths {
            match self.includes.read(&path) {
                _ if depth >= MAX_INCLUDES => {
                    self.hide(place, "files are nested too deeply".into());
                }
                Ok(text) => self.read(&text, &path.into(), depth + 1)?,
                Err(why) => self.hide(place, why),
            }
        }
        Ok(())
    }
}

/// A name in lower case without the dot at its end; the root is empty.
fn canonical(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn unquoted(text: &str) -> String {
    text.trim_matches(['"', '\'']).to_owned()
}

/// The words of a configuration, each with its line and whether it stood in quotes.
fn words(text: &str) -> Vec<(usize, String, bool)> {
    let mut words = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let end = match first {
                '#' => break,
                '"' | '\'' => {
                    let inner = &rest[1..];
                    let end = inner.find(first).unwrap_or(inner.len());
                    words.push((i + 1, inner[..end].to_owned(), true));
                    (end + 2).min(rest.len())
                }
                _ => {
                    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                    // `name:"zone"` are two words.
                    let end = rest[..end].find(":\"").map_or(end, |colon| colon + 1);
                    words.push((i + 1, rest[..end].to_owned(), false));
                    end
                }
            };
            rest = rest[end..].trim_start();
        }
    }
    words
}
