//! What a registry lists: repositories, tags and manifests, as the registry's own API (`/v2`) and that of Azure (`/acr/v1`) do.
//!
//! The shapes are those of the official Python SDK (azure-containerregistry 1.2).

use super::field;
use super::image::{self, Contents, REPOSITORY};
use serde_json::{Value, json};

/// When the image was pushed.
const PUSHED: &str = "2026-09-10T07:00:00.0000000Z";

/// A part of a list.
pub(super) struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The value of `last` for the next part, if there is one.
    pub next: Option<String>,
}

/// The part of a list that a request asks for with `last` and `n`.
pub(super) fn page<T>(
    items: Vec<T>,
    query: &[(String, String)],
    name: impl Fn(&T) -> String,
) -> Page<T> {
    let last = field(query, "last").unwrap_or_default();
    let most = field(query, "n").and_then(|n| n.parse().ok()).filter(|n| *n > 0);
    let mut items: Vec<T> = items.into_iter().filter(|item| name(item).as_str() > last).collect();
    let left = most.is_some_and(|most: usize| items.len() > most);
    items.truncate(most.unwrap_or(usize::MAX));
    let next = items.last().filter(|_| left).map(name);
    Page { items, next }
}

/// What may be done with a repository, a tag or a manifest.
fn attributes() -> Value {
    json!({"deleteEnabled": true, "writeEnabled": true, "readEnabled": true, "listEnabled": true})
}

/// The properties of the repository.
pub(super) fn repository(server: &str, contents: &Contents) -> Value {
    json!({
        "registry": server,
        "imageName": REPOSITORY,
        "createdTime": PUSHED,
        "lastUpdateTime": PUSHED,
        "manifestCount": manifests(contents).len(),
        "tagCount": image::tags().len(),
        "changeableAttributes": attributes(),
    })
}

/// The tags, sorted by name.
pub(super) fn tags(contents: &Contents) -> Vec<Value> {
    let tag = |name: &'static str| {
        let digest = &contents.manifests.get(name)?.digest;
        Some(json!({
            "name": name,
            "digest": digest,
            "createdTime": PUSHED,
            "lastUpdateTime": PUSHED,
            "signed": false,
            "changeableAttributes": attributes(),
        }))
    };
    image::tags().into_iter().filter_map(tag).collect()
}

/// The manifests, sorted by digest.
pub(super) fn manifests(contents: &Contents) -> Vec<Value> {
    let manifest = |(name, manifest): (&String, &image::Manifest)| {
        (name == &manifest.digest).then_some(())?;
        let is_it = |tag: &&str| contents.manifests.get(*tag).is_some_and(|m| m.digest == *name);
        let tags: Vec<&str> = image::tags().into_iter().filter(is_it).collect();
        let mut value = json!({
            "digest": name,
            "imageSize": manifest.bytes.len(),
            "createdTime": PUSHED,
            "lastUpdateTime": PUSHED,
            "mediaType": manifest.media_type,
            "changeableAttributes": attributes(),
        });
        if !tags.is_empty() {
            value["tags"] = json!(tags);
        }
        Some(value)
    };
    contents.manifests.iter().filter_map(manifest).collect()
}
