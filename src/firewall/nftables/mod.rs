//! `nftables`: the sets that dnsmasq fills, and a chain that accepts them, to jump to from the user's own chains.
//!
//! Nothing in the file drops anything, unless `--lockdown` asks for it. Loading the file again replaces the chains and
//! keeps the addresses in the sets: dnsmasq adds an address only when it answers a query from upstream, so a name that
//! it has cached would not come back before its TTL ends.

mod decide;
mod evaluate;
mod json;
mod packet;
mod parse;
mod rule;
mod ruleset;
mod table;
mod words;

pub use decide::{Rules, is_rules, read};
pub use table::NftTable;

use super::{AllowList, Format, FormatOption, RenderOptions};
use std::fmt::Write as _;

/// The format.
pub struct Nftables;

/// Marks the hosts, which the rules themselves know by address only.
const HOST_MARK: &str = "# allow ";

/// The chain that accepts connections to the hosts.
const CHAIN: &str = "az_acr";
/// The chains of `--lockdown`: two that see all traffic, and one that drops.
const LOCKDOWN: [&str; 3] = ["az_acr_closed", "az_acr_output", "az_acr_forward"];

impl Format for Nftables {
    fn name(&self) -> &'static str {
        "nftables"
    }

    fn about(&self) -> &'static str {
        "sets and a chain of nftables"
    }

    fn accepts(&self, option: FormatOption) -> bool {
        matches!(option, FormatOption::Table | FormatOption::Lockdown)
    }

    fn render(&self, list: &AllowList, options: &RenderOptions) -> String {
        let mut text = list.header("#");
        text.push_str(&notes(&options.table, options.lockdown));
        for endpoint in list.endpoints() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{HOST_MARK}{}", endpoint.host);
        }
        text.push('\n');
        text.push_str(&chains(&options.table, options.lockdown));
        text
    }
}

/// What the file does, when to load it, and how to take it out again.
fn notes(table: &NftTable, lockdown: bool) -> String {
    let mut text = String::from("#\n");
    let sets: Vec<&str> = table.sets().iter().map(|set| set.name).collect();
    let mut line = |note: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", format!("# {note}").trim_end());
    };
    if lockdown {
        line("THIS FILE DROPS ALL OTHER TRAFFIC TO PORTS 80 AND 443, TCP AND UDP, IPV4 AND IPV6,");
        line("FROM THIS MACHINE AND THROUGH IT.");
    } else {
        line("This file drops nothing. To use it, jump to its chain before your own rules drop:");
        line(&format!("  nft insert rule {table} output tcp dport 443 jump {CHAIN}"));
    }
    line("");
    line("dnsmasq fills the sets (az-acr firewall-rules --format dnsmasq). Load this file first.");
    line("Loading it again keeps the addresses in the sets.");
    line("To remove it, delete your rules that jump to its chain, then:");
    let own = if lockdown { &LOCKDOWN[..] } else { &[] };
    for chain in own.iter().rev().chain([&CHAIN]) {
        line(&format!("  nft delete chain {table} {chain}"));
    }
    for set in sets {
        line(&format!("  nft delete set {table} {set}"));
    }
    text
}

fn chains(table: &NftTable, lockdown: bool) -> String {
    let mut text = format!("table {table} {{\n");
    for set in table.sets() {
        let _ = writeln!(text, "\tset {} {{\n\t\ttype {}\n\t}}", set.name, set.element);
    }
    // A chain must exist before it can be emptied, and is emptied so that no rule stands in it twice.
    let own = if lockdown { &LOCKDOWN[..] } else { &[] };
    let declared: String = own.iter().chain([&CHAIN]).fold(String::new(), |mut text, chain| {
        let hook = chain.strip_prefix("az_acr_").filter(|hook| *hook != "closed");
        let base = hook.map_or_else(String::new, |hook| {
            format!("\n\t\ttype filter hook {hook} priority filter; policy accept;\n\t")
        });
        let _ = writeln!(text, "\tchain {chain} {{{base}}}");
        text
    });
    text.push_str(&declared);
    text.push_str("}\n");
    for chain in own.iter().chain([&CHAIN]) {
        let _ = writeln!(text, "flush chain {table} {chain}");
    }
    let _ = writeln!(text, "table {table} {{\n\tchain {CHAIN} {{");
    for set in table.sets() {
        let _ = writeln!(text, "\t\t{} daddr @{} tcp dport 443 accept", set.protocol, set.name);
    }
    text.push_str("\t}\n");
    if lockdown {
        let [closed, output, forward] = LOCKDOWN;
        let web = "meta l4proto { tcp, udp } th dport { 80, 443 }";
        let _ = writeln!(text, "\tchain {closed} {{\n\t\tjump {CHAIN}\n\t\tdrop\n\t}}");
        let _ =
            writeln!(text, "\tchain {output} {{\n\t\toifname != \"lo\" {web} jump {closed}\n\t}}");
        let _ = writeln!(text, "\tchain {forward} {{\n\t\t{web} jump {closed}\n\t}}");
    }
    text.push_str("}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn nothing_is_dropped_unless_it_is_asked_for() {
        let (list, mut options) = example();
        let text = Nftables.render(&list, &options);
        assert!(text.contains("\n# allow contoso.eastus.data.azurecr.io\n"));
        assert!(!text.contains("hook") && !text.contains("\t\tdrop\n"), "{text}");
        options.lockdown = true;
        let text = Nftables.render(&list, &options);
        assert!(text.contains("THIS FILE DROPS") && text.contains("\t\tdrop\n"), "{text}");
    }

    #[test]
    fn a_table_of_one_family_has_the_set_of_that_family() {
        let (list, mut options) = example();
        options.table = "ip6 fw".parse().unwrap();
        let text = Nftables.render(&list, &options);
        assert!(text.contains("table ip6 fw {\n\tset az_acr_hosts6 {"), "{text}");
        assert!(!text.contains("hosts4"), "{text}");
    }
}
