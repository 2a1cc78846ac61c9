//! Who a request is from.
//!
//! Nothing here ends early at the first byte that differs, nor at the first secret that fits: what is
//! compared are digests of equal length, all of them. Several secrets may be valid at once, so that one
//! can be replaced without a gap. Held are digests, or keys of an HMAC; no secret is printed.
//!
//! Does not judge tokens that a body consists of (`ssf`).

mod signature;

use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderName, header};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Incoming, Refused};
use crate::given::Clock;
use crate::transport::{AuthError, SecretRef};

/// Bytes of a secret at least: shorter ones can be tried out.
const SECRET_MIN: usize = 16;

/// Bytes of a credential that is looked at.
const CREDENTIAL_MAX: usize = 8 << 10;

/// How a sender says who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A header of one's own choice, with a secret.
    Header,
    /// `Authorization: Bearer SECRET`
    Bearer,
    /// `Authorization: Basic`, with a user and a secret.
    Basic,
    /// `X-Oust-Signature: t=SECONDS,v1=HEX`: HMAC-SHA256 of the time, a dot and the body.
    Hmac,
    /// `X-PagerDuty-Signature: v1=HEX`: HMAC-SHA256 of the body.
    PagerDuty,
    /// The secret is the last part of the address.
    Path,
}

impl Form {
    /// All there are.
    pub const ALL: [Self; 6] = [
        Self::Header,
        Self::Bearer,
        Self::Basic,
        Self::Hmac,
        Self::PagerDuty,
        Self::Path,
    ];

    /// Its key under `auth`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Hmac => "hmac",
            Self::PagerDuty => "pagerduty_signature",
            Self::Path => "path",
        }
    }

    /// What goes beside the secret: the header's name, the user.
    #[must_use]
    pub fn beside(self) -> Option<&'static str> {
        match self {
            Self::Header => Some("name"),
            Self::Basic => Some("user"),
            _ => None,
        }
    }

    /// How it is written in the config file.
    #[must_use]
    pub fn example(self) -> &'static str {
        match self {
            Self::Header => "auth: { header: { name: X-Oust-Secret, secret: { file: PATH } } }",
            Self::Bearer => "auth: { bearer: { file: PATH } }",
            Self::Basic => "auth: { basic: { user: NAME, secret: { file: PATH } } }",
            Self::Hmac => "auth: { hmac: { file: PATH } }",
            Self::PagerDuty => "auth: { pagerduty_signature: { file: PATH } }",
            Self::Path => "auth: { path: { file: PATH } }",
        }
    }
}

/// How a source says who it is, and where its secrets are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthSettings {
    /// The form; `None`: none, which is for this machine alone, or the body is signed.
    pub form: Option<Form>,
    /// The header's name or the user, where the form has one.
    pub beside: String,
    /// Where the secrets are; any one of them is valid.
    pub secrets: Vec<SecretRef>,
}

/// The same with what the secrets are.
pub(super) enum Auth {
    None,
    Header(HeaderName, Vec<Digest>),
    Bearer(Vec<Digest>),
    Basic(Vec<Digest>),
    Hmac(Vec<hmac::Key>),
    PagerDuty(Vec<hmac::Key>),
    Path(Vec<Digest>),
}

pub(super) type Digest = [u8; digest::SHA256_OUTPUT_LEN];

impl Auth {
    /// Fetches the secrets.
    pub(super) async fn open(
        source: &str,
        settings: &AuthSettings,
        clock: &dyn Clock,
    ) -> Result<Self, AuthError> {
        let Some(form) = settings.form else {
            return Ok(Self::None);
        };
        let mut secrets = Vec::new();
        for place in &settings.secrets {
            let secret = place.fetch(clock).await?;
            fits(source, form, place, &secret)?;
            secrets.push(secret);
        }
        let digests = || secrets.iter().map(digested).collect();
        let keys = || secrets.iter().map(key).collect();
        Ok(match form {
            Form::Header => {
                let name = HeaderName::try_from(settings.beside.as_str());
                let name = name.map_err(|_| unfit(source, "`name` is no name of a header"))?;
                Self::Header(name, digests())
            }
            Form::Bearer => Self::Bearer(digests()),
            Form::Basic => {
                let whole = |secret: &SecretString| {
                    let text = format!("{}:{}", settings.beside, secret.expose_secret());
                    digested(&SecretString::from(text))
                };
                Self::Basic(secrets.iter().map(whole).collect())
            }
            Form::Hmac => Self::Hmac(keys()),
            Form::PagerDuty => Self::PagerDuty(keys()),
            Form::Path => Self::Path(digests()),
        })
    }

    /// Judges by the head alone; what signs the body is left to [`Auth::body`].
    pub(super) fn head(&self, incoming: &Incoming<'_>) -> Result<(), Refused> {
        if incoming.path_secret.is_some() && !matches!(self, Self::Path(_)) {
            return Err(no("its address has a part too many"));
        }
        match self {
            Self::None | Self::Hmac(_) | Self::PagerDuty(_) => Ok(()),
            Self::Header(name, valid) => {
                let given = only(incoming, name)?;
                one_of(valid, given.as_bytes())
            }
            Self::Bearer(valid) => one_of(valid, scheme(incoming, "bearer")?.as_bytes()),
            Self::Basic(valid) => {
                let given = BASE64_STANDARD.decode(scheme(incoming, "basic")?);
                one_of(valid, &given.map_err(|_| no("it is no base64"))?)
            }
            Self::Path(valid) => {
                let given = incoming.path_secret.ok_or_else(|| no("no secret came"))?;
                one_of(valid, given.as_bytes())
            }
        }
    }

    /// Judges by what signs the body.
    pub(super) fn body(&self, incoming: &Incoming<'_>) -> Result<(), Refused> {
        match self {
            Self::Hmac(keys) => signature::ours(keys, incoming),
            Self::PagerDuty(keys) => signature::pagerduty(keys, incoming),
            _ => Ok(()),
        }
    }

    /// What HTTP has a refusal say.
    pub(super) fn challenge(&self) -> &'static str {
        match self {
            Self::Basic(_) => "Basic realm=\"oust\"",
            _ => "Bearer realm=\"oust\"",
        }
    }
}

/// Whether `given` is one of the valid ones. All are compared, whichever fits.
fn one_of(valid: &[Digest], given: &[u8]) -> Result<(), Refused> {
    if given.len() > CREDENTIAL_MAX {
        return Err(no("the credential is too long"));
    }
    let given = digest_of(given);
    let mut fits = false;
    for one in valid {
        fits |= constant_time::verify_slices_are_equal(one, &given).is_ok();
    }
    if fits {
        Ok(())
    } else {
        Err(no("the credential is wrong"))
    }
}

/// The one value of a header; two would leave open which was checked.
fn only<'r>(incoming: &Incoming<'r>, name: &HeaderName) -> Result<&'r str, Refused> {
    let mut values = incoming.headers.get_all(name).iter();
    let value = values.next();
    let value = value.ok_or_else(|| no(&format!("no `{name}` came")))?;
    if values.next().is_some() {
        return Err(no(&format!("`{name}` came twice")));
    }
    let text = value.to_str();
    text.map_err(|_| no(&format!("`{name}` is no text")))
}

fn scheme<'r>(incoming: &Incoming<'r>, wanted: &str) -> Result<&'r str, Refused> {
    let value = only(incoming, &header::AUTHORIZATION)?;
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case(wanted) {
        return Err(no(&format!("`authorization` is not {wanted}")));
    }
    Ok(rest.trim())
}

/// A secret must be long enough, and where it goes into an address it must not need escaping.
fn fits(
    source: &str,
    form: Form,
    place: &SecretRef,
    secret: &SecretString,
) -> Result<(), AuthError> {
    let text = secret.expose_secret();
    if text.len() < SECRET_MIN {
        let why = format!("{} holds fewer than {SECRET_MIN} characters", place.place());
        return Err(unfit(source, &why));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if form == Form::Path && !text.chars().all(plain) {
        let why = format!(
            "{} holds more than letters, digits, `-`, `.`, `_` and `~`",
            place.place()
        );
        return Err(unfit(source, &why));
    }
    let is_header = matches!(form, Form::Header | Form::Bearer);
    if is_header && !text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        let why = format!("{} holds what no header can", place.place());
        return Err(unfit(source, &why));
    }
    Ok(())
}

fn unfit(source: &str, why: &str) -> AuthError {
    AuthError::Secret {
        what: format!("source `{source}`: {why}"),
        hint: "make a new one, such as by `openssl rand -hex 32`, and set it at the sender too"
            .into(),
    }
}

fn digested(secret: &SecretString) -> Digest {
    digest_of(secret.expose_secret().as_bytes())
}

fn digest_of(bytes: &[u8]) -> Digest {
    let digest = digest::digest(&digest::SHA256, bytes);
    let mut fixed = Digest::default();
    fixed.copy_from_slice(digest.as_ref());
    fixed
}

fn key(secret: &SecretString) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes())
}

fn no(why: &str) -> Refused {
    Refused::Unauthenticated(why.to_owned())
}
