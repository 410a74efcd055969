//! Conditions of HAProxy: named and anonymous ACLs (Configuration Manual, 7.1 and 7.2).

use crate::firewall::host_set::HostSet;
use crate::firewall::policy::{Flow, Includes, InvalidRules, Match, Place};
use crate::firewall::posix_regex::PosixRegex;
use ipnet::IpNet;
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Why a condition does not hold yet.
pub const WAITS: &str = "HAProxy waits for the name";

/// The ACLs of all sections.
#[derive(Debug, Default)]
pub struct Acls {
    named: HashMap<(usize, String), Vec<Test>>,
    hosts: HostSet,
    examples: Vec<String>,
}

/// Terms that hold together, of which one group must.
#[derive(Debug, Clone, Default)]
pub struct Condition {
    /// `unless`.
    is_negated: bool,
    /// No condition: it always holds.
    alternatives: Option<Vec<Vec<Term>>>,
}

#[derive(Debug, Clone)]
struct Term {
    is_negated: bool,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Named(String),
    Anonymous(Test),
}

/// A test of a connection.
#[derive(Debug, Clone)]
enum Test {
    /// The name in TLS.
    Name {
        method: Method,
        ignores_case: bool,
        values: Vec<String>,
        regexes: Vec<PosixRegex>,
    },
    /// The client's address.
    Source(Vec<IpNet>),
    Always(bool),
    /// Whether the type of TLS's first message is that of a ClientHello.
    Hello(bool),
    Unknown(Arc<str>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Exact,
    Begins,
    Ends,
    Contains,
    /// Whole labels anywhere.
    Labels,
    Regex,
    Found,
}

impl Acls {
    /// The hosts in tests for a whole name.
    pub fn hosts(&self) -> &HostSet {
        &self.hosts
    }

    /// Texts that tests for a part of a name match.
    pub fn examples(&self) -> Vec<String> {
        self.examples.clone()
    }

    /// Adds a line `acl NAME …`. Lines of one name are alternatives.
    ///
    /// # Errors
    /// [`InvalidRules`] if HAProxy refuses it.
    pub fn add(
        &mut self,
        section: usize,
        name: &str,
        criterion: &[&str],
        includes: &dyn Includes,
        place: &Place,
    ) -> Result<(), InvalidRules> {
        let test = self.test(criterion, includes, place)?;
        self.named.entry((section, name.to_owned())).or_default().push(test);
        Ok(())
    }

    /// Reads what stands behind `if` or `unless`.
    ///
    /// # Errors
    /// [`InvalidRules`] for an ACL that is not defined.
    pub fn condition(
        &mut self,
        section: usize,
        words: Option<(bool, &[String])>,
        includes: &dyn Includes,
        place: &Place,
    ) -> Result<Condition, InvalidRules> {
        let Some((is_negated, words)) = words else { return Ok(Condition::default()) };
        let invalid = |what: String| InvalidRules { place: place.clone(), what };
        let mut alternatives = vec![Vec::new()];
        let mut words = words.iter().map(String::as_str).peekable();
        while let Some(word) = words.next() {
            if matches!(word, "or" | "||" | "OR") {
                alternatives.push(Vec::new());
                continue;
            }
            let mut is_negated = false;
            let mut word = word;
            while let Some(rest) = word.strip_prefix('!') {
                is_negated = !is_negated;
                word = rest;
                if word.is_empty() {
                    word = words
                        .next()
                        .ok_or_else(|| invalid("the condition ends with '!'".to_owned()))?;
                }
            }
            let what = if word == "{" {
                let criterion: Vec<&str> = words.by_ref().take_while(|word| *word != "}").collect();
                What::Anonymous(self.test(&criterion, includes, place)?)
            } else if self.named.contains_key(&(section, word.to_owned())) {
                What::Named(word.to_owned())
            } else {
                match predefined(word) {
                    Some(test) => What::Anonymous(test),
                    None => {
                        return Err(invalid(format!(
                            "HAProxy does not start: there is no acl '{word}'"
                        )));
                    }
                }
            };
            let term = Term { is_negated, what };
            // `alternatives` is never empty.
            if let Some(last) = alternatives.last_mut() {
                last.push(term);
            }
        }
        Ok(Condition { is_negated, alternatives: Some(alternatives) })
    }

    /// Whether a condition holds for a connection.
    pub fn holds(&self, section: usize, condition: &Condition, flow: &Flow<'_>) -> Match {
        self.evaluate(section, condition, &|test| test.matches(flow))
    }

    /// Whether a condition holds before the client has sent anything; `Maybe` with [`WAITS`] if HAProxy waits for the name.
    pub fn holds_early(&self, section: usize, condition: &Condition, flow: &Flow<'_>) -> Match {
        // A test that is not judged may hold before the name is there, such as `req.len gt 0`.
        let unjudged = RefCell::new(None);
        let early = |test: &Test| match test {
            Test::Name { .. } | Test::Hello(_) => Match::Maybe(WAITS.into()),
            test => {
                let matched = test.matches(flow);
                if let Match::Maybe(why) = &matched {
                    unjudged.borrow_mut().get_or_insert_with(|| Arc::clone(why));
                }
                matched
            }
        };
        match (self.evaluate(section, condition, &early), unjudged.into_inner()) {
            (Match::Maybe(_), Some(why)) => Match::Maybe(why),
            (matched, _) => matched,
        }
    }

    fn evaluate(
        &self,
        section: usize,
        condition: &Condition,
        matches: &dyn Fn(&Test) -> Match,
    ) -> Match {
        let Some(alternatives) = &condition.alternatives else { return Match::Yes };
        let term = |term: &Term| {
            let found = match &term.what {
                What::Anonymous(test) => matches(test),
                What::Named(name) => {
                    let tests = self.named.get(&(section, name.clone())).into_iter().flatten();
                    tests.map(matches).fold(Match::No, Match::or)
                }
            };
            if term.is_negated { found.negated() } else { found }
        };
        let all = |terms: &Vec<Term>| terms.iter().map(term).fold(Match::Yes, Match::and);
        let holds = alternatives.iter().map(all).fold(Match::No, Match::or);
        if condition.is_negated { holds.negated() } else { holds }
    }

    fn test(
        &mut self,
        criterion: &[&str],
        includes: &dyn Includes,
        place: &Place,
    ) -> Result<Test, InvalidRules> {
        let Some((fetch, rest)) = criterion.split_first() else {
            let what = "HAProxy does not start: an acl without a criterion".to_owned();
            return Err(InvalidRules { place: place.clone(), what });
        };
        let mut flags = Flags::default();
        let mut rest = rest.iter();
        let mut values: Vec<String> = Vec::new();
        while let Some(word) = rest.next() {
            match *word {
                "-i" => flags.ignores_case = true,
                "-n" => {}
                "-m" => flags.method = rest.next().map(|word| (*word).to_owned()),
                "-u" => drop(rest.next()),
                "-f" | "-M" => {
                    let path = rest.next().copied().unwrap_or_default();
                    match includes.read(path) {
                        Ok(text) => values.extend(lines(&text)),
                        Err(why) => {
                            return Ok(Test::Unknown(
                                format!("'{path}' cannot be read: {why}").into(),
                            ));
                        }
                    }
                }
                "--" => {
                    values.extend(rest.by_ref().map(|word| (*word).to_owned()));
                }
                word if word.starts_with('-') && values.is_empty() => {
                    return Ok(Test::Unknown(format!("the flag {word} is not judged").into()));
                }
                word => values.push(word.to_owned()),
            }
        }
        Ok(self.made(fetch, &flags, values, place))
    }

    fn made(&mut self, fetch: &str, flags: &Flags, values: Vec<String>, place: &Place) -> Test {
        let (fetch, converters) = fetch.split_once(',').unwrap_or((fetch, ""));
        match (fetch, converters) {
            ("req_ssl_sni" | "req.ssl_sni", "" | "lower") => self.name_test(flags, values, place),
            ("req_ssl_hello_type" | "req.ssl_hello_type", "") => match values.as_slice() {
                [value] if value.parse::<u32>().is_ok() => Test::Hello(value == "1"),
                _ => Test::Unknown("ranges of types are not judged".into()),
            },
            ("src", "") if flags.method.is_none() => {
                let range = |value: &String| {
                    value
                        .parse::<IpNet>()
                        .ok()
                        .or_else(|| value.parse::<IpAddr>().ok().map(IpNet::from))
                };
                match values.iter().map(range).collect() {
                    Some(ranges) => Test::Source(ranges),
                    None => Test::Unknown("an address of the acl is not judged".into()),
                }
            }
            ("always_true", "") => Test::Always(true),
            ("always_false", "") => Test::Always(false),
            _ => Test::Unknown(format!("the criterion {fetch} is not judged").into()),
        }
    }

    fn name_test(&mut self, flags: &Flags, values: Vec<String>, place: &Place) -> Test {
        let method = match flags.method.as_deref() {
            None | Some("str") => Method::Exact,
            Some("beg") => Method::Begins,
            Some("end") => Method::Ends,
            Some("sub") => Method::Contains,
            Some("dom") => Method::Labels,
            Some("reg") => Method::Regex,
            Some("found") => Method::Found,
            Some(other) => {
                return Test::Unknown(format!("the method {other} is not judged").into());
            }
        };
        let mut regexes = Vec::new();
        for value in &values {
            match method {
                Method::Exact => self.hosts.insert_host(&value.to_ascii_lowercase(), place),
                Method::Regex => match PosixRegex::parse(value, flags.ignores_case) {
                    Ok(regex) => {
                        self.examples.extend(regex.examples());
                        regexes.push(regex);
                    }
                    Err(why) => return Test::Unknown(why.into()),
                },
                Method::Found => {}
                _ => self.examples.push(value.clone()),
            }
        }
        Test::Name { method, ignores_case: flags.ignores_case, values, regexes }
    }
}

#[derive(Default)]
struct Flags {
    ignores_case: bool,
    method: Option<String>,
}

/// The values in a file, one a line.
fn lines(text: &str) -> impl Iterator<Item = String> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned)
}

/// ACLs that are always there (7.4).
fn predefined(name: &str) -> Option<Test> {
    Some(match name {
        "TRUE" => Test::Always(true),
        "FALSE" => Test::Always(false),
        "LOCALHOST" | "REQ_CONTENT" | "WAIT_END" | "RDP_COOKIE" | "HTTP" | "HTTP_1.0"
        | "HTTP_1.1" | "HTTP_2.0" | "HTTP_CONTENT" | "HTTP_URL_ABS" | "HTTP_URL_SLASH"
        | "HTTP_URL_STAR" | "METH_CONNECT" | "METH_DELETE" | "METH_GET" | "METH_HEAD"
        | "METH_OPTIONS" | "METH_POST" | "METH_PUT" | "METH_TRACE" => {
            Test::Unknown(format!("the acl {name} is not judged").into())
        }
        _ => return None,
    })
}

impl Test {
    fn matches(&self, flow: &Flow<'_>) -> Match {
        match self {
            Self::Unknown(why) => Match::Maybe(Arc::clone(why)),
            Self::Always(holds) | Self::Hello(holds) => Match::from_bool(*holds),
            Self::Source(ranges) => match flow.source {
                Some(source) => {
                    Match::from_bool(ranges.iter().any(|range| range.contains(&source)))
                }
                None => {
                    Match::Maybe("the rule is for some clients; name yours with --source".into())
                }
            },
            Self::Name { method: Method::Found, .. } => Match::Yes,
            Self::Name { regexes, method: Method::Regex, .. } => {
                Match::from_bool(regexes.iter().any(|regex| regex.is_match(flow.host.as_str())))
            }
            Self::Name { method, ignores_case, values, .. } => {
                let host = flow.host.as_str();
                let fits = |value: &String| {
                    let value =
                        if *ignores_case { value.to_ascii_lowercase() } else { value.clone() };
                    match method {
                        Method::Exact => host == value,
                        Method::Begins => host.starts_with(&value),
                        Method::Ends => host.ends_with(&value),
                        Method::Contains => host.contains(&value),
                        _ => has_labels(host, &value),
                    }
                };
                Match::from_bool(values.iter().any(fits))
            }
        }
    }
}

/// Whether a text stands in a host between dots or its ends.
fn has_labels(host: &str, value: &str) -> bool {
    let value = value.trim_matches('.');
    !value.is_empty() && format!(".{host}.").contains(&format!(".{value}."))
}
