//! Decides where HAProxy sends a TLS connection: `tcp-request content` in order, then the first `use_backend` whose
//! condition holds, then `default_backend`; without any, the connection is closed.
//!
//! Source: HAProxy's Configuration Manual, 4.2 and 7. `tests/judges/haproxy.py` compares the decisions with the program's.

use super::acl::{Acls, WAITS};
use super::config::{is_decided_at_start, sections};
use super::proxies::{Backend, ContentRule, Frontend, Proxy};
use crate::firewall::policy::{
    Decision, Flow, Includes, InvalidRules, Match, Mentions, Outcome, Place, Policy, RuleFile,
    Scope, Step, first_match, worst,
};
use crate::firewall::server_address::{all_alike, leads_to};
use std::collections::HashMap;
use std::sync::Arc;

const HTTPS: u16 = 443;

/// A configuration.
#[derive(Debug)]
pub struct Rules {
    frontends: Vec<Frontend>,
    backends: HashMap<String, Backend>,
    acls: Acls,
    /// Why nothing can be said about the files.
    hidden: Option<(Place, Arc<str>)>,
}

/// Reads files as one configuration.
///
/// # Errors
/// [`InvalidRules`] if HAProxy would not start.
pub fn read(files: &[RuleFile], includes: &dyn Includes) -> Result<Rules, InvalidRules> {
    let sections = sections(files)?;
    let mut rules = Rules {
        frontends: Vec::new(),
        backends: HashMap::new(),
        acls: Acls::default(),
        hidden: None,
    };
    for file in files {
        for (i, line) in file.text.lines().enumerate() {
            if let Some(why) = is_decided_at_start(line) {
                let place = Place { file: Arc::clone(&file.name), line: i + 1 };
                rules.hidden.get_or_insert((place, why.into()));
            }
        }
    }
    let mut mode = "tcp".to_owned();
    // What a section of defaults adds to the proxies after it, besides their mode.
    let mut inherited: Option<Arc<str>> = None;
    for (number, section) in sections.iter().enumerate() {
        let own = section.directives.iter().find(|directive| directive.words[0] == "mode");
        let own = own.and_then(|directive| directive.words.get(1)).cloned();
        match section.kind.as_str() {
            "defaults" => {
                mode = own.unwrap_or_else(|| "tcp".to_owned());
                let acts = ["default_backend", "tcp-request", "disabled", "acl", "server"];
                let acts = section.directives.iter().find(|d| acts.contains(&d.words[0].as_str()));
                inherited =
                    acts.map(|d| format!("{} in defaults is not judged", d.words[0]).into());
            }
            "frontend" | "backend" | "listen" => {
                let is_tcp = own.as_deref().unwrap_or(&mode) == "tcp";
                let why = if section.has_from {
                    Some("named defaults are not judged".into())
                } else if is_tcp {
                    inherited.clone()
                } else {
                    Some("only mode tcp is judged".into())
                };
                let proxy = Proxy::read(number, section, why, &mut rules.acls, includes)?;
                if section.kind != "backend" {
                    rules.frontends.push(proxy.frontend);
                }
                if section.kind != "frontend" {
                    rules.backends.insert(section.name.clone(), proxy.backend);
                }
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

impl Rules {
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
        all_alike(backend.servers.iter().map(|server| leads(server, flow)))
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

/// What becomes of a connection that a server gets, written as `host:port`.
fn leads(server: &str, flow: &Flow<'_>) -> Outcome {
    match server.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => leads_to(host, port, flow),
        _ => leads_to(server, "", flow),
    }
}

impl Policy for Rules {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        if let Some((place, why)) = &self.hidden {
            return Decision::by(Outcome::Unknown(Arc::clone(why)), place);
        }
        let is_for_tls = |frontend: &&Frontend| {
            let covers = |(first, last): &(u16, u16)| (*first..=*last).contains(&HTTPS);
            frontend.ports.iter().any(covers) || frontend.has_other_ports
        };
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
    use crate::firewall::policy::decision_for;

    struct NoFiles;

    impl Includes for NoFiles {
        fn read(&self, _: &str) -> Result<String, String> {
            Err("no files".to_owned())
        }
        fn glob(&self, _: &str) -> Result<Vec<String>, String> {
            Ok(Vec::new())
        }
    }

    fn outcome(frontend: &str, host: &str) -> Outcome {
        let text = format!(
            "defaults\n  mode tcp\nfrontend tls\n  bind :443\n  tcp-request inspect-delay 3s\n  tcp-request content accept if {{ req_ssl_hello_type 1 }}\n\
             {frontend}\nbackend out\n  server any 0.0.0.0:0\nbackend no\n"
        );
        let rules = read(&[RuleFile { name: "f".into(), text }], &NoFiles).unwrap();
        decision_for(&rules, host, &Outcome::Deny).outcome
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
