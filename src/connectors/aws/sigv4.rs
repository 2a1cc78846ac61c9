//! Signs one request with Signature Version 4, at AWS's time.
//!
//! The time is ours, corrected by the last `Date` that AWS sent: it refuses signatures that are more
//! than five minutes off, and a responder's laptop may be. The signing itself is `aws-sigv4`'s; no
//! clock is read here.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::{HeaderName, HeaderValue, Request};
use secrecy::{ExposeSecret as _, SecretString};

use crate::given::Clock;
use crate::model::Utc;

/// Keys to sign with.
#[derive(Clone)]
pub(super) struct Signing {
    /// `AKIA…`, `ASIA…`
    pub(super) access_key_id: String,
    /// Its secret.
    pub(super) secret_access_key: SecretString,
    /// Of temporary keys.
    pub(super) session_token: Option<SecretString>,
}

/// What AWS's clock is ahead of ours, shared by all that signs for one system.
#[derive(Clone, Default)]
pub(super) struct Skew(Arc<AtomicI64>);

impl Skew {
    /// Learns from an answer's `Date`; whether that changes by more than a breath what it knew.
    pub(super) fn hear(&self, clock: &dyn Clock, date: Utc) -> bool {
        let ahead = date.millis() - clock.now().millis();
        let before = self.0.swap(ahead, Ordering::Relaxed);
        (ahead - before).abs() > 30_000
    }

    /// AWS's time now.
    pub(super) fn now(&self, clock: &dyn Clock) -> Utc {
        let ahead = self.0.load(Ordering::Relaxed);
        Utc::from_millis(clock.now().millis().saturating_add(ahead))
    }
}

/// Signs `request` for `service` in `region` at `at`.
///
/// # Errors
/// A sentence without any secret, if it cannot be signed.
pub(super) fn sign_request(
    request: &mut Request<Vec<u8>>,
    keys: &Signing,
    service: &str,
    region: &str,
    at: Utc,
) -> Result<(), String> {
    let token = keys.session_token.as_ref();
    let identity = Credentials::new(
        keys.access_key_id.clone(),
        keys.secret_access_key.expose_secret().to_owned(),
        token.map(|token| token.expose_secret().to_owned()),
        None,
        "oust",
    )
    .into();
    let millis = u64::try_from(at.millis()).unwrap_or(0);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?
        .into();
    // What a proxy may change, or the wire adds, is not signed.
    let signed = ["content-type", "x-amz-target"];
    let headers = request.headers().iter();
    let headers = headers.filter(|(name, _)| signed.contains(&name.as_str()));
    let headers: Vec<(&str, &str)> = headers
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let uri = request.uri().to_string();
    let signable = SignableRequest::new(
        request.method().as_str(),
        uri,
        headers.into_iter(),
        SignableBody::Bytes(request.body()),
    )
    .map_err(|error| error.to_string())?;
    let output = sign(signable, &params).map_err(|error| error.to_string())?;
    let (instructions, _) = output.into_parts();
    let (headers, _) = instructions.into_parts();
    for header in headers {
        let name = HeaderName::from_static(header.name());
        let mut value = HeaderValue::from_str(header.value())
            .map_err(|_| "the keys hold characters that no header can carry".to_owned())?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{Method, header};

    /// The keys and the request of AWS's own test suite for Signature Version 4
    /// (`post-x-www-form-urlencoded`), whose signature it publishes.
    fn signed(session_token: Option<&str>) -> Request<Vec<u8>> {
        let keys = Signing {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: SecretString::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: session_token.map(SecretString::from),
        };
        let mut request = Request::new(b"Param1=value1".to_vec());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = "https://example.amazonaws.com/".parse().unwrap();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(header::CONTENT_TYPE, form);
        let agent = HeaderValue::from_static("oust/0.1");
        request.headers_mut().insert(header::USER_AGENT, agent);
        let at = "2015-08-30T12:36:00Z".parse().unwrap();
        sign_request(&mut request, &keys, "service", "us-east-1", at).unwrap();
        request
    }

    fn text(request: &Request<Vec<u8>>, name: &str) -> String {
        let value = request.headers().get(name);
        value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_published_example_is_signed_as_published() {
        let request = signed(None);
        assert_eq!(
            text(&request, "authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
        assert_eq!(text(&request, "x-amz-date"), "20150830T123600Z");
    }

    #[test]
    fn a_session_token_is_signed_along_and_nothing_is_printed() {
        let request = signed(Some("SESSION-TOKEN"));
        assert_eq!(text(&request, "x-amz-security-token"), "SESSION-TOKEN");
        let signed = text(&request, "authorization");
        assert!(
            signed.contains("host;x-amz-date;x-amz-security-token"),
            "{signed}"
        );
        let printed = format!("{request:?}");
        assert!(!printed.contains("SESSION-TOKEN"), "{printed}");
        assert!(!printed.contains("Signature="), "{printed}");
    }
}
