//! The program in a user agent.

/// The longest name that is kept of a user agent without a version.
const MAX_NAME: usize = 40;

/// Family and version, e.g. `containerd/1.7.22`; `unknown` if there is no user agent.
pub(super) fn program(agent: &str) -> String {
    let agent = agent.trim();
    if is_tasks(agent) {
        return "ACR Tasks".to_owned();
    }
    let Some(first) = agent.split_whitespace().next() else { return "unknown".to_owned() };
    match first.split_once('/') {
        Some((family, version)) if !family.is_empty() => {
            let digits = version
                .strip_prefix('v')
                .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            short(&format!("{family}/{}", digits.unwrap_or(version)))
        }
        _ => short(agent),
    }
}

/// Whether ACR Tasks sent the request. Its user agent is not documented; these are the names that are in use.
pub(super) fn is_tasks(agent: &str) -> bool {
    let agent = agent.to_lowercase();
    ["acr tasks", "acrtasks", "acr-task", "azurecontainerregistry"]
        .iter()
        .any(|name| agent.contains(name))
}

fn short(text: &str) -> String {
    // Clients choose their names. Of some, CI systems would take them for commands: `##vso[…]`, `::error::`.
    let is_plain = |c: &char| !c.is_control() && !"#[]:".contains(*c);
    text.chars().take(MAX_NAME).filter(is_plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_product_is_the_program() {
        for (agent, expected) in [
            ("containerd/1.7.22", "containerd/1.7.22"),
            ("containerd/v2.0.1", "containerd/2.0.1"),
            (
                "docker/24.0.7 go/go1.20.10 kernel/6.1 UpstreamClient(Docker-Client/24.0.7)",
                "docker/24.0.7",
            ),
            ("containers/5.29.2 (github.com/containers/image)", "containers/5.29.2"),
            ("skopeo/1.14.2", "skopeo/1.14.2"),
            ("kubelet/v1.29.0 (linux/amd64)", "kubelet/1.29.0"),
            ("version/x", "version/x"),
            ("Mozilla", "Mozilla"),
            ("", "unknown"),
            ("ACR Tasks", "ACR Tasks"),
        ] {
            assert_eq!(program(agent), expected, "{agent}");
        }
    }
}
