//! Clients of registries as rows.

use crate::clients::{Client, timestamp};
use crate::output::{Row, Style};

/// Clients as rows, with what does not fit into columns below each.
pub fn rows(clients: &[Client]) -> Vec<Row> {
    clients.iter().map(row).collect()
}

fn row(client: &Client) -> Row {
    let ok = client.check.as_ref().is_none_or(|check| check.ok);
    let style = if ok && client.reasons.is_none() { Style::Plain } else { Style::Bad };
    let last = timestamp(client.last);
    Row::new(style)
        .cell("CLIENT", short(&client.address))
        .cell("PROGRAM", short(&client.program))
        .cell("REGION", client.region.as_deref().map(short))
        .cell("PULLS", client.pulls.to_string())
        .cell("LAST", last.get(..16).unwrap_or_default().replace('T', " "))
        .remark(Some(remark(client)))
}

/// The first of several values, and how many more there are: `eastus +1`. The remark has them all.
fn short(list: &str) -> String {
    let Some((first, rest)) = list.split_once(", ") else { return list.to_owned() };
    let (rest, unlisted) = rest.rsplit_once(" and ").unwrap_or((rest, ""));
    let unlisted: usize = unlisted.trim_end_matches(" more").parse().unwrap_or(0);
    format!("{first} +{}", rest.split(", ").count() + unlisted)
}

fn remark(client: &Client) -> String {
    let region = client.region.as_deref().unwrap_or_default();
    let columns =
        [("clients", &*client.address), ("programs", &*client.program), ("regions", region)];
    let lists = columns.into_iter().filter(|(_, list)| list.contains(", "));
    let mut parts: Vec<String> = lists.map(|(name, list)| format!("{name}: {list}")).collect();
    if let Some(owner) = client.owner.answer() {
        parts.push(format!("owner: {owner}"));
    }
    if let Some(identity) = &client.identity {
        parts.push(format!("identity: {identity}"));
    }
    if !client.repositories.is_empty() {
        parts.push(format!("repositories: {}", client.repositories.join(", ")));
    }
    if let Some(reasons) = &client.reasons {
        parts.push(format!("answers: {}", reasons.join(", ")));
    }
    if let Some(silent) = client.silent_for {
        let usual = client.usual_interval.answer().map(|seconds| Client::for_people(*seconds));
        let usual = usual.map_or("not known".to_owned(), |usual| format!("every {usual}"));
        parts.push(format!("silent for {}, usual: {usual}", Client::for_people(silent)));
    }
    match &client.check {
        Some(check) if !check.ok => {
            if !check.refused.is_empty() {
                parts.push(format!("would lack: {}", check.refused.join(", ")));
            }
            if !check.unjudged.is_empty() {
                parts.push(format!("nobody can tell: {}", check.unjudged.join(", ")));
            }
        }
        _ => parts.push(format!("needs: {}", client.hosts.join(", "))),
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_values_columns_show_the_first() {
        assert_eq!(short("eastus"), "eastus");
        assert_eq!(short("eastus, westus"), "eastus +1");
        assert_eq!(short("a, b, c and 7 more"), "a +9");
    }
}
