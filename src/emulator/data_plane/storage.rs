//! The storage behind data endpoints and storage hosts. A signed link is enough to get a blob.

use super::{DataPlane, Request, Response, field};
use crate::emulator::world::State;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

impl DataPlane {
    /// Serves a blob to any client that has a signed link.
    pub(super) fn storage(&self, state: &State, request: &Request<'_>) -> Response {
        let segments: Vec<&str> = request.path.split('/').filter(|s| !s.is_empty()).collect();
        let (registry, hex) = match segments.as_slice() {
            [name, "docker", "registry", "v2", "blobs", "sha256", _, hex, "data"] => {
                (state.registry_named(name), *hex)
            }
            _ => (None, ""),
        };
        let Some(registry) = registry else {
            return storage_error(
                404,
                "ResourceNotFound",
                "The specified resource does not exist.",
            );
        };
        let query = |name: &str| field(request.query, name).unwrap_or_default();
        let expires = query("se");
        let signed = self.signer.is_signed(&format!("{}\n{expires}", request.path), query("sig"));
        let time = OffsetDateTime::parse(expires, &Rfc3339);
        if !signed || time.is_ok_and(|time| time <= request.now) {
            return storage_error(
                403,
                "AuthenticationFailed",
                "Server failed to authenticate the request. Make sure the value of Authorization header is formed \
                 correctly including the signature.",
            );
        }
        match self.contents(&registry.name).blobs.get(&format!("sha256:{hex}")) {
            Some(bytes) => part(bytes, request.range),
            None => storage_error(404, "BlobNotFound", "The specified blob does not exist."),
        }
    }
}

fn storage_response(status: u16, content_type: &str, body: Vec<u8>) -> Response {
    let headers = vec![
        ("server", "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0".to_owned()),
        ("content-type", content_type.to_owned()),
        ("x-ms-request-id", super::CORRELATION.to_owned()),
        ("x-ms-version", "2021-08-06".to_owned()),
    ];
    Response { status, headers, body }
}

fn storage_error(status: u16, code: &str, message: &str) -> Response {
    let body = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    let mut response = storage_response(status, "application/xml", body.into_bytes());
    response.headers.push(("x-ms-error-code", code.to_owned()));
    response
}

/// Returns a blob, or the part of it that the `Range` header requests.
fn part(bytes: &[u8], range: Option<&str>) -> Response {
    let whole = || {
        let mut response = storage_response(200, "application/octet-stream", bytes.to_vec());
        response.headers.push(("accept-ranges", "bytes".to_owned()));
        response
    };
    let Some((first, last)) = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'))
    else {
        return whole();
    };
    let (Ok(first), last) = (first.parse::<usize>(), last.parse::<usize>()) else { return whole() };
    let last = last.unwrap_or(usize::MAX).min(bytes.len().saturating_sub(1));
    match bytes.get(first..=last).filter(|part| !part.is_empty()) {
        Some(part) => {
            let mut response = storage_response(206, "application/octet-stream", part.to_vec());
            let range = format!("bytes {first}-{last}/{}", bytes.len());
            response.headers.push(("content-range", range));
            response
        }
        None => storage_error(416, "InvalidRange", "The range specified is invalid."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_gives_a_part() {
        for (range, status, body) in [
            (None, 200, "0123456789"),
            (Some("bytes=0-3"), 206, "0123"),
            (Some("bytes=7-"), 206, "789"),
            (Some("bytes=7-99"), 206, "789"),
            (Some("bytes=5-2"), 416, ""),
            (Some("bytes=10-"), 416, ""),
            (Some("lines=1-2"), 200, "0123456789"),
        ] {
            let response = part(b"0123456789", range);
            assert_eq!(response.status, status, "{range:?}");
            assert!(status == 416 || response.body == body.as_bytes(), "{range:?}");
        }
    }
}
