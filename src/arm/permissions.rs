//! What the caller may do: Azure RBAC's permissions on a resource.

use serde::Deserialize;

/// The actions that one or more roles allow on a resource.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Permission {
    actions: Vec<String>,
    not_actions: Vec<String>,
}

/// The caller's permissions on a resource.
#[derive(Debug, Clone, Default)]
pub struct Permissions(Vec<Permission>);

impl Permissions {
    pub(super) fn new(permissions: Vec<Permission>) -> Self {
        Self(permissions)
    }

    /// Whether an action is allowed: at least one role includes it and does not exclude it.
    ///
    /// # Arguments
    /// * `action` - e.g. `Microsoft.ContainerRegistry/registries/write`.
    pub fn allow(&self, action: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, action));
        self.0.iter().any(|role| any(&role.actions) && !any(&role.not_actions))
    }
}

/// Whether an Azure RBAC pattern matches an action: `*` stands for any characters; case does not matter.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = action.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(found) => rest = &rest[found + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_allows_what_its_patterns_cover() {
        const WRITE: &str = "Microsoft.ContainerRegistry/registries/write";
        for (actions, not_actions, allowed) in [
            (&["*"][..], &[][..], true),
            (&["*/read"], &[], false),
            (&["Microsoft.ContainerRegistry/*"], &[], true),
            (&["microsoft.containerregistry/registries/write"], &[], true),
            (&["Microsoft.ContainerRegistry/registries/*/write"], &[], false),
            (&["Microsoft.ContainerRegistry/registries/pull/read"], &[], false),
            (&["*"], &["Microsoft.ContainerRegistry/*/write"], false),
            (&["*"], &["Microsoft.Authorization/*/write"], true),
            (&[], &[], false),
        ] {
            let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
            let role = Permission { actions: owned(actions), not_actions: owned(not_actions) };
            assert_eq!(Permissions(vec![role]).allow(WRITE), allowed, "{actions:?}");
        }
    }
}
