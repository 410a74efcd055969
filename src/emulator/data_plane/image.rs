//! The image that every emulated registry holds: `hello`, a few hundred bytes for two platforms.

use flate2::{Compression, GzBuilder};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use tar::{Builder, Header};

/// The repository's name.
pub const REPOSITORY: &str = "hello";

/// A manifest as it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The `Content-Type`.
    pub media_type: &'static str,
    /// The `Docker-Content-Digest`.
    pub digest: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The contents of a repository.
#[derive(Debug, Default)]
pub struct Contents {
    /// Manifests by tag and by digest.
    pub manifests: BTreeMap<String, Manifest>,
    /// Configs and layers by digest.
    pub blobs: BTreeMap<String, Vec<u8>>,
}

/// Media types of a family of formats: index, manifest, config, layer.
struct Types {
    tag: &'static str,
    index: &'static str,
    manifest: &'static str,
    config: &'static str,
    layer: &'static str,
}

const FAMILIES: [Types; 2] = [
    Types {
        tag: "latest",
        index: "application/vnd.oci.image.index.v1+json",
        manifest: "application/vnd.oci.image.manifest.v1+json",
        config: "application/vnd.oci.image.config.v1+json",
        layer: "application/vnd.oci.image.layer.v1.tar+gzip",
    },
    Types {
        tag: "docker",
        index: "application/vnd.docker.distribution.manifest.list.v2+json",
        manifest: "application/vnd.docker.distribution.manifest.v2+json",
        config: "application/vnd.docker.container.image.v1+json",
        layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
    },
];

/// Returns the tags of [`REPOSITORY`].
pub fn tags() -> Vec<&'static str> {
    let mut tags = FAMILIES.map(|types| types.tag);
    tags.sort_unstable();
    tags.into()
}

/// Creates a registry's image: `latest` in OCI formats, `docker` in Docker formats.
///
/// The same registry name always gives the same digests.
///
/// # Errors
/// Writing to memory does not fail, but tar and gzip write through [`io`].
pub fn make(registry: &str) -> io::Result<Contents> {
    let mut contents = Contents::default();
    let tar = archive(&format!("Hello from {registry}.\n"))?;
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    io::Write::write_all(&mut gzip, &tar)?;
    let layer = gzip.finish()?;
    let diff = name(&tar);
    for types in &FAMILIES {
        let entries: Vec<Value> = ["amd64", "arm64"]
            .iter()
            .map(|architecture| {
                let config = json!({
                    "architecture": architecture,
                    "os": "linux",
                    "config": {"Cmd": ["/hello.txt"]},
                    "rootfs": {"type": "layers", "diff_ids": [diff]},
                });
                let config = contents.blob(types.config, config.to_string().into_bytes());
                let layer = contents.blob(types.layer, layer.clone());
                let manifest = json!({
                    "schemaVersion": 2,
                    "mediaType": types.manifest,
                    "config": config,
                    "layers": [layer],
                });
                let mut entry = contents.manifest(types.manifest, None, &manifest);
                entry["platform"] = json!({"architecture": architecture, "os": "linux"});
                entry
            })
            .collect();
        let index = json!({"schemaVersion": 2, "mediaType": types.index, "manifests": entries});
        contents.manifest(types.index, Some(types.tag), &index);
    }
    Ok(contents)
}

fn archive(text: &str) -> io::Result<Vec<u8>> {
    let mut header = Header::new_ustar();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    let mut builder = Builder::new(Vec::new());
    builder.append_data(&mut header, "hello.txt", text.as_bytes())?;
    builder.into_inner()
}

impl Contents {
    /// Stores a blob and returns its descriptor.
    fn blob(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let digest = name(&bytes);
        let descriptor = json!({"mediaType": media_type, "size": bytes.len(), "digest": digest});
        self.blobs.insert(digest, bytes);
        descriptor
    }

    /// Stores a manifest under its digest and its optional tag, and returns its descriptor.
    fn manifest(&mut self, media_type: &'static str, tag: Option<&str>, value: &Value) -> Value {
        let bytes = value.to_string().into_bytes();
        let digest = name(&bytes);
        let descriptor = json!({"mediaType": media_type, "size": bytes.len(), "digest": digest});
        let manifest = Manifest { media_type, digest: digest.clone(), bytes };
        if let Some(tag) = tag {
            self.manifests.insert(tag.to_owned(), manifest.clone());
        }
        self.manifests.insert(digest, manifest);
        descriptor
    }
}

/// Returns the digest of `bytes`.
fn name(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    let hex = digest.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    format!("sha256:{hex}")
}
