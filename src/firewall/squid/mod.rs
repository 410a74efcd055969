//! `squid`: an ACL of destination domains and the rule that lets clients connect to them.
//!
//! The file is to be included before the configuration's own `http_access` rules. It must not hold the last one: Squid
//! does the opposite of the last rule if none matches, which is to deny everything else after an `allow`.

mod acl;
mod config;
mod decide;
mod directives;

pub use config::read;

use super::{AllowList, Format, RenderOptions};
use crate::domain::HostPattern;
use std::fmt::Write as _;

/// What the file does, when to load it, and how to take it out again.
const NOTES: &str = "\
#
# This file denies nothing. Include it above the http_access rules of squid.conf:
#   include /etc/squid/az-acr.conf
# Do not put it below them: after a last rule that allows, Squid denies what no rule matches.
# To remove it, delete the include line. Load either change with: squid -k reconfigure
";

/// The format.
pub struct Squid;

impl Format for Squid {
    fn name(&self) -> &'static str {
        "squid"
    }

    fn about(&self) -> &'static str {
        "an acl and a rule of Squid"
    }

    fn render(&self, list: &AllowList, _: &RenderOptions) -> String {
        let mut text = list.header("#");
        text.push_str(NOTES);
        for endpoint in list.endpoints() {
            // A leading dot means the domain and every name below it.
            let (dot, domain) = match &endpoint.host {
                HostPattern::Exact(host) => ("", host),
                HostPattern::Below(domain) => (".", domain),
            };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "acl az_acr_hosts dstdomain {dot}{domain}");
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
        let (list, options) = example();
        let text = Squid.render(&list, &options);
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
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
