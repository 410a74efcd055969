//! `dnsmasq`: the addresses of the hosts go into sets of nftables, which `nftables` declares.

use super::{AllowList, Format, RenderOptions};
use crate::domain::HostPattern;

/// The format.
pub struct Dnsmasq;

impl Format for Dnsmasq {
    fn name(&self) -> &'static str {
        "dnsmasq"
    }

    fn render(&self, list: &AllowList, _: &RenderOptions) -> String {
        let mut text = list.header("#");
        text.push_str("# The sets are declared by: az-acr firewall-rules --format nftables\n");
        for endpoint in list.endpoints() {
            // For dnsmasq a name includes every name below it; below a registry's hosts there are none.
            let (HostPattern::Exact(domain) | HostPattern::Below(domain)) = &endpoint.host;
            text.push_str("nftset=/");
            text.push_str(domain.as_str());
            text.push_str("/4#inet#az_acr#hosts4,6#inet#az_acr#hosts6\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn addresses_of_both_families_go_into_sets() {
        let (list, options) = example();
        let text = Dnsmasq.render(&list, &options);
        assert!(text.contains(
            "\nnftset=/contoso.eastus.data.azurecr.io/4#inet#az_acr#hosts4,6#inet#az_acr#hosts6\n"
        ));
        assert!(text.contains("\nnftset=/blob.core.windows.net/4#inet"));
    }
}
