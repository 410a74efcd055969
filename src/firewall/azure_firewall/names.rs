//! Names of policies in templates, where they are expressions: `[parameters('policy')]`, `[format('{0}/{1}', …)]`.
//!
//! `az bicep build` writes the name of a child as `format('{0}/{1}', PARENT, 'child')`; exports write
//! `concat(PARENT, '/child')`. Two names are the same if their expressions are.

use super::rule::is_expression;

/// The name of a policy, to compare it with others.
pub fn of_policy(name: &str) -> String {
    inner(name).map_or_else(|| name.to_ascii_lowercase(), plain)
}

/// The policy before the slash of a group's name.
pub fn outer(name: &str) -> Option<String> {
    let (function, arguments) = call(inner(name)?)?;
    match (function.as_str(), arguments.as_slice()) {
        ("format", [pattern, policy, ..]) if pattern.starts_with("'{0}/") => Some(plain(policy)),
        ("concat", [policy, rest, ..]) if rest.starts_with("'/") => Some(plain(policy)),
        _ => None,
    }
}

/// The name at the end of a resource id, or of an expression for one.
pub fn of_resource(id: &str) -> Option<String> {
    if !is_expression(id) {
        return Some(id.rsplit('/').next().unwrap_or_default().to_ascii_lowercase());
    }
    let (function, arguments) = call(inner(id)?)?;
    arguments.last().filter(|_| function == "resourceid").map(|name| plain(name))
}

/// An expression without its brackets.
fn inner(text: &str) -> Option<&str> {
    text.strip_prefix('[')?.strip_suffix(']').filter(|_| is_expression(text))
}

/// An argument, to compare it with others: the text in quotes, or the expression.
fn plain(argument: &str) -> String {
    let text = argument.trim();
    let literal = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    match literal.filter(|text| !text.contains('\'')) {
        Some(text) => text.to_ascii_lowercase(),
        None => {
            text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase()
        }
    }
}

/// The name of a function in small letters, and its arguments.
fn call(expression: &str) -> Option<(String, Vec<&str>)> {
    let (name, rest) = expression.split_once('(')?;
    let list = rest.strip_suffix(')')?;
    let (mut arguments, mut start, mut depth, mut is_quoted) = (Vec::new(), 0, 0_usize, false);
    for (at, c) in list.char_indices() {
        match c {
            '\'' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                arguments.push(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    arguments.push(list[start..].trim());
    Some((name.trim().to_ascii_lowercase(), arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_compared_as_they_are_written() {
        let base = "parameters('basename')";
        for (name, expected) in [
            ("[format('{0}/{1}', parameters('baseName'), 'acr')]", Some(base)),
            ("[concat(parameters('baseName'), '/acr')]", Some(base)),
            ("[format('{0}/{1}', 'Hub', 'acr')]", Some("hub")),
            ("[format('{0}-{1}', 'hub', 'acr')]", None),
            ("[variables('group')]", None),
            ("[concat(format('{0}(', 'a'), '/x')]", Some("format('{0}(','a')")),
        ] {
            assert_eq!(outer(name).as_deref(), expected, "{name}");
        }
        assert_eq!(of_policy("[parameters('baseName')]"), base);
        assert_eq!(of_policy("Hub"), "hub");
        let id = "[resourceId('Microsoft.Network/firewallPolicies', parameters('baseName'))]";
        assert_eq!(of_resource(id).as_deref(), Some(base));
        assert_eq!(of_resource("/subscriptions/s/firewallPolicies/Hub").as_deref(), Some("hub"));
        assert_eq!(of_resource("[parameters('id')]"), None);
    }
}
