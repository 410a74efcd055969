//! Reads rules as `nft -j list ruleset` prints them (libnftables-json(5)).

use super::ruleset::{Condition, Item, Key, Rule, Ruleset, Selector, Verdict, selector};
use crate::firewall::policy::{InvalidRules, Place};
use serde_json::Value;
use std::sync::Arc;

/// Reads a document into rules.
///
/// # Errors
/// [`InvalidRules`] if it is no such document.
pub(super) fn read(ruleset: &mut Ruleset, text: &str, file: &Arc<str>) -> Result<(), InvalidRules> {
    let place = |line| Place { file: Arc::clone(file), line };
    let document: Value = serde_json::from_str(text).map_err(|error| InvalidRules {
        place: place(error.line()),
        what: format!("not what nft -j prints: {error}"),
    })?;
    let items = document["nftables"].as_array();
    ruleset.is_whole = true;
    let handles = lines_of_handles(text);
    for item in items.into_iter().flatten() {
        let line = item["rule"]["handle"].as_u64().and_then(|handle| handles.get(&handle));
        ruleset.read_object(item, &place(line.copied().unwrap_or(1)));
    }
    Ok(())
}

/// The line of each handle, if the document has lines.
fn lines_of_handles(text: &str) -> std::collections::HashMap<u64, usize> {
    let handle =
        |line: &str| line.split_once("\"handle\":")?.1.trim().trim_end_matches(',').parse().ok();
    text.lines().enumerate().filter_map(|(i, line)| Some((handle(line)?, i + 1))).collect()
}

impl Ruleset {
    fn read_object(&mut self, item: &Value, place: &Place) {
        let mut hide = |why: &str| {
            self.hidden.get_or_insert((place.clone(), why.into()));
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let key = |object: &Value, name: &str| -> Key {
            (text(&object["family"]), text(&object["table"]), text(&object[name]))
        };
        if let Some(table) = item.get("table") {
            // nft 1.0.6 prints the flags of a table as rubbish.
            if table.get("flags").is_some() {
                hide("the table has flags, and may be switched off (dormant)");
            }
            if !matches!(text(&table["family"]).as_str(), "ip" | "ip6" | "inet") {
                hide("tables of bridges and devices are not judged");
            }
        } else if let Some(object) = item.get("chain") {
            let chain = self.chains.entry(key(object, "name")).or_default();
            chain.hook = object["hook"].as_str().map(str::to_owned);
            chain.kind = text(&object["type"]);
            let priority = object["prio"].as_i64().and_then(|priority| priority.try_into().ok());
            chain.priority = priority.unwrap_or(0);
            chain.drops = object["policy"] == "drop";
        } else if let Some(object) = item.get("set").or_else(|| item.get("map")) {
            let set = self.sets.entry(key(object, "name")).or_default();
            let kind = &object["type"];
            let kinds = kind.as_array().map(|kinds| kinds.iter().map(text).collect::<Vec<_>>());
            set.kind = kinds.map_or_else(|| text(kind), |kinds| kinds.join(" . "));
            let flags = object["flags"].as_array();
            set.is_interval =
                flags.is_some_and(|flags| flags.iter().any(|flag| flag == "interval"));
            set.expires = object["timeout"].as_u64().is_some_and(|seconds| seconds > 0);
            set.size = object["size"].as_u64();
            set.is_dynamic = flags.is_some_and(|flags| flags.iter().any(|flag| flag == "dynamic"));
            for element in object["elem"].as_array().into_iter().flatten() {
                match element.as_array().map(Vec::as_slice) {
                    Some([key, verdict]) => {
                        set.verdicts.push((json_item(key), json_verdict(verdict)));
                    }
                    _ => set.items.push(json_item(element)),
                }
            }
        } else if let Some(object) = item.get("rule") {
            let mut rule = Rule { conditions: Vec::new(), verdict: None, place: place.clone() };
            for statement in object["expr"].as_array().into_iter().flatten() {
                if let Some(set) = statement["set"]["set"].as_str() {
                    self.updated.insert(key_of(object, set.trim_start_matches('@')));
                    if statement["set"]["stmt"].is_array() {
                        rule.conditions.push(unknown_condition("a limit"));
                    }
                }
                read_statement(&mut rule, statement);
            }
            self.chains.entry(key(object, "chain")).or_default().rules.push(rule);
        }
    }
}

/// A set in the table of an object.
fn key_of(object: &Value, set: &str) -> Key {
    let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
    (text("family"), text("table"), set.to_owned())
}

fn read_statement(rule: &mut Rule, statement: &Value) {
    let Some((name, value)) = statement.as_object().and_then(|object| object.iter().next()) else {
        return;
    };
    match name.as_str() {
        "match" => rule.conditions.push(json_condition(value)),
        "vmap" => {
            let selector = json_selector(&value["key"]);
            let entries = value["data"]["set"].as_array();
            rule.verdict = Some(match (value["data"].as_str(), entries) {
                (Some(map), _) => {
                    Verdict::NamedMap(selector, map.trim_start_matches('@').to_owned())
                }
                (None, entries) => {
                    let entries = entries.into_iter().flatten();
                    let entry = |entry: &Value| (json_item(&entry[0]), json_verdict(&entry[1]));
                    Verdict::Map(selector, entries.map(entry).collect())
                }
            });
        }
        "accept" | "drop" | "reject" | "jump" | "goto" | "return" | "continue" => {
            rule.verdict = Some(json_verdict(statement)).filter(|_| name != "continue");
        }
        "counter" | "log" | "comment" | "mangle" | "masquerade" | "snat" | "set" | "flow" => {}
        "queue" | "dnat" | "redirect" | "tproxy" | "fwd" | "dup" | "synproxy" | "notrack" => {
            rule.verdict = Some(Verdict::Unknown(format!("{name} sends packets elsewhere").into()));
        }
        name => rule.conditions.push(unknown_condition(name)),
    }
}

fn unknown_condition(name: &str) -> Condition {
    let selector = Selector::Unknown(format!("{name} is not judged").into());
    Condition { selector, negated: false, items: Vec::new() }
}

fn json_verdict(verdict: &Value) -> Verdict {
    let target = |name: &str| verdict[name]["target"].as_str().map(str::to_owned);
    let has = |name: &str| verdict.get(name).is_some();
    if let Some(chain) = target("jump") {
        Verdict::Jump(chain)
    } else if let Some(chain) = target("goto") {
        Verdict::Goto(chain)
    } else if has("accept") {
        Verdict::Accept
    } else if has("drop") || has("reject") {
        Verdict::Drop
    } else if has("return") {
        Verdict::Return
    } else {
        Verdict::Unknown("the verdict is not judged".into())
    }
}

fn json_selector(left: &Value) -> Selector {
    let payload = &left["payload"];
    let words = match (payload["protocol"].as_str(), payload["field"].as_str()) {
        (Some(protocol), Some(field)) => vec![protocol, field],
        _ => match (left["meta"]["key"].as_str(), left["ct"]["key"].as_str()) {
            (Some(key), _) => vec!["meta", key],
            (_, Some(key)) => vec!["ct", key],
            _ => Vec::new(),
        },
    };
    let found = selector(&words).map(|(selector, _)| selector);
    found.unwrap_or_else(|| Selector::Unknown("a condition of this kind is not judged".into()))
}

fn json_condition(value: &Value) -> Condition {
    let selector = json_selector(&value["left"]);
    let right = &value["right"];
    let items = match (right.as_array(), right["set"].as_array()) {
        (Some(list), _) | (None, Some(list)) => list.iter().map(json_item).collect(),
        (None, None) => vec![json_item(right)],
    };
    match value["op"].as_str() {
        Some("==" | "in") => Condition { selector, negated: false, items },
        Some("!=") => Condition { selector, negated: true, items },
        _ => unknown_condition("a comparison of this kind"),
    }
}

fn json_item(value: &Value) -> Item {
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    if let Some(element) = value.get("elem").and_then(|element| element.get("val")) {
        return json_item(element);
    }
    if let (Some(address), Some(length)) =
        (value["prefix"]["addr"].as_str(), value["prefix"]["len"].as_u64())
    {
        return Item::parse(&format!("{address}/{length}"));
    }
    if let Some([first, last]) = value["range"].as_array().map(Vec::as_slice) {
        return Item::parse(&format!("{}-{}", plain(first), plain(last)));
    }
    Item::parse(&plain(value))
}
