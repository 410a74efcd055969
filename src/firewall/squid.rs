//! `squid`: an ACL of destination domains and the rule that lets clients connect to them.
//!
//! The file is to be included before the configuration's own `http_access` rules; alone it denies everything else,
//! because Squid's default is the opposite of the last rule.

use super::{Format, Options, Rules};

/// The format.
pub struct Squid;

impl Format for Squid {
    fn name(&self) -> &'static str {
        "squid"
    }

    fn render(&self, rules: &Rules, _: &Options) -> String {
        let mut text = rules.header("#");
        for host in rules.hosts() {
            // A dot in front stands for the domain and all below it.
            let domain = match host.fqdn.wildcard_suffix() {
                Some(suffix) => format!(".{suffix}"),
                None => host.fqdn.to_string(),
            };
            text.push_str("acl az_acr_hosts dstdomain ");
            text.push_str(&domain);
            text.push('\n');
        }
        text.push_str(
            "acl az_acr_port port 443\nhttp_access allow CONNECT az_acr_hosts az_acr_port\n",
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn hosts_are_an_acl_and_only_connect_is_allowed() {
        let (rules, options) = example();
        let text = Squid.render(&rules, &options);
        let lines: Vec<&str> = text.lines().skip(4).collect();
        assert_eq!(
            lines,
            [
                "acl az_acr_hosts dstdomain contoso.azurecr.io",
                "acl az_acr_hosts dstdomain contoso.eastus.data.azurecr.io",
                "acl az_acr_hosts dstdomain contoso.westus.data.azurecr.io",
                "acl az_acr_hosts dstdomain tailspin.azurecr.io",
                "acl az_acr_hosts dstdomain .blob.core.windows.net",
                "acl az_acr_port port 443",
                "http_access allow CONNECT az_acr_hosts az_acr_port",
            ]
        );
    }
}
