//! Asks a policy what happens to the hosts that are needed, and to strangers.

use super::AllowList;
use super::policy::{Decision, Flow, Hook, Mentions, Outcome, Place, Policy, Purpose, Scope};
use super::strangers::Territory;
use crate::domain::{Endpoint, Fqdn, Role};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

const HTTPS: u16 = 443;
const HTTP: u16 = 80;
/// The most examples of regular expressions that are asked about.
const MAX_EXAMPLES: usize = 100_000;

/// The most bytes of them.
const MAX_EXAMPLE_BYTES: usize = 4 << 20;
/// How long strangers are asked about.
const LONGEST: Duration = Duration::from_secs(60);

/// What is found out about a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The host or wildcard.
    pub fqdn: String,
    /// What it is for; `null` for a stranger.
    pub kind: Option<Role>,
    /// The region, where it has one.
    pub region: Option<String>,
    /// The port that was asked about.
    pub port: u16,
    /// The file of the first line that decides; `null` if no line does.
    pub file: Option<Arc<str>>,
    /// The first line that decides; `null` if no line does.
    pub line: Option<usize>,
    /// All lines of that file that decide.
    pub lines: Vec<usize>,
    /// The login servers of the registries that need the host.
    pub registries: Vec<String>,
    /// Why the host cannot be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Arc<str>>,
    /// Whether it is somebody else's storage account.
    #[serde(skip)]
    pub storage: bool,
}

/// A file that was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JudgedFile {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// Its language; `null` if it is none that can be judged.
    pub format: Option<&'static str>,
    /// Whether the rules are a whole or a part.
    pub scope: Scope,
    /// Whether this was assumed from the content rather than said by the user.
    pub assumed: bool,
}

/// What a check finds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The files.
    pub files: Vec<JudgedFile>,
    /// Needed, and nothing allows it: pulls fail.
    pub missing: Vec<Finding>,
    /// Needed, and a rule forbids it: pulls fail.
    pub denied: Vec<Finding>,
    /// Strangers that pass.
    pub too_broad: Vec<Finding>,
    /// This registry's own, not refused, and not there now: left over, or planned.
    pub stale: Vec<Finding>,
    /// Needed and allowed.
    pub ok: Vec<Finding>,
    /// Hosts of which nobody can tell.
    pub unjudged: Vec<Finding>,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Questions<'a> {
    /// What is needed.
    pub needed: &'a AllowList,
    /// The suffix of the cloud's storage accounts, e.g. `core.windows.net`.
    pub storage_suffix: Option<&'a str>,
    /// The client's address, if the user named one.
    pub source: Option<IpAddr>,
    /// The way through the machine, if the user named one.
    pub hook: Option<Hook>,
    /// Whether the user says that the rules are a whole or a part.
    pub scope: Option<Scope>,
    /// The addresses of hosts on port 443, where the user named them.
    pub addresses: &'a HashMap<Fqdn, Vec<IpAddr>>,
    /// Whether to ask about TLS alone.
    pub https_only: bool,
}

/// Asks a policy all questions.
///
/// # Arguments
/// * `files` - the files and their language, for the report.
pub fn audit(policy: &dyn Policy, questions: Questions<'_>, files: Vec<JudgedFile>) -> Report {
    let audit = Audit {
        policy,
        questions,
        otherwise: otherwise(policy, questions.scope),
        territory: Territory::new(questions.needed, questions.storage_suffix),
        mentions: policy.mentions(),
    };
    let mut report = Report { files, ..Report::default() };
    audit.ask_for_needed(&mut report);
    audit.ask_for_possible(&mut report);
    audit.ask_for_stale(&mut report);
    audit.ask_for_strangers(&mut report);
    report
}

/// What happens to a connection that the rules do not decide.
///
/// # Arguments
/// * `scope` - whether the rules are a whole or a part, if the user says so.
pub fn otherwise(policy: &dyn Policy, scope: Option<Scope>) -> Outcome {
    match scope.unwrap_or_else(|| policy.scope()) {
        Scope::Whole => policy.default_outcome(),
        Scope::Part => Outcome::Deny,
    }
}

/// Decides about the hosts that one client needs, in their order. All of them may go one way, such as through a proxy.
///
/// # Arguments
/// * `decide` - asks the policy about one host.
pub fn decide_for_client(
    policy: &dyn Policy,
    hosts: &[Fqdn],
    decide: impl Fn(&Fqdn) -> Decision,
) -> Vec<Decision> {
    let mut decisions: Vec<Decision> = hosts.iter().map(decide).collect();
    let is_left =
        |decision: &Decision| decision.outcome == Outcome::Deny && decision.places.is_empty();
    if decisions.iter().all(is_left)
        && let Some(outcome) = policy.if_all_are_left(hosts)
    {
        for decision in &mut decisions {
            decision.outcome = outcome.clone();
        }
    }
    decisions
}

/// What all questions share.
struct Audit<'a> {
    policy: &'a dyn Policy,
    questions: Questions<'a>,
    /// What happens to what the rules do not decide.
    otherwise: Outcome,
    territory: Territory,
    mentions: Mentions<'a>,
}

impl Audit<'_> {
    fn ask(&self, host: &Fqdn, port: u16, purpose: Purpose) -> Decision {
        let addresses = self.questions.addresses.get(host).map_or(&[][..], Vec::as_slice);
        let Questions { source, hook, .. } = self.questions;
        let flow = Flow { host, port, source, purpose, addresses, hook };
        self.policy.decide(&flow, &self.otherwise)
    }

    fn ask_for_needed(&self, report: &mut Report) {
        let mut registries = self.questions.needed.registries();
        let mut asked = Vec::new();
        let mut hosts = Vec::new();
        let mut decisions = Vec::new();
        for endpoint in self.questions.needed.endpoints() {
            if let Some(host) = Territory::example_of(&endpoint.host) {
                asked.push(endpoint);
                hosts.push(host);
            } else {
                let why = "the domain is too long for a host below it";
                decisions.push((endpoint, Decision::by_default(Outcome::Unknown(why.into()))));
            }
        }
        let ask = |host: &Fqdn| self.ask(host, HTTPS, Purpose::Needed);
        decisions.extend(asked.into_iter().zip(decide_for_client(self.policy, &hosts, ask)));
        for (endpoint, decision) in decisions {
            let list = match (&decision.outcome, decision.places.is_empty()) {
                (Outcome::Allow, _) => &mut report.ok,
                (Outcome::Deny, true) => &mut report.missing,
                (Outcome::Deny, false) => &mut report.denied,
                (Outcome::Unknown(_), _) => &mut report.unjudged,
            };
            let fqdn = endpoint.host.to_string();
            let needed_by = registries.remove(&fqdn).unwrap_or_default();
            list.push(Finding::new(fqdn, Some(endpoint), HTTPS, decision, needed_by));
        }
    }

    /// A host of which nobody knows whether it is needed does no harm if it is allowed.
    fn ask_for_possible(&self, report: &mut Report) {
        for group in &self.questions.needed.groups {
            for endpoint in &group.possible {
                let Some(host) = endpoint.host.exact() else { continue };
                let decision = self.ask(host, HTTPS, Purpose::Needed);
                if decision.outcome != Outcome::Allow {
                    let why = "Resource Graph does not say whether the registry has regional endpoints; \
                               --verify asks Azure Resource Manager";
                    let decision = Decision { outcome: Outcome::Unknown(why.into()), ..decision };
                    let needed_by = vec![group.title.to_string()];
                    let fqdn = host.to_string();
                    report.unjudged.push(Finding::new(
                        fqdn,
                        Some(endpoint),
                        HTTPS,
                        decision,
                        needed_by,
                    ));
                }
            }
        }
    }

    fn ask_for_stale(&self, report: &mut Report) {
        let list = self.questions.needed;
        let possible = list.groups.iter().flat_map(|group| &group.possible);
        let needed: HashSet<String> =
            list.endpoints().into_iter().chain(possible).map(|e| e.host.to_string()).collect();
        let hosts = self.mentions.hosts.iter().flat_map(|hosts| hosts.hosts());
        let mut own: Vec<(&str, &Place, Role, String)> = hosts
            .filter(|(name, _)| !needed.contains(*name))
            .filter_map(|(name, place)| {
                self.territory.own_role(name).map(|(role, region)| (name, place, role, region))
            })
            .collect();
        own.sort_by_key(|(name, ..)| *name);
        own.dedup_by_key(|(name, ..)| *name);
        for (name, place, role, region) in own {
            let Ok(host) = Fqdn::parse(name) else { continue };
            let decision = self.ask(&host, HTTPS, Purpose::Needed);
            if decision.outcome != Outcome::Deny {
                let decision = Decision::by(decision.outcome, place);
                let mut finding = Finding::new(name.to_owned(), None, HTTPS, decision, Vec::new());
                (finding.kind, finding.region) = (Some(role), Some(region));
                report.stale.push(finding);
            }
        }
    }

    fn ask_for_strangers(&self, report: &mut Report) {
        let filters_http = self.policy.filters_port_80() && !self.questions.https_only;
        let ports: &[u16] = if filters_http { &[HTTPS, HTTP] } else { &[HTTPS] };
        // A registry that needs the storage wildcard lets other storage accounts pass as well.
        let needed = self.questions.needed.endpoints();
        let needs_storage = needed.iter().any(|endpoint| endpoint.role == Role::Storage);
        let examples = &self.mentions.examples;
        let bytes: usize = examples.iter().map(String::len).sum();
        if examples.len() > MAX_EXAMPLES || bytes > MAX_EXAMPLE_BYTES {
            let why = "there are too many regular expressions to find out what else they match";
            let decision = Decision::by_default(Outcome::Unknown(why.into()));
            report.unjudged.push(Finding::new("*".to_owned(), None, HTTPS, decision, Vec::new()));
            return;
        }
        let strangers = self.territory.strangers(&self.mentions);
        // One finding for the lines that decide: they let many strangers through.
        let mut seen = HashSet::new();
        let started = Instant::now();
        for port in ports {
            for stranger in &strangers {
                if started.elapsed() > LONGEST {
                    let why =
                        "there are too many rules to find out in time what else they let through";
                    let decision = Decision::by_default(Outcome::Unknown(why.into()));
                    let all = "*".to_owned();
                    report.unjudged.push(Finding::new(all, None, *port, decision, Vec::new()));
                    return;
                }
                if stranger.storage && needs_storage && *port == HTTPS {
                    continue;
                }
                let decision = self.ask(&stranger.host, *port, Purpose::Stranger);
                let list = match decision.outcome {
                    Outcome::Deny => continue,
                    Outcome::Allow => &mut report.too_broad,
                    Outcome::Unknown(_) => &mut report.unjudged,
                };
                if seen.insert((*port, stranger.storage, decision.places.clone())) {
                    let fqdn = stranger.host.to_string();
                    let mut finding = Finding::new(fqdn, None, *port, decision, Vec::new());
                    finding.storage = stranger.storage;
                    list.push(finding);
                }
            }
        }
    }
}

impl Report {
    /// Whether pulls work, nothing else passes, and nothing is left open.
    ///
    /// # Arguments
    /// * `allow_wildcard` - whether storage accounts of others may pass.
    pub fn holds(&self, allow_wildcard: bool) -> bool {
        self.missing.is_empty()
            && self.denied.is_empty()
            && self.too_broad.iter().all(|finding| allow_wildcard && finding.storage)
            && self.unjudged.iter().all(|finding| allow_wildcard && finding.storage)
    }
}

impl Finding {
    fn new(
        fqdn: String,
        endpoint: Option<&Endpoint>,
        port: u16,
        decision: Decision,
        registries: Vec<String>,
    ) -> Self {
        let why = match decision.outcome {
            Outcome::Unknown(why) => Some(why),
            Outcome::Allow | Outcome::Deny => None,
        };
        let file = decision.places.first().map(|place| Arc::clone(&place.file));
        let in_file = decision.places.iter().filter(|place| Some(&place.file) == file.as_ref());
        let lines: Vec<usize> = in_file.map(|place| place.line).collect();
        Self {
            fqdn,
            kind: endpoint.map(|endpoint| endpoint.role),
            region: endpoint.and_then(|endpoint| endpoint.region.clone()),
            port,
            file,
            line: lines.first().copied(),
            lines,
            registries,
            why,
            storage: false,
        }
    }
}
