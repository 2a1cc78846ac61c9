//! Who somebody is in an account: the name of his sessions.
//!
//! Pure: gets the sign-ins that the directory vouched for. AWS keeps no list of people whom an identity provider lets in, and no call looks one up: what
//! the provider asserts as session name is all there is. Assumed: that this is the user name that
//! the directory asserts to the app, else the login. So a name that could have been changed within
//! the window is never used, two that differ are a person's to choose from unless the trail shows
//! sessions of only one of them, and what can be no session name is none. The trail's spelling
//! wins: AWS tells `Alex` from `alex`. Who has no app there and no session is not known there.

use super::policy::revoke::is_session_name;
use super::sessions::is_name;
use super::trail::Told;
use crate::model::{Identity, Key, KeyKind, Lookup, Tri};

/// Who the subject of `lookup` is, as far as directory and trail go.
pub(super) fn identity(lookup: &Lookup, sign_ins: &Told) -> Identity {
    // A person's word is the only key then.
    if let [
        Key {
            kind: KeyKind::Id,
            value,
            doubt: None,
        },
    ] = &lookup.keys[..]
    {
        return named(value, sign_ins);
    }
    for kind in [KeyKind::UserName, KeyKind::Login] {
        let names = names(lookup, kind, false);
        let seen: Vec<&String> = names
            .iter()
            .filter(|name| is_seen(name, sign_ins))
            .collect();
        match (&seen[..], &names[..]) {
            ([name], _) => return found(name, sign_ins),
            ([], _) if lookup.has_app == Tri::No => {}
            ([], []) => {}
            ([], [name]) => return found(name, sign_ins),
            _ => return Identity::Ambiguous { candidates: names },
        }
    }
    unsettled(lookup, sign_ins)
}

fn named(value: &str, sign_ins: &Told) -> Identity {
    let name = value.trim();
    if is_session_name(name) {
        return found(name, sign_ins);
    }
    Identity::Unread {
        why: "what --identity says can be no session name: 2 to 64 letters, digits or _+=,.@-"
            .into(),
    }
}

/// The name, in the one spelling that the trail has, if it has one.
fn found(name: &str, sign_ins: &Told) -> Identity {
    let mut spellings: Vec<&str> = seen(name, sign_ins).collect();
    spellings.sort_unstable();
    spellings.dedup();
    let id = match spellings[..] {
        [only] => only,
        _ => name,
    };
    Identity::Found { id: id.to_owned() }
}

/// No name that may be used. What a doubtful one says is told for a person to decide.
fn unsettled(lookup: &Lookup, sign_ins: &Told) -> Identity {
    let kinds = [KeyKind::UserName, KeyKind::Login];
    let doubted = || {
        let names = kinds.iter().flat_map(|kind| names(lookup, *kind, true));
        let mut names: Vec<String> = names.collect();
        names.sort();
        names.dedup();
        names
    };
    if lookup.has_app == Tri::No {
        let his: Vec<String> = doubted()
            .into_iter()
            .filter(|name| is_seen(name, sign_ins))
            .collect();
        if his.is_empty() && sign_ins.unread.is_empty() {
            return Identity::NoAccount;
        }
        if his.is_empty() {
            return Identity::Unread {
                why: sign_ins.unread.join("; "),
            };
        }
    }
    let why = lookup.keys.iter().find_map(|key| key.doubt.clone());
    match why {
        Some(why) => Identity::Contested {
            why,
            candidates: doubted(),
        },
        None => Identity::Unread {
            why: "neither his user name there nor his login can be a session name: name him with \
                  --identity LOGIN=SYSTEM=NAME"
                .into(),
        },
    }
}

fn is_seen(name: &str, sign_ins: &Told) -> bool {
    seen(name, sign_ins).next().is_some()
}

/// The spellings of a name that the trail has.
fn seen<'a>(name: &'a str, sign_ins: &'a Told) -> impl Iterator<Item = &'a str> {
    let all = sign_ins.events.iter().map(|one| one.session.name());
    all.filter(move |seen| is_name(seen, name))
}

/// The different names of one kind that sessions can have, trusted or doubted.
fn names(lookup: &Lookup, kind: KeyKind, doubted: bool) -> Vec<String> {
    let keys = lookup.keys.iter();
    let mut names: Vec<String> = keys
        .filter(|key| key.kind == kind && key.doubt.is_some() == doubted)
        .map(|key| key.value.trim().to_owned())
        .filter(|name| is_session_name(name))
        .collect();
    names.sort();
    names.dedup_by(|a, b| is_name(a, b));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::aws::policy::revoke::SessionId;
    use crate::connectors::aws::trail::{Assumed, By};
    use crate::model::{UserId, Utc};

    fn key(kind: KeyKind, value: &str, doubt: Option<&str>) -> Key {
        Key {
            kind,
            value: value.into(),
            doubt: doubt.map(str::to_owned),
        }
    }

    fn told(names: &[&str]) -> Told {
        let sign_in = |name: &&str| Assumed {
            at: Utc::from_millis(1_000),
            by: By::Saml {
                provider: "arn:aws:iam::111122223333:saml-provider/Okta".into(),
                issuer: String::new(),
            },
            session: SessionId::new("AROAEXAMPLEADMIN0001", name).unwrap(),
            account: "111122223333".into(),
            role_name: "Admin".into(),
        };
        Told {
            events: names.iter().map(sign_in).collect(),
            unread: Vec::new(),
        }
    }

    fn who(has_app: Tri, keys: Vec<Key>, sign_ins: &Told) -> Identity {
        let lookup = Lookup {
            subject: UserId::new("00u1"),
            keys,
            has_app,
        };
        identity(&lookup, sign_ins)
    }

    fn found(id: &str) -> Identity {
        Identity::Found { id: id.into() }
    }

    fn alex() -> Vec<Key> {
        vec![
            key(KeyKind::Id, "provisioned-1", None),
            key(KeyKind::UserName, "alex@app.example", None),
            key(KeyKind::Login, "alex@x.example", None),
        ]
    }

    #[test]
    fn he_is_what_the_directory_asserts_in_the_spelling_that_aws_saw() {
        assert_eq!(who(Tri::Yes, alex(), &told(&[])), found("alex@app.example"));
        let seen = told(&["Alex@App.example", "kim@x.example"]);
        assert_eq!(who(Tri::Yes, alex(), &seen), found("Alex@App.example"));
        let both = told(&["Alex@App.example", "alex@app.example"]);
        assert_eq!(who(Tri::Yes, alex(), &both), found("alex@app.example"));
        let login = vec![key(KeyKind::Login, "alex@x.example", None)];
        assert_eq!(who(Tri::Unread, login, &told(&[])), found("alex@x.example"));
    }

    #[test]
    fn without_an_app_only_a_session_makes_him_known() {
        assert_eq!(
            who(Tri::No, alex(), &told(&["kim@x.example"])),
            Identity::NoAccount
        );
        assert_eq!(
            who(Tri::No, alex(), &told(&["alex@x.example"])),
            found("alex@x.example")
        );
        let mut unread = told(&[]);
        unread.unread.push("CloudTrail: AccessDenied".into());
        let is = who(Tri::No, alex(), &unread);
        assert!(matches!(is, Identity::Unread { .. }), "{is:?}");
    }

    #[test]
    fn a_name_changed_in_the_window_is_never_used() {
        let keys = || {
            vec![
                key(KeyKind::UserName, "morgan@x.example", Some("renamed")),
                key(KeyKind::Login, "alex@x.example", Some("renamed")),
            ]
        };
        for has_app in [Tri::Yes, Tri::Unread] {
            let is = who(has_app, keys(), &told(&["morgan@x.example"]));
            assert!(matches!(is, Identity::Contested { .. }), "{is:?}");
        }
        let is = who(Tri::No, keys(), &told(&["morgan@x.example"]));
        assert!(matches!(is, Identity::Contested { .. }), "{is:?}");
        assert_eq!(who(Tri::No, keys(), &told(&[])), Identity::NoAccount);
    }

    #[test]
    fn two_names_are_told_unless_the_trail_knows_one() {
        let mut keys = alex();
        keys.push(key(KeyKind::UserName, "a.rivera@x.example", None));
        let is = who(Tri::Yes, keys.clone(), &told(&[]));
        assert!(matches!(is, Identity::Ambiguous { .. }), "{is:?}");
        let seen = told(&["a.rivera@x.example"]);
        assert_eq!(
            who(Tri::Yes, keys.clone(), &seen),
            found("a.rivera@x.example")
        );
        let both = told(&["a.rivera@x.example", "alex@app.example"]);
        let is = who(Tri::Yes, keys, &both);
        assert!(matches!(is, Identity::Ambiguous { .. }), "{is:?}");
    }

    #[test]
    fn what_can_be_no_session_name_is_none_whoever_says_it() {
        for odd in ["${aws:username}", "*", "o'neil@x.example", "a b@x.example"] {
            let login = vec![key(KeyKind::Login, odd, None)];
            let is = who(Tri::Yes, login, &told(&[]));
            assert!(matches!(is, Identity::Unread { .. }), "{odd}: {is:?}");
            let word = vec![key(KeyKind::Id, odd, None)];
            let is = who(Tri::Yes, word, &told(&[]));
            assert!(matches!(is, Identity::Unread { .. }), "{odd}: {is:?}");
        }
        let word = vec![key(KeyKind::Id, "alex@x.example", None)];
        assert_eq!(who(Tri::No, word, &told(&[])), found("alex@x.example"));
    }
}
