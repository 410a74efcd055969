//! Reads single rules and the elements of sets, word by word.

use super::ruleset::{Condition, Item, Rule, Selector, Set, Verdict, selector};
use crate::firewall::policy::Place;
use std::sync::Arc;

/// The most conditions of a rule that are read.
const MAX_CONDITIONS: usize = 64;

/// `= { a, b : accept, c timeout 1h }`.
pub(super) fn read_elements(set: &mut Set, words: &[&str]) {
    let open = words.iter().position(|word| *word == "{");
    let Some(open) = open else { return };
    let mut depth = 0;
    let mut element: Vec<&str> = Vec::new();
    for word in &words[open..] {
        match *word {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 || *word == "," {
            add_element(set, &element);
            element.clear();
        } else if *word != "{" {
            element.push(word);
        }
        if depth == 0 {
            break;
        }
    }
}

fn add_element(set: &mut Set, element: &[&str]) {
    if element.is_empty() {
        return;
    }
    // A range may be written with spaces: `81 - 1000`.
    let is_end = |word: &&&str| {
        matches!(**word, ":" | "timeout" | "expires" | "comment" | "counter" | "limit")
    };
    let value: String = element.iter().take_while(|word| !is_end(word)).copied().collect();
    let value = value.as_str();
    if let Some(colon) = element.iter().position(|word| *word == ":") {
        let verdict = verdict(&element[colon + 1..]).map(|(verdict, _)| verdict);
        let verdict = verdict.unwrap_or_else(|| Verdict::Unknown("a map of values".into()));
        set.verdicts.push((Item::parse(value), verdict));
    } else {
        set.items.push(Item::parse(value));
    }
}

/// Reads the verdict in the first words. Returns the number of words that it takes.
fn verdict(words: &[&str]) -> Option<(Verdict, usize)> {
    let elsewhere = |what: &str| Verdict::Unknown(format!("{what} sends packets elsewhere").into());
    Some(match words {
        ["accept", ..] => (Verdict::Accept, 1),
        ["drop" | "reject", ..] => (Verdict::Drop, 1),
        ["return", ..] => (Verdict::Return, 1),
        ["jump" | "goto", "{", ..] => {
            (Verdict::Unknown("chains without a name are not judged".into()), words.len())
        }
        ["jump", chain, ..] => (Verdict::Jump((*chain).to_owned()), 2),
        ["goto", chain, ..] => (Verdict::Goto((*chain).to_owned()), 2),
        [
            what @ ("queue" | "dnat" | "redirect" | "tproxy" | "fwd" | "dup" | "synproxy"
            | "notrack"),
            ..,
        ] => (elsewhere(what), 1),
        _ => return None,
    })
}

/// Reads a rule.
pub(super) fn rule(words: &[&str], place: &Place) -> Rule {
    let mut rule = Rule { conditions: Vec::new(), verdict: None, place: place.clone() };
    let mut at = 0;
    while at < words.len() {
        let rest = &words[at..];
        if rule.conditions.len() > MAX_CONDITIONS {
            rule.verdict = Some(Verdict::Unknown("the rule has too many conditions".into()));
            break;
        }
        if let Some((found, used)) = verdict(rest) {
            rule.verdict = Some(found);
            at += used;
            if matches!(
                rest[0],
                "reject" | "queue" | "dnat" | "redirect" | "tproxy" | "fwd" | "dup"
            ) {
                break;
            }
            continue;
        }
        at += match rest[0] {
            "counter" if rest.get(1) == Some(&"packets") => 5,
            "counter" if rest.get(1) == Some(&"name") => 3,
            "counter" => 1,
            "comment" => 2,
            "log" => 1 + log_words(&rest[1..]),
            "masquerade" | "snat" | "flow" => break,
            "add" | "update" | "delete" | "set"
                if rest.get(1).is_some_and(|word| word.starts_with('@')) =>
            {
                let end =
                    rest.iter().position(|word| *word == "}").map_or(rest.len(), |end| end + 1);
                if rest[..end].iter().any(|word| matches!(*word, "limit" | "quota" | "ct")) {
                    rule.conditions.push(unknown("a limit is not judged"));
                }
                end
            }
            _ => condition(rest, &mut rule),
        };
    }
    rule
}

/// The words of `log prefix "x" level info flags all group 1`.
fn log_words(words: &[&str]) -> usize {
    let mut at = 0;
    while let Some("prefix" | "level" | "flags" | "group" | "snaplen" | "queue-threshold") =
        words.get(at).copied()
    {
        at += 2;
        // `flags tcp sequence,options`
        while let Some("sequence" | "options" | ",") = words.get(at).copied() {
            at += 1;
        }
    }
    at
}

/// Reads a condition, or a map of verdicts. Returns the number of words that it takes.
fn condition(words: &[&str], rule: &mut Rule) -> usize {
    let Some((selector, at)) = selector(words) else {
        let why = format!("'{}' is not judged", words[0]);
        return unjudged(words, rule, &why, 1);
    };
    match words.get(at) {
        // `meta mark set 1` is no condition.
        Some(&"set") => return at + 2,
        Some(&".") => {
            let used = words
                .iter()
                .position(|word| verdict(&[*word, ""]).is_some())
                .unwrap_or(words.len());
            return unjudged(words, rule, "concatenations are not judged", used);
        }
        Some(&"vmap") => {
            if let Some(map) = words.get(at + 1).and_then(|word| word.strip_prefix('@')) {
                rule.verdict = Some(Verdict::NamedMap(selector, map.to_owned()));
                return at + 2;
            }
            let mut map = Set::default();
            read_elements(&mut map, &words[at..]);
            rule.verdict = Some(Verdict::Map(selector, map.verdicts));
            let end = words[at..].iter().position(|word| *word == "}");
            return end.map_or(words.len(), |end| at + end + 1);
        }
        _ => {}
    }
    let (condition, used) = comparison(selector, &words[at..]);
    if let Selector::Unknown(why) = &condition.selector
        && words.contains(&"vmap")
    {
        let why = Arc::clone(why);
        return unjudged(words, rule, &why, words.len());
    }
    rule.conditions.push(condition);
    at + used
}

fn unknown(why: &str) -> Condition {
    Condition { selector: Selector::Unknown(why.into()), negated: false, items: Vec::new() }
}

/// Adds a condition that cannot be judged; a map of verdicts after it cannot either. Returns the number of words used.
fn unjudged(words: &[&str], rule: &mut Rule, why: &str, used: usize) -> usize {
    if words.contains(&"vmap") {
        rule.verdict = Some(Verdict::Unknown(why.into()));
        return words.len();
    }
    rule.conditions.push(unknown(why));
    used
}

/// Reads what a selector is compared with. Returns the number of words that it takes.
fn comparison(selector: Selector, words: &[&str]) -> (Condition, usize) {
    let mut selector = selector;
    let mut at = 0;
    let negated = words.get(at) == Some(&"!=");
    if matches!(words.get(at), Some(&("!=" | "=="))) {
        at += 1;
    } else if matches!(
        words.get(at),
        Some(&("<" | ">" | "<=" | ">=" | "&" | "and" | "|" | "or" | "!"))
    ) {
        selector = Selector::Unknown(format!("'{}' is not judged", words[at]).into());
        at += 1;
    }
    let mut items = Vec::new();
    if words.get(at) == Some(&"{") {
        let mut set = Set::default();
        read_elements(&mut set, &words[at..]);
        items = set.items;
        at += words[at..].iter().position(|word| *word == "}").map_or(words.len(), |end| end + 1);
    } else {
        while let Some(word) = words.get(at) {
            items.push(Item::parse(word));
            at += 1;
            if words.get(at) != Some(&",") {
                break;
            }
            at += 1;
        }
    }
    if matches!(words.get(at), Some(&("&" | "|" | "and" | "or" | "/" | "."))) {
        selector = Selector::Unknown("a mask is not judged".into());
    }
    (Condition { selector, negated, items }, at)
}
