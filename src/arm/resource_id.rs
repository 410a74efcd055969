//! The parts of an ARM resource id.

/// The parts of a resource id (`/subscriptions/…/resourceGroups/…/providers/…`) that are needed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceId<'a> {
    /// The subscription's GUID.
    pub subscription: &'a str,
    /// The resource group, spelled as in the id.
    pub resource_group: &'a str,
}

impl<'a> ResourceId<'a> {
    /// Parses an id. Returns `None` if it is not the id of a resource in a resource group.
    pub fn parse(id: &'a str) -> Option<Self> {
        let mut parts = id.split('/');
        let (start, subscriptions) = (parts.next()?, parts.next()?);
        let subscription = parts.next()?;
        let groups = parts.next()?;
        let resource_group = parts.next()?;
        (start.is_empty()
            && subscriptions.eq_ignore_ascii_case("subscriptions")
            && groups.eq_ignore_ascii_case("resourceGroups")
            && !resource_group.is_empty())
        .then_some(Self { subscription, resource_group })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_parsed_without_regard_to_case() {
        let id = ResourceId::parse("/subscriptions/s1/resourcegroups/Rg/providers/x/y/z").unwrap();
        assert_eq!(id, ResourceId { subscription: "s1", resource_group: "Rg" });
        assert_eq!(ResourceId::parse("/subscriptions/s1/providers/x"), None);
        assert_eq!(ResourceId::parse(""), None);
    }
}
