//! `dnsmasq`: the addresses of the hosts go into sets of nftables, which `nftables` declares.

mod config;
mod filter;
mod options;

pub use config::{Config, FilledSet, is_config, read};

use super::{AllowList, Format, FormatOption, RenderOptions};
use crate::domain::HostPattern;
use std::fmt::Write as _;

/// What the file does, when to load it, and how to take it out again.
const NOTES: &str = "\
#
# This file changes no answer: dnsmasq only adds the addresses of these names to sets of nftables.
# The sets must exist before dnsmasq starts (az-acr firewall-rules --format nftables).
# After a change, restart dnsmasq: its cache does not fill the sets. To remove it, delete the file
# and restart dnsmasq.
";

/// The format.
pub struct Dnsmasq;

impl Format for Dnsmasq {
    fn name(&self) -> &'static str {
        "dnsmasq"
    }

    fn about(&self) -> &'static str {
        "sets that dnsmasq fills for nftables"
    }

    fn accepts(&self, option: FormatOption) -> bool {
        option == FormatOption::Table
    }

    fn render(&self, list: &AllowList, options: &RenderOptions) -> String {
        let mut text = list.header("#");
        text.push_str(NOTES);
        let table = &options.table;
        let sets: Vec<String> = table.sets().iter().map(|set| table.for_dnsmasq(set)).collect();
        let sets = sets.join(",");
        for endpoint in list.endpoints() {
            // For dnsmasq a name includes every name below it; below a registry's hosts there are none.
            let (HostPattern::Exact(domain) | HostPattern::Below(domain)) = &endpoint.host;
            // Writing to a String cannot fail.
            let _ = writeln!(text, "nftset=/{domain}/{sets}");
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
            "\nnftset=/contoso.eastus.data.azurecr.io/4#inet#filter#az_acr_hosts4,6#inet#filter#az_acr_hosts6\n"
        ));
        assert!(text.contains("\nnftset=/blob.core.windows.net/4#inet"));
    }
}
