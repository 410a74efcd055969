//! The hosts that a client needs after a switch to dedicated data endpoints.

use crate::domain::{Endpoint, Endpoints, Fqdn, Role};
use std::collections::BTreeSet;

/// The hosts of a registry after a switch.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryHosts(Endpoints);

impl RegistryHosts {
    /// The hosts of a registry.
    ///
    /// # Arguments
    /// * `planned` - its endpoints with dedicated data endpoints.
    pub fn new(planned: Endpoints) -> Self {
        Self(planned)
    }

    /// The registry.
    pub fn login_server(&self) -> &Fqdn {
        &self.0.login_server
    }

    /// Whether the registry is in a region.
    pub fn has_region(&self, region: &str) -> bool {
        self.0.regions().any(|known| known == region)
    }

    /// What a client needs that asked these login servers: login servers first, then data endpoints.
    ///
    /// Failover can move a client of the global endpoint to any replica, so it needs the data endpoints of every region. A
    /// client that asked regional endpoints only stays in their regions.
    pub fn needed(&self, servers: &BTreeSet<String>) -> Vec<Endpoint> {
        let asked: Vec<Endpoint> =
            servers.iter().filter_map(|server| self.regional_endpoint(server)).collect();
        let only_regional = !asked.is_empty() && asked.len() == servers.len();
        let stays = |endpoint: &&Endpoint| {
            !only_regional || asked.iter().any(|regional| regional.region == endpoint.region)
        };
        let data = self.0.data.iter().filter(stays).cloned();
        let host = self.0.login_server.clone().into();
        let login = (!only_regional).then_some(Endpoint { host, role: Role::Login, region: None });
        login.into_iter().chain(asked.iter().cloned()).chain(data).collect()
    }

    /// The regional endpoint of this registry with this name; `None` for every other host.
    fn regional_endpoint(&self, server: &str) -> Option<Endpoint> {
        // If Azure did not say which there are, the name does.
        let possible = self.0.possible();
        let known = self.0.regional.hosts().iter().chain(&possible);
        known.into_iter().find(|e| e.host.to_string().eq_ignore_ascii_case(server)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Regional;

    fn contoso(regional: bool) -> RegistryHosts {
        let login_server = Fqdn::parse("contoso.azurecr.io").unwrap();
        let planned = Endpoints::planned(&login_server, ["eastus", "westus"], regional).unwrap();
        if regional {
            return RegistryHosts(planned);
        }
        RegistryHosts(Endpoints { regional: Regional::Unknown, ..planned })
    }

    fn names(of: &RegistryHosts, servers: &[&str]) -> Vec<String> {
        let servers = servers.iter().map(|&server| server.to_owned()).collect();
        of.needed(&servers).iter().map(|endpoint| endpoint.host.to_string()).collect()
    }

    #[test]
    fn clients_of_the_login_server_need_every_region() {
        let all = [
            "contoso.azurecr.io",
            "contoso.eastus.data.azurecr.io",
            "contoso.westus.data.azurecr.io",
        ];
        assert_eq!(names(&contoso(false), &["contoso.azurecr.io"]), all);
        assert_eq!(names(&contoso(false), &[]), all);
        assert_eq!(names(&contoso(false), &["else.example"]), all);
    }

    #[test]
    fn clients_of_a_regional_endpoint_need_its_region_only() {
        let regional = "contoso.westus.geo.azurecr.io";
        for known in [true, false] {
            assert_eq!(
                names(&contoso(known), &[regional]),
                [regional, "contoso.westus.data.azurecr.io"]
            );
            assert_eq!(
                names(&contoso(known), &[regional, "contoso.azurecr.io"]),
                [
                    "contoso.azurecr.io",
                    regional,
                    "contoso.eastus.data.azurecr.io",
                    "contoso.westus.data.azurecr.io"
                ]
            );
        }
    }
}
