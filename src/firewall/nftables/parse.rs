//! Reads rules in nftables' own language, as nft(8) describes it and as `nft list ruleset` prints it.

use super::rule::{read_elements, rule};
use super::ruleset::{Chain, Key, Ruleset, Set, named, priority, table_name};
use super::words::{Word, words};
use crate::firewall::policy::{Includes, InvalidRules, Place};
use std::collections::HashMap;
use std::sync::Arc;

/// The limit of files within files, which is nft's own.
const MAX_INCLUDES: usize = 16;
/// The most words that definitions may become.
const MAX_WORDS: usize = 4_000_000;

/// Reads a file into rules.
///
/// # Errors
/// [`InvalidRules`] for a file that nft would not load.
pub(super) fn read(
    ruleset: &mut Ruleset,
    text: &str,
    file: &Arc<str>,
    includes: &dyn Includes,
) -> Result<(), InvalidRules> {
    if text.contains('\r') {
        let place = Place { file: Arc::clone(file), line: 1 };
        return Err(invalid(&place, "lines end with CR LF"));
    }
    let mut parser = Parser { ruleset, includes, defines: HashMap::new(), words: 0 };
    parser.file(text, file, 0)
}

struct Parser<'a> {
    ruleset: &'a mut Ruleset,
    includes: &'a dyn Includes,
    defines: HashMap<String, Vec<String>>,
    /// The words that were read.
    words: usize,
}

/// The words of a file, and where the parser is.
struct Cursor<'a> {
    words: &'a [Word],
    at: usize,
    file: &'a Arc<str>,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).map(|(word, _)| word.as_str())
    }

    fn next(&mut self) -> Option<&'a str> {
        let word = self.peek();
        self.at += 1;
        word
    }

    fn place(&self) -> Place {
        let word = self.words.get(self.at).or_else(|| self.words.last());
        Place { file: Arc::clone(self.file), line: word.map_or(1, |(_, line)| *line) }
    }

    fn skip_ends(&mut self) {
        while self.peek() == Some(";") {
            self.at += 1;
        }
    }

    /// The words up to the end of the statement, with what stands in braces.
    fn statement(&mut self) -> Vec<&'a str> {
        let mut words = Vec::new();
        let mut depth = 0;
        while let Some(word) = self.peek() {
            match word {
                ";" | "}" if depth == 0 => break,
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            if word != ";" {
                words.push(word);
            }
            self.at += 1;
        }
        words
    }
}

impl Parser<'_> {
    fn file(&mut self, text: &str, file: &Arc<str>, depth: usize) -> Result<(), InvalidRules> {
        let words = words(text);
        let mut cursor = Cursor { words: &words, at: 0, file };
        loop {
            cursor.skip_ends();
            let place = cursor.place();
            let Some(word) = cursor.next() else { return Ok(()) };
            match word {
                "table" => self.table(&mut cursor, &place)?,
                "define" | "redefine" => {
                    let words = cursor.statement();
                    if let [name, "=", values @ ..] = words.as_slice() {
                        let values = self.expanded(values, &place)?;
                        self.defines.insert((*name).to_owned(), values);
                    }
                }
                "list" | "monitor" | "describe" => {
                    cursor.statement();
                }
                "include" => {
                    let words = cursor.statement();
                    self.include(words.first().unwrap_or(&""), &place, depth)?;
                }
                "flush" | "delete" | "destroy" | "reset" => {
                    let words = cursor.statement();
                    self.remove(word, &words, &place);
                }
                "add" | "create" | "insert" => {
                    self.add(&mut cursor, word == "insert", &place)?;
                }
                _ => return Err(invalid(&place, &format!("'{word}' is no command of nft"))),
            }
        }
    }

    fn hide(&mut self, place: &Place, why: &str) {
        self.ruleset.hidden.get_or_insert((place.clone(), why.into()));
    }

    fn include(&mut self, pattern: &str, place: &Place, depth: usize) -> Result<(), InvalidRules> {
        let pattern = pattern.trim_matches('"');
        let paths = self.includes.files(pattern).unwrap_or_else(|why| {
            self.hide(place, &why);
            Vec::new()
        });
        for path in paths {
            match self.includes.read(&path) {
                _ if depth >= MAX_INCLUDES => self.hide(place, "files are nested too deeply"),
                Ok(text) => self.file(&text, &path.into(), depth + 1)?,
                Err(why) => self.hide(place, &why),
            }
        }
        Ok(())
    }

    /// Replaces `$NAME` by what it stands for.
    fn expanded(&mut self, words: &[&str], place: &Place) -> Result<Vec<String>, InvalidRules> {
        let mut expanded = Vec::new();
        for word in words {
            match word.strip_prefix('$') {
                None => expanded.push((*word).to_owned()),
                Some(name) => {
                    let value = self.defines.get(name);
                    let value =
                        value.ok_or_else(|| invalid(place, &format!("unknown variable {word}")))?;
                    expanded.extend(value.iter().cloned());
                }
            }
        }
        self.words += expanded.len();
        if self.words > MAX_WORDS {
            return Err(invalid(place, "there are too many words"));
        }
        Ok(expanded)
    }

    /// `flush ruleset`, `flush table F T`, `delete table F T`, `flush chain F T C`.
    fn remove(&mut self, command: &str, words: &[&str], place: &Place) {
        match words {
            ["ruleset", ..] => {
                let family = words.get(1);
                let is_other = |key: &Key| family.is_some_and(|family| key.0 != *family);
                let is_first = self.ruleset.chains.is_empty() && family.is_none();
                self.ruleset.chains.retain(|key, _| is_other(key));
                self.ruleset.sets.retain(|key, _| is_other(key));
                self.ruleset.is_whole |= is_first;
            }
            ["table", rest @ ..] => {
                let (family, table) = table_name(rest);
                let is_in = |key: &Key| key.0 == family && key.1 == table;
                if command == "flush" {
                    let chains = self.ruleset.chains.iter_mut().filter(|(key, _)| is_in(key));
                    chains.for_each(|(_, chain)| chain.rules.clear());
                } else {
                    self.ruleset.chains.retain(|key, _| !is_in(key));
                    self.ruleset.sets.retain(|key, _| !is_in(key));
                }
            }
            [what @ ("chain" | "set" | "map"), rest @ ..] => {
                let Some(key) = named(rest).map(|(key, _)| key) else { return };
                match (*what, command) {
                    ("chain", "flush") => {
                        self.ruleset.chains.entry(key).or_default().rules.clear();
                    }
                    ("chain", _) => drop(self.ruleset.chains.remove(&key)),
                    (_, "flush") => {
                        if let Some(set) = self.ruleset.sets.get_mut(&key) {
                            set.items.clear();
                            set.verdicts.clear();
                        }
                    }
                    _ => drop(self.ruleset.sets.remove(&key)),
                }
            }
            [what @ ("rule" | "element"), ..] => {
                let why = format!("{command} {what} is not judged");
                self.hide(place, &why);
            }
            _ => {}
        }
    }

    /// `add table`, `add chain`, `add set`, `add element`, `add rule`, `insert rule`.
    fn add(
        &mut self,
        cursor: &mut Cursor<'_>,
        first: bool,
        place: &Place,
    ) -> Result<(), InvalidRules> {
        let what = cursor.next().unwrap_or_default();
        if what == "table" {
            return self.table(cursor, place);
        }
        let words = cursor.statement();
        let words: Vec<String> = self.expanded(&words, place)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        // A rule may be added without the word `rule`.
        let (what, words) = match what {
            "chain" | "set" | "map" | "element" | "rule" | "flowtable" | "counter" | "quota"
            | "limit" => (what, words),
            _ => ("rule", [&[what], words.as_slice()].concat()),
        };
        let Some((key, used)) = named(&words) else {
            return Err(invalid(place, &format!("{what} without a name")));
        };
        let rest = &words[used..];
        match what {
            "chain" => self.chain_settings(key, rest.get(1..).unwrap_or_default()),
            "set" | "map" => self.set(key, rest, place),
            "element" => {
                let set = self.ruleset.sets.entry(key).or_default();
                read_elements(set, rest);
            }
            "rule" => {
                let rest = match rest {
                    ["position" | "index" | "handle", _, rest @ ..] => {
                        self.hide(place, "a rule at a position is not judged");
                        rest
                    }
                    rest => rest,
                };
                self.note_updates(&key, rest);
                let rule = rule(rest, place);
                let rules = &mut self.ruleset.chains.entry(key).or_default().rules;
                rules.insert(if first { 0 } else { rules.len() }, rule);
            }
            _ => {}
        }
        Ok(())
    }

    /// `table inet filter { … }`.
    fn table(&mut self, cursor: &mut Cursor<'_>, place: &Place) -> Result<(), InvalidRules> {
        let mut header = Vec::new();
        while let Some(word) = cursor.peek().filter(|word| !matches!(*word, "{" | ";" | "}")) {
            header.push(word);
            cursor.at += 1;
        }
        let (family, table) = table_name(&header);
        if !matches!(family.as_str(), "ip" | "ip6" | "inet") {
            self.hide(place, "tables of bridges and devices are not judged");
        }
        if cursor.peek() != Some("{") {
            return Ok(());
        }
        cursor.at += 1;
        loop {
            cursor.skip_ends();
            let place = cursor.place();
            let key = |name: &str| (family.clone(), table.clone(), name.to_owned());
            match cursor.next() {
                None => return Err(invalid(&place, "a brace is missing")),
                Some("}") => return Ok(()),
                Some("chain") => {
                    let name = cursor.next().unwrap_or_default();
                    self.chain(&key(name), cursor)?;
                }
                Some("set" | "map") => {
                    let name = cursor.next().unwrap_or_default();
                    let words = cursor.statement();
                    let words = self.expanded(&words, &place)?;
                    let words: Vec<&str> = words.iter().map(String::as_str).collect();
                    self.set(key(name), &words, &place);
                }
                Some("flags") => {
                    if cursor.statement().contains(&"dormant") {
                        self.hide(&place, "the table is switched off (dormant)");
                    }
                }
                Some("include" | "define" | "redefine") => {
                    cursor.statement();
                    self.hide(&place, "include and define inside a table are not judged");
                }
                Some(
                    "comment" | "counter" | "quota" | "limit" | "flowtable" | "ct" | "secmark"
                    | "synproxy",
                ) => {
                    cursor.statement();
                }
                Some(word) => {
                    return Err(invalid(&place, &format!("'{word}' does not belong into a table")));
                }
            }
        }
    }

    fn chain(&mut self, key: &Key, cursor: &mut Cursor<'_>) -> Result<(), InvalidRules> {
        if cursor.next() != Some("{") {
            return Err(invalid(&cursor.place(), "a chain without braces"));
        }
        self.ruleset.chains.entry(key.clone()).or_default();
        loop {
            cursor.skip_ends();
            let place = cursor.place();
            match cursor.peek() {
                None => return Err(invalid(&place, "a brace is missing")),
                Some("}") => {
                    cursor.at += 1;
                    return Ok(());
                }
                Some("type" | "policy" | "comment" | "devices" | "flags") => {
                    let words = cursor.statement();
                    let words = self.expanded(&words, &place)?;
                    let words: Vec<&str> =
                        words.iter().map(|word| word.trim_matches('"')).collect();
                    self.chain_settings(key.clone(), &words);
                }
                Some("include" | "define" | "redefine") => {
                    cursor.statement();
                    self.hide(&place, "include and define inside a chain are not judged");
                }
                Some(_) => {
                    let words = cursor.statement();
                    let words = self.expanded(&words, &place)?;
                    let words: Vec<&str> = words.iter().map(String::as_str).collect();
                    self.note_updates(key, &words);
                    let rule = rule(&words, &place);
                    self.ruleset.chains.entry(key.clone()).or_default().rules.push(rule);
                }
            }
        }
    }

    /// Notes the sets that a rule adds elements to.
    fn note_updates(&mut self, chain: &Key, words: &[&str]) {
        for pair in words.windows(2) {
            if let ["add" | "update" | "delete", set] = pair
                && let Some(set) = set.strip_prefix('@')
            {
                let key = (chain.0.clone(), chain.1.clone(), set.to_owned());
                self.ruleset.updated.insert(key);
            }
        }
    }

    /// `type filter hook output priority 0`, `policy drop`.
    fn chain_settings(&mut self, key: Key, words: &[&str]) {
        let chain: &mut Chain = self.ruleset.chains.entry(key).or_default();
        for (i, word) in words.iter().enumerate() {
            let value = words.get(i + 1).copied().unwrap_or_default();
            match *word {
                "type" => chain.kind = value.to_owned(),
                "priority" => chain.priority = priority(&words[i + 1..]),
                "hook" => chain.hook = Some(value.to_owned()),
                "policy" => chain.drops = value == "drop",
                _ => {}
            }
        }
    }

    /// `{ type ipv4_addr; flags interval; elements = { … } }`, without the semicolons.
    fn set(&mut self, key: Key, words: &[&str], place: &Place) {
        let set: &mut Set = self.ruleset.sets.entry(key).or_default();
        let mut is_constant = false;
        let is_number =
            |word: Option<&&str>| word.is_some_and(|w| w.starts_with(|c: char| c.is_ascii_digit()));
        // Elements have times of their own.
        let elements = words.iter().position(|word| *word == "elements").unwrap_or(words.len());
        for (i, word) in words.iter().enumerate() {
            match *word {
                "timeout" if i < elements => set.expires |= is_number(words.get(i + 1)),
                "size" if i < elements => set.size = words.get(i + 1).and_then(|n| n.parse().ok()),
                "type" if set.kind.is_empty() => {
                    let rest = words[i + 1..].iter();
                    let kind = rest.take_while(|word| {
                        !matches!(
                            **word,
                            "flags"
                                | "elements"
                                | "timeout"
                                | "size"
                                | "}"
                                | ":"
                                | "counter"
                                | "comment"
                                | "auto-merge"
                                | "gc-interval"
                                | "policy"
                        )
                    });
                    set.kind = kind.copied().collect::<Vec<_>>().join(" ");
                }
                "typeof" => set.kind = "typeof".to_owned(),
                "flags" => {
                    let flags: Vec<&str> = words[i + 1..].to_vec();
                    set.is_interval |= flags.contains(&"interval");
                    set.is_dynamic |= flags.contains(&"dynamic");
                    is_constant = flags.contains(&"constant");
                }
                "elements" => read_elements(set, &words[i + 1..]),
                _ => {}
            }
        }
        if is_constant {
            self.ruleset
                .hidden
                .get_or_insert((place.clone(), "constant sets are not judged".into()));
            return;
        }
        if set.kind == "typeof" {
            self.hide(place, "sets by typeof are not judged");
        }
    }
}

fn invalid(place: &Place, what: &str) -> InvalidRules {
    InvalidRules { place: place.clone(), what: format!("nft does not load the file: {what}") }
}
