//! iptables' words in nftables': a line for a line, so that findings name the right one.

use super::sets::{Family, Sets, safe};
use std::sync::Arc;

/// A condition that cannot be read, with the reason: nobody can tell whether it holds. nft itself has no such word.
fn unknown(reason: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '_' };
    format!("iptables {} 0x1", reason.chars().map(word).collect::<String>())
}
/// The matches whose options are read.
const MATCHES: [&str; 9] =
    ["tcp", "udp", "conntrack", "state", "set", "comment", "multiport", "icmp", "icmp6"];

/// Translates the lines of a file.
pub struct Lines<'a> {
    family: Family,
    sets: &'a Sets,
    table: String,
    number: usize,
    /// The line and the reason why nothing can be said about the file.
    pub hidden: Option<(usize, Arc<str>)>,
}

impl<'a> Lines<'a> {
    /// For a file of a family.
    pub fn new(family: Family, sets: &'a Sets) -> Self {
        Self { family, sets, table: String::new(), number: 0, hidden: None }
    }

    fn hide(&mut self, why: &str) {
        self.hidden.get_or_insert((self.number, why.into()));
    }

    /// A line as a command of nft; empty if it decides nothing.
    pub fn line(&mut self, line: &str) -> String {
        self.number += 1;
        let line = line.trim();
        if let Some(table) = line.strip_prefix('*') {
            table.clone_into(&mut self.table);
            return String::new();
        }
        if let Some(chain) = line.strip_prefix(':') {
            return self.chain(chain);
        }
        if line.starts_with("-A ") {
            return self.rule(&words(line));
        }
        if line.starts_with("-I ") || line.starts_with("-D ") || line.starts_with("-P ") {
            self.hide("commands are not judged: check what iptables-save prints");
        }
        String::new()
    }

    /// `:INPUT DROP [0:0]`, or a chain of the user.
    fn chain(&self, text: &str) -> String {
        let mut words = text.split_whitespace();
        let (name, policy) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if self.table != "filter" {
            return String::new();
        }
        let hook = name.to_ascii_lowercase();
        let table = self.family.table();
        match name {
            "INPUT" | "FORWARD" | "OUTPUT" => {
                let policy = if policy == "DROP" { "drop" } else { "accept" };
                format!(
                    "add chain {table} {} {{ type filter hook {hook} priority 0; policy {policy}; }}",
                    safe(name)
                )
            }
            _ => format!("add chain {table} {}", safe(name)),
        }
    }

    fn rule(&mut self, words: &[String]) -> String {
        let [_, chain, rest @ ..] = words else { return String::new() };
        if self.table != "filter" {
            self.elsewhere(rest);
            return String::new();
        }
        match self.parts(rest) {
            Some(parts) => {
                format!("add rule {} {} {}", self.family.table(), safe(chain), parts.join(" "))
            }
            None => String::new(),
        }
    }

    /// A rule of another table: it matters if it refuses packets, or sends them elsewhere.
    fn elsewhere(&mut self, words: &[String]) {
        let after = |option: &str| {
            let at = words.iter().position(|word| word == option)?;
            words.get(at + 1).map(String::as_str)
        };
        let target = after("-j").unwrap_or_default();
        let is_harmless = matches!(
            target,
            "SNAT" | "MASQUERADE" | "TEE" | "LED" | "SECMARK" | "CONNSECMARK" | "IDLETIMER"
        );
        let acts = matches!(target, "DROP" | "REJECT") || is_extension(target) && !is_harmless;
        let for_others = |port: &str| !port.contains([':', ',']) && !matches!(port, "443" | "80");
        if acts && !after("--dport").is_some_and(for_others) {
            let table = self.table.clone();
            self.hide(&format!("the target {target} in the table {table} is not judged"));
        }
    }

    /// The conditions and the verdict of a rule.
    fn parts(&mut self, words: &[String]) -> Option<Vec<String>> {
        let (mut parts, mut verdict) = (Vec::new(), None);
        let mut protocol = "tcp".to_owned();
        let mut words = words.iter().map(String::as_str).peekable();
        let mut negated = false;
        while let Some(word) = words.next() {
            let not = if std::mem::take(&mut negated) { "!= " } else { "" };
            let mut value = || words.next().unwrap_or_default().to_owned();
            match word {
                "!" => negated = true,
                "-p" | "--protocol" => {
                    protocol = value();
                    let name = protocol.replace("ipv6-icmp", "icmpv6");
                    parts.extend((name != "all").then(|| format!("meta l4proto {not}{name}")));
                }
                "-s" | "-d" => {
                    let end = if word == "-s" { "saddr" } else { "daddr" };
                    parts.push(format!("{} {end} {not}{}", self.family.protocol(), value()));
                }
                "-i" | "-o" => {
                    let end = if word == "-i" { "iifname" } else { "oifname" };
                    parts.push(interface(end, not, &value()));
                }
                "--dport" | "--sport" | "--dports" | "--sports"
                    if matches!(protocol.as_str(), "tcp" | "udp") =>
                {
                    let end = if word.starts_with("--d") { "dport" } else { "sport" };
                    let list = value().replace(':', "-").replace(',', ", ");
                    parts.push(format!("{protocol} {end} {not}{{ {list} }}"));
                }
                "--ctstate" | "--state" => {
                    parts.push(states(not, &value().to_ascii_lowercase()));
                }
                "--match-set" => {
                    let (name, ends) = (value(), value());
                    parts.push(self.set(&name, &ends, not));
                }
                "--comment" => drop(value()),
                "-m" | "--match" => {
                    let name = value();
                    if !MATCHES.contains(&name.as_str()) {
                        parts.push(unknown(&format!("the match {name} is not judged")));
                    }
                }
                "-j" | "-g" => {
                    let target = value();
                    verdict = self.verdict(&target, word == "-g");
                    // What follows are options of the target.
                    break;
                }
                // An option of a match: the match is known, this part of it is not.
                option => {
                    parts.push(unknown(&format!("the option {option} is not judged")));
                    while words.peek().is_some_and(|word| !word.starts_with('-') && *word != "!") {
                        words.next();
                    }
                }
            }
        }
        parts.push(verdict?);
        Some(parts)
    }

    fn set(&self, name: &str, ends: &str, not: &str) -> String {
        let end = match ends {
            "dst" => "daddr",
            "src" => "saddr",
            _ => return unknown("sets of addresses with ports are not judged"),
        };
        match self.sets.family(name) {
            Some(family) if family == self.family => {
                format!("{} {end} {not}@{}", family.protocol(), safe(name))
            }
            // A set of the other family holds no address of this one.
            Some(_) if not.is_empty() => {
                format!("{} {end} {{ {} }}", self.family.protocol(), self.nowhere())
            }
            Some(_) => unknown("a set of the other family is not judged"),
            None => {
                unknown(&format!("the set {name} is not in the files: add what ipset save prints"))
            }
        }
    }

    /// An address that no host has.
    fn nowhere(&self) -> &'static str {
        match self.family {
            Family::V4 => "240.0.0.1",
            Family::V6 => "100::1",
        }
    }

    /// The verdict; `None` for targets that let the packet go on.
    fn verdict(&mut self, target: &str, is_goto: bool) -> Option<String> {
        match target {
            "ACCEPT" => Some("accept".to_owned()),
            "DROP" | "REJECT" => Some("drop".to_owned()),
            "RETURN" => Some("return".to_owned()),
            "LOG" | "NFLOG" | "ULOG" | "AUDIT" | "TCPMSS" | "CHECKSUM" | "MARK" | "CONNMARK"
            | "CLASSIFY" => None,
            target
                if target.chars().all(|c| c.is_ascii_uppercase())
                    && target.len() > 2
                    && is_extension(target) =>
            {
                self.hide(&format!("the target {target} is not judged"));
                None
            }
            chain => Some(format!("{} {}", if is_goto { "goto" } else { "jump" }, safe(chain))),
        }
    }
}

fn interface(end: &str, not: &str, name: &str) -> String {
    if name.ends_with('+') {
        unknown("interfaces are not judged")
    } else {
        format!("{end} {not}\"{name}\"")
    }
}

fn states(not: &str, states: &str) -> String {
    let known = ["new", "established", "related", "invalid", "untracked"];
    if states.split(',').all(|state| known.contains(&state)) {
        format!("ct state {not}{{ {} }}", states.replace(',', ", "))
    } else {
        unknown("the state is not judged")
    }
}

/// Targets of extensions that decide about a packet.
fn is_extension(target: &str) -> bool {
    matches!(
        target,
        "QUEUE"
            | "NFQUEUE"
            | "TPROXY"
            | "DNAT"
            | "REDIRECT"
            | "SNAT"
            | "MASQUERADE"
            | "NETMAP"
            | "SET"
            | "TARPIT"
            | "SYNPROXY"
            | "TEE"
            | "CT"
            | "NOTRACK"
            | "SECMARK"
            | "CONNSECMARK"
            | "HMARK"
            | "IDLETIMER"
            | "LED"
    )
}

/// The words of a line; quotes hold blanks together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), None::<String>, false);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            '\\' if is_quoted => word.get_or_insert_default().extend(chars.next()),
            c if c.is_whitespace() && !is_quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_become_commands_of_nft() {
        let mut sets = Sets::default();
        sets.read("create acr hash:ip family inet hashsize 1024\nadd acr 192.0.2.1\ncreate odd hash:ip,port family inet\n");
        let mut lines = Lines::new(Family::V4, &sets);
        for (line, expected) in [
            ("*filter", ""),
            (
                ":OUTPUT DROP [0:0]",
                "add chain ip filter sOUTPUT { type filter hook output priority 0; policy drop; }",
            ),
            (":my-chain - [0:0]", "add chain ip filter smy_2d_chain"),
            ("-A OUTPUT -o lo -j ACCEPT", "add rule ip filter sOUTPUT oifname \"lo\" accept"),
            (
                "-A OUTPUT -p tcp -m tcp --dport 443 -m set --match-set acr dst -m comment --comment \"a -j DROP\" -j ACCEPT",
                "add rule ip filter sOUTPUT meta l4proto tcp tcp dport { 443 } ip daddr @sacr accept",
            ),
            (
                "-A OUTPUT -p tcp -m multiport ! --dports 80,443 -j REJECT --reject-with tcp-reset",
                "add rule ip filter sOUTPUT meta l4proto tcp tcp dport != { 80, 443 } drop",
            ),
            (
                "-A OUTPUT -m conntrack --ctstate NEW,ESTABLISHED -g my-chain",
                "add rule ip filter sOUTPUT ct state { new, established } goto smy_2d_chain",
            ),
            (
                "-A OUTPUT -m set --match-set odd dst,dst -j ACCEPT",
                "add rule ip filter sOUTPUT iptables sets_of_addresses_with_ports_are_not_judged 0x1 accept",
            ),
            ("-A OUTPUT -m limit --limit 5/min -j LOG --log-prefix \"x \"", ""),
        ] {
            assert_eq!(lines.line(line), expected, "{line}");
        }
        assert!(lines.hidden.is_none());
        let config = "no-resolv\nipset=/a.io/b.io/acr,none\n";
        assert_eq!(sets.for_dnsmasq(config), "no-resolv\nnftset=/a.io/b.io/4#ip#filter#sacr\n");
    }
}
