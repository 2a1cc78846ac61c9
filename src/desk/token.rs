//! Issued tokens: how one is made, and how what somebody hands in is checked.
//!
//! The secret is 32 random bytes of the operating system, so that one round of SHA-256 is as good as
//! any slow hash; it is printed once and never kept. What is handed in is compared in constant time.
//! Does not say what a token may do ([`Power`]) nor limits guessing (the server).

use std::fmt::Write as _;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::{Desk, Power, Token};
use crate::model::Utc;
use crate::sqlite::FileError;

/// Characters that anything handed in has at most.
const HANDED_IN_MAX: usize = 200;

/// What a new token is for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The name that stands under what its holder does.
    pub name: String,
    /// His own account at the directory.
    pub okta_id: Option<String>,
    /// What it lets him do.
    pub power: Power,
    /// Now.
    pub made_at: Utc,
    /// Until when it holds.
    pub expires_at: Utc,
}

impl Token {
    /// Makes a new one, and what its holder is given: `oust_<id>_<secret>`.
    ///
    /// # Errors
    /// A sentence, if the operating system gives no randomness.
    pub fn issue(wanted: Wanted) -> Result<(Self, SecretString), &'static str> {
        let (mut id, mut secret) = ([0; 6], [0; 32]);
        for bytes in [&mut id[..], &mut secret] {
            aws_lc_rs::rand::fill(bytes).map_err(|_| "the operating system gives no randomness")?;
        }
        let id = format!("t_{}", hex(&id));
        let secret: SecretString = hex(&secret).into();
        let token = Self {
            name: wanted.name,
            okta_id: wanted.okta_id,
            power: wanted.power,
            hash: hash(secret.expose_secret()),
            made_at: wanted.made_at,
            expires_at: wanted.expires_at,
            revoked_at: None,
            used_at: None,
            id,
        };
        let whole = format!("oust_{}_{}", token.id, secret.expose_secret());
        Ok((token, whole.into()))
    }

    /// Whether it holds at all.
    #[must_use]
    pub fn holds(&self, now: Utc) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// The token that was handed in, if it is one of ours and holds. Who hands in an id that there is
/// none of waits as long as one who has the wrong secret.
///
/// # Errors
/// [`FileError`] if the desk cannot be read: then nobody is known.
pub async fn holder(
    desk: &dyn Desk,
    handed_in: &SecretString,
    now: Utc,
) -> Result<Option<Token>, FileError> {
    let Some((id, secret)) = parts(handed_in.expose_secret()) else {
        return Ok(None);
    };
    let token = desk.token(id).await?;
    let nobody = "0".repeat(64);
    let kept = token.as_ref().map_or(nobody.as_str(), |token| &token.hash);
    let right = verify_slices_are_equal(hash(secret).as_bytes(), kept.as_bytes()).is_ok();
    Ok(token.filter(|token| right && token.holds(now)))
}

/// Id and secret of `oust_t_<12 hex>_<64 hex>`.
fn parts(handed_in: &str) -> Option<(&str, &str)> {
    if handed_in.len() > HANDED_IN_MAX {
        return None;
    }
    let (id, secret) = handed_in.strip_prefix("oust_")?.rsplit_once('_')?;
    let is_hex =
        |text: &str, digits| text.len() == digits && text.bytes().all(|c| c.is_ascii_hexdigit());
    let fits = id.strip_prefix("t_").is_some_and(|id| is_hex(id, 12)) && is_hex(secret, 64);
    fits.then_some((id, secret))
}

/// SHA-256 of a secret, hex: the form in which the desk keeps tokens, cookies and form keys.
#[must_use]
pub fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}
