//! `rpz`: a response policy zone for unbound and BIND that lets the hosts pass whatever later zones say.

mod lookup;
mod zone;

pub use lookup::{Override, PolicyZone, Reading, Zones, read};
pub use zone::{is_zone, read_zone};

use super::{AllowList, Format, RenderOptions};
use std::fmt::Write as _;

/// What the zone does, when to load it, and how to take it out again.
const NOTES: &str = "\
;
; This zone blocks nothing. Load it before your other policy zones: the first zone that matches decides.
; Do not copy its lines into a zone that blocks *: a name that passes opens its neighbours there.
; A local-zone or local-data of unbound comes before every policy zone.
; To remove it, delete the zone from the configuration and reload the server.
";

/// The format.
pub struct Rpz;

impl Format for Rpz {
    fn name(&self) -> &'static str {
        "rpz"
    }

    fn about(&self) -> &'static str {
        "a response policy zone for BIND and unbound"
    }

    fn render(&self, list: &AllowList, _: &RenderOptions) -> String {
        let mut text = list.header(";");
        text.push_str(NOTES);
        text.push_str("$TTL 300\n@ IN SOA localhost. root.localhost. 1 3600 600 86400 300\n");
        text.push_str("@ IN NS localhost.\n");
        for endpoint in list.endpoints() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{} IN CNAME rpz-passthru.", endpoint.host);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn every_host_passes_and_nothing_is_blocked() {
        let (list, options) = example();
        let text = Rpz.render(&list, &options);
        assert!(text.contains("\ncontoso.azurecr.io IN CNAME rpz-passthru.\n"), "{text}");
        assert!(text.contains("\n*.blob.core.windows.net IN CNAME rpz-passthru.\n"), "{text}");
        assert!(is_zone(&text));
    }
}
