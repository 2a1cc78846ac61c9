//! Tokens that were given out: `oust_<id>_<secret>`, of which the desk keeps a hash.
//!
//! The secret is long and random, so that one round of SHA-256 keeps it; compared in constant time.

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::SecretString;

use super::{hash_of, random};
use crate::desk::{Desk, Power, Token};
use crate::ledger::StoreError;
use crate::model::Utc;

/// Characters of a token that are looked at.
const LENGTH_MAX: usize = 300;

/// Why a token opens nothing. What it says is for our own notes: whoever sent it is told no more
/// than that it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::server) enum Wrong {
    /// There is none.
    #[error("no token")]
    Missing,
    /// It is none of ours.
    #[error("no token of ours")]
    Foreign,
    /// Nobody was given one of this id, or its secret is another.
    #[error("unknown token or wrong secret")]
    Secret,
    /// It held until then.
    #[error("the token has expired")]
    Expired,
    /// It was taken back.
    #[error("the token was taken back")]
    Revoked,
}

/// The public part and the secret of a token's text.
pub(super) fn split(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim().strip_prefix("oust_")?;
    if rest.len() > LENGTH_MAX || !rest.is_ascii() {
        return None;
    }
    // The id begins with `t_`; the secret may hold underscores of its own.
    let from = if rest.starts_with("t_") { 2 } else { 0 };
    let end = from + rest[from..].find('_')?;
    let (id, secret) = (&rest[..end], &rest[end + 1..]);
    (!id.is_empty() && !secret.is_empty()).then_some((id, secret))
}

/// The token of this text, if it opens something now.
pub(super) async fn check(
    desk: &dyn Desk,
    text: &str,
    now: Utc,
) -> Result<Result<Token, Wrong>, StoreError> {
    let Some((id, secret)) = split(text) else {
        return Ok(Err(Wrong::Foreign));
    };
    let hash = hash_of(secret);
    let found = desk.token(id).await?;
    // Of an unknown id as much is compared as of a known one.
    let kept = found.as_ref().map_or("", |token| token.hash.as_str());
    let kept = if kept.is_empty() {
        "0".repeat(64)
    } else {
        kept.to_owned()
    };
    let is_same = verify_slices_are_equal(kept.as_bytes(), hash.as_bytes()).is_ok();
    let Some(token) = found.filter(|_| is_same) else {
        return Ok(Err(Wrong::Secret));
    };
    Ok(holds(&token, now).map(|()| token))
}

/// Whether a token still opens something.
pub(super) fn holds(token: &Token, now: Utc) -> Result<(), Wrong> {
    if token.revoked_at.is_some() {
        return Err(Wrong::Revoked);
    }
    if now >= token.expires_at {
        return Err(Wrong::Expired);
    }
    Ok(())
}

/// A new token, and the text that is shown once.
pub(in crate::server) fn issue(
    name: &str,
    okta_id: Option<String>,
    power: Power,
    now: Utc,
    holds_for: Duration,
) -> (Token, SecretString) {
    let (id, secret) = (random(), random());
    let id = format!("t_{}", &id[..12]);
    let token = Token {
        id: id.clone(),
        name: name.to_owned(),
        okta_id,
        power,
        hash: hash_of(&secret),
        made_at: now,
        expires_at: now.plus(holds_for),
        revoked_at: None,
        used_at: None,
    };
    (token, SecretString::from(format!("oust_{id}_{secret}")))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_token_s_text_has_a_public_part_and_a_secret() {
        assert_eq!(split("oust_t_ab12_s3cret"), Some(("t_ab12", "s3cret")));
        assert_eq!(split("oust_ab12_s3_cret"), Some(("ab12", "s3_cret")));
        assert_eq!(split("oust_t_ab12_a_b"), Some(("t_ab12", "a_b")));
        for wrong in [
            "",
            "oust_",
            "oust_t_",
            "oust_t_ab",
            "oust_t_ab_",
            "oust__x",
            "bearer x",
        ] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
        assert_eq!(split(&format!("oust_t_a_{}", "x".repeat(400))), None);
    }
}
