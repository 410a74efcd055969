//! Reads dnsmasq's configuration, with the files that it includes.
//!
//! The syntax is that of dnsmasq(8), and of dnsmasq 2.90 where the manual is silent.

use super::options::{ONCE, OPTIONS};
use crate::firewall::dns::Family;
use crate::firewall::host_set::{HostSet, name_and_domains};
use crate::firewall::policy::{Includes, InvalidRules, Place, RuleFile};
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

/// The limit of files within files.
const MAX_INCLUDES: usize = 8;
/// Options that can take away, or replace, answers from upstream.
const RESTRICTING: [&str; 7] = [
    "alias",
    "bogus-nxdomain",
    "connmark-allowlist-enable",
    "filter-A",
    "filter-rr",
    "ignore-address",
    "stop-dns-rebind",
];
/// Options after which the rest of the file is not all that counts.
const HIDING: [&str; 8] = [
    "auth-zone",
    "cname",
    "conf-script",
    "dns-rr",
    "dynamic-host",
    "hostsdir",
    "interface-name",
    "synth-domain",
];

/// What a rule does with a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// `address=/x/1.2.3.4`: this address, for queries of its family.
    Address(IpAddr),
    /// `address=/x/#`: an unspecified address for both families.
    Null,
    /// `server=/x/#`: the general servers.
    General,
    /// `server=/x/1.2.3.4`: this server.
    Server(Upstream),
    /// No target: the name does not exist.
    Nothing,
}

/// The address of a server, and its port.
pub type Upstream = (IpAddr, u16);

/// A set of addresses in nftables that dnsmasq fills.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FilledSet {
    /// Only addresses of this family; `None` for all.
    pub family: Option<char>,
    /// `inet`, `ip` or `ip6`.
    pub table_family: String,
    /// The table.
    pub table: String,
    /// The set.
    pub set: String,
}

/// The configuration of dnsmasq.
#[derive(Debug, Default)]
pub struct Config {
    /// Rules for a name and all below it; the empty name stands for all.
    pub(super) plain: HashMap<String, Vec<(Target, Place)>>,
    /// Rules for all names with an ending: `.azurecr.io` for `/*.azurecr.io/`.
    pub(super) endings: HashMap<String, Vec<(Target, Place)>>,
    /// Addresses of single names.
    pub(super) records: HashMap<String, Vec<(IpAddr, Place)>>,
    /// The options of [`ONCE`] that have been read.
    seen_once: HashSet<String>,
    /// The servers for all names that are written in the file.
    pub(super) general_servers: Vec<Upstream>,
    pub(super) no_resolv: bool,
    /// Whether names without a dot in hosts files get the domain.
    expands_hosts: bool,
    /// The first name without a dot in a hosts file.
    short_name: Option<Place>,
    /// The sets that each name and all below it fill. The first line of a name wins.
    pub(super) filled: HashMap<String, (Vec<FilledSet>, Place)>,
    /// The first line with `nftset=`, and the first with `ipset=`.
    pub(super) nftset: Option<Place>,
    pub(super) ipset: Option<(Place, Arc<str>)>,
    /// The first option that can take away an answer, and why.
    pub(super) restricted: Option<(Place, Arc<str>)>,
    /// The same for AAAA.
    pub(super) restricted_v6: Option<(Place, Arc<str>)>,
    /// The first line that makes every answer unknown, and why.
    pub(super) hidden: Option<(Place, Arc<str>)>,
    /// All names in the rules.
    pub(super) names: HostSet,
}

/// Reads configuration files as one.
///
/// # Errors
/// [`InvalidRules`] for a configuration with which dnsmasq refuses to start.
pub fn read(files: &[RuleFile], includes: &dyn Includes) -> Result<Config, InvalidRules> {
    let mut config = Config::default();
    for file in files {
        config.read(&file.text, &file.name, includes, 0)?;
    }
    if let Some(place) = config.short_name.clone().filter(|_| config.expands_hosts) {
        config.hide(&place, "expand-hosts adds a domain to names of hosts files".into());
    }
    Ok(config)
}

/// Whether a text looks like a configuration of dnsmasq.
pub fn is_config(text: &str) -> bool {
    let is_option = |line: &str| {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        match name.trim() {
            "address" | "local" | "nftset" | "ipset" => value.trim_start().starts_with('/'),
            "server" | "no-resolv" | "conf-dir" | "host-record" | "addn-hosts" => true,
            _ => false,
        }
    };
    text.lines().any(|line| is_option(line.trim()))
}

impl Config {
    fn read(
        &mut self,
        text: &str,
        file: &Arc<str>,
        includes: &dyn Includes,
        depth: usize,
    ) -> Result<(), InvalidRules> {
        for (i, line) in text.lines().enumerate() {
            let place = Place { file: Arc::clone(file), line: i + 1 };
            let line = plain_text(line);
            let (name, value) = match line.split_once('=') {
                Some((name, value)) => (name.trim(), value.trim()),
                None => (line.trim(), ""),
            };
            if !name.is_empty() {
                self.option(name, value, &place, includes, depth)?;
            }
        }
        Ok(())
    }

    fn option(
        &mut self,
        name: &str,
        value: &str,
        place: &Place,
        includes: &dyn Includes,
        depth: usize,
    ) -> Result<(), InvalidRules> {
        let may_stand_once = ONCE.split_whitespace().any(|once| once == name);
        if may_stand_once && !self.seen_once.insert(name.to_owned()) {
            let what = format!("dnsmasq does not start: {name} stands more than once");
            return Err(InvalidRules { place: place.clone(), what });
        }
        match name {
            "address" | "server" | "local" => self.rule(name, value, place)?,
            "no-resolv" => self.no_resolv = true,
            "expand-hosts" => self.expands_hosts = true,
            "host-record" => self.record(value, place),
            "nftset" => self.nftset(value, place)?,
            "ipset" => {
                let why = "iptables decides about the addresses in ipsets, and is not judged";
                self.ipset.get_or_insert((place.clone(), why.into()));
            }
            "filter-AAAA" => {
                let why = Arc::from("filter-AAAA takes IPv6 addresses away");
                self.restricted_v6.get_or_insert((place.clone(), why));
            }
            "addn-hosts" | "conf-file" | "servers-file" | "conf-dir" => {
                return self.include(name, value, place, includes, depth);
            }
            _ if RESTRICTING.contains(&name) => {
                let why = format!("{name} can take answers away");
                self.restricted.get_or_insert((place.clone(), why.into()));
            }
            _ if HIDING.contains(&name) => {
                self.hide(place, format!("{name} answers queries in ways that are not judged"));
            }
            "port" if value == "0" => self.hide(place, "port=0 switches DNS off".into()),
            _ if OPTIONS.split_whitespace().any(|option| option == name) => {}
            _ => self.hide(place, format!("dnsmasq 2.90 does not know the option '{name}'")),
        }
        Ok(())
    }

    fn hide(&mut self, place: &Place, why: String) {
        self.hidden.get_or_insert((place.clone(), why.into()));
    }

    /// `address=/a/b/TARGET`, `server=/a/b/TARGET`, `server=TARGET`.
    fn rule(&mut self, option: &str, value: &str, place: &Place) -> Result<(), InvalidRules> {
        let invalid = |what: &str| {
            let what = format!("dnsmasq does not start: {what} in {option}={value}");
            InvalidRules { place: place.clone(), what }
        };
        let Some(rest) = value.strip_prefix('/') else {
            let address = server_address(value).filter(|_| option != "address");
            let address = address.ok_or_else(|| invalid("no address"))?;
            self.general_servers.push((address, port_of(value)));
            return Ok(());
        };
        let (domains, target) =
            rest.rsplit_once('/').ok_or_else(|| invalid("no '/' at the end"))?;
        let target = match (option, target) {
            (_, "") => Target::Nothing,
            ("address", "#") => Target::Null,
            ("address", address) => {
                Target::Address(address.parse().map_err(|_| invalid("a bad address"))?)
            }
            (_, "#") => Target::General,
            (_, server) => {
                let address = server_address(server).ok_or_else(|| invalid("a bad address"))?;
                Target::Server((address, port_of(server)))
            }
        };
        for name in domains.split('/') {
            let domain = name.trim_matches('.').to_ascii_lowercase();
            let is_dots = domain.is_empty() && !name.is_empty();
            if is_dots || domain == "*" || domain == "#" && target == Target::General {
                self.hide(place, format!("{option}={value} may be read differently"));
            } else if domain == "#" {
                let rules = self.plain.entry(String::new()).or_default();
                rules.push((target, place.clone()));
            } else if let Some(ending) = domain.strip_prefix('*') {
                self.names.insert_below(ending.trim_start_matches('.'), place);
                let rules = self.endings.entry(ending.to_owned()).or_default();
                rules.push((target, place.clone()));
            } else if !domain.is_empty() {
                // No name at all means names without a dot.
                self.names.insert_host(&domain, place);
                self.names.insert_below(&domain, place);
                self.plain.entry(domain).or_default().push((target, place.clone()));
            }
        }
        Ok(())
    }

    /// `host-record=NAME,NAME,ADDRESS,ADDRESS,TTL`.
    fn record(&mut self, value: &str, place: &Place) {
        let parts: Vec<&str> = value.split(',').map(str::trim).collect();
        let addresses: Vec<IpAddr> = parts.iter().filter_map(|part| part.parse().ok()).collect();
        for name in parts.iter().filter(|part| part.contains('.')) {
            if name.parse::<IpAddr>().is_err() {
                self.add_record(name, &addresses, place);
            }
        }
    }

    fn add_record(&mut self, name: &str, addresses: &[IpAddr], place: &Place) {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        self.names.insert_host(&name, place);
        let records = self.records.entry(name).or_default();
        records.extend(addresses.iter().map(|address| (*address, place.clone())));
    }

    /// `nftset=/NAME/…/4#FAMILY#TABLE#SET,6#…`.
    fn nftset(&mut self, value: &str, place: &Place) -> Result<(), InvalidRules> {
        self.nftset.get_or_insert_with(|| place.clone());
        let parts = value.strip_prefix('/').and_then(|rest| rest.rsplit_once('/'));
        let (domains, sets) = parts.ok_or_else(|| {
            let what = format!("dnsmasq does not start: no names in nftset={value}");
            InvalidRules { place: place.clone(), what }
        })?;
        let sets: Vec<FilledSet> = sets.split(',').filter_map(filled_set).collect();
        for domain in domains.split('/') {
            let domain = domain.trim_matches('.').to_ascii_lowercase();
            let domain = if domain == "#" { String::new() } else { domain };
            if !domain.is_empty() {
                self.names.insert_host(&domain, place);
            }
            self.names.insert_below(&domain, place);
            self.filled.entry(domain).or_insert_with(|| (sets.clone(), place.clone()));
        }
        Ok(())
    }

    fn include(
        &mut self,
        option: &str,
        value: &str,
        place: &Place,
        includes: &dyn Includes,
        depth: usize,
    ) -> Result<(), InvalidRules> {
        let mut words = value.split(',').map(str::trim);
        let path = words.next().unwrap_or_default();
        let mut paths = vec![path.to_owned()];
        if option == "conf-dir" {
            let (only, not): (Vec<&str>, Vec<&str>) = words.partition(|end| end.starts_with('*'));
            paths = includes.glob(&format!("{path}/*")).unwrap_or_else(|why| {
                self.hide(place, why);
                Vec::new()
            });
            paths.retain(|path| {
                let name = path.rsplit('/').next().unwrap_or(path);
                let is_backup = name.ends_with('~') || name.starts_with(['.', '#']);
                let is_wanted = only.is_empty()
                    || only.iter().any(|end| name.ends_with(end.trim_start_matches('*')));
                !is_backup && is_wanted && !not.iter().any(|end| name.ends_with(end))
            });
            if paths.is_empty() {
                self.hide(place, format!("there is no file in {path} here"));
            }
        }
        for path in paths {
            match includes.read(&path) {
                _ if depth >= MAX_INCLUDES => {
                    self.hide(place, "files are nested too deeply".into());
                }
                Err(why) => self.hide(place, why),
                Ok(text) if option == "addn-hosts" => self.read_hosts(&text, &path.into()),
                Ok(text) => self.read(&text, &path.into(), includes, depth + 1)?,
            }
        }
        Ok(())
    }

    /// A file like `/etc/hosts`.
    fn read_hosts(&mut self, text: &str, file: &Arc<str>) {
        for (i, line) in text.lines().enumerate() {
            let place = Place { file: Arc::clone(file), line: i + 1 };
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_whitespace();
            let Some(Ok(address)) = words.next().map(str::parse) else { continue };
            for name in words {
                if !name.contains('.') {
                    self.short_name.get_or_insert_with(|| place.clone());
                }
                self.add_record(name, &[address], &place);
            }
        }
    }

    /// The sets that the addresses of a host go to, and the line that says so. The longest name wins alone.
    pub fn sets_of(&self, host: &str) -> Option<&(Vec<FilledSet>, Place)> {
        name_and_domains(host).find_map(|name| self.filled.get(name))
    }

    /// All sets that dnsmasq fills.
    pub fn all_filled(&self) -> impl Iterator<Item = &FilledSet> {
        self.filled.values().flat_map(|(sets, _)| sets)
    }
}

/// `4#inet#filter#hosts`, `inet#filter#hosts` or `filter#hosts`.
fn filled_set(text: &str) -> Option<FilledSet> {
    let mut parts: Vec<&str> = text.trim().split('#').collect();
    let family = match parts.first() {
        Some(&"4") => Some('4'),
        Some(&"6") => Some('6'),
        _ => None,
    };
    if family.is_some() {
        parts.remove(0);
    }
    let (table_family, table, set) = match parts.as_slice() {
        [table_family, table, set] => (*table_family, *table, *set),
        [table, set] => ("ip", *table, *set),
        _ => return None,
    };
    let [table_family, table, set] = [table_family, table, set].map(str::to_owned);
    Some(FilledSet { family, table_family, table, set })
}

/// The address of a server: `1.2.3.4#5353@eth0#1024`. A port that is no number stops dnsmasq.
fn server_address(text: &str) -> Option<IpAddr> {
    let (server, source) = text.split_once('@').unwrap_or((text, ""));
    let is_port = |port: &str| {
        port.is_empty() || port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok()
    };
    let (_, source_port) = source.split_once('#').unwrap_or((source, ""));
    let (address, port) = server.split_once('#').unwrap_or((server, ""));
    if !is_port(port) || !is_port(source_port) {
        return None;
    }
    address.split('%').next()?.parse().ok()
}

/// The port of a server: 53, unless its text names another.
fn port_of(text: &str) -> u16 {
    let (server, _) = text.split_once('@').unwrap_or((text, ""));
    server.split_once('#').and_then(|(_, port)| port.parse().ok()).unwrap_or(53)
}

/// A line without its comment and quotes. A `#` begins a comment at the start of the line or after white space.
fn plain_text(line: &str) -> String {
    let mut text = String::new();
    let (mut quoted, mut escaped, mut after_space) = (false, false, true);
    for c in line.trim().chars() {
        match c {
            _ if escaped => {
                text.push(c);
                escaped = false;
            }
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '#' if after_space && !quoted => break,
            c => text.push(c),
        }
        after_space = c.is_whitespace();
    }
    text
}

impl Target {
    /// Whether a rule with this target answers a query of a family.
    pub(super) fn speaks_for(self, family: Family) -> bool {
        match self {
            Self::Address(address) => Family::of(address) == family,
            _ => true,
        }
    }

    /// Of two rules for the same name, the one with the smaller rank wins.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Address(_) | Self::Null => 0,
            Self::General => 1,
            Self::Server(_) => 2,
            Self::Nothing => 3,
        }
    }
}
