//! Who pulls from each registry, from the output of `list-clients`.

use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};

/// The use of one registry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientUse {
    /// How many addresses pulled.
    pub clients: usize,
    /// How often, together.
    pub pulls: u64,
    /// The last pull, e.g. `2026-11-29T23:00:00Z`.
    pub last: String,
}

#[derive(Deserialize)]
struct Row {
    registry: String,
    client: String,
    pulls: u64,
    last: String,
}

/// The use of each registry, by its login server. A registry that is not named may be used all the same.
///
/// # Errors
/// The text is not the JSON of `list-clients`.
pub fn parse(text: &str) -> Result<HashMap<String, ClientUse>, serde_json::Error> {
    let rows: Vec<Row> = serde_json::from_str(text)?;
    let mut clients: HashMap<String, BTreeSet<String>> = HashMap::new();
    let mut uses: HashMap<String, ClientUse> = HashMap::new();
    for row in rows {
        let registry = row.registry.to_lowercase();
        let known = clients.entry(registry.clone()).or_default();
        known.insert(row.client);
        let of = uses.entry(registry).or_default();
        of.clients = known.len();
        of.pulls += row.pulls;
        // Times of this format sort as text.
        of.last = std::mem::take(&mut of.last).max(row.last);
    }
    Ok(uses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_with_two_programs_is_one() {
        let row = |client: &str, last: &str| serde_json::json!({"registry": "Contoso.azurecr.io", "client": client, "pulls": 2, "last": last, "more": 1});
        let text = serde_json::json!([
            row("a", "2026-11-02"),
            row("a", "2026-11-03"),
            row("b", "2026-11-01")
        ]);
        let uses = parse(&text.to_string()).unwrap();
        let expected = ClientUse { clients: 2, pulls: 6, last: "2026-11-03".to_owned() };
        assert_eq!(uses["contoso.azurecr.io"], expected);
        assert!(parse("{}").is_err());
    }
}
