//! Reads what `iptables-save`, `ip6tables-save` and `ipset save` print, together with the dnsmasq that fills the sets.
//!
//! iptables and nftables are two languages for the same filter of the kernel. The rules are translated line by line, so that
//! one reader judges both; `tests/judges/iptables.py` compares the answers with the kernel's.

use super::sets::{Family, Sets, is_set};
use super::translate;
use crate::firewall::policy::{
    Decision, Flow, Includes, InvalidRules, Mentions, Outcome, Place, Policy, RuleFile, Scope,
};
use crate::firewall::{dnsmasq, nftables};
use std::sync::Arc;

/// Rules of iptables.
#[derive(Debug)]
pub struct Rules {
    rules: nftables::Rules,
    hidden: Option<(Place, Arc<str>)>,
}

/// Whether a text is what `iptables-save` or `ipset save` prints.
pub fn is_rules(text: &str) -> bool {
    let tables = ["*filter", "*nat", "*mangle", "*raw", "*security"];
    let mut lines = text.lines().map(str::trim);
    lines.any(|line| tables.contains(&line) || is_set(line))
}

/// Reads files as one policy.
///
/// # Errors
/// [`InvalidRules`] for a file that iptables or dnsmasq would refuse.
pub fn read(files: &[RuleFile], includes: &dyn Includes) -> Result<Rules, InvalidRules> {
    let (config, rules): (Vec<&RuleFile>, Vec<&RuleFile>) =
        files.iter().partition(|file| !is_rules(&file.text) && dnsmasq::is_config(&file.text));
    let mut sets = Sets::default();
    for file in &rules {
        sets.read(&file.text);
    }
    let mut hidden = None;
    let mut translated = vec![RuleFile { name: "".into(), text: sets.declarations() }];
    for file in rules {
        let family = Family::of(&file.text);
        let mut lines = translate::Lines::new(family, &sets);
        let text: String = file.text.lines().map(|line| lines.line(line) + "\n").collect();
        if let Some((line, why)) = lines.hidden {
            let place = Place { file: Arc::clone(&file.name), line };
            hidden.get_or_insert((place, why));
        }
        translated.push(RuleFile { name: Arc::clone(&file.name), text });
    }
    let includes = Translated { includes, sets: &sets };
    for file in config {
        translated
            .push(RuleFile { name: Arc::clone(&file.name), text: sets.for_dnsmasq(&file.text) });
    }
    Ok(Rules { rules: nftables::read(&translated, &includes)?, hidden })
}

/// Files of dnsmasq with sets of nftables in place of ipsets.
struct Translated<'a> {
    includes: &'a dyn Includes,
    sets: &'a Sets,
}

impl Includes for Translated<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        Ok(self.sets.for_dnsmasq(&self.includes.read(path)?))
    }

    fn glob(&self, pattern: &str) -> Result<Vec<String>, String> {
        self.includes.glob(pattern)
    }
}

impl Policy for Rules {
    fn decide(&self, flow: &Flow<'_>, otherwise: &Outcome) -> Decision {
        match &self.hidden {
            Some((place, why)) => Decision::by(Outcome::Unknown(Arc::clone(why)), place),
            None => self.rules.decide(flow, otherwise),
        }
    }

    fn mentions(&self) -> Mentions<'_> {
        self.rules.mentions()
    }

    fn scope(&self) -> Scope {
        // What iptables-save prints are all rules of a table, with its policies.
        Scope::Whole
    }

    fn default_outcome(&self) -> Outcome {
        self.rules.default_outcome()
    }

    fn filters_port_80(&self) -> bool {
        self.rules.filters_port_80()
    }
}
