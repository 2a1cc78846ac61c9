//! Signature Version 4 in the `Authorization` header, verified from what the caller sent.
//!
//! Of our own making, so that a client's signer is judged by other code than its own. The path is
//! encoded once more, as every service but S3 has it. Absent: query authentication, chunked bodies,
//! Signature Version 4A.
//!
//! Source: AWS IAM User Guide, "Create a signed AWS API request".

use std::fmt::Write as _;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use sha2::{Digest as _, Sha256};

use crate::http::Request;
use crate::time::compact;

/// How far a caller's clock may be off, milliseconds.
pub(super) const SKEW_MAX_MS: i64 = 5 * 60_000;

/// What an `Authorization` header says.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    pub(super) key_id: String,
    /// `20260310`.
    pub(super) day: String,
    pub(super) region: String,
    pub(super) service: String,
    /// `20260310T150000Z`.
    pub(super) at: String,
    pub(super) at_ms: i64,
    headers: Vec<String>,
    signature: String,
}

impl Signed {
    /// Reads the header; none if there is none, or it is no complete one.
    pub(super) fn of(request: &Request) -> Option<Self> {
        let header = request.header("authorization")?;
        let rest = header.strip_prefix("AWS4-HMAC-SHA256")?;
        let part = |name: &str| {
            rest.split(',')
                .map(str::trim)
                .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        let credential: Vec<&str> = part("Credential")?.split('/').collect();
        let [key_id, day, region, service, "aws4_request"] = credential[..] else {
            return None;
        };
        let at = request.header("x-amz-date")?;
        let at_ms = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", at)
            .ok()?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()?
            .timestamp()
            .as_millisecond();
        Some(Self {
            key_id: key_id.to_owned(),
            day: day.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            at: at.to_owned(),
            at_ms,
            headers: part("SignedHeaders")?
                .split(';')
                .map(str::to_owned)
                .collect(),
            signature: part("Signature")?.to_owned(),
        })
    }

    /// Whether this secret made the signature over the request, whose path was `path` when it was sent.
    pub(super) fn is_by(&self, secret: &str, request: &Request, path: &str) -> bool {
        // Whatever steers the call must be signed.
        let must = ["host", "x-amz-date"];
        let steers = ["x-amz-target", "x-amz-security-token"]
            .into_iter()
            .filter(|name| request.header(name).is_some());
        let complete = must
            .into_iter()
            .chain(steers)
            .all(|name| self.headers.iter().any(|signed| signed == name));
        complete
            && self.at.starts_with(&self.day)
            && signature(self, secret, request, path) == self.signature
    }
}

/// A request with its signature: what a client sends. `path` is what it is asked by, below the host.
#[must_use]
pub fn sign(mut request: Request, path: &str, key: &Signing<'_>, now_ms: i64) -> Request {
    let at = compact(now_ms);
    request = request.with_header("x-amz-date", &at);
    if let Some(token) = key.session_token {
        request = request.with_header("x-amz-security-token", token);
    }
    if request.header("host").is_none() {
        request = request.with_header("host", "aws.example");
    }
    let mut headers: Vec<String> = request
        .headers
        .iter()
        .map(|(name, _)| name.to_lowercase())
        .filter(|name| name == "host" || name == "content-type" || name.starts_with("x-amz-"))
        .collect();
    headers.sort();
    headers.dedup();
    let signed = Signed {
        key_id: key.key_id.to_owned(),
        day: at[..8].to_owned(),
        region: key.region.to_owned(),
        service: key.service.to_owned(),
        at,
        at_ms: now_ms,
        headers,
        signature: String::new(),
    };
    let signature = signature(&signed, key.secret, &request, path);
    let header = format!(
        "AWS4-HMAC-SHA256 Credential={}/{}/{}/{}/aws4_request, SignedHeaders={}, Signature={signature}",
        signed.key_id,
        signed.day,
        signed.region,
        signed.service,
        signed.headers.join(";"),
    );
    request.with_header("authorization", &header)
}

/// What [`sign`] signs with.
#[derive(Debug, Clone, Copy)]
pub struct Signing<'a> {
    /// The access key's id.
    pub key_id: &'a str,
    /// Its secret.
    pub secret: &'a str,
    /// The session token, if it is a session's key.
    pub session_token: Option<&'a str>,
    /// The region that is signed for.
    pub region: &'a str,
    /// The service that is signed for.
    pub service: &'a str,
}

fn signature(signed: &Signed, secret: &str, request: &Request, path: &str) -> String {
    let canonical = canonical(&signed.headers, request, path);
    let scope = format!(
        "{}/{}/{}/aws4_request",
        signed.day, signed.region, signed.service
    );
    let text = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        signed.at,
        hex(&Sha256::digest(canonical))
    );
    let first = mac(format!("AWS4{secret}").as_bytes(), &signed.day);
    let key = [&signed.region, &signed.service, "aws4_request"]
        .iter()
        .fold(first, |key, part| mac(&key, part));
    hex(&mac(&key, &text))
}

fn canonical(headers: &[String], request: &Request, path: &str) -> String {
    let mut lines = String::new();
    for name in headers {
        let values: Vec<String> = request
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let _ = writeln!(lines, "{name}:{}", values.join(","));
    }
    let mut query: Vec<&str> = request.query.split('&').filter(|q| !q.is_empty()).collect();
    query.sort_unstable();
    let path = if path.is_empty() { "/" } else { path };
    format!(
        "{}\n{}\n{}\n{lines}\n{}\n{}",
        request.method,
        encoded(path),
        query.join("&"),
        headers.join(";"),
        hex(&Sha256::digest(&request.body)),
    )
}

/// A path as it was sent, encoded once more.
fn encoded(path: &str) -> String {
    path.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(HMAC_SHA256, key), text.as_bytes())
        .as_ref()
        .to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the IAM User Guide: `ListUsers` by GET.
    #[test]
    fn the_guide_s_own_example_has_the_guide_s_signature() {
        let request = Request::new("GET", "/?Action=ListUsers&Version=2010-05-08")
            .with_header(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )
            .with_header("host", "iam.amazonaws.com")
            .with_header("x-amz-date", "20150830T123600Z")
            .with_header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date, \
                 Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
            );
        let signed = Signed::of(&request).unwrap();
        assert_eq!(
            (signed.region.as_str(), signed.at_ms),
            ("us-east-1", 1_440_938_160_000)
        );
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        assert!(signed.is_by(secret, &request, "/"));
        assert!(!signed.is_by("wrong", &request, "/"));
        assert!(!signed.is_by(secret, &request, "/other"));
    }

    #[test]
    fn what_steers_a_call_must_be_signed() {
        let key = Signing {
            key_id: "AKIA1",
            secret: "secret",
            session_token: Some("token"),
            region: "us-east-1",
            service: "cloudtrail",
        };
        let plain = Request::new("POST", "/cloudtrail");
        let good = sign(plain.clone(), "/aws/cloudtrail", &key, 0);
        assert!(
            Signed::of(&good)
                .unwrap()
                .is_by("secret", &good, "/aws/cloudtrail")
        );
        let added = good.with_header("x-amz-target", "Other");
        assert!(
            !Signed::of(&added)
                .unwrap()
                .is_by("secret", &added, "/aws/cloudtrail")
        );
        let signed = sign(
            plain.with_header("x-amz-target", "A"),
            "/aws/cloudtrail",
            &key,
            0,
        );
        let mut other = signed.clone();
        other.body = b"{}".to_vec();
        assert!(
            !Signed::of(&other)
                .unwrap()
                .is_by("secret", &other, "/aws/cloudtrail")
        );
    }
}
