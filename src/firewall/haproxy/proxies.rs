//! Reads the frontends and backends of HAProxy.

use super::acl::{Acls, Condition};
use super::config::{Directive, Section};
use crate::firewall::policy::{Includes, InvalidRules, Place};
use std::sync::Arc;

/// A frontend that connections arrive at.
#[derive(Debug)]
pub struct Frontend {
    pub section: usize,
    /// The ports that it listens on, first and last.
    pub ports: Vec<(u16, u16)>,
    /// Whether it may listen on others.
    pub has_other_ports: bool,
    /// `tcp-request inspect-delay`: how long to wait for the name.
    pub has_delay: bool,
    pub content: Vec<ContentRule>,
    pub uses: Vec<(String, Condition, Place)>,
    pub default: Option<(String, Place)>,
    /// Why nothing can be said about it.
    pub unknown: Option<Arc<str>>,
    pub place: Place,
}

/// `tcp-request content accept|reject`.
#[derive(Debug, Clone)]
pub struct ContentRule {
    pub rejects: bool,
    pub condition: Condition,
    pub place: Place,
}

/// Where connections are sent.
#[derive(Debug, Default)]
pub struct Backend {
    pub servers: Vec<String>,
    pub content: Vec<ContentRule>,
    pub section: usize,
    pub unknown: Option<Arc<str>>,
}

/// A section that is being read: a `listen` section is both.
pub struct Proxy {
    pub frontend: Frontend,
    pub backend: Backend,
}

/// The parts of a directive: its words, and its condition.
fn condition_of(words: &[String]) -> (&[String], Option<(bool, &[String])>) {
    let at = words.iter().position(|word| word == "if" || word == "unless");
    match at {
        Some(at) => (&words[..at], Some((words[at] == "unless", &words[at + 1..]))),
        None => (words, None),
    }
}

impl Proxy {
    /// Reads a section.
    ///
    /// # Arguments
    /// * `unknown` - why nothing can be said about it, as far as the sections before it say.
    ///
    /// # Errors
    /// [`InvalidRules`] if HAProxy would not start.
    pub fn read(
        number: usize,
        section: &Section,
        unknown: Option<Arc<str>>,
        acls: &mut Acls,
        includes: &dyn Includes,
    ) -> Result<Self, InvalidRules> {
        let frontend = Frontend {
            section: number,
            ports: Vec::new(),
            has_other_ports: false,
            has_delay: false,
            content: Vec::new(),
            uses: Vec::new(),
            default: None,
            unknown: unknown.clone(),
            place: section.place.clone(),
        };
        let backend = Backend { section: number, unknown, ..Backend::default() };
        let mut proxy = Self { frontend, backend };
        for directive in &section.directives {
            proxy.directive(directive, acls, includes)?;
        }
        Ok(proxy)
    }

    fn hide(&mut self, why: &str) {
        let why: Arc<str> = why.into();
        self.frontend.unknown.get_or_insert_with(|| Arc::clone(&why));
        self.backend.unknown.get_or_insert(why);
    }

    fn directive(
        &mut self,
        directive: &Directive,
        acls: &mut Acls,
        includes: &dyn Includes,
    ) -> Result<(), InvalidRules> {
        let section = self.frontend.section;
        let place = &directive.place;
        let words: Vec<&str> = directive.words.iter().map(String::as_str).collect();
        let (_, condition) = condition_of(&directive.words);
        match words.as_slice() {
            ["acl", name, criterion @ ..] => acls.add(section, name, criterion, includes, place)?,
            ["bind", addresses, ..] => self.bind(addresses, words.contains(&"ssl")),
            ["use_backend", name, ..] => {
                let condition = acls.condition(section, condition, includes, place)?;
                self.frontend.uses.push(((*name).to_owned(), condition, place.clone()));
            }
            ["default_backend", name] => {
                self.frontend.default = Some(((*name).to_owned(), place.clone()));
            }
            ["tcp-request", "inspect-delay", time, ..] => {
                self.frontend.has_delay |= time.chars().any(|c| matches!(c, '1'..='9'));
            }
            ["tcp-request", "content", action @ ("accept" | "reject"), ..] => {
                let condition = acls.condition(section, condition, includes, place)?;
                let rule =
                    ContentRule { rejects: *action == "reject", condition, place: place.clone() };
                self.backend.content.push(rule.clone());
                self.frontend.content.push(rule);
            }
            ["tcp-request", when, action, rest @ ..] => self.other_request(when, action, rest),
            ["server", _, address, options @ ..] if !options.contains(&"disabled") => {
                self.server(address, options);
            }
            ["server-template" | "use-server" | "dispatch" | "balance-url" | "disabled", ..] => {
                self.hide(&format!("{} is not judged", words[0]));
            }
            _ => {}
        }
        Ok(())
    }

    fn bind(&mut self, addresses: &str, ends_tls: bool) {
        for address in addresses.split(',') {
            let port = address.rsplit_once(':').map_or("", |(_, port)| port);
            let (first, last) = port.split_once('-').unwrap_or((port, port));
            match (first.parse(), last.parse()) {
                (Ok(first), Ok(last)) => self.frontend.ports.push((first, last)),
                _ => self.frontend.has_other_ports = true,
            }
        }
        if ends_tls {
            self.frontend.unknown.get_or_insert("the frontend ends TLS itself".into());
        }
    }

    /// A `tcp-request` that neither accepts nor rejects by content.
    fn other_request(&mut self, when: &str, action: &str, rest: &[&str]) {
        let starts = |known: &[&str]| known.iter().any(|known| action.starts_with(known));
        if matches!(when, "connection" | "session") {
            if !starts(&["accept", "set-", "sc-", "track-"]) || action.starts_with("set-dst") {
                self.hide("rules before the name is known are not judged");
            }
            return;
        }
        // The address that was looked up for the name.
        let leads_there =
            action == "set-dst" && rest.first().is_some_and(|word| word.starts_with("var("));
        if !leads_there && !starts(&["set-var", "capture", "do-resolve", "track-sc", "set-log"]) {
            self.hide(&format!("tcp-request {when} {action} is not judged"));
        }
    }

    fn server(&mut self, address: &str, options: &[&str]) {
        self.backend.servers.push(address.to_owned());
        let wraps = |option: &&&str| {
            **option == "ssl" || option.starts_with("send-proxy") || option.starts_with("socks4")
        };
        if let Some(option) = options.iter().find(wraps) {
            let why = format!("the option {option} of a server changes what is sent");
            self.backend.unknown.get_or_insert(why.into());
        }
    }
}
