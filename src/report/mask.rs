//! Replaces ids and names by keyed hashes, so that a report can be passed on.

use super::{Entry, Report, hex};
use crate::domain::{Endpoint, Fqdn, HostPattern, Regional};
use crate::fleet::{Coverage, FleetRegistry, Unread};
use ring::hmac;

/// Bytes of a hash that are shown: enough that names do not collide, even in large fleets.
const SHOWN: usize = 6;

/// A keyed hash: the same name always becomes the same text, and nobody without the key can try names out.
pub struct Mask(hmac::Key);

impl Mask {
    /// A mask with a key that nobody keeps.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn random() -> Result<Self, ring::error::Unspecified> {
        let random = ring::rand::SystemRandom::new();
        hmac::Key::generate(hmac::HMAC_SHA256, &random).map(Self)
    }

    /// A mask with a key, so that reports of different days can be compared.
    pub fn with_key(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Masks everything in a report that names something.
    pub fn apply(&self, report: Report) -> Report {
        let entries = report.entries.into_iter().map(|entry| self.entry(entry)).collect();
        let coverage = self.coverage(report.coverage);
        let host = |name: &str| Some(self.host(&Fqdn::parse(name).ok()?)?.to_string());
        let clients = report.clients.into_iter();
        let clients = clients.filter_map(|(name, uses)| Some((host(&name)?, uses))).collect();
        Report {
            entries,
            coverage,
            clients,
            read_by: self.hash("login", &report.read_by),
            ..report
        }
    }

    /// E.g. `reg-3f2a9c1b04de`. Case does not matter in Azure's names.
    pub fn hash(&self, kind: &str, name: &str) -> String {
        let tag = hmac::sign(&self.0, format!("{kind}\0{}", name.to_lowercase()).as_bytes());
        format!("{kind}-{}", hex(&tag.as_ref()[..SHOWN]))
    }

    /// The hash of the registry that an id names, as in its row.
    fn name_in(&self, id: &str) -> String {
        self.hash("reg", id.rsplit('/').next().unwrap_or_default())
    }

    fn entry(&self, entry: Entry) -> Entry {
        let Entry { registry, mut findings } = entry;
        for exception in findings.iter_mut().filter_map(|finding| finding.exception.as_mut()) {
            exception.reason = "hidden".to_owned();
        }
        Entry { registry: self.registry(registry), findings }
    }

    fn registry(&self, of: FleetRegistry) -> FleetRegistry {
        let name = self.hash("reg", &of.name);
        let subscription_id = self.hash("sub", &of.subscription_id);
        let resource_group =
            self.hash("rg", &format!("{}/{}", of.subscription_id, of.resource_group));
        let regional = match of.regional {
            Regional::On(endpoints) => Regional::On(self.endpoints(endpoints)),
            other => other,
        };
        let mut differences = of.differences;
        for difference in differences.iter_mut().flatten().filter(|d| d.property == "loginServer") {
            difference.resource_graph = "hidden".to_owned();
            difference.resource_manager = "hidden".to_owned();
        }
        FleetRegistry {
            id: format!(
                "/subscriptions/{subscription_id}/resourceGroups/{resource_group}/providers/\
                 Microsoft.ContainerRegistry/registries/{name}"
            ),
            subscription_name: of.subscription_name.map(|name| self.hash("sub", &name)),
            login_server: of.login_server.as_ref().and_then(|host| self.host(host)),
            data: of.data.map(|data| self.endpoints(data)),
            regional,
            tags: serde_json::Map::new(),
            name,
            subscription_id,
            resource_group,
            differences,
            ..of
        }
    }

    fn endpoints(&self, endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
        let mask = |endpoint: Endpoint| match &endpoint.host {
            HostPattern::Exact(host) => {
                Some(Endpoint { host: self.host(host)?.into(), ..endpoint })
            }
            HostPattern::Below(_) => Some(endpoint),
        };
        endpoints.into_iter().filter_map(mask).collect()
    }

    /// The first label is the registry's name; the others are the cloud's. `None` if the masked name is no host name.
    fn host(&self, host: &Fqdn) -> Option<Fqdn> {
        let (label, rest) = host.split_label();
        let masked = self.hash("reg", label);
        let masked = rest.map_or(masked.clone(), |rest| format!("{masked}.{rest}"));
        Fqdn::parse(&masked).ok()
    }

    fn coverage(&self, of: Coverage) -> Coverage {
        let all = |kind: &str, names: Vec<String>| -> Vec<String> {
            names.iter().map(|name| self.hash(kind, name)).collect()
        };
        Coverage {
            unread: of
                .unread
                .into_iter()
                .map(|Unread { id, name }| Unread {
                    id: self.hash("sub", &id),
                    name: name.map(|name| self.hash("sub", &name)),
                })
                .collect(),
            orphans: all("replication", of.orphans),
            not_found: all("reg", of.not_found),
            deleted: of.deleted.iter().map(|id| self.name_in(id)).collect(),
            unverified: of
                .unverified
                .into_iter()
                .map(|(id, _)| (self.name_in(&id), "the reason is hidden".to_owned()))
                .collect(),
            subscription_limit_hit: of.subscription_limit_hit,
            disordered: of.disordered,
        }
    }
}
