//! Reads the configuration of Squid, with the files that it includes.
//!
//! The syntax is that of the reference pages on `acl`, `http_access` and `include`, and of Squid 5.7 where the pages are
//! silent.

use super::acl::{self, Acl, BUILT_IN, Term, Value};
use super::directives::DIRECTIVES;
use crate::firewall::policy::{Includes, InvalidRules, Members, Outcome, Place, RuleFile};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The limit of includes within includes, which is Squid's own.
const MAX_INCLUDES: usize = 16;
/// The longest name of an acl with which Squid starts, in characters.
const MAX_NAME: usize = 63;
/// Longer lines are split by Squid (its buffer has 8,192 bytes), so that they mean something else.
const MAX_LINE: usize = 8_000;
/// Directives that may refuse, or send elsewhere, what `http_access` allows.
const RESTRICTING: [&str; 11] = [
    "adaptation_access",
    "adapted_http_access",
    "cache_peer",
    "ecap_enable",
    "http_reply_access",
    "icap_enable",
    "miss_access",
    "never_direct",
    "reply_body_max_size",
    "ssl_bump",
    "url_rewrite_program",
];
/// Directives that change how the rest of the file is read.
const REWRITING: [&str; 5] =
    ["if", "else", "endif", "configuration_includes_quoted_values", "#line"];

/// A configuration of Squid.
#[derive(Debug, Default)]
pub struct Config {
    pub(super) acls: HashMap<String, Acl>,
    pub(super) rules: Vec<Rule>,
    /// The first directive that may refuse what `http_access` allows, and why.
    pub(super) restricted: Option<(Place, Arc<str>)>,
    /// The first line that may change the meaning of all others, and why.
    pub(super) rewritten: Option<(Place, Arc<str>)>,
    directives: HashSet<&'static str>,
    pub(super) members: Members,
}

/// An `http_access` line.
#[derive(Debug)]
pub(super) struct Rule {
    pub outcome: Outcome,
    pub terms: Vec<Term>,
    /// Why the rule may match, if nothing more is known of it.
    pub unknown: Option<Arc<str>>,
    pub place: Place,
}

/// Reads configuration files as one, in order.
///
/// # Errors
/// [`InvalidRules`] for a configuration with which Squid refuses to start.
pub fn read(files: &[RuleFile], includes: &dyn Includes) -> Result<Config, InvalidRules> {
    let directives = DIRECTIVES.split_whitespace().collect();
    let mut config = Config { directives, ..Config::default() };
    for file in files {
        config.read(&file.text, &file.name, includes, 0)?;
    }
    Ok(config)
}

/// Other names of directives, which Squid 5.7 also takes.
const ALIASES: [(&str, &str); 4] = [
    ("http_access2", "adapted_http_access"),
    ("max_filedesc", "max_filedescriptors"),
    ("no_cache", "cache"),
    ("redirect_program", "url_rewrite_program"),
];

impl Config {
    fn read(
        &mut self,
        text: &str,
        file: &Arc<str>,
        includes: &dyn Includes,
        depth: usize,
    ) -> Result<(), InvalidRules> {
        for (number, line) in logical_lines(text) {
            let place = Place { file: Arc::clone(file), line: number };
            // A word that begins with # begins a comment.
            let words: Vec<&str> =
                words_of(&line).take_while(|word| !word.starts_with('#')).collect();
            let [directive, words @ ..] = words.as_slice() else { continue };
            let directive = &ALIASES
                .iter()
                .find(|(alias, _)| alias == directive)
                .map_or(*directive, |(_, name)| *name);
            if line.len() > MAX_LINE || REWRITING.contains(directive) {
                let why = if line.len() > MAX_LINE {
                    "the line is too long for Squid"
                } else {
                    directive
                };
                let why = format!("{why}: it changes how Squid reads the rest");
                self.rewritten.get_or_insert((place, why.into()));
                continue;
            }
            match *directive {
                "acl" => self.read_acl(words, &place, includes)?,
                "http_access" => self.read_rule(words, place)?,
                "include" => self.include(words, &place, includes, depth)?,
                name if RESTRICTING.contains(&name) => {
                    let is_never = name == "never_direct" && words == ["deny", "all"];
                    if !is_never && !matches!(words, ["off" | "none"] | ["allow", "all"]) {
                        let why = format!("{name} may refuse what http_access allows");
                        self.restricted.get_or_insert((place, why.into()));
                    }
                }
                name if self.directives.contains(name) => {}
                name => {
                    let what = format!("Squid 5.7 does not know '{name}' and would not start");
                    return Err(InvalidRules { place, what });
                }
            }
        }
        Ok(())
    }

    fn include(
        &mut self,
        patterns: &[&str],
        place: &Place,
        includes: &dyn Includes,
        depth: usize,
    ) -> Result<(), InvalidRules> {
        for pattern in patterns {
            let found = match includes.glob(pattern) {
                _ if depth >= MAX_INCLUDES => Err("files are nested too deeply".to_owned()),
                Ok(found) if found.is_empty() => {
                    Err(format!("the included file {pattern} is not here"))
                }
                found => found,
            };
            let found = found.unwrap_or_else(|why| {
                self.unknown_rules(place, &why);
                Vec::new()
            });
            for path in found {
                match includes.read(&path) {
                    Ok(text) => self.read(&text, &Arc::from(path), includes, depth + 1)?,
                    Err(why) => self.unknown_rules(place, &why),
                }
            }
        }
        Ok(())
    }

    /// Rules that nobody can read here: they may allow anything, and refuse anything.
    fn unknown_rules(&mut self, place: &Place, why: &str) {
        for outcome in [Outcome::Allow, Outcome::Deny] {
            let (unknown, place) = (Some(why.into()), place.clone());
            self.rules.push(Rule { outcome, terms: Vec::new(), unknown, place });
        }
    }

    fn read_rule(&mut self, words: &[&str], place: Place) -> Result<(), InvalidRules> {
        // Squid ignores other actions, `Allow` among them, and rules without an acl.
        let outcome = match words.first() {
            Some(&"allow") => Outcome::Allow,
            Some(&"deny") => Outcome::Deny,
            _ => return Ok(()),
        };
        let terms = self.terms(&words[1..], &place)?;
        if !terms.is_empty() {
            self.rules.push(Rule { outcome, terms, unknown: None, place });
        }
        Ok(())
    }

    fn terms(&self, words: &[&str], place: &Place) -> Result<Vec<Term>, InvalidRules> {
        let term = |word: &&str| {
            let (name, negated) =
                word.strip_prefix('!').map_or((*word, false), |name| (name, true));
            let name = name.to_ascii_lowercase();
            if self.acls.contains_key(&name) || BUILT_IN.contains(&name.as_str()) {
                return Ok(Term { name, negated });
            }
            let what = format!("the acl '{name}' is not defined here, and Squid would not start");
            Err(InvalidRules { place: place.clone(), what })
        };
        words.iter().map(term).collect()
    }

    fn read_acl(
        &mut self,
        words: &[&str],
        place: &Place,
        includes: &dyn Includes,
    ) -> Result<(), InvalidRules> {
        let invalid = |what: String| InvalidRules { place: place.clone(), what };
        let [name, kind, words @ ..] = words else {
            return Err(invalid("an acl needs a name and a type".to_owned()));
        };
        if name.len() > MAX_NAME {
            let what = format!("the name of an acl is longer than {MAX_NAME} characters");
            return Err(invalid(what));
        }
        let name = name.to_ascii_lowercase();
        let is_same_type = match name.as_str() {
            "all" | "localhost" => *kind == "src",
            "to_localhost" | "to_linklocal" => *kind == "dst",
            "connect" => *kind == "method",
            "manager" => *kind == "url_regex",
            _ => self.acls.get(&name).is_none_or(|acl| acl.kind == *kind),
        };
        if !is_same_type {
            let what =
                format!("the acl '{name}' has another type already, and Squid would not start");
            return Err(invalid(what));
        }
        let mut acl = self.acls.remove(&name).unwrap_or_else(|| Acl::new((*kind).to_owned()));
        match *kind {
            "any-of" => {
                let each = self.terms(words, place)?.into_iter();
                acl.values.extend(each.map(|term| (Value::All(vec![term]), place.clone())));
            }
            "all-of" => acl.values.push((Value::All(self.terms(words, place)?), place.clone())),
            _ => read_values(&mut acl, words, place, includes)?,
        }
        self.acls.insert(name, acl);
        Ok(())
    }
}

/// Reads the words of an acl's line, and the files in quotes.
fn read_values(
    acl: &mut Acl,
    words: &[&str],
    place: &Place,
    includes: &dyn Includes,
) -> Result<(), InvalidRules> {
    let mut items: Vec<(String, Place)> = Vec::new();
    for word in words {
        let Some(path) = word.strip_prefix('"') else {
            items.push(((*word).to_owned(), place.clone()));
            continue;
        };
        let path = path.trim_end_matches('"');
        match includes.read(path) {
            Ok(text) => items.extend(list_items(&text, path)),
            Err(why) => acl.values.push((Value::Unjudged(why.into()), place.clone())),
        }
    }
    let is_regex = acl.kind.ends_with("_regex");
    let mut ignore_case = false;
    for (item, place) in items {
        let invalid = |what: String| InvalidRules { place: place.clone(), what };
        match item.as_str() {
            "-i" if is_regex => ignore_case = true,
            "+i" if is_regex => ignore_case = false,
            // No reverse lookups: the question is about names.
            "-n" if acl.kind == "dstdomain" || acl.kind == "dstdom_regex" => {}
            flag if flag.starts_with('-') && flag.len() > 1 => {
                let why = format!("the option {flag} of an acl is not judged");
                acl.values.push((Value::Unjudged(why.into()), place.clone()));
            }
            item if acl.kind == "dstdomain" => acl.insert_domain(item, &place).map_err(invalid)?,
            item => {
                let value = acl::value(&acl.kind, item, ignore_case).map_err(invalid)?;
                acl.values.push((value, place.clone()));
            }
        }
    }
    // An unknown type is an error even if it has no values.
    if acl.kind != "dstdomain" && acl.values.is_empty() {
        acl::value(&acl.kind, "", false)
            .map_err(|what| InvalidRules { place: place.clone(), what })?;
    }
    Ok(())
}

/// The items of a list file: one a line, with comments.
fn list_items(text: &str, path: &str) -> Vec<(String, Place)> {
    let file: Arc<str> = path.into();
    let items = text.lines().enumerate().filter_map(|(i, line)| {
        let item = line.trim();
        let is_item = !item.is_empty() && !item.starts_with('#');
        is_item.then(|| (item.to_owned(), Place { file: Arc::clone(&file), line: i + 1 }))
    });
    items.collect()
}

/// The words of a line. Squid knows no white space beyond ASCII.
fn words_of(line: &str) -> impl Iterator<Item = &str> {
    line.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty())
}

/// Lines, joined where a backslash ends one, each with the number of its last line.
///
/// Squid leaves out comments and empty lines before it joins, and never sees a last line that asks for another one.
fn logical_lines(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut joined = String::new();
    text.lines().enumerate().filter_map(move |(i, line)| {
        let line = line.split('\r').next().unwrap_or_default().trim_start();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        joined.push_str(line);
        if joined.ends_with('\\') {
            joined.pop();
            return None;
        }
        Some((i + 1, std::mem::take(&mut joined)))
    })
}
