//! Reads rule groups of AWS Network Firewall as rules of Suricata, which is what the service makes of them.
//!
//! Sources are those of its developer guide: "Stateful domain list rule groups", "Managing evaluation order for Suricata
//! compatible rules". The rules that a domain list becomes were compared with Suricata 7 itself.

use crate::firewall::document::{self, Node};
use crate::firewall::policy::{
    Decision, Flow, InvalidRules, Mentions, Outcome, Place, Policy, RuleFile, Scope,
};
use crate::firewall::suricata;
use ipnet::IpNet;
use std::sync::Arc;

/// The first identifier of rules that have none.
const FIRST_SID: u32 = 2_000_000;

/// Rule groups.
#[derive(Debug)]
pub struct Groups {
    rules: suricata::Rules,
    is_strict: bool,
    /// The addresses of `HOME_NET`, where a group says them.
    home: Vec<IpNet>,
    hidden: Option<(Place, Arc<str>)>,
}

/// Whether a text is a rule group, or the answer of `describe-rule-group`.
pub fn is_group(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && text.contains("\"RulesSource\"")
}

/// Reads files as the groups of one policy. Their priority is the policy's; here, the order of the files counts.
///
/// # Errors
/// [`InvalidRules`] if a file is no JSON.
pub fn read(files: &[RuleFile]) -> Result<Groups, InvalidRules> {
    let mut reader = Reader::default();
    for file in files {
        let before = reader.groups.len();
        for document in document::read(&file.text, &file.name)? {
            reader.groups(&document, file);
        }
        if reader.groups.len() == before {
            let place = Place { file: Arc::clone(&file.name), line: 1 };
            reader.hide(&place, "there is no rule group in the file");
        }
    }
    let is_strict = reader.groups.iter().any(|group| group.is_strict);
    if let Some(other) = reader.groups.iter().find(|group| group.is_strict != is_strict) {
        let why = "groups of a policy have the same rule order";
        reader.hidden.get_or_insert((other.place.clone(), why.into()));
    }
    let lines = reader.groups.into_iter().enumerate().flat_map(|(number, group)| {
        group.lines.into_iter().map(move |(place, text)| (number, place, text))
    });
    let rules = suricata::from_lines(lines, is_strict);
    Ok(Groups { rules, is_strict, home: reader.home, hidden: reader.hidden })
}

/// A group as rules of Suricata.
struct Group {
    lines: Vec<(Place, String)>,
    is_strict: bool,
    place: Place,
}

#[derive(Default)]
struct Reader {
    groups: Vec<Group>,
    hidden: Option<(Place, Arc<str>)>,
    home: Vec<IpNet>,
    sid: u32,
}

impl Reader {
    fn hide(&mut self, place: &Place, why: &str) {
        self.hidden.get_or_insert_with(|| (place.clone(), why.into()));
    }

    /// Finds groups at any depth: alone, as `describe-rule-group` answers, in a template.
    fn groups(&mut self, node: &Node, file: &RuleFile) {
        match &node.value {
            document::Value::List(items) => {
                for item in items {
                    self.groups(item, file);
                }
            }
            document::Value::Object(_) if node.get("RulesSource").is_some() => {
                self.group(node, file);
            }
            document::Value::Object(entries) => {
                let place = || Place { file: Arc::clone(&file.name), line: node.line };
                let is_group =
                    node.text_of("Type").is_some_and(|kind| kind.ends_with("::RuleGroup"));
                if is_group && node.get("Condition").is_some() {
                    self.hide(&place(), "whether the template makes the group is a condition");
                }
                for (name, value) in entries {
                    if name == "RuleGroup" && value.unknown().is_some() {
                        self.hide(&place(), "the group is not in the file");
                    }
                    self.groups(value, file);
                }
            }
            _ => {}
        }
    }

    fn group(&mut self, node: &Node, file: &RuleFile) {
        let place = |node: &Node| Place { file: Arc::clone(&file.name), line: node.line };
        let order = node.at(&["StatefulRuleOptions", "RuleOrder"]).and_then(Node::text);
        let is_strict = order == Some("STRICT_ORDER");
        let Some(source) = node.get("RulesSource") else { return };
        if node.unknown().is_some() {
            self.hide(&place(node), "a value of the group is not in the file");
        }
        self.variables(node, &place);
        let mut lines = Vec::new();
        if let Some(rules) = source.get("RulesString") {
            let text = rules.text().unwrap_or_default();
            let rules_place = place(rules);
            if rules.text().is_none() {
                self.hide(&rules_place, "the rules of the group are not in the file");
            }
            let is_indented = |line: &str| line.starts_with([' ', '\t']) && !line.trim().is_empty();
            if text.lines().any(is_indented) {
                self.hide(
                    &rules_place,
                    "Suricata skips rules that begin with a blank; whether AWS does is not known",
                );
            }
            let rules = suricata::logical_lines(text);
            lines.extend(rules.into_iter().map(|(_, rule)| (rules_place.clone(), rule)));
        }
        if let Some(list) = source.get("RulesSourceList") {
            self.domain_list(list, &place, &mut lines);
        }
        for rule in source.items_of("StatefulRules") {
            match self.stateful_rule(rule) {
                Some(text) => lines.push((place(rule), text)),
                None => self.hide(&place(rule), "a rule of the group cannot be read"),
            }
        }
        if source.get("StatelessRulesAndCustomActions").is_some() {
            self.hide(&place(source), "stateless rules are not judged");
        }
        self.groups.push(Group { lines, is_strict, place: place(node) });
    }

    /// The variables of a group: clients are in `HOME_NET`, registries are not.
    fn variables(&mut self, group: &Node, place: &dyn Fn(&Node) -> Place) {
        let sets = group.at(&["RuleVariables", "IPSets"]);
        if let Some(outside) = sets.and_then(|sets| sets.get("EXTERNAL_NET")) {
            self.hide(
                &place(outside),
                "EXTERNAL_NET is narrowed, and the addresses of hosts are not known",
            );
        }
        let home = sets.and_then(|sets| sets.get("HOME_NET"));
        for range in home.into_iter().flat_map(|home| home.items_of("Definition")) {
            match range.text().and_then(|text| text.parse().ok()) {
                Some(range) => self.home.push(range),
                None => self.hide(&place(range), "an address of HOME_NET cannot be read"),
            }
        }
    }

    fn next_sid(&mut self) -> u32 {
        self.sid += 1;
        FIRST_SID + self.sid
    }

    /// The rules that a domain list becomes: one for each name and protocol, and for an ALLOWLIST one that drops the rest.
    fn domain_list(
        &mut self,
        list: &Node,
        place: &dyn Fn(&Node) -> Place,
        lines: &mut Vec<(Place, String)>,
    ) {
        let kind = list.text_of("GeneratedRulesType").unwrap_or_default();
        let action = match kind {
            "ALLOWLIST" => "pass",
            "DENYLIST" => "drop",
            "REJECTLIST" => "reject",
            "ALERTLIST" => return,
            _ => return self.hide(&place(list), "the type of the domain list is not known"),
        };
        let types: Vec<&str> = list.items_of("TargetTypes").iter().filter_map(Node::text).collect();
        let protocols = [
            ("TLS_SNI", "tls", "ssl_state:client_hello; tls.sni"),
            ("HTTP_HOST", "http", "flow:to_server; http.host"),
        ];
        for (_, protocol, buffer) in protocols.iter().filter(|(name, ..)| types.contains(name)) {
            for target in list.items_of("Targets") {
                let name = target.text().unwrap_or_default().to_ascii_lowercase();
                if name.contains(['*', '"', ';', '\\']) || name.is_empty() {
                    self.hide(&place(target), "a target is a name, or a name after a dot");
                    continue;
                }
                let content = if name.starts_with('.') {
                    format!("dotprefix; content:\"{name}\"; nocase; endswith")
                } else {
                    format!("content:\"{name}\"; nocase; startswith; endswith")
                };
                let sid = self.next_sid();
                lines.push((
                    place(target),
                    format!("{action} {protocol} $HOME_NET any -> $EXTERNAL_NET any ({buffer}; {content}; sid:{sid}; rev:1;)"),
                ));
            }
        }
        if action == "pass" {
            for (_, protocol, buffer) in protocols.iter().filter(|(name, ..)| types.contains(name))
            {
                let sid = self.next_sid();
                let only = buffer.split(';').next().unwrap_or_default();
                lines.push((
                    place(list),
                    format!("drop {protocol} $HOME_NET any -> $EXTERNAL_NET any ({only}; sid:{sid}; rev:1;)"),
                ));
            }
        }
    }

    /// `{Action, Header, RuleOptions}` as a line; `None` if something is missing.
    fn stateful_rule(&mut self, rule: &Node) -> Option<String> {
        let header = rule.get("Header")?;
        let part = |name: &str| header.text_of(name).map(|text| text.replace("ANY", "any"));
        let direction = if part("Direction")?.eq_ignore_ascii_case("any") { "<>" } else { "->" };
        let mut options = String::new();
        let mut has_sid = false;
        for option in rule.items_of("RuleOptions") {
            let keyword = option.text_of("Keyword")?;
            has_sid |= keyword == "sid";
            let settings: Vec<&str> =
                option.items_of("Settings").iter().filter_map(Node::text).collect();
            let value = if settings.is_empty() {
                String::new()
            } else {
                format!(":{}", settings.join(","))
            };
            // Keywords may be written with their value: `sid:1`.
            options.extend([keyword, &value, "; "]);
            has_sid |= keyword.starts_with("sid:");
        }
        if !has_sid {
            options.extend(["sid:", &self.next_sid().to_string(), "; "]);
        }
        Some(format!(
            "{} {} {} {} {direction} {} {} ({})",
            rule.text_of("Action")?.to_ascii_lowercase(),
            part("Protocol")?.to_ascii_lowercase(),
            part("Source")?,
            part("SourcePort")?,
            part("Destination")?,
            part("DestinationPort")?,
            options.trim_end(),
        ))
    }
}

impl Policy for Groups {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        if let Some((place, why)) = &self.hidden {
            return Decision::by(Outcome::Unknown(Arc::clone(why)), place);
        }
        let is_outside =
            |source| !self.home.is_empty() && !self.home.iter().any(|net| net.contains(&source));
        if flow.source.is_some_and(is_outside) {
            return Decision::by_default(Outcome::Unknown("the client is not in HOME_NET".into()));
        }
        self.rules.decide(flow, otherwise)
    }

    fn mentions(&self) -> Mentions<'_> {
        self.rules.mentions()
    }

    fn scope(&self) -> Scope {
        // In strict order, the policy's default action decides about the rest, and it is not in the groups.
        if self.is_strict { Scope::Part } else { Scope::Whole }
    }

    fn default_outcome(&self) -> Outcome {
        Outcome::Allow
    }

    fn filters_port_80(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::firewall::policy::decision_for;
    use serde_json::{Value, json};

    fn outcome(group: &Value, host: &str, otherwise: &Outcome) -> Outcome {
        let groups = read(&[RuleFile { name: "f".into(), text: group.to_string() }]).unwrap();
        decision_for(&groups, host, otherwise).outcome
    }

    #[test]
    fn an_allow_list_denies_the_rest_of_its_protocols() {
        let group = |types: &[&str]| {
            json!({"RuleGroup": {"RulesSource": {"RulesSourceList": {
                "Targets": ["contoso.azurecr.io", ".data.azurecr.io"], "TargetTypes": types, "GeneratedRulesType": "ALLOWLIST"}}}})
        };
        let both = group(&["TLS_SNI", "HTTP_HOST"]);
        for (host, expected) in [
            ("contoso.azurecr.io", Outcome::Allow),
            ("contoso.eastus.data.azurecr.io", Outcome::Allow),
            ("fabrikam.azurecr.io", Outcome::Deny),
        ] {
            assert_eq!(outcome(&both, host, &Outcome::Allow), expected, "{host}");
        }
        let http = group(&["HTTP_HOST"]);
        assert_eq!(outcome(&http, "fabrikam.azurecr.io", &Outcome::Allow), Outcome::Allow);
    }

    #[test]
    fn in_strict_order_the_first_rule_decides() {
        let rules = "drop tls any any -> any any (ssl_state:client_hello; tls.sni; content:\"azurecr.io\"; endswith; nocase; sid:1;)\n\
                     pass tls any any -> any any (ssl_state:client_hello; tls.sni; content:\"contoso.azurecr.io\"; startswith; endswith; nocase; sid:2;)\n";
        let group = |order: &str| json!({"RulesSource": {"RulesString": rules}, "StatefulRuleOptions": {"RuleOrder": order}});
        let contoso = "contoso.azurecr.io";
        assert_eq!(
            outcome(&group("DEFAULT_ACTION_ORDER"), contoso, &Outcome::Allow),
            Outcome::Allow
        );
        assert_eq!(outcome(&group("STRICT_ORDER"), contoso, &Outcome::Deny), Outcome::Deny);
    }

    #[test]
    fn rules_in_parts_are_put_together() {
        let group = json!({"RulesSource": {"StatefulRules": [{"Action": "PASS",
            "Header": {"Protocol": "TLS", "Source": "ANY", "SourcePort": "ANY", "Direction": "FORWARD", "Destination": "ANY", "DestinationPort": "443"},
            "RuleOptions": [{"Keyword": "tls.sni"}, {"Keyword": "content", "Settings": ["\"contoso.azurecr.io\""]},
                {"Keyword": "startswith"}, {"Keyword": "endswith"}, {"Keyword": "nocase"}, {"Keyword": "sid", "Settings": ["7"]}]},
            {"Action": "DROP", "Header": {"Protocol": "TLS", "Source": "ANY", "SourcePort": "ANY", "Direction": "FORWARD",
             "Destination": "ANY", "DestinationPort": "ANY"}, "RuleOptions": [{"Keyword": "ssl_state:client_hello"}]}]}});
        assert_eq!(outcome(&group, "contoso.azurecr.io", &Outcome::Allow), Outcome::Allow);
        assert_eq!(outcome(&group, "fabrikam.azurecr.io", &Outcome::Allow), Outcome::Deny);
    }
}
