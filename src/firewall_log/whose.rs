//! Which hosts concern registries: their own, and the storage that layers may come from.

use memchr::memmem::Finder;
use std::collections::HashSet;

/// What a host is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A login server.
    Login,
    /// A data endpoint, or a login server of one region.
    Other,
    /// A storage account; whether it looks like the service's own.
    Storage {
        /// By its name alone.
        registry_owned: bool,
    },
}

/// The hosts that count.
pub struct Whose {
    /// With a leading dot, e.g. `.azurecr.io`.
    registries: String,
    /// With a leading dot, e.g. `.blob.core.windows.net`.
    storage: Option<String>,
    /// The hosts of the registries that the user names; `None` for all registries.
    named: Option<HashSet<String>>,
    finders: Vec<Finder<'static>>,
}

impl Whose {
    /// All registries of a cloud.
    ///
    /// # Arguments
    /// * `registries` - the suffix of login servers, e.g. `azurecr.io`.
    /// * `storage` - the suffix of storage hosts, e.g. `core.windows.net`.
    pub fn everyones(registries: &str, storage: Option<&str>) -> Self {
        let registries = format!(".{}", registries.trim_start_matches('.').to_lowercase());
        let storage = storage.map(|suffix| format!(".blob.{}", suffix.to_lowercase()));
        let needles = [Some(&registries), storage.as_ref()];
        let finders = needles
            .into_iter()
            .flatten()
            .map(|needle| Finder::new(needle.as_bytes()).into_owned())
            .collect();
        Self { registries, storage, named: None, finders }
    }

    /// The suffixes of registries and of storage, with their dots.
    pub fn suffixes(&self) -> (&str, Option<&str>) {
        (&self.registries, self.storage.as_deref())
    }

    /// Only these hosts of registries.
    ///
    /// # Arguments
    /// * `hosts` - in lower case.
    #[must_use]
    pub fn only(mut self, hosts: HashSet<String>) -> Self {
        self.named = Some(hosts);
        self
    }

    /// Where the bytes mention such a host, sorted. The bytes are in lower case.
    pub(super) fn mentions(&self, bytes: &[u8]) -> Vec<usize> {
        let mut positions: Vec<usize> =
            self.finders.iter().flat_map(|finder| finder.find_iter(bytes)).collect();
        positions.sort_unstable();
        positions
    }

    /// What a host is; `None` if it is nothing to us.
    pub(super) fn role(&self, host: &str) -> Option<Role> {
        if let Some(account) = self.storage.as_deref().and_then(|suffix| host.strip_suffix(suffix))
        {
            let registry_owned = is_registry_account(account);
            return (!account.is_empty()).then_some(Role::Storage { registry_owned });
        }
        let label = host.strip_suffix(&self.registries).filter(|label| !label.is_empty())?;
        if self.named.as_ref().is_some_and(|named| !named.contains(host)) {
            return None;
        }
        Some(if label.contains('.') { Role::Other } else { Role::Login })
    }
}

/// Whether a storage account has a name like those of the service, e.g. `weumanaged15`. Anybody may choose such a name.
fn is_registry_account(account: &str) -> bool {
    account.rsplit_once("managed").is_some_and(|(region, number)| {
        !region.is_empty()
            && !number.is_empty()
            && region.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_apart_by_their_names() {
        let whose = Whose::everyones(".azurecr.io", Some("core.windows.net"));
        for (host, role) in [
            ("contoso.azurecr.io", Some(Role::Login)),
            ("contoso.eastus.data.azurecr.io", Some(Role::Other)),
            ("contoso.eastus.geo.azurecr.io", Some(Role::Other)),
            ("weumanaged15.blob.core.windows.net", Some(Role::Storage { registry_owned: true })),
            ("managed15.blob.core.windows.net", Some(Role::Storage { registry_owned: false })),
            ("mine.blob.core.windows.net", Some(Role::Storage { registry_owned: false })),
            (".azurecr.io", None),
            ("azurecr.io", None),
            ("azurecr.io.example.com", None),
        ] {
            assert_eq!(whose.role(host), role, "{host}");
        }
        let only = whose.only(HashSet::from(["contoso.azurecr.io".to_owned()]));
        assert_eq!(only.role("contoso.azurecr.io"), Some(Role::Login));
        assert_eq!(only.role("fabrikam.azurecr.io"), None);
    }
}
