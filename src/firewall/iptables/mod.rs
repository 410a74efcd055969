//! `iptables`: a script that makes two ipsets and a chain, and the configuration with which dnsmasq fills the sets.

mod read;
mod sets;
mod translate;

pub use read::{is_rules, read};

use super::{AllowList, Format, RenderOptions};
use crate::domain::HostPattern;
use std::fmt::Write as _;

/// The format.
pub struct Iptables;

const NOTES: &str = "\
#
# Run it as root. It makes the ipsets az_acr4 and az_acr6, a chain az_acr in the table filter of iptables and ip6tables, and a file
# for dnsmasq, by default /etc/dnsmasq.d/az-acr.conf. Nothing else changes: rules of your own must jump to the chain before they
# refuse, for example: iptables -I FORWARD -j az_acr; ip6tables -I FORWARD -j az_acr
# Then restart dnsmasq: its cache does not fill the sets. Keep the rules over a restart with iptables-save and ipset save.
# To remove it: take the jumps out, then for the chains 'iptables -F az_acr; iptables -X az_acr' (and ip6tables), 'ipset destroy'
# for the sets, and delete the file.
set -eu
dnsmasq=${1:-/etc/dnsmasq.d/az-acr.conf}
ipset create -exist az_acr4 hash:ip family inet
ipset create -exist az_acr6 hash:ip family inet6
for family in 4 6; do
    case $family in 4) tables=iptables ;; *) tables=ip6tables ;; esac
    $tables -N az_acr 2>/dev/null || $tables -F az_acr
    $tables -A az_acr -p tcp --dport 443 -m set --match-set az_acr$family dst -j ACCEPT
done
cat >\"$dnsmasq\" <<'END'
";

impl Format for Iptables {
    fn name(&self) -> &'static str {
        "iptables"
    }

    fn about(&self) -> &'static str {
        "a script: ipsets that dnsmasq fills, and a chain"
    }

    fn render(&self, list: &AllowList, _: &RenderOptions) -> String {
        let mut text = "#!/bin/sh\n".to_owned() + &list.header("#");
        text.push_str(NOTES);
        for endpoint in list.endpoints() {
            // For dnsmasq a name includes every name below it; below a registry's hosts there are none.
            let (HostPattern::Exact(domain) | HostPattern::Below(domain)) = &endpoint.host;
            // Writing to a String cannot fail.
            let _ = writeln!(text, "ipset=/{domain}/az_acr4,az_acr6");
        }
        text.push_str("END\n");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn names_go_into_both_sets() {
        let (list, options) = example();
        let text = Iptables.render(&list, &options);
        assert!(
            text.contains("\nipset=/contoso.eastus.data.azurecr.io/az_acr4,az_acr6\n"),
            "{text}"
        );
        assert!(text.ends_with("\nEND\n"), "{text}");
    }
}
