//! The result of a pull, as users see it.

use super::{Login, PullFailure, PullRequest};
use crate::probe::authority;
use crate::probe::image::Blob;
use crate::probe::verdict::Ending;
use crate::secrets::hidden_in_cut;
use serde::Serialize;

/// The result of a pull.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pull {
    /// The image with its registry.
    pub reference: String,
    /// Whether a client would get the whole image from the expected hosts.
    pub ok: bool,
    /// `anonymous`, `password` or `azure`.
    pub login: &'static str,
    /// The platform that was chosen from an index.
    pub platform: Option<String>,
    /// The digest of the image's manifest.
    pub digest: Option<String>,
    /// The hosts that a client contacts, in order.
    pub hosts: Vec<String>,
    /// The config and the layers.
    pub blobs: Vec<BlobReport>,
    /// The host of the first failure.
    pub host: Option<String>,
    /// The first failure.
    #[serde(flatten)]
    pub ending: Ending,
}

/// The result for a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BlobReport {
    /// The digest.
    pub digest: String,
    /// `config` or `layer`.
    pub kind: &'static str,
    /// Media type.
    pub media_type: String,
    /// Size in bytes, as the manifest states it.
    pub size: Option<u64>,
    /// The host that it comes from.
    pub host: Option<String>,
    /// How many bytes were fetched.
    pub fetched: usize,
    /// Whether it could be fetched from an expected host.
    pub ok: bool,
    /// Where and why it failed.
    #[serde(flatten)]
    pub ending: Ending,
}

impl Pull {
    /// A pull that has not begun.
    pub(super) fn new(request: &PullRequest) -> Self {
        let registry = authority(request.host.as_str(), request.port);
        Self {
            reference: format!("{registry}/{}", request.reference),
            ok: false,
            login: match request.login {
                Login::Anonymous => "anonymous",
                Login::Password { .. } => "password",
                Login::Azure(_) => "azure",
            },
            platform: None,
            digest: None,
            hosts: Vec::new(),
            blobs: Vec::new(),
            host: None,
            ending: Ending::default(),
        }
    }

    /// Ends the pull, with its first failure if there is one.
    pub(super) fn end(&mut self, failure: Option<PullFailure>) {
        self.ok = failure.is_none();
        if let Some(PullFailure { host, failure }) = failure {
            self.host = Some(host);
            self.ending = failure.into();
        }
    }

    /// Takes secrets out of everything that the registry wrote.
    pub(super) fn hide(&mut self, secrets: &[String]) {
        let blobs = self.blobs.iter_mut().flat_map(|blob| {
            let optional = [blob.host.as_mut(), blob.ending.detail.as_mut()];
            [&mut blob.digest, &mut blob.media_type]
                .into_iter()
                .chain(optional.into_iter().flatten())
        });
        let optional = [self.digest.as_mut(), self.host.as_mut(), self.ending.detail.as_mut()];
        for text in self.hosts.iter_mut().chain(blobs).chain(optional.into_iter().flatten()) {
            *text = hidden_in_cut(text, secrets);
        }
    }
}

impl BlobReport {
    /// A blob that has not been requested.
    pub(super) fn new(blob: &Blob) -> Self {
        Self {
            digest: blob.digest.clone(),
            kind: if blob.is_config { "config" } else { "layer" },
            media_type: blob.media_type.clone(),
            size: blob.size,
            host: None,
            fetched: 0,
            ok: false,
            ending: Ending::default(),
        }
    }
}
