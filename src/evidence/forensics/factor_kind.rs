//! What a factor is called: the log, the list of factors and the list of enrolments each have
//! names of their own for one thing.
//!
//! Source: Okta API, "User factors" (types) and published samples of `user.mfa.factor.*` (names
//! in `outcome.reason`). A name that is not known is shown as it is.

/// A kind of factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FactorKind {
    /// By which two names are one kind.
    pub(super) key: String,
    /// For people.
    pub(super) name: String,
    /// Whether the account can be recovered by it.
    pub(super) recovers: bool,
}

/// Names, the key they share, and what people call it.
const KINDS: &[(&[&str], &str, &str)] = &[
    (&["OKTA_VERIFY_PUSH", "push"], "push", "Okta Verify (push)"),
    (
        &["OKTA_SOFT_TOKEN", "token:software:totp", "OKTA_VERIFY_TOTP"],
        "totp",
        "Okta Verify (code)",
    ),
    (
        &["SIGNED_NONCE", "signed_nonce"],
        "signed_nonce",
        "Okta FastPass",
    ),
    (
        &["GOOGLE_AUTHENTICATOR", "GOOGLE", "google_otp"],
        "google",
        "Google Authenticator",
    ),
    (&["SMS_FACTOR", "sms"], "sms", "SMS"),
    (&["CALL_FACTOR", "call"], "call", "voice call"),
    (&["EMAIL_FACTOR", "email", "okta_email"], "email", "e-mail"),
    (
        &[
            "FIDO_WEBAUTHN",
            "FIDO2_WEBAUTHN",
            "webauthn",
            "security_key",
        ],
        "webauthn",
        "security key or passkey",
    ),
    (&["FIDO_U2F", "u2f"], "u2f", "security key (U2F)"),
    (
        &["SECURITY_QUESTION", "question", "security_question"],
        "question",
        "security question",
    ),
    (
        &["YUBIKEY_TOKEN", "token:hardware"],
        "hardware",
        "hardware token",
    ),
    (&["phone", "phone_number"], "phone", "phone"),
    (&["tac"], "tac", "temporary access code"),
    (
        &["PASSWORD_AS_FACTOR", "password", "okta_password"],
        "password",
        "password",
    ),
];

/// What stands for all that there were.
pub(super) const ALL: &str = "all factors";

/// By which a person gets back in after losing the rest.
const RECOVERS: &[&str] = &["sms", "call", "email", "question", "phone"];

impl FactorKind {
    /// Of one of its names; `provider` tells apart what shares a type.
    pub(super) fn of(name: &str, provider: &str) -> Self {
        if provider == "GOOGLE" {
            return Self::of("GOOGLE_AUTHENTICATOR", "");
        }
        let known = KINDS
            .iter()
            .find(|(names, ..)| names.iter().any(|each| each.eq_ignore_ascii_case(name)));
        match known {
            Some((_, key, spoken)) => Self {
                key: (*key).into(),
                name: (*spoken).into(),
                recovers: RECOVERS.contains(key),
            },
            None => Self {
                key: name.to_lowercase(),
                name: name.to_owned(),
                recovers: false,
            },
        }
    }

    /// Of what people call it.
    pub(super) fn named(spoken: &str) -> Self {
        let known = KINDS.iter().find(|(_, _, name)| *name == spoken);
        match known {
            Some((names, ..)) => Self::of(names[0], ""),
            None => Self {
                key: spoken.to_lowercase(),
                name: spoken.to_owned(),
                recovers: spoken == ALL,
            },
        }
    }

    /// Of a sentence: "User set up OKTA_VERIFY_PUSH factor".
    pub(super) fn in_reason(reason: &str) -> Option<Self> {
        let is_name = |word: &&str| {
            word.len() > 2
                && word.contains('_')
                && word
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        };
        reason
            .split([' ', '"', '\'', ','])
            .find(is_name)
            .map(|word| Self::of(word, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_s_name_and_the_list_s_are_one_kind() {
        let key = |name: &str| FactorKind::of(name, "OKTA").key;
        assert_eq!(key("OKTA_VERIFY_PUSH"), key("push"));
        assert_eq!(key("SMS_FACTOR"), key("sms"));
        assert_eq!(key("FIDO_WEBAUTHN"), key("webauthn"));
        let google = FactorKind::of("token:software:totp", "GOOGLE").key;
        assert_ne!(google, key("OKTA_SOFT_TOKEN"));
        assert_eq!(key("brand_new"), "brand_new");
    }

    #[test]
    fn a_reason_names_its_factor_or_nothing() {
        let of = |text: &str| FactorKind::in_reason(text).map(|kind| kind.name);
        assert_eq!(
            of("User set up OKTA_VERIFY_PUSH factor").as_deref(),
            Some("Okta Verify (push)")
        );
        assert_eq!(of("User reset SMS_FACTOR factor").as_deref(), Some("SMS"));
        assert_eq!(of("it worked"), None);
        assert_eq!(of(""), None);
    }
}
