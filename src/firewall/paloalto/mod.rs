//! `paloalto`: `set` commands of PAN-OS for a custom URL category, and a rule that allows it.
//!
//! Each entry ends with a slash. PAN-OS 10.1 and older read `example.com` as `example.com*` otherwise, which also stands for
//! `example.com.other.xyz` ("Guidelines for URL Category Exceptions").

mod category;
mod config;
mod decide;

pub use decide::{is_config, read};

use super::{AllowList, Format, FormatOption, RenderOptions, SourceAddress};
use std::fmt::Write as _;

/// The format.
pub struct PaloAlto;

const NOTES: &str = "\
#
# In configuration mode. The category and the rule are new; the rule stands last, so that a rule that denies goes first.
# Move it: move rulebase security rules az-acr before NAME
# The lines of the list also serve as an external dynamic list of the type URL.
# To remove it: delete rulebase security rules az-acr; delete profiles custom-url-category az-acr
";

impl Format for PaloAlto {
    fn name(&self) -> &'static str {
        "paloalto"
    }

    fn about(&self) -> &'static str {
        "set commands of PAN-OS: a URL category, and a rule for it"
    }

    fn accepts(&self, option: FormatOption) -> bool {
        option == FormatOption::Source
    }

    fn render(&self, list: &AllowList, options: &RenderOptions) -> String {
        let mut text = list.header("#");
        text.push_str(NOTES);
        text.push_str("set profiles custom-url-category az-acr type \"URL List\"\n");
        for endpoint in list.endpoints() {
            // Writing to a String cannot fail.
            let _ =
                writeln!(text, "set profiles custom-url-category az-acr list {}/", endpoint.host);
        }
        let sources: Vec<&str> = options.sources.iter().map(SourceAddress::as_str).collect();
        let sources = if sources.contains(&"*") { vec!["any"] } else { sources };
        let _ = writeln!(
            text,
            "set rulebase security rules az-acr from any to any source [ {} ] destination any application any \
             service service-https category az-acr action allow",
            sources.join(" ")
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn entries_end_with_a_slash() {
        let (list, options) = example();
        let text = PaloAlto.render(&list, &options);
        assert!(text.contains("az-acr list contoso.eastus.data.azurecr.io/\n"), "{text}");
        assert!(text.contains("az-acr list *.blob.core.windows.net/\n"), "{text}");
        assert!(text.contains(" source [ 10.0.0.0/8 ] "), "{text}");
    }
}
