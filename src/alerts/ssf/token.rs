//! One security event token: taken apart, its signature checked, then its claims.
//!
//! Nothing of the payload is read before the signature fits. The header says which key and which
//! algorithm; the algorithm is taken only from a short list of asymmetric ones, and only if the key is
//! of its family: `none`, and a MAC keyed with a public key, are no signatures.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::Value;

use super::Transmitter;
use crate::alerts::{Refused, json};
use crate::model::Utc;

/// How far ahead of our clock a token may be made, seconds.
const AHEAD_MAX: i64 = 300;

/// How old a token may be, seconds: a transmitter keeps what could not be delivered for days. What is
/// sent again within that time is told by its `jti`.
const AGE_MAX: i64 = 7 * 24 * 3600;

/// What the header says it is.
const TYPE: &str = "secevent+jwt";

/// Algorithms that are taken.
const ALGORITHMS: &[(&str, Algorithm)] = &[
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
];

/// A token whose signature nobody has checked.
#[derive(Debug)]
pub(super) struct Token<'b> {
    /// The key that it names.
    pub(super) kid: Option<String>,
    /// How it says that it is signed.
    pub(super) algorithm: Algorithm,
    signed: &'b str,
    payload: &'b str,
    signature: &'b str,
}

/// Takes a token apart; of its three parts only the header is read.
pub(super) fn parse(body: &[u8]) -> Result<Token<'_>, Refused> {
    let text = std::str::from_utf8(body).map_err(|_| json::malformed("it is no text"))?;
    let text = text.trim();
    let mut parts = text.split('.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(json::malformed("it is no token of three parts"));
    };
    let signed = &text[..header.len() + 1 + payload.len()];
    let header = decoded(header)?;
    let said = |name: &str| header.get(name).and_then(Value::as_str);
    let kind = said("typ").unwrap_or_default();
    let bare = kind
        .get(.."application/".len())
        .filter(|start| start.eq_ignore_ascii_case("application/"))
        .map_or(kind, |start| &kind[start.len()..]);
    if !bare.eq_ignore_ascii_case(TYPE) {
        return Err(json::malformed("its `typ` is not `secevent+jwt`"));
    }
    if header.get("crit").is_some() {
        return Err(json::malformed(
            "its header has `crit`, and we know none of it",
        ));
    }
    let algorithm = said("alg").unwrap_or_default();
    let algorithm = ALGORITHMS.iter().find(|(name, _)| *name == algorithm);
    let Some((_, algorithm)) = algorithm else {
        let why = "its `alg` is none that we take";
        return Err(refused("authentication_failed", why));
    };
    let kid = said("kid").filter(|kid| kid.len() <= 200);
    Ok(Token {
        kid: kid.map(str::to_owned),
        algorithm: *algorithm,
        signed,
        payload,
        signature,
    })
}

impl Token<'_> {
    /// Whether a published key may be the one that signed: of the family, for signing, and by its name
    /// if the token names one.
    pub(super) fn may_be(&self, key: &Jwk) -> bool {
        let named = self.kid.is_none() || key.common.key_id == self.kid;
        let signs = key.common.public_key_use.is_none()
            || key.common.public_key_use == Some(PublicKeyUse::Signature);
        let family = match (&key.algorithm, self.algorithm) {
            (AlgorithmParameters::EllipticCurve(curve), Algorithm::ES256) => {
                curve.curve == EllipticCurve::P256
            }
            (AlgorithmParameters::EllipticCurve(curve), Algorithm::ES384) => {
                curve.curve == EllipticCurve::P384
            }
            (AlgorithmParameters::RSA(_), algorithm) => {
                !matches!(algorithm, Algorithm::ES256 | Algorithm::ES384)
            }
            _ => false,
        };
        let algorithm = key.common.key_algorithm.map(|known| known.to_string());
        let ours = ALGORITHMS
            .iter()
            .find(|(_, known)| *known == self.algorithm);
        let said = algorithm.is_none_or(|said| ours.is_some_and(|(name, _)| *name == said));
        named && signs && family && said
    }

    /// The claims, once the signature fits and they are from and for whom they should be.
    pub(super) fn claims(
        &self,
        key: &Jwk,
        transmitter: &Transmitter,
        now: Utc,
    ) -> Result<Value, Refused> {
        let key = DecodingKey::from_jwk(key);
        let key = key.map_err(|_| refused("invalid_key", "the published key cannot be read"))?;
        let fits = crypto::verify(self.signature, self.signed.as_bytes(), &key, self.algorithm);
        if !fits.unwrap_or(false) {
            return Err(refused(
                "authentication_failed",
                "the signature does not fit",
            ));
        }
        let claims = decoded(self.payload)?;
        let said = |name: &str| claims.get(name).and_then(Value::as_str);
        if said("iss") != Some(transmitter.issuer.as_str()) {
            return Err(refused("invalid_issuer", "`iss` is another"));
        }
        if !is_for(&claims, &transmitter.audiences) {
            return Err(refused("invalid_audience", "`aud` is another"));
        }
        let made = claims.get("iat").and_then(Value::as_f64);
        let Some(made) = made.filter(|made| (0.0..1e11).contains(made)) else {
            return Err(json::malformed("its `iat` is no time in seconds"));
        };
        #[expect(clippy::cast_possible_truncation, reason = "below 1e11, as just asked")]
        let age = now.seconds() - made as i64;
        if !(-AHEAD_MAX..=AGE_MAX).contains(&age) {
            let why = format!("it was made {age} s ago by our clock");
            return Err(Refused::Token {
                code: "authentication_failed",
                why,
            });
        }
        Ok(claims)
    }
}

fn is_for(claims: &Value, audiences: &[String]) -> bool {
    let named = json::texts(claims.get("aud"));
    named.iter().any(|aud| audiences.contains(aud))
}

fn decoded(part: &str) -> Result<Value, Refused> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part);
    json::object(&bytes.map_err(|_| json::malformed("a part of the token is no base64url"))?)
}

pub(super) fn refused(code: &'static str, why: &str) -> Refused {
    let why = why.to_owned();
    Refused::Token { code, why }
}
