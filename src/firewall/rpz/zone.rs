//! Reads zone files in the master format (RFC 1035, section 5).

use crate::firewall::policy::{Place, RuleFile};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// The longest name of DNS, in bytes.
const LONGEST_NAME: usize = 255;

/// The labels of an owner from the right, each after its length: the order in which unbound keeps owners.
pub(super) type Key = Vec<(usize, String)>;

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Data {
    /// The target, in lower case, as it is written or completed with the zone's name.
    Cname(String),
    Address(IpAddr),
    Other,
}

/// A zone file.
#[derive(Debug, Default)]
pub struct Zone {
    pub(super) owners: BTreeMap<Key, Vec<(Data, Place)>>,
    /// The first trigger that is not a name, and why it matters.
    pub(super) trigger: Option<(Place, Arc<str>)>,
    /// The first line that cannot be read, and why.
    pub(super) unreadable: Option<(Place, Arc<str>)>,
    /// The first owner with two records of which one is a CNAME.
    pub(super) twice: Option<Place>,
    /// The zone's name, without the last dot.
    name: Option<String>,
    /// The origin, relative to the zone.
    origin: String,
}

/// Whether a text looks like a policy zone.
pub fn is_zone(text: &str) -> bool {
    let has = |word: &str| {
        text.lines().any(|line| line.split_whitespace().any(|w| w.eq_ignore_ascii_case(word)))
    };
    has("SOA") && (has("CNAME") || has("A"))
}

/// Reads a zone.
///
/// # Arguments
/// * `name` - the zone's name, where the server's configuration says it.
pub fn read_zone(file: &RuleFile, name: Option<&str>) -> Zone {
    let mut zone = Zone {
        name: name.map(|name| name.trim_end_matches('.').to_ascii_lowercase()),
        ..Zone::default()
    };
    let mut owner = Some(String::new());
    for (line, words, has_owner) in entries(&file.text) {
        let place = Place { file: Arc::clone(&file.name), line };
        if let Err(why) = zone.entry(&words, has_owner, &mut owner, &place) {
            zone.unreadable.get_or_insert((place, why.into()));
        }
    }
    zone
}

impl Zone {
    fn entry(
        &mut self,
        words: &[String],
        has_owner: bool,
        owner: &mut Option<String>,
        place: &Place,
    ) -> Result<(), String> {
        let mut words = words.iter().map(String::as_str);
        if has_owner {
            let first = words.next().unwrap_or_default();
            match first {
                "$TTL" => return Ok(()),
                "$ORIGIN" => {
                    let origin = words.next().unwrap_or_default();
                    if self.name.is_none() && self.owners.is_empty() && origin.ends_with('.') {
                        self.name = Some(origin.trim_end_matches('.').to_ascii_lowercase());
                    }
                    self.origin = self.relative(origin)?;
                    return Ok(());
                }
                _ if first.starts_with('$') => return Err(format!("{first} is not read")),
                _ => {}
            }
            let is_soa = words.clone().any(|word| word.eq_ignore_ascii_case("SOA"));
            if is_soa && self.name.is_none() && first.ends_with('.') {
                self.name = Some(first.trim_end_matches('.').to_ascii_lowercase());
            }
            // A record without an owner must not go to the owner before this one.
            *owner = None;
            *owner = Some(self.relative(first)?);
        }
        let owner = owner.as_deref().ok_or("the owner is not known")?;
        let mut words = words.skip_while(|word| {
            let is_class = ["IN", "CH", "HS"].iter().any(|class| word.eq_ignore_ascii_case(class));
            is_class || word.starts_with(|c: char| c.is_ascii_digit())
        });
        let kind = words.next().ok_or("the record has no type")?.to_ascii_uppercase();
        let rest: Vec<&str> = words.collect();
        self.record(owner, &kind, &rest, place)
    }

    fn record(
        &mut self,
        owner: &str,
        kind: &str,
        rest: &[&str],
        place: &Place,
    ) -> Result<(), String> {
        if owner.len() > LONGEST_NAME {
            return Err(format!("a name is longer than {LONGEST_NAME} bytes"));
        }
        if owner.is_empty() {
            // SOA and NS of the zone itself.
            return Ok(());
        }
        let last = owner.rsplit('.').next().unwrap_or_default();
        if let "rpz-ip" | "rpz-client-ip" | "rpz-nsdname" | "rpz-nsip" = last {
            let why = format!("{last} depends on more than the name");
            self.trigger.get_or_insert((place.clone(), why.into()));
            return Ok(());
        }
        let first = rest.first().copied();
        let data = match (kind, first) {
            ("CNAME", Some(target)) => Data::Cname(self.target(target)),
            ("A" | "AAAA", Some(address)) => {
                Data::Address(address.parse().map_err(|_| format!("'{address}' is no address"))?)
            }
            ("CNAME" | "A" | "AAAA", None) => return Err("the record says nothing".into()),
            ("DNAME" | "NS", _) => return Err(format!("{kind} is not judged")),
            _ => Data::Other,
        };
        let records = self.owners.entry(key(owner)).or_default();
        // The same record twice is one record.
        if records.iter().any(|(other, _)| *other == data && data != Data::Other) {
            return Ok(());
        }
        let is_cname = |data: &Data| matches!(data, Data::Cname(_));
        if !records.is_empty()
            && (is_cname(&data) || records.iter().any(|(data, _)| is_cname(data)))
        {
            self.twice.get_or_insert_with(|| place.clone());
        }
        records.push((data, place.clone()));
        Ok(())
    }

    /// A name relative to the zone: empty for the zone itself.
    fn relative(&self, name: &str) -> Result<String, String> {
        if name.contains('\\') {
            return Err(format!("'{name}' has escapes"));
        }
        let name = name.to_ascii_lowercase();
        if name == "@" {
            return Ok(self.origin.clone());
        }
        let Some(absolute) = name.strip_suffix('.') else {
            let dot = if self.origin.is_empty() { "" } else { "." };
            return Ok(format!("{name}{dot}{}", self.origin));
        };
        let zone = self.name.as_deref().ok_or("the zone's name is not in the file")?;
        if absolute == zone {
            return Ok(String::new());
        }
        let below = absolute.strip_suffix(zone).and_then(|rest| rest.strip_suffix('.'));
        below.map(str::to_owned).ok_or_else(|| format!("'{name}' is not in the zone {zone}"))
    }

    fn target(&self, name: &str) -> String {
        let name = name.to_ascii_lowercase();
        if name.ends_with('.') {
            return name;
        }
        format!("{name}.{}.", self.name.as_deref().unwrap_or("zone"))
    }
}

/// The labels of a name from the right.
pub(super) fn key(name: &str) -> Key {
    name.rsplit('.').map(|label| (label.len(), label.to_owned())).collect()
}

/// The entries of a zone file: the first line of each, its words, and whether the first word is an owner.
fn entries(text: &str) -> Vec<(usize, Vec<String>, bool)> {
    let mut entries = Vec::new();
    let mut depth = 0;
    let mut entry: (usize, Vec<String>, bool) = (0, Vec::new(), false);
    for (i, line) in text.lines().enumerate() {
        if depth == 0 {
            entry = (i + 1, Vec::new(), !line.starts_with([' ', '\t']));
        }
        read_words(line, &mut entry.1, &mut depth);
        if depth == 0 && !entry.1.is_empty() {
            entries.push(std::mem::take(&mut entry));
        }
    }
    if !entry.1.is_empty() {
        entries.push(entry);
    }
    entries
}

/// The words of a line, without its comment. Parentheses hold lines together.
fn read_words(line: &str, words: &mut Vec<String>, depth: &mut usize) {
    let mut word = String::new();
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            c if quoted => word.push(c),
            ';' => break,
            '(' | ')' | ' ' | '\t' | '\r' => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                match c {
                    '(' => *depth += 1,
                    ')' => *depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
}
