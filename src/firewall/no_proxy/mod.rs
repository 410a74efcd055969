//! `no-proxy`: a value of NO_PROXY, for clients that reach the registry without their proxy.
//!
//! A leading dot stands for the names below a domain: Go (Docker, containerd, kubelet, podman), curl and Python agree on it,
//! and on `*.domain` they do not.

mod read;

pub use read::{is_plain_script, is_setting, read};

use super::{AllowList, Format, FormatOption, ProxyClient, RenderOptions};
use crate::domain::HostPattern;
use serde_json::json;

/// The format.
pub struct NoProxy;

impl Format for NoProxy {
    fn name(&self) -> &'static str {
        "no-proxy"
    }

    fn about(&self) -> &'static str {
        "a value of NO_PROXY; --as aks, systemd, openshift, docker"
    }

    fn accepts(&self, option: FormatOption) -> bool {
        option == FormatOption::As
    }

    fn render(&self, list: &AllowList, options: &RenderOptions) -> String {
        let hosts: Vec<String> = list
            .endpoints()
            .into_iter()
            .map(|endpoint| match &endpoint.host {
                HostPattern::Exact(host) => host.to_string(),
                HostPattern::Below(domain) => format!(".{domain}"),
            })
            .collect();
        let value = hosts.join(",");
        match options.client {
            None => format!("{value}\n"),
            Some(ProxyClient::Aks) => format!("{:#}\n", json!({ "noProxy": hosts })),
            Some(ProxyClient::Docker) => {
                format!("{:#}\n", json!({"proxies": {"default": {"noProxy": value}}}))
            }
            Some(ProxyClient::Systemd) => format!(
                "# A drop-in such as /etc/systemd/system/containerd.service.d/az-acr.conf. It replaces a NO_PROXY that is\n\
                 # set elsewhere: add the hosts of that one.\n\
                 [Service]\nEnvironment=\"NO_PROXY={value}\"\n"
            ),
            Some(ProxyClient::Openshift) => format!(
                "# oc patch replaces the value: add the hosts that are there.\n\
                 apiVersion: config.openshift.io/v1\nkind: Proxy\nmetadata:\n  name: cluster\nspec:\n  noProxy: {value}\n"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn a_wildcard_becomes_a_leading_dot() {
        let (list, mut options) = example();
        let value = NoProxy.render(&list, &options);
        assert!(value.ends_with("tailspin.azurecr.io,.blob.core.windows.net\n"), "{value}");
        options.client = Some(ProxyClient::Docker);
        let config: serde_json::Value =
            serde_json::from_str(&NoProxy.render(&list, &options)).unwrap();
        assert_eq!(config["proxies"]["default"]["noProxy"], value.trim_end());
    }
}
