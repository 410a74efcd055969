//! `suricata`: rules that let TLS connections to the hosts pass.
//!
//! By default there are `pass` rules alone. `--lockdown` adds rules that drop all other TLS and HTTP. The one for TLS looks
//! at `ssl_state:client_hello`: a bare `drop tls` would match the first segment of a ClientHello that comes in two, before
//! the name is known, and hang clients such as containerd.

mod decide;
mod matching;
mod options;
mod rule;

pub use decide::{Rules, from_lines, is_rules, logical_lines, read};

use super::{AllowList, Format, FormatOption, RenderOptions};
use crate::domain::{Endpoint, HostPattern};
use std::fmt::Write as _;

/// The first identifier of the rules: 1,000,000 to 1,999,999 are for local rules.
const FIRST_SID: usize = 1_400_000;

/// The format.
pub struct Suricata;

impl Format for Suricata {
    fn name(&self) -> &'static str {
        "suricata"
    }

    fn about(&self) -> &'static str {
        "pass rules of Suricata"
    }

    fn accepts(&self, option: FormatOption) -> bool {
        option == FormatOption::Lockdown
    }

    fn render(&self, list: &AllowList, options: &RenderOptions) -> String {
        let mut text = list.header("#");
        text.push_str(notes(options.lockdown));
        let passes = pass_rules(list);
        let mut sid = FIRST_SID + passes.len();
        text.push_str(&passes.concat());
        if options.lockdown {
            let closing = [
                "drop tls $HOME_NET any -> any any (msg:\"az-acr other TLS\"; ssl_state:client_hello;",
                "drop http $HOME_NET any -> any any (msg:\"az-acr HTTP\"; flow:to_server;",
            ];
            for rule in closing {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{rule} sid:{sid}; rev:1;)");
                sid += 1;
            }
        }
        text
    }
}

/// Rules that let TLS connections to the hosts pass, a line each.
pub(super) fn pass_rules(list: &AllowList) -> Vec<String> {
    let rule = |(number, endpoint): (usize, &Endpoint)| {
        let host = &endpoint.host;
        let content = match host {
            HostPattern::Exact(host) => format!("content:\"{host}\"; startswith; endswith"),
            HostPattern::Below(domain) => format!("dotprefix; content:\".{domain}\"; endswith"),
        };
        let sid = FIRST_SID + number;
        format!(
            "pass tls $HOME_NET any -> any 443 (msg:\"az-acr {host}\"; flow:to_server; tls.sni; {content}; nocase; \
             sid:{sid}; rev:1;)\n"
        )
    };
    list.endpoints().into_iter().enumerate().map(rule).collect()
}

/// What the file does, when to load it, and how to take it out again.
fn notes(lockdown: bool) -> &'static str {
    if lockdown {
        "\
#
# THIS FILE DROPS ALL OTHER TLS AND HTTP OF HOME_NET, ON ANY PORT. Other protocols stay as they are.
# Suricata must run inline, with the default action-order: pass, drop, reject, alert.
# To load it, list it under rule-files in suricata.yaml, then: suricatasc -c reload-rules
# To remove it, take it out of the list and reload the rules.
"
    } else {
        "\
#
# This file drops nothing. Its rules beat drop rules that match the same packet, wherever they stand;
# a rule that drops earlier, such as 'drop tcp any any -> any 443' at the first packet, still wins.
# To load it, list it under rule-files in suricata.yaml, then: suricatasc -c reload-rules
# To remove it, take it out of the list and reload the rules.
"
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn nothing_is_dropped_unless_it_is_asked_for() {
        let (list, mut options) = example();
        let text = Suricata.render(&list, &options);
        assert!(
            text.contains("content:\"contoso.azurecr.io\"; startswith; endswith; nocase;"),
            "{text}"
        );
        assert!(
            text.contains("dotprefix; content:\".blob.core.windows.net\"; endswith;"),
            "{text}"
        );
        assert!(!text.contains("\ndrop "), "{text}");
        options.lockdown = true;
        let text = Suricata.render(&list, &options);
        assert!(text.contains("THIS FILE DROPS") && text.contains("\ndrop tls "), "{text}");
    }
}
