//! What could not be read. An incomplete answer must say so.

use std::collections::HashSet;

/// A subscription that the login sees in Azure Resource Manager, and that Resource Graph did not look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The GUID.
    pub id: String,
    /// The display name, if it is known.
    pub name: Option<String>,
}

/// What is missing in an answer about many registries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Subscriptions that were not read, sorted by id.
    pub unread: Vec<Unread>,
    /// Whether Resource Graph looked at its limit of 10,000 subscriptions, and there are more.
    pub subscription_limit_hit: bool,
    /// Whether rows were not sorted, so that replications may have been put to no registry.
    pub disordered: bool,
    /// Ids of replications whose registry is not in the answer.
    pub orphans: Vec<String>,
    /// Registries that the user named and that are not in the answer.
    pub not_found: Vec<String>,
    /// Registries that are no longer there, although Resource Graph shows them (`--verify`).
    pub deleted: Vec<String>,
    /// Registries that Azure Resource Manager did not show, and why not (`--verify`).
    pub unverified: Vec<(String, String)>,
}

impl Coverage {
    /// The subscriptions that were expected and not read.
    ///
    /// # Arguments
    /// * `expected` - GUIDs, and names where they are known.
    /// * `read` - the GUIDs of the subscriptions that Resource Graph looked at.
    pub fn unread(expected: &[(String, Option<String>)], read: &[String]) -> Vec<Unread> {
        let read: HashSet<String> = read.iter().map(|id| id.to_lowercase()).collect();
        let missing = expected.iter().filter(|(id, _)| !read.contains(&id.to_lowercase()));
        let mut unread: Vec<Unread> =
            missing.map(|(id, name)| Unread { id: id.clone(), name: name.clone() }).collect();
        unread.sort_by(|a, b| a.id.cmp(&b.id));
        unread.dedup();
        unread
    }

    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.unread.is_empty()
            && !self.subscription_limit_hit
            && !self.disordered
            && self.orphans.is_empty()
            && self.not_found.is_empty()
            && self.unverified.is_empty()
    }

    /// What is missing, one sentence each.
    pub fn gaps(&self) -> Vec<String> {
        let unread = self.unread.iter().map(|Unread { id, name }| match name {
            Some(name) => format!("The subscription '{name}' ({id}) could not be read."),
            None => format!("The subscription {id} could not be read."),
        });
        let limit = self.subscription_limit_hit.then(|| {
            "Resource Graph looks at 10,000 subscriptions at most, and this login has more. Name some of them with \
             --subscriptions or --management-group."
                .to_owned()
        });
        let orphans = self
            .orphans
            .iter()
            .map(|id| format!("The replication {id} was read, but its registry was not."));
        let unverified = self
            .unverified
            .iter()
            .map(|(id, reason)| format!("{id} could not be verified: {reason}"));
        let disordered = self.disordered.then(|| {
            "Resource Graph sent rows in another order than was asked for, so replicas may be missing.".to_owned()
        });
        let orphans = disordered.into_iter().chain(orphans);
        let not_found = self.not_found.iter().map(|name| {
            format!(
                "There is no registry '{name}' in what was read, or it does not fit the filters."
            )
        });
        unread.chain(limit).chain(orphans).chain(not_found).chain(unverified).collect()
    }
}
