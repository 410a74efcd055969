//! `nftables`: the sets that dnsmasq fills, and a drop of all other traffic to port 443, from this machine and through
//! it, over TCP and QUIC.

use super::{AllowList, Format, RenderOptions};
use std::fmt::Write as _;

/// The format.
pub struct Nftables;

/// Marks the hosts, which the rules themselves know by address only.
pub(super) const HOST_MARK: &str = "# allow ";

const RULES: &str = r"
# Loading the file again replaces the table; dnsmasq fills the sets anew.
table inet az_acr
delete table inet az_acr
table inet az_acr {
	set hosts4 {
		type ipv4_addr
	}
	set hosts6 {
		type ipv6_addr
	}
	chain https {
		ip daddr @hosts4 tcp dport 443 accept
		ip6 daddr @hosts6 tcp dport 443 accept
		drop
	}
	chain output {
		type filter hook output priority filter; policy accept;
		oifname != lo meta l4proto { tcp, udp } th dport 443 jump https
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		meta l4proto { tcp, udp } th dport 443 jump https
	}
}
";

impl Format for Nftables {
    fn name(&self) -> &'static str {
        "nftables"
    }

    fn render(&self, list: &AllowList, _: &RenderOptions) -> String {
        let mut text = list.header("#");
        text.push_str("# The sets are filled by: az-acr firewall-rules --format dnsmasq\n");
        for endpoint in list.endpoints() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{HOST_MARK}{}", endpoint.host);
        }
        text.push_str(RULES);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn hosts_are_named_in_comments_and_the_rest_is_dropped() {
        let (list, options) = example();
        let text = Nftables.render(&list, &options);
        assert!(text.contains("\n# allow contoso.eastus.data.azurecr.io\n"));
        assert!(text.contains("\n\t\tdrop\n"));
    }
}
