//! Images: references, platforms and manifests. No I/O.

use super::verdict::{Failure, Reason, Step, printable};
use ring::digest;
use serde_json::Value;
use std::fmt;

/// Docker's and OCI's media types of manifests and manifest lists.
pub const MANIFEST_TYPES: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";

/// The maximum number of blobs in an image; Docker's own limit is 127 layers.
const MAX_BLOBS: usize = 256;

/// `REPOSITORY[:TAG|@DIGEST]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The repository's name.
    pub repository: String,
    /// The tag or digest.
    pub version: String,
}

/// The text is not a reference to an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an image: expected REPOSITORY, REPOSITORY:TAG or REPOSITORY@sha256:DIGEST")]
pub struct ParseReferenceError(String);

impl Reference {
    /// Parses a reference. The default tag is `latest`; a digest takes precedence over a tag.
    ///
    /// # Arguments
    /// * `registry` - the registry's host, which may precede the repository.
    ///
    /// # Errors
    /// [`ParseReferenceError`].
    pub fn parse(text: &str, registry: &str) -> Result<Self, ParseReferenceError> {
        let wrong = || ParseReferenceError(printable(text));
        let rest = text.strip_prefix(registry).and_then(|rest| rest.strip_prefix('/'));
        let rest = rest.unwrap_or(text);
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (rest, None),
        };
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        let good =
            is_repository(repository) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest);
        if !good {
            return Err(wrong());
        }
        let version = digest.or(tag).unwrap_or("latest").to_owned();
        Ok(Self { repository: repository.to_owned(), version })
    }

    /// The digest, if the reference has one.
    pub fn digest(&self) -> Option<&str> {
        self.version.contains(':').then_some(self.version.as_str())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.digest().is_some() { '@' } else { ':' };
        write!(f, "{}{mark}{}", self.repository, self.version)
    }
}

fn is_repository(text: &str) -> bool {
    let component = |text: &str| {
        let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        text.starts_with(alphanumeric)
            && text.ends_with(alphanumeric)
            && text.chars().all(|c| alphanumeric(c) || matches!(c, '.' | '_' | '-'))
    };
    text.len() <= 255 && text.split('/').all(component)
}

fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128
        && text.starts_with(word)
        && text.chars().all(|c| word(c) || matches!(c, '.' | '-'))
}

fn is_digest(text: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    match text.split_once(':') {
        Some(("sha256", value)) => value.len() == 64 && hex(value),
        Some(("sha512", value)) => value.len() == 128 && hex(value),
        _ => false,
    }
}

/// Verifies that bytes match their digest.
///
/// # Errors
/// A [`Failure`] of step `manifest`.
pub fn verify(bytes: &[u8], expected: &str) -> Result<(), Failure> {
    let algorithm = if expected.starts_with("sha512:") { &digest::SHA512 } else { &digest::SHA256 };
    let found = digest::digest(algorithm, bytes);
    let hex = found.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    if expected.split_once(':').is_some_and(|(_, value)| value == hex) {
        return Ok(());
    }
    let detail = format!("the manifest does not match its digest {}", printable(expected));
    Err(Failure::new(Step::Manifest, Reason::DigestMismatch, detail))
}

/// `OS/ARCHITECTURE[/VARIANT]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    os: String,
    architecture: String,
    variant: Option<String>,
}

/// The text is not a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected OS/ARCHITECTURE[/VARIANT], e.g. linux/amd64")]
pub struct ParsePlatformError;

impl std::str::FromStr for Platform {
    type Err = ParsePlatformError;

    fn from_str(text: &str) -> Result<Self, ParsePlatformError> {
        let parts: Vec<&str> = text.split('/').collect();
        let word = |part: &&str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        };
        match parts.as_slice() {
            [os, architecture, variant @ ..] if variant.len() <= 1 && parts.iter().all(word) => {
                Ok(Self {
                    os: (*os).to_lowercase(),
                    architecture: (*architecture).to_lowercase(),
                    variant: variant.first().map(|variant| (*variant).to_lowercase()),
                })
            }
            _ => Err(ParsePlatformError),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

impl Default for Platform {
    /// Linux on this machine's architecture. Registries use Go's names; those of common architectures are mapped.
    fn default() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            other => other,
        };
        Self { os: "linux".to_owned(), architecture: architecture.to_owned(), variant: None }
    }
}

/// An entry of an index: a manifest's digest and its platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    digest: String,
    platform: Option<Platform>,
}

/// A config or layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its digest.
    pub digest: String,
    /// Its size in bytes, as the manifest states it.
    pub size: Option<u64>,
    /// Its media type.
    pub media_type: String,
    /// Other locations that it comes from, for layers that must not be redistributed.
    pub urls: Vec<String>,
    /// Whether it is the image's configuration.
    pub is_config: bool,
}

/// The parts of a manifest that a pull needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manifest {
    /// A manifest list or OCI index.
    Index(Vec<Entry>),
    /// An image: its config and its layers.
    Image(Vec<Blob>),
}

impl Manifest {
    /// Parses a manifest of a Docker or OCI type.
    ///
    /// # Errors
    /// A [`Failure`] of step `manifest`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let bad = |what: &str| {
            Failure::new(Step::Manifest, Reason::BadAnswer, format!("the manifest {what}"))
        };
        let value: Value = serde_json::from_slice(bytes).map_err(|_| bad("is not JSON"))?;
        if let Some(entries) = value["manifests"].as_array() {
            let entry = |entry: &Value| {
                let digest = entry["digest"].as_str().filter(|digest| is_digest(digest))?;
                Some(Entry { digest: digest.to_owned(), platform: platform(&entry["platform"]) })
            };
            let entries: Option<Vec<Entry>> = entries.iter().map(entry).collect();
            return entries.map(Self::Index).ok_or_else(|| bad("names an entry without a digest"));
        }
        let Some(layers) = value["layers"].as_array() else {
            let old = value["fsLayers"].is_array();
            return Err(bad(if old { "is of the retired schema 1" } else { "has no layers" }));
        };
        if layers.len() >= MAX_BLOBS {
            let detail =
                format!("the image has {} layers, more than a client accepts", layers.len());
            return Err(Failure::new(Step::Manifest, Reason::TooLarge, detail));
        }
        let config = blob(&value["config"], true);
        let layers = layers.iter().map(|layer| blob(layer, false));
        let blobs: Option<Vec<Blob>> = std::iter::once(config).chain(layers).collect();
        blobs.map(Self::Image).ok_or_else(|| bad("names a layer without a digest"))
    }
}

fn blob(value: &Value, is_config: bool) -> Option<Blob> {
    let digest = value["digest"].as_str().filter(|digest| is_digest(digest))?;
    let urls = value["urls"].as_array().into_iter().flatten();
    Some(Blob {
        digest: digest.to_owned(),
        size: value["size"].as_u64(),
        media_type: printable(value["mediaType"].as_str().unwrap_or_default()),
        urls: urls.filter_map(Value::as_str).map(str::to_owned).collect(),
        is_config,
    })
}

fn platform(value: &Value) -> Option<Platform> {
    let word = |key: &str| value[key].as_str().map(str::to_lowercase);
    Some(Platform {
        os: word("os")?,
        architecture: word("architecture")?,
        variant: word("variant"),
    })
}

/// The first digest that matches a platform. The variant is ignored if `wanted` has none.
///
/// # Errors
/// A [`Failure`] of step `manifest` that names the available platforms.
pub fn choose<'a>(entries: &'a [Entry], wanted: &Platform) -> Result<&'a str, Failure> {
    let fits = |entry: &&Entry| {
        entry.platform.as_ref().is_some_and(|found| {
            found.os == wanted.os
                && found.architecture == wanted.architecture
                && (wanted.variant.is_none() || found.variant == wanted.variant)
        })
    };
    entries.iter().find(fits).map(|entry| entry.digest.as_str()).ok_or_else(|| {
        let known: Vec<String> = entries
            .iter()
            .filter_map(|entry| entry.platform.as_ref().map(ToString::to_string))
            .collect();
        let detail = format!("the image has no variant for {wanted}. It has: {}", known.join(", "));
        Failure::new(Step::Manifest, Reason::NoPlatform, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn references_are_read_as_docker_reads_them() {
        for (text, repository, version) in [
            ("hello", "hello", "latest"),
            ("team/app_1:v1.2-rc", "team/app_1", "v1.2-rc"),
            ("contoso.azurecr.io/hello:v1", "hello", "v1"),
        ] {
            let reference = Reference::parse(text, "contoso.azurecr.io").unwrap();
            assert_eq!((&*reference.repository, &*reference.version), (repository, version));
        }
        let both = Reference::parse(&format!("hello:v1@{DIGEST}"), "x").unwrap();
        assert_eq!((both.digest(), both.to_string()), (Some(DIGEST), format!("hello@{DIGEST}")));
        for text in [
            "",
            "Hello",
            "a b",
            "hello:",
            "hello@",
            "hello@sha256:12",
            "/a",
            "a//b",
            "-a",
            "hello:v1:v2",
        ] {
            assert!(Reference::parse(text, "x").is_err(), "{text}");
        }
    }

    #[test]
    fn bytes_are_compared_with_their_digest() {
        assert_eq!(verify(b"", DIGEST), Ok(()));
        assert_eq!(verify(b"x", DIGEST).unwrap_err().reason, Reason::DigestMismatch);
    }

    #[test]
    fn the_platform_chooses_from_an_index() {
        let entry = |platform: &str| Entry {
            digest: format!("sha256:{platform}"),
            platform: platform.parse().ok(),
        };
        let entries = ["linux/arm/v6", "linux/arm/v7", "linux/amd64", "windows/amd64"].map(entry);
        for (wanted, chosen) in [
            ("linux/amd64", Some("sha256:linux/amd64")),
            ("linux/arm", Some("sha256:linux/arm/v6")),
            ("LINUX/arm/v7", Some("sha256:linux/arm/v7")),
            ("linux/arm/v8", None),
            ("linux/s390x", None),
        ] {
            assert_eq!(choose(&entries, &wanted.parse().unwrap()).ok(), chosen, "{wanted}");
        }
        for text in ["linux", "linux/", "a/b/c/d", "", "linux/amd 64"] {
            assert_eq!(text.parse::<Platform>(), Err(ParsePlatformError), "{text}");
        }
    }

    #[test]
    fn damaged_manifests_are_named() {
        let many =
            format!(r#"{{"config": {{"digest": "{DIGEST}"}}, "layers": [{}0]}}"#, "0,".repeat(300));
        for (text, reason) in [
            ("", Reason::BadAnswer),
            ("[]", Reason::BadAnswer),
            (r#"{"schemaVersion": 1, "fsLayers": []}"#, Reason::BadAnswer),
            (r#"{"layers": [{"digest": "../../etc/passwd"}]}"#, Reason::BadAnswer),
            (r#"{"manifests": [{"digest": 7}]}"#, Reason::BadAnswer),
            (&many, Reason::TooLarge),
        ] {
            assert_eq!(Manifest::parse(text.as_bytes()).unwrap_err().reason, reason, "{text}");
        }
    }
}
