//! `istio`: a ServiceEntry for the hosts, which a mesh with `REGISTRY_ONLY` needs. It cuts nothing.

mod read;

pub use read::{is_policy, read};

use super::{AllowList, Format, RenderOptions};
use std::fmt::Write as _;

/// The format.
pub struct Istio;

const NOTES: &str = "\
#
# This entry only adds hosts to the mesh. The namespace decides who sees it: by default, every namespace does.
# A Sidecar that limits egress must list the hosts as well: '*/contoso.azurecr.io', or '*/*'.
# Images that the kubelet pulls do not pass a sidecar: its traffic leaves from the node.
# To remove it: kubectl delete serviceentry az-acr
";

impl Format for Istio {
    fn name(&self) -> &'static str {
        "istio"
    }

    fn about(&self) -> &'static str {
        "a ServiceEntry for meshes with REGISTRY_ONLY"
    }

    fn render(&self, list: &AllowList, _: &RenderOptions) -> String {
        let mut text = list.header("#");
        text.push_str(NOTES);
        text.push_str(
            "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata:\n  name: az-acr\nspec:\n  hosts:\n",
        );
        for endpoint in list.endpoints() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "    - \"{}\"", endpoint.host);
        }
        // NONE sends a connection to the address that the client looked up, which is what wildcards need.
        text.push_str(
            "  location: MESH_EXTERNAL\n  resolution: NONE\n  ports:\n    - number: 443\n      name: tls\n      protocol: TLS\n",
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn hosts_are_passed_through_by_their_name() {
        let (list, options) = example();
        let text = Istio.render(&list, &options);
        assert!(text.contains("    - \"*.blob.core.windows.net\"\n"), "{text}");
        assert!(text.ends_with("protocol: TLS\n"), "{text}");
    }
}
