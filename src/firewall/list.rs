//! `list`: one name a line, for Palo Alto external dynamic lists, FortiGate threat feeds, pfSense aliases.

use super::{Format, Options, Rules};

/// The format.
pub struct List;

impl Format for List {
    fn name(&self) -> &'static str {
        "list"
    }

    fn render(&self, rules: &Rules, _: &Options) -> String {
        let mut text = rules.header("#");
        for host in rules.hosts() {
            text.push_str(host.fqdn.as_str());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn one_name_a_line() {
        let (rules, options) = example();
        assert_eq!(
            List.render(&rules, &options),
            "\
# Hosts that clients of Azure container registries need, port 443/TCP:
#   contoso.azurecr.io
#   tailspin.azurecr.io
# Written by az-acr firewall-rules.
contoso.azurecr.io
contoso.eastus.data.azurecr.io
contoso.westus.data.azurecr.io
tailspin.azurecr.io
*.blob.core.windows.net
"
        );
    }
}
