//! Decides what a configuration of Squid does to a connection.
//!
//! The semantics are those of the reference pages on `acl` and `http_access`, and of Squid 5.7 where the pages are
//! silent. `tests/judges/squid.py` compares the decisions with those of the program.

use super::acl::{BUILT_IN, HTTP, Request, Term, Value, matches_built_in};
use super::config::{Config, Rule};
use crate::firewall::host_set::HostSet;
use crate::firewall::policy::{
    Decision, Flow, Match, Mentions, Outcome, Place, Policy, Scope, Step, first_match,
};
use std::sync::Arc;

/// The limit of acls within acls.
const MAX_DEPTH: usize = 16;

impl Config {
    /// Whether a term matches. Adds the lines of the names that make it match.
    fn matches_term(
        &self,
        term: &Term,
        request: Request<'_>,
        depth: usize,
        places: &mut Vec<Place>,
    ) -> Match {
        if depth > MAX_DEPTH {
            return Match::Maybe("acls are nested too deeply".into());
        }
        if let Some(unknown) = self.members.one_more() {
            return unknown;
        }
        let mut own_places = Vec::new();
        let matched = self.matches_acl(&term.name, request, depth, &mut own_places);
        if term.negated {
            return matched.negated();
        }
        if matched == Match::Yes {
            places.append(&mut own_places);
        }
        matched
    }

    fn matches_acl(
        &self,
        name: &str,
        request: Request<'_>,
        depth: usize,
        places: &mut Vec<Place>,
    ) -> Match {
        let built_in =
            if BUILT_IN.contains(&name) { matches_built_in(name, request) } else { Match::No };
        let Some(acl) = self.acls.get(name) else { return built_in };
        if let Some(place) = acl.domain_of(request.flow.host.as_str()) {
            places.push(place.clone());
            return Match::Yes;
        }
        let mut result = built_in;
        for (value, place) in &acl.values {
            let matched = match value {
                Value::All(terms) => terms
                    .iter()
                    .map(|term| self.matches_term(term, request, depth + 1, places))
                    .fold(Match::Yes, Match::and),
                value => value.matches(request),
            };
            if matched == Match::Yes && matches!(value, Value::HostRegex(_) | Value::UrlRegex(_)) {
                places.push(place.clone());
            }
            result = result.or(matched);
        }
        result
    }

    fn decide_request(&self, request: Request<'_>, otherwise: &Outcome) -> Decision {
        let steps = self.rules.iter().map(|rule| {
            self.members.restart();
            let mut places = Vec::new();
            let terms = rule.terms.iter();
            let matched = match &rule.unknown {
                Some(why) => Match::Maybe(Arc::clone(why)),
                None => terms
                    .map(|term| self.matches_term(term, request, 0, &mut places))
                    .fold(Match::Yes, Match::and),
            };
            // A rule that denies everything is the end of the list, and says nothing about this host.
            if rule.outcome != Outcome::Deny || !rule.is_for_all() {
                places.push(rule.place.clone());
            }
            Step { matched, outcome: rule.outcome.clone(), places }
        });
        first_match(steps, otherwise)
    }
}

/// The host of a URL, or of a host with a port.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split([':', '/']).next().unwrap_or_default()
}

impl Rule {
    fn is_for_all(&self) -> bool {
        let is_all = |term: &Term| term.name == "all" && !term.negated;
        self.unknown.is_none() && self.terms.iter().all(is_all)
    }
}

impl Policy for Config {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        if let Some((place, why)) = &self.rewritten {
            let outcome = Outcome::Unknown(Arc::clone(why));
            return Decision::by(outcome, place);
        }
        let decision = self.decide_request(Request { flow, connect: true }, otherwise);
        let decision = if flow.port == HTTP && decision.outcome == Outcome::Deny {
            // A client may ask for plain HTTP in either way.
            self.decide_request(Request { flow, connect: false }, otherwise)
        } else {
            decision
        };
        match &self.restricted {
            Some((place, why)) if decision.outcome == Outcome::Allow => {
                let places = decision.places.into_iter().chain([place.clone()]).collect();
                Decision { outcome: Outcome::Unknown(Arc::clone(why)), places }
            }
            _ => decision,
        }
    }

    fn mentions(&self) -> Mentions<'_> {
        let hosts: Vec<&HostSet> = self.acls.values().map(|acl| &acl.domains).collect();
        let values = self.acls.values().flat_map(|acl| &acl.values);
        let examples = values.flat_map(|(value, _)| match value {
            Value::HostRegex(regex) => regex.examples(),
            Value::UrlRegex(regex) => {
                regex.examples().iter().map(|url| host_of(url).to_owned()).collect()
            }
            _ => Vec::new(),
        });
        Mentions { hosts, examples: examples.collect(), ..Mentions::default() }
    }

    fn scope(&self) -> Scope {
        match self.rules.last() {
            Some(rule) if rule.is_for_all() => Scope::Whole,
            _ => Scope::Part,
        }
    }

    /// The opposite of the last rule.
    fn default_outcome(&self) -> Outcome {
        match self.rules.last().map(|rule| &rule.outcome) {
            Some(Outcome::Deny) => Outcome::Allow,
            _ => Outcome::Deny,
        }
    }

    fn filters_port_80(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::read;
    use super::*;
    use crate::firewall::policy::{Includes, InvalidRules, RuleFile, decision_for};

    /// Two files that other files may name.
    struct Shelf;

    impl Includes for Shelf {
        fn read(&self, path: &str) -> Result<String, String> {
            match path {
                "hosts" => Ok("# ours\ncontoso.azurecr.io\n".to_owned()),
                "rules" => Ok("http_access allow h\n".to_owned()),
                _ => Err(format!("no {path}")),
            }
        }

        fn glob(&self, pattern: &str) -> Result<Vec<String>, String> {
            Ok(if pattern == "rules" { vec![pattern.to_owned()] } else { Vec::new() })
        }
    }

    fn config(text: &str) -> Result<Config, InvalidRules> {
        read(&[RuleFile { name: "squid.conf".into(), text: text.to_owned() }], &Shelf)
    }

    /// `allow`, `deny` or `unknown` for `contoso.azurecr.io`, and the lines that decide.
    fn decide(text: &str) -> (&'static str, Vec<usize>) {
        let config = config(text).unwrap();
        let decision = decision_for(&config, "contoso.azurecr.io", &config.default_outcome());
        let word = match decision.outcome {
            Outcome::Allow => "allow",
            Outcome::Deny => "deny",
            Outcome::Unknown(_) => "unknown",
        };
        (word, decision.places.iter().map(|place| place.line).collect())
    }

    #[test]
    fn the_first_matching_rule_decides() {
        const H: &str = "acl h dstdomain contoso.azurecr.io";
        for (rules, word, lines) in [
            ("http_access allow h\nhttp_access deny all", "allow", vec![1, 2]),
            ("http_access deny h\nhttp_access allow all", "deny", vec![1, 2]),
            ("http_access deny all\nhttp_access allow h", "deny", vec![]),
            ("http_access allow !h", "deny", vec![]),
            ("http_access deny !h", "allow", vec![]),
            ("http_access Deny all\nhttp_access allow h", "allow", vec![1, 3]),
            ("http_access allow h CONNECT\n", "allow", vec![1, 2]),
            ("acl p port 22\nhttp_access allow h p", "deny", vec![]),
            ("acl s src 10.0.0.0/8\nhttp_access allow h s", "unknown", vec![1, 3]),
            ("http_access allow \\\n# comment\n  h", "allow", vec![1, 4]),
            ("http_access allow h # deny", "allow", vec![1, 2]),
            ("include rules", "allow", vec![1, 1]),
            ("include nowhere\nhttp_access deny all", "unknown", vec![2, 2]),
            ("acl any any-of h CONNECT\nhttp_access allow any", "allow", vec![1, 3]),
            ("acl both all-of h !CONNECT\nhttp_access allow both", "deny", vec![]),
            ("http_access allow h\nmiss_access deny all", "unknown", vec![1, 2, 3]),
            ("if true\nhttp_access allow h", "unknown", vec![2]),
            ("", "deny", vec![]),
        ] {
            assert_eq!(decide(&format!("{H}\n{rules}")), (word, lines), "{rules}");
        }
    }

    #[test]
    fn names_are_matched_as_squid_does() {
        for (value, word) in [
            ("dstdomain contoso.azurecr.io", "allow"),
            ("dstdomain CONTOSO.azurecr.io", "allow"),
            ("dstdomain .azurecr.io", "allow"),
            ("dstdomain .contoso.azurecr.io", "allow"),
            ("dstdomain azurecr.io", "deny"),
            ("dstdomain *.azurecr.io", "deny"),
            ("dstdomain contoso.azurecr.io.", "deny"),
            ("dstdomain \"hosts\"", "allow"),
            ("dstdomain \"missing\"", "unknown"),
            ("dstdom_regex ^contoso", "allow"),
            ("dstdom_regex ^CONTOSO", "deny"),
            ("dstdom_regex -i ^CONTOSO", "allow"),
            ("dstdom_regex -i +i ^CONTOSO", "deny"),
            (r"dstdom_regex \w+", "unknown"),
            ("url_regex ^contoso.azurecr.io:443$", "allow"),
            ("url_regex ^https://", "deny"),
            ("proto HTTPS", "deny"),
            ("method connect", "allow"),
            ("port 400-500", "allow"),
            ("time 10:00-11:00", "unknown"),
        ] {
            let text = format!("acl h {value}\nhttp_access allow h\nhttp_access deny all");
            assert_eq!(decide(&text).0, word, "{value}");
        }
    }

    #[test]
    fn files_that_squid_refuses_are_errors() {
        for text in [
            "acl h dstdomain contoso.azurecr.io .azurecr.io",
            "acl h dstdomain .azurecr.io azurecr.io",
            "acl h dstdomain azurecr.io\nacl h dstdomain .azurecr.io",
            "http_acess allow all",
            "http_access allow nobody",
            "acl h dstdomain a.io\nacl h port 443",
            "acl h destination a.io",
            "acl all dstdomain a.io",
            "acl h",
        ] {
            assert!(config(text).is_err(), "{text}");
        }
        assert!(config("acl h dstdomain .azurecr.io contoso.azurecr.io").is_ok());
    }
}
