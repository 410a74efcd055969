//! Decides where HAProxy sends a TLS connection: `tcp-request content` in order, then the first `use_backend` whose
//! condition holds, then `default_backend`; without any, the connection is closed.
//!
//! Source: HAProxy's Configuration Manual, 4.2 and 7. `tests/judges/haproxy.py` compares the decisions with the program's.

use super::acl::{Acls, Condition, WAITS};
use super::config::{Directive, Section, sections};
use crate::firewall::policy::{
    Decision, Flow, Includes, InvalidRules, Match, Mentions, Outcome, Place, Policy, RuleFile,
    Scope, Step, first_match, worst,
};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

const HTTPS: u16 = 443;

/// A configuration.
#[derive(Debug)]
pub struct Rules {
    frontends: Vec<Frontend>,
    backends: HashMap<String, Backend>,
    acls: Acls,
}

/// A frontend that connections arrive at.
#[derive(Debug)]
struct Frontend {
    section: usize,
    /// The ports that it listens on; none if they are not read.
    ports: Vec<u16>,
    /// `tcp-request inspect-delay`: how long to wait for the name.
    has_delay: bool,
    content: Vec<ContentRule>,
    uses: Vec<(String, Condition, Place)>,
    default: Option<(String, Place)>,
    /// Why nothing can be said about it.
    unknown: Option<Arc<str>>,
    place: Place,
}

/// `tcp-request content accept|reject`.
#[derive(Debug)]
struct ContentRule {
    rejects: bool,
    condition: Condition,
    place: Place,
}

/// Where connections are sent.
#[derive(Debug, Default)]
struct Backend {
    servers: Vec<String>,
    content: Vec<ContentRule>,
    section: usize,
    unknown: Option<Arc<str>>,
}

/// Reads files as one configuration.
///
/// # Errors
/// [`InvalidRules`] if HAProxy would not start.
pub fn read(files: &[RuleFile], includes: &dyn Includes) -> Result<Rules, InvalidRules> {
    let sections = sections(files)?;
    let mut rules =
        Rules { frontends: Vec::new(), backends: HashMap::new(), acls: Acls::default() };
    let mut mode = "tcp".to_owned();
    for (number, section) in sections.iter().enumerate() {
        let own = section.directives.iter().find(|directive| directive.words[0] == "mode");
        let own = own.and_then(|directive| directive.words.get(1)).cloned();
        match section.kind.as_str() {
            "defaults" => mode = own.unwrap_or_else(|| "tcp".to_owned()),
            "frontend" | "backend" | "listen" => {
                let is_tcp = own.as_deref().unwrap_or(&mode) == "tcp";
                rules.proxy(number, section, is_tcp, includes)?;
            }
            _ => {}
        }
    }
    for frontend in &rules.frontends {
        let named = frontend.uses.iter().map(|(name, _, place)| (name, place));
        let default = frontend.default.iter().map(|(name, place)| (name, place));
        for (name, place) in named.chain(default) {
            if !name.contains("%[") && !rules.backends.contains_key(name) {
                let what = format!("HAProxy does not start: there is no backend '{name}'");
                return Err(InvalidRules { place: place.clone(), what });
            }
        }
    }
    Ok(rules)
}

/// The parts of a directive: its words, and its condition.
fn condition_of(words: &[String]) -> (&[String], Option<(bool, &[String])>) {
    let at = words.iter().position(|word| word == "if" || word == "unless");
    match at {
        Some(at) => (&words[..at], Some((words[at] == "unless", &words[at + 1..]))),
        None => (words, None),
    }
}

impl Rules {
    fn proxy(
        &mut self,
        number: usize,
        section: &Section,
        is_tcp: bool,
        includes: &dyn Includes,
    ) -> Result<(), InvalidRules> {
        let mut frontend = Frontend {
            section: number,
            ports: Vec::new(),
            has_delay: false,
            content: Vec::new(),
            uses: Vec::new(),
            default: None,
            unknown: (!is_tcp).then(|| "only mode tcp is judged".into()),
            place: section.place.clone(),
        };
        let mut backend = Backend { section: number, ..Backend::default() };
        let mut has_delay = false;
        for directive in &section.directives {
            self.directive(number, directive, &mut frontend, &mut backend, includes)?;
            let words: Vec<&str> = directive.words.iter().map(String::as_str).collect();
            has_delay |= words.starts_with(&["tcp-request", "inspect-delay"]);
        }
        if section.kind != "backend" {
            frontend.has_delay = has_delay;
            self.frontends.push(frontend);
        }
        if section.kind != "frontend" {
            self.backends.insert(section.name.clone(), backend);
        }
        Ok(())
    }

    fn directive(
        &mut self,
        section: usize,
        directive: &Directive,
        frontend: &mut Frontend,
        backend: &mut Backend,
        includes: &dyn Includes,
    ) -> Result<(), InvalidRules> {
        let place = &directive.place;
        let words: Vec<&str> = directive.words.iter().map(String::as_str).collect();
        let (_, condition) = condition_of(&directive.words);
        let condition = |acls: &mut Acls| acls.condition(section, condition, includes, place);
        match words.as_slice() {
            ["acl", name, criterion @ ..] => {
                self.acls.add(section, name, criterion, includes, place)?;
            }
            ["bind", addresses, ..] => {
                for address in addresses.split(',') {
                    frontend.ports.extend(
                        address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()),
                    );
                }
                if words.contains(&"ssl") {
                    frontend.unknown.get_or_insert("the frontend ends TLS itself".into());
                }
            }
            ["use_backend", name, ..] => {
                let condition = condition(&mut self.acls)?;
                frontend.uses.push(((*name).to_owned(), condition, place.clone()));
            }
            ["default_backend", name] => {
                frontend.default = Some(((*name).to_owned(), place.clone()));
            }
            ["tcp-request", "content", action @ ("accept" | "reject"), ..] => {
                let condition = condition(&mut self.acls)?;
                let rule =
                    ContentRule { rejects: *action == "reject", condition, place: place.clone() };
                backend.content.push(rule.clone());
                frontend.content.push(rule);
            }
            ["tcp-request", "connection" | "session", "reject", ..] => {
                let why: Arc<str> = "rules before the name is known are not judged".into();
                frontend.unknown.get_or_insert_with(|| Arc::clone(&why));
                backend.unknown.get_or_insert(why);
            }
            ["tcp-request", "content", action, ..] => {
                let harmless =
                    ["set-var", "capture", "do-resolve", "set-dst", "track-sc", "set-log"];
                if !harmless.iter().any(|known| action.starts_with(known)) {
                    let why: Arc<str> =
                        format!("tcp-request content {action} is not judged").into();
                    frontend.unknown.get_or_insert_with(|| Arc::clone(&why));
                    backend.unknown.get_or_insert(why);
                }
            }
            ["server", _, address, options @ ..] if !options.contains(&"disabled") => {
                backend.servers.push((*address).to_owned());
            }
            ["server-template" | "use-server" | "dispatch" | "balance-url", ..] => {
                backend.unknown.get_or_insert(format!("{} is not judged", words[0]).into());
            }
            ["disabled", ..] => {
                frontend.unknown.get_or_insert("a disabled section is not judged".into());
                backend.unknown.get_or_insert("a disabled section is not judged".into());
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the content rules of a section let a connection pass; `None` if they do.
    fn refused(&self, rules: &[ContentRule], section: usize, flow: &Flow<'_>) -> Decision {
        let steps = rules.iter().map(|rule| Step {
            matched: self.acls.holds(section, &rule.condition, flow),
            outcome: if rule.rejects { Outcome::Deny } else { Outcome::Allow },
            places: if rule.rejects { vec![rule.place.clone()] } else { Vec::new() },
        });
        first_match(steps, &Outcome::Allow)
    }

    /// Why the name may not be known when a server is chosen: nothing waits for it, or a rule ends the wait.
    fn may_not_know_name(&self, frontend: &Frontend, flow: &Flow<'_>) -> Option<Decision> {
        let unknown =
            |why: &str, place: &Place| Some(Decision::by(Outcome::Unknown(why.into()), place));
        if frontend.uses.is_empty() && frontend.content.is_empty() {
            return None;
        }
        if frontend.has_delay {
            for rule in &frontend.content {
                match self.acls.holds_early(frontend.section, &rule.condition, flow) {
                    Match::No => {}
                    Match::Maybe(why) if &*why == WAITS => return None,
                    Match::Maybe(why) => return unknown(&why, &rule.place),
                    Match::Yes if rule.rejects => return None,
                    Match::Yes => {
                        return unknown(
                            "the rule accepts connections before the name is known",
                            &rule.place,
                        );
                    }
                }
            }
        }
        let why = "without tcp-request inspect-delay and a tcp-request content rule that waits for the name, a \
                   ClientHello in two segments has none";
        unknown(why, &frontend.place)
    }

    fn backend(&self, name: &str, flow: &Flow<'_>) -> Outcome {
        let unknown = |why: &str| Outcome::Unknown(why.into());
        let Some(backend) = self.backends.get(name) else {
            return unknown("the name of the backend is made while it runs");
        };
        if let Some(why) = &backend.unknown {
            return Outcome::Unknown(Arc::clone(why));
        }
        match self.refused(&backend.content, backend.section, flow).outcome {
            Outcome::Allow => {}
            other => return other,
        }
        if backend.servers.is_empty() {
            return Outcome::Deny;
        }
        let leads_there = |address: &String| {
            let (host, _) = address.rsplit_once(':').unwrap_or((address, ""));
            let host = host.trim_matches(['[', ']']);
            match host.parse::<IpAddr>() {
                Ok(address) => !address.is_loopback(),
                Err(_) => {
                    host == "*" || host.is_empty() || host.eq_ignore_ascii_case(flow.host.as_str())
                }
            }
        };
        if backend.servers.iter().all(leads_there) {
            Outcome::Allow
        } else {
            unknown("the backend leads to a server of this machine, or to another host")
        }
    }

    fn at(&self, frontend: &Frontend, flow: &Flow<'_>) -> Decision {
        if let Some(why) = &frontend.unknown {
            return Decision::by(Outcome::Unknown(Arc::clone(why)), &frontend.place);
        }
        if let Some(decision) = self.may_not_know_name(frontend, flow) {
            return decision;
        }
        let content = self.refused(&frontend.content, frontend.section, flow);
        let uses = frontend.uses.iter().map(|(name, condition, place)| Step {
            matched: self.acls.holds(frontend.section, condition, flow),
            outcome: self.backend(name, flow),
            places: vec![place.clone()],
        });
        let default = match &frontend.default {
            Some((name, _)) => self.backend(name, flow),
            // A listen section is its own backend.
            None if self.backends.values().any(|backend| backend.section == frontend.section) => {
                let own =
                    self.backends.iter().find(|(_, backend)| backend.section == frontend.section);
                own.map_or(Outcome::Deny, |(name, _)| self.backend(name, flow))
            }
            None => Outcome::Deny,
        };
        let sent = first_match(uses, &default);
        match content.outcome {
            Outcome::Allow => sent,
            Outcome::Unknown(_) if sent.outcome == Outcome::Deny => sent,
            _ => content,
        }
    }
}

impl Clone for ContentRule {
    fn clone(&self) -> Self {
        Self { rejects: self.rejects, condition: self.condition.clone(), place: self.place.clone() }
    }
}

impl Policy for Rules {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        let is_for_tls = |frontend: &&Frontend| frontend.ports.contains(&HTTPS);
        let mut frontends: Vec<&Frontend> = self.frontends.iter().filter(is_for_tls).collect();
        if frontends.is_empty() {
            let looks =
                |frontend: &&Frontend| !frontend.uses.is_empty() || !frontend.content.is_empty();
            frontends = self.frontends.iter().filter(looks).collect();
        }
        if frontends.is_empty() {
            frontends = self.frontends.iter().collect();
        }
        let decisions = frontends.into_iter().map(|frontend| self.at(frontend, flow));
        worst(flow.purpose, decisions).unwrap_or_else(|| Decision::by_default(otherwise.clone()))
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions {
            hosts: vec![self.acls.hosts()],
            examples: self.acls.examples(),
            ..Mentions::default()
        }
    }

    fn scope(&self) -> Scope {
        Scope::Whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Fqdn;
    use crate::firewall::policy::Purpose;

    struct NoFiles;

    impl Includes for NoFiles {
        fn read(&self, _: &str) -> Result<String, String> {
            Err("no files".to_owned())
        }
        fn glob(&self, _: &str) -> Vec<String> {
            Vec::new()
        }
    }

    fn outcome(frontend: &str, host: &str) -> Outcome {
        let text = format!(
            "defaults\n  mode tcp\nfrontend tls\n  bind :443\n  tcp-request inspect-delay 3s\n  tcp-request content accept if {{ req_ssl_hello_type 1 }}\n\
             {frontend}\nbackend out\n  server any 0.0.0.0:0\nbackend no\n"
        );
        let rules = read(&[RuleFile { name: "f".into(), text }], &NoFiles).unwrap();
        let host = Fqdn::parse(host).unwrap();
        let flow = Flow {
            host: &host,
            port: 443,
            source: None,
            purpose: Purpose::Needed,
            addresses: &[],
            hook: None,
        };
        rules.decide(&flow, &Outcome::Deny).outcome
    }

    #[test]
    fn the_first_backend_whose_condition_holds_is_used() {
        let (contoso, evil) = ("contoso.azurecr.io", "evilazurecr.io");
        for (frontend, host, expected) in [
            ("use_backend out if { req_ssl_sni -i contoso.azurecr.io }", contoso, Outcome::Allow),
            ("use_backend out if { req_ssl_sni Contoso.azurecr.io }", contoso, Outcome::Deny),
            ("use_backend out if { req.ssl_sni -m end .azurecr.io }", contoso, Outcome::Allow),
            ("use_backend out if { req.ssl_sni -m end azurecr.io }", evil, Outcome::Allow),
            ("use_backend out if { req.ssl_sni -m dom azurecr.io }", evil, Outcome::Deny),
            (
                "acl a req_ssl_sni x.io\nacl a req_ssl_sni contoso.azurecr.io\nuse_backend out if a",
                contoso,
                Outcome::Allow,
            ),
            (
                "acl a req_ssl_sni contoso.azurecr.io\nuse_backend no if a\nuse_backend out if TRUE",
                contoso,
                Outcome::Deny,
            ),
            (
                "acl a req_ssl_sni contoso.azurecr.io\nuse_backend out unless !a",
                contoso,
                Outcome::Allow,
            ),
            (
                "acl a req_ssl_sni x.io\nacl b req_ssl_sni contoso.azurecr.io\nuse_backend out if a or b",
                contoso,
                Outcome::Allow,
            ),
            ("default_backend out", contoso, Outcome::Allow),
            (
                "tcp-request content reject if { req_ssl_sni x.io }\ndefault_backend out",
                contoso,
                Outcome::Allow,
            ),
        ] {
            assert_eq!(outcome(frontend, host), expected, "{frontend}");
        }
        let maybe = outcome("use_backend out if { src 10.0.0.0/8 }", contoso);
        assert!(matches!(maybe, Outcome::Unknown(_)));
    }
}
