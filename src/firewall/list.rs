//! `list`: one name a line, for Palo Alto external dynamic lists, FortiGate threat feeds, pfSense aliases.

use super::{AllowList, Format, RenderOptions};
use std::fmt::Write as _;

/// The format.
pub struct List;

impl Format for List {
    fn name(&self) -> &'static str {
        "list"
    }

    fn render(&self, list: &AllowList, _: &RenderOptions) -> String {
        let mut text = list.header("#");
        for endpoint in list.endpoints() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", endpoint.host);
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
        let (list, options) = example();
        assert_eq!(
            List.render(&list, &options),
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
