//! What logs of firewalls say, as rows.

use crate::firewall_log::Found;
use crate::output::{Row, Style};

/// Refusals first, then users of storage accounts, then who asked for a login server.
pub fn rows(found: &Found) -> Vec<Row> {
    let row = |style, what: &str, source: &str, host: &str, last: &Option<String>, count: u64| {
        let last = last.as_deref().and_then(|last| last.get(..10));
        Row::new(style)
            .cell("WHAT", what)
            .cell("CLIENT", source)
            .cell("HOST", host)
            .cell("COUNT", count.to_string())
            .cell("LAST", last)
    };
    let refused = found.refused.iter();
    let refused =
        refused.map(|of| row(Style::Bad, "refused", &of.source, &of.host, &of.last, of.count));
    let storage = found.refused_storage.iter();
    let storage =
        storage.map(|of| row(Style::Bad, "refused", &of.source, &of.host, &of.last, of.count));
    let users = found.wildcard_users.iter().map(|of| {
        let (style, what) =
            if of.registry_owned { (Style::Plain, "layers?") } else { (Style::Notice, "storage") };
        row(style, what, &of.source, &of.host, &of.last, of.count)
    });
    let asked = found.resolvers.iter();
    let asked =
        asked.map(|of| row(Style::Plain, "asked", &of.source, &of.host, &of.last, of.count));
    refused.chain(storage).chain(users).chain(asked).collect()
}
