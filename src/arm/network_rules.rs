//! A registry's network rules, sent back to ARM with only the requested changes.
//!
//! ARM replaces each list as a whole. Rules are therefore sent back exactly as they came, including keys that this
//! version does not know. A list that ARM omitted is omitted again, because an api-version may hide existing rules.

use super::parameters::{Given, NetworkRuleSetUpdate};
use ipnet::IpNet;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::net::IpAddr;

const SUBNETS: &str = "virtualNetworkRules";
const SUBNET_ID: &str = "virtualNetworkSubnetResourceId";
const RANGES: &str = "ipRules";
const RANGE: &str = "value";

/// The network rules of a registry, with ARM's property names.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct NetworkRules(Map<String, Value>);

impl NetworkRules {
    /// The rules in a registry's body. If the body has none, everything is allowed, as `az` assumes.
    pub fn of_registry(body: &Value) -> Self {
        match body.pointer("/properties/networkRuleSet").and_then(Value::as_object) {
            Some(rules) if !rules.is_empty() => Self(rules.clone()),
            _ => Self(Map::from_iter([("defaultAction".to_owned(), json!("Allow"))])),
        }
    }

    /// Allows a subnet.
    pub fn allow_subnet(&mut self, id: &str) {
        self.add(SUBNETS, json!({"action": "Allow", SUBNET_ID: id}));
    }

    /// Allows an address or a range.
    pub fn allow_range(&mut self, range: &str) {
        self.add(RANGES, json!({"action": "Allow", RANGE: range}));
    }

    /// Removes the rules for a subnet. Ids are compared without regard to case, as in `az`.
    pub fn remove_subnet(&mut self, id: &str) {
        self.remove(SUBNETS, |rule| {
            rule[SUBNET_ID].as_str().is_some_and(|known| known.eq_ignore_ascii_case(id))
        });
    }

    /// Removes the rules for an address or a range. The text must match exactly.
    pub fn remove_range(&mut self, range: &str) {
        self.remove(RANGES, |rule| rule[RANGE].as_str() == Some(range));
    }

    /// Whether there is a rule for exactly this address, however it is written: alone, or as a range of one.
    pub fn allows_address(&self, address: IpAddr) -> bool {
        let rules = self.0.get(RANGES).and_then(Value::as_array).into_iter().flatten();
        rules.into_iter().any(|rule| is_address(rule, address))
    }

    /// Removes the rules for exactly this address, however they are written.
    pub fn remove_address(&mut self, address: IpAddr) {
        self.remove(RANGES, |rule| is_address(rule, address));
    }

    /// Whether there is a rule with exactly this address or range.
    pub fn allows_range(&self, range: &str) -> bool {
        let rules = self.0.get(RANGES).and_then(Value::as_array).into_iter().flatten();
        rules.into_iter().any(|rule| rule[RANGE].as_str() == Some(range))
    }

    fn add(&mut self, list: &str, rule: Value) {
        match self.0.get_mut(list) {
            Some(Value::Array(rules)) => rules.push(rule),
            _ => {
                self.0.insert(list.to_owned(), json!([rule]));
            }
        }
    }

    fn remove(&mut self, list: &str, is_meant: impl Fn(&Value) -> bool) {
        if let Some(Value::Array(rules)) = self.0.get_mut(list) {
            rules.retain(|rule| !is_meant(rule));
        }
    }
}

fn is_address(rule: &Value, address: IpAddr) -> bool {
    let text = rule[RANGE].as_str().unwrap_or_default();
    let range = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    range == Some(IpNet::from(address))
}

impl From<NetworkRules> for Given<NetworkRuleSetUpdate> {
    /// Keeps the rules unchanged: a typed set would drop what this version does not know.
    fn from(rules: NetworkRules) -> Self {
        Self::Other(Value::Object(rules.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_however_it_is_written() {
        let rules = |text: &str| {
            let rule = json!([{"action": "Allow", "value": text}]);
            NetworkRules::of_registry(&json!({"properties": {"networkRuleSet": {"ipRules": rule}}}))
        };
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for (written, asked, found) in [
            ("203.0.113.7", "203.0.113.7", true),
            ("203.0.113.7/32", "203.0.113.7", true),
            ("2001:DB8:0::7", "2001:db8::7", true),
            ("2001:db8::7/128", "2001:db8::7", true),
            ("203.0.113.0/24", "203.0.113.7", false),
            ("203.0.113.8", "203.0.113.7", false),
        ] {
            let mut rules = rules(written);
            assert_eq!(rules.allows_address(address(asked)), found, "{written}");
            rules.remove_address(address(asked));
            assert!(!rules.allows_address(address(asked)), "{written}");
        }
    }

    #[test]
    fn what_was_not_asked_for_goes_back_as_it_came() {
        let body = json!({"properties": {"networkRuleSet": {
            "defaultAction": "Deny",
            "virtualNetworkRules": [{"id": "/subscriptions/s/subnets/a", "action": "Allow", "new": 1}],
            "tomorrow": [2],
        }}});
        let mut rules = NetworkRules::of_registry(&body);
        rules.remove_range("192.0.2.1");
        assert_eq!(
            serde_json::to_value(&rules).unwrap(),
            body["properties"]["networkRuleSet"],
            "a list that ARM left out stays left out"
        );
        rules.allow_range("192.0.2.0/24");
        rules.allow_subnet("/subscriptions/s/subnets/b");
        rules.remove_subnet("/SUBSCRIPTIONS/s/subnets/B");
        let sent = serde_json::to_value(&rules).unwrap();
        assert_eq!(sent["ipRules"], json!([{"action": "Allow", "value": "192.0.2.0/24"}]));
        assert_eq!(
            sent["virtualNetworkRules"],
            body["properties"]["networkRuleSet"]["virtualNetworkRules"]
        );
        assert_eq!(sent["tomorrow"], json!([2]));
    }
}
