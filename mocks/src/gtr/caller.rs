//! Who asks: a bearer token that was agreed on, or a JWT as Okta signs it.

use jsonwebtoken::Algorithm;
use serde_json::Value;

use super::{Gtr, ISSUER, PATH};
use crate::http::Request;
use crate::jwt::verify_by;

/// What the header of the JWT says it is.
const TYPE: &str = "global-token-revocation+jwt";

/// Seconds that a JWT may hold at most; Okta's hold five minutes.
const HOLDS_MAX: i64 = 600;

impl Gtr {
    /// The name of whoever asks; none if nobody that it trusts.
    pub(super) fn caller(&mut self, request: &Request, now_ms: i64) -> Option<String> {
        let header = request.header("authorization")?;
        let given = header.strip_prefix("Bearer ")?;
        if self.token.as_deref() == Some(given) {
            return Some("gtr:token".to_owned());
        }
        let header = jsonwebtoken::decode_header(given).ok()?;
        if header.typ.as_deref() != Some(TYPE) || header.alg != Algorithm::RS256 {
            return None;
        }
        let keys = self.keys.iter();
        let mut named = keys.filter(|key| key["kid"].as_str() == header.kid.as_deref());
        let claims = named.find_map(|key| verify_by(given, Algorithm::RS256, key))?;
        let jti = claims["jti"].as_str()?;
        let good = self.holds_now(&claims, now_ms) && !self.used_jtis.contains(jti);
        if !good {
            return None;
        }
        self.used_jtis.insert(jti.to_owned());
        Some(format!("gtr:{}", claims["sub"].as_str()?))
    }

    fn holds_now(&self, claims: &Value, now_ms: i64) -> bool {
        let now = now_ms.div_euclid(1000);
        let second = |name: &str| claims[name].as_i64();
        let endpoint = format!("{}{PATH}", self.base_url);
        claims["iss"] == ISSUER
            && claims["aud"] == endpoint.as_str()
            && second("iat").is_some()
            && second("nbf").is_some_and(|from| from <= now)
            && second("exp").is_some_and(|until| now < until && until <= now + HOLDS_MAX)
    }
}
