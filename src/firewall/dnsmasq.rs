//! `dnsmasq`: the addresses of the hosts go into sets of nftables, which `nftables` declares.

use super::{Format, Options, Rules};

/// The format.
pub struct Dnsmasq;

impl Format for Dnsmasq {
    fn name(&self) -> &'static str {
        "dnsmasq"
    }

    fn render(&self, rules: &Rules, _: &Options) -> String {
        let mut text = rules.header("#");
        text.push_str("# The sets are declared by: az-acr firewall-rules --format nftables\n");
        for host in rules.hosts() {
            // dnsmasq means a name and all below it; below a registry's hosts there is nothing.
            let domain = host.fqdn.wildcard_suffix().unwrap_or(host.fqdn.as_str());
            text.push_str("nftset=/");
            text.push_str(domain);
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
        let (rules, options) = example();
        let text = Dnsmasq.render(&rules, &options);
        assert!(text.contains(
            "\nnftset=/contoso.eastus.data.azurecr.io/4#inet#az_acr#hosts4,6#inet#az_acr#hosts6\n"
        ));
        assert!(text.contains("\nnftset=/blob.core.windows.net/4#inet"));
    }
}
