//! `fortigate`: FQDN address objects of FortiOS, a group of them, and a policy to move into place.

mod addresses;
mod config;
mod decide;

pub use config::is_config;
pub use decide::read;

use super::{AllowList, Format, RenderOptions};
use std::fmt::Write as _;

/// The format.
pub struct FortiGate;

const NOTES: &str = "\
#
# The objects and the policy are new; the policy stands last, so that a policy that denies goes first. To move it, in
# 'config firewall policy': move ID before ID. The policy is for every interface and client: narrow it as you need.
# Where policies translate sources, add 'set nat enable' to it, as to the policy that it goes before.
# FortiOS learns the addresses of *.domain from DNS answers that pass through it (6.2.2 and later).
# To remove it: delete the policy, then the group, then the addresses.
";

const POLICY: &str = r#"config firewall policy
    edit 0
        set name "az-acr"
        set srcintf "any"
        set dstintf "any"
        set srcaddr "all"
        set dstaddr "az-acr"
        set service "HTTPS"
        set schedule "always"
        set action accept
    next
end
"#;

impl Format for FortiGate {
    fn name(&self) -> &'static str {
        "fortigate"
    }

    fn about(&self) -> &'static str {
        "FortiOS: FQDN addresses, a group, and a policy to move"
    }

    fn render(&self, list: &AllowList, _: &RenderOptions) -> String {
        let mut text = list.header("#");
        text.push_str(NOTES);
        let endpoints = list.endpoints();
        // The name of an object has 79 characters at most, and a host may have more.
        let name = |number: usize| format!("\"az-acr-{}\"", number + 1);
        text.push_str("config firewall address\n");
        for (number, endpoint) in endpoints.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "    edit {}\n        set type fqdn\n        set fqdn \"{}\"\n    next\n",
                name(number),
                endpoint.host
            );
        }
        let members: Vec<String> = (0..endpoints.len()).map(name).collect();
        let _ = write!(
            text,
            "end\nconfig firewall addrgrp\n    edit \"az-acr\"\n        set member {}\n    next\nend\n",
            members.join(" ")
        );
        text.push_str(POLICY);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn each_host_is_an_object_of_the_group() {
        let (list, options) = example();
        let text = FortiGate.render(&list, &options);
        assert!(text.contains("        set fqdn \"*.blob.core.windows.net\"\n"), "{text}");
        assert!(text.contains("set member \"az-acr-1\" \"az-acr-2\" "), "{text}");
    }
}
