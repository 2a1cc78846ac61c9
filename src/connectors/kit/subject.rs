//! Who is meant: the one identifier of a subject, for receivers that can be asked nothing.
//!
//! Nobody can be looked up at such an endpoint, so that nothing points back: what is sent must be
//! right by itself. A key that could have been changed within the window is therefore never sent,
//! and two that differ are a person's to choose from. A profile's mail field is the person's own
//! to edit and no key at all; the address is the user name that the directory asserts to the app,
//! else the login. Assumed: that the app knows him by that.
//! Source: RFC 9493 (`email`, `iss_sub`, `opaque`).

use serde::Deserialize;
use serde_json::{Value, json};

use crate::model::{Identity, Key, KeyKind, Lookup, Tri};

/// How an endpoint is told who is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connectors) struct Subject {
    /// The format.
    pub(in crate::connectors) form: Form,
    /// Whose word the identifier is.
    pub(in crate::connectors) identifier: Identifier,
}

/// A subject identifier's format, with what it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connectors) enum Form {
    /// `{ format, email }`
    Email,
    /// `{ format, iss, sub }`
    IssSub {
        /// Whose subjects they are.
        issuer: String,
    },
    /// `{ format, id }`
    Opaque,
}

/// What of him the app knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors) enum Identifier {
    /// His id at the directory, which is the `sub` of its ID tokens.
    OktaId,
    /// The app's own id of him, which provisioning told the directory.
    ExternalId,
    /// The user name that the directory asserts to the app, else the login.
    UserName,
}

impl Subject {
    /// What is written for whoever has this identifier.
    pub(in crate::connectors) fn written(&self, id: &str) -> Value {
        match &self.form {
            Form::Email => json!({ "format": "email", "email": id }),
            Form::IssSub { issuer } => json!({ "format": "iss_sub", "iss": issuer, "sub": id }),
            Form::Opaque => json!({ "format": "opaque", "id": id }),
        }
    }

    /// The format's name.
    pub(in crate::connectors) fn format(&self) -> &'static str {
        match self.form {
            Form::Email => "email",
            Form::IssSub { .. } => "iss_sub",
            Form::Opaque => "opaque",
        }
    }

    fn kinds(&self) -> &'static [KeyKind] {
        match self.identifier {
            Identifier::OktaId => &[],
            Identifier::ExternalId => &[KeyKind::Id],
            Identifier::UserName => &[KeyKind::UserName, KeyKind::Login],
        }
    }

    fn fits(&self, value: &str) -> bool {
        self.form != Form::Email || is_address(value)
    }
}

/// A format by its name in the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::connectors) enum Format {
    Email,
    IssSub,
    Opaque,
}

impl Subject {
    /// What the config's `format`, `identifier` and, under the name `key`, the issuer of subjects say.
    ///
    /// # Errors
    /// A sentence, if they do not go together.
    pub(in crate::connectors) fn of(
        format: Format,
        identifier: Option<Identifier>,
        issuer: Option<String>,
        key: &str,
    ) -> Result<Self, String> {
        let form = match (format, issuer) {
            (Format::IssSub, Some(issuer)) if !issuer.trim().is_empty() => Form::IssSub { issuer },
            (Format::IssSub, _) => {
                return Err(format!(
                    "`format: iss_sub` needs `{key}`: whose subjects the app knows, such as the \
                     org's URL"
                ));
            }
            (_, Some(_)) => return Err(format!("`{key}` is for `format: iss_sub` alone")),
            (Format::Email, None) => Form::Email,
            (Format::Opaque, None) => Form::Opaque,
        };
        let identifier = match (format, identifier) {
            (Format::Email, None | Some(Identifier::UserName)) => Identifier::UserName,
            (Format::Email, Some(_)) => {
                return Err("an `email` is the `user_name` or nothing".into());
            }
            (Format::IssSub, said) => said.unwrap_or(Identifier::OktaId),
            (Format::Opaque, said) => said.unwrap_or(Identifier::ExternalId),
        };
        Ok(Self { form, identifier })
    }
}

/// Who he is there, as far as the directory's word goes.
pub(in crate::connectors) fn identity(subject: &Subject, lookup: &Lookup) -> Identity {
    // A person's word is the only key then.
    if let [
        Key {
            kind: KeyKind::Id,
            value,
            doubt: None,
        },
    ] = &lookup.keys[..]
    {
        return named(subject, value);
    }
    if lookup.has_app == Tri::No {
        return Identity::NoAccount;
    }
    if subject.identifier == Identifier::OktaId {
        return Identity::Found {
            id: lookup.subject.to_string(),
        };
    }
    for kind in subject.kinds() {
        match &values(subject, lookup, *kind, false)[..] {
            [] => {}
            [id] => return Identity::Found { id: id.clone() },
            several => {
                return Identity::Ambiguous {
                    candidates: several.to_vec(),
                };
            }
        }
    }
    unsettled(subject, lookup)
}

fn named(subject: &Subject, value: &str) -> Identity {
    let id = value.trim().to_owned();
    if subject.fits(&id) {
        return Identity::Found { id };
    }
    Identity::Unread {
        why: "the app knows people by mail address, and what --identity says is none".into(),
    }
}

/// No key that may be sent. What a doubtful one says is told for a person to decide.
fn unsettled(subject: &Subject, lookup: &Lookup) -> Identity {
    let mut doubts = lookup.keys.iter().filter_map(|key| key.doubt.clone());
    if let Some(why) = doubts.next() {
        let kinds = subject.kinds().iter();
        let mut candidates: Vec<String> = kinds
            .flat_map(|kind| values(subject, lookup, *kind, true))
            .collect();
        candidates.dedup();
        return Identity::Contested { why, candidates };
    }
    let missing = match (subject.identifier, &subject.form) {
        (Identifier::ExternalId, _) => "the directory keeps no id of his at this app",
        (_, Form::Email) => "neither his user name there nor his login is a mail address",
        _ => "the directory asserts no user name of his to this app",
    };
    Identity::Unread {
        why: format!("{missing}: name him with --identity LOGIN=SYSTEM=ID"),
    }
}

/// The different values of one kind, trusted or doubted.
fn values(subject: &Subject, lookup: &Lookup, kind: KeyKind, doubted: bool) -> Vec<String> {
    let keys = lookup.keys.iter();
    let mut values: Vec<String> = keys
        .filter(|key| key.kind == kind && key.doubt.is_some() == doubted)
        .map(|key| key.value.trim().to_owned())
        .filter(|value| !value.is_empty() && subject.fits(value))
        .collect();
    values.sort();
    // Names differ in case and mean one; ids do not.
    values.dedup_by(|a, b| a == b || (kind != KeyKind::Id && a.eq_ignore_ascii_case(b)));
    values
}

fn is_address(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    let parts: Vec<&str> = text.split('@').collect();
    !text.contains(odd)
        && matches!(parts[..], [local, host] if !local.is_empty() && !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UserId;

    fn key(kind: KeyKind, value: &str, doubt: Option<&str>) -> Key {
        Key {
            kind,
            value: value.into(),
            doubt: doubt.map(str::to_owned),
        }
    }

    fn who(form: Form, identifier: Identifier, has_app: Tri, keys: Vec<Key>) -> Identity {
        let subject = Subject { form, identifier };
        let lookup = Lookup {
            subject: UserId::new("00u1"),
            keys,
            has_app,
        };
        identity(&subject, &lookup)
    }

    fn found(id: &str) -> Identity {
        Identity::Found { id: id.into() }
    }

    fn alex() -> Vec<Key> {
        vec![
            key(KeyKind::Id, "app-1", None),
            key(KeyKind::UserName, "alex@app.example", None),
            key(KeyKind::Login, "alex@contoso.example", None),
        ]
    }

    fn iss_sub() -> Form {
        Form::IssSub {
            issuer: "https://contoso.okta.com".into(),
        }
    }

    #[test]
    fn each_identifier_is_the_word_that_was_asked_for_and_no_other() {
        use Identifier::{ExternalId, OktaId, UserName};
        let is = |form, identifier| who(form, identifier, Tri::Yes, alex());
        assert_eq!(is(Form::Email, UserName), found("alex@app.example"));
        assert_eq!(is(iss_sub(), OktaId), found("00u1"));
        assert_eq!(is(Form::Opaque, ExternalId), found("app-1"));
        let login = vec![key(KeyKind::Login, "alex@contoso.example", None)];
        let by_login = who(Form::Email, UserName, Tri::Yes, login.clone());
        assert_eq!(by_login, found("alex@contoso.example"));
        let no_id = who(Form::Opaque, ExternalId, Tri::Yes, login);
        assert!(matches!(no_id, Identity::Unread { .. }), "{no_id:?}");
    }

    #[test]
    fn a_name_changed_in_the_window_is_never_sent_and_an_id_that_cannot_change_is() {
        use Identifier::{ExternalId, OktaId, UserName};
        let renamed = || {
            vec![
                key(KeyKind::UserName, "morgan@contoso.example", Some("renamed")),
                key(KeyKind::Login, "alex@contoso.example", Some("renamed")),
            ]
        };
        for (form, identifier) in [(Form::Email, UserName), (Form::Opaque, ExternalId)] {
            let told = who(form, identifier, Tri::Yes, renamed());
            assert!(matches!(told, Identity::Contested { .. }), "{told:?}");
        }
        assert_eq!(who(iss_sub(), OktaId, Tri::Yes, renamed()), found("00u1"));
    }

    #[test]
    fn two_names_are_told_and_none_is_taken() {
        let mut keys = alex();
        keys.push(key(KeyKind::UserName, "a.rivera@app.example", None));
        let told = who(Form::Email, Identifier::UserName, Tri::Yes, keys.clone());
        assert!(matches!(told, Identity::Ambiguous { .. }), "{told:?}");
        keys.pop();
        keys.push(key(KeyKind::UserName, "Alex@App.example", None));
        let told = who(Form::Email, Identifier::UserName, Tri::Yes, keys);
        assert!(matches!(told, Identity::Found { .. }), "{told:?}");
    }

    #[test]
    fn no_app_is_no_account_unread_is_not_and_a_person_s_word_goes_before_both() {
        let is = |has_app, keys| who(Form::Email, Identifier::UserName, has_app, keys);
        assert_eq!(is(Tri::No, alex()), Identity::NoAccount);
        assert!(matches!(is(Tri::Unread, alex()), Identity::Found { .. }));
        let word = |id: &str| vec![key(KeyKind::Id, id, None)];
        assert_eq!(is(Tri::No, word("a@b.example")), found("a@b.example"));
        let none = is(Tri::Yes, word("app-1"));
        assert!(matches!(none, Identity::Unread { .. }), "{none:?}");
    }
}
