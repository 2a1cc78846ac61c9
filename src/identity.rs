//! Finds out who a subject is at one system: asks by each key in turn, and weighs the answers.
//!
//! The first trusted key with exactly one answer that points back settles it. Two answers to
//! one key are told, never chosen from. A key that the intruder could have changed settles
//! nothing: what it finds is told as contested, for a person to decide. Does not know where a
//! vendor keeps a name: its [`Finder`] does.

use async_trait::async_trait;

use crate::model::{Identity, Key, KeyKind, Lookup};

/// Candidates named at most.
const CANDIDATES_MAX: usize = 10;

/// One account that answered to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The vendor's immutable id.
    pub id: String,
    /// Everything that the vendor itself says he is known by: user name, addresses, ids kept
    /// for the directory.
    pub names: Vec<String>,
}

impl Candidate {
    /// Whether the vendor's answer names what was asked for. A vendor that searches loosely
    /// may answer with somebody else.
    fn points_back(&self, key: &Key) -> bool {
        let wanted = key.value.trim();
        match key.kind {
            KeyKind::Id => self.id == wanted || self.names.iter().any(|name| name == wanted),
            KeyKind::UserName | KeyKind::Login => self
                .names
                .iter()
                .any(|name| name.to_lowercase() == wanted.to_lowercase()),
        }
    }
}

/// How one vendor looks accounts up.
#[async_trait]
pub trait Finder: Send + Sync {
    /// Everybody who answers to `key`; none if the vendor knows nobody by it.
    ///
    /// # Errors
    /// A sentence, if it could not be read.
    async fn find(&self, key: &Key) -> Result<Vec<Candidate>, String>;
}

/// Who the subject of `lookup` is, as far as `finder` can tell.
pub async fn settle(finder: &dyn Finder, lookup: &Lookup) -> Identity {
    let (doubted, trusted): (Vec<&Key>, Vec<&Key>) =
        lookup.keys.iter().partition(|key| key.doubt.is_some());
    let mut unread = None;
    for key in trusted {
        match ask(finder, key).await {
            Ok(ids) => match &ids[..] {
                [] => {}
                [id] => return Identity::Found { id: id.clone() },
                _ => return Identity::Ambiguous { candidates: ids },
            },
            Err(why) => {
                unread.get_or_insert(why);
            }
        }
    }
    if let Some(why) = unread {
        return Identity::Unread { why };
    }
    contested(finder, &doubted).await
}

/// Nothing trusted found him. What doubtful keys find may be somebody else.
async fn contested(finder: &dyn Finder, doubted: &[&Key]) -> Identity {
    let Some(why) = doubted.iter().find_map(|key| key.doubt.clone()) else {
        return Identity::NoAccount;
    };
    let mut candidates = Vec::new();
    for key in doubted {
        match ask(finder, key).await {
            Ok(ids) => candidates.extend(ids),
            Err(why) => return Identity::Unread { why },
        }
    }
    candidates.sort();
    candidates.dedup();
    candidates.truncate(CANDIDATES_MAX);
    Identity::Contested { why, candidates }
}

/// The distinct ids of those who answer to `key` and point back. An answer that names no account is
/// none: it must not count as a word that there is nobody.
async fn ask(finder: &dyn Finder, key: &Key) -> Result<Vec<String>, String> {
    let found = finder.find(key).await?;
    if found.iter().any(|each| each.id.is_empty()) {
        return Err("asked who he is, it answered with an account without an id".into());
    }
    let pointing = found.into_iter().filter(|each| each.points_back(key));
    let mut ids: Vec<String> = pointing.map(|each| each.id).collect();
    ids.sort();
    ids.dedup();
    ids.truncate(CANDIDATES_MAX);
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Tri, UserId};

    /// A vendor that knows these accounts, and searches by prefix.
    struct Loose(Vec<(&'static str, &'static str)>);

    #[async_trait]
    impl Finder for Loose {
        async fn find(&self, key: &Key) -> Result<Vec<Candidate>, String> {
            if key.value == "down" {
                return Err("503".into());
            }
            let known = self.0.iter();
            let hit = |id: &str, name: &str| id == key.value || name.starts_with(&key.value);
            Ok(known
                .filter(|(id, name)| hit(id, name))
                .map(|(id, name)| Candidate {
                    id: (*id).into(),
                    names: vec![(*name).into()],
                })
                .collect())
        }
    }

    fn key(kind: KeyKind, value: &str, doubt: Option<&str>) -> Key {
        Key {
            kind,
            value: value.into(),
            doubt: doubt.map(str::to_owned),
        }
    }

    async fn who(vendor: Loose, keys: Vec<Key>) -> Identity {
        let lookup = Lookup {
            subject: UserId::new("00u1"),
            keys,
            has_app: Tri::Yes,
        };
        settle(&vendor, &lookup).await
    }

    #[tokio::test]
    async fn a_loose_search_never_makes_somebody_else_the_subject() {
        let vendor = Loose(vec![("U1", "alex.b@example.com"), ("U2", "alexa")]);
        let found = who(vendor, vec![key(KeyKind::Login, "alex", None)]).await;
        assert_eq!(found, Identity::NoAccount);
    }

    #[tokio::test]
    async fn two_of_the_same_name_are_told_and_none_is_taken() {
        let vendor = Loose(vec![("U2", "alex"), ("U1", "Alex".to_lowercase().leak())]);
        let found = who(vendor, vec![key(KeyKind::Login, "alex", None)]).await;
        let candidates = vec!["U1".into(), "U2".into()];
        assert_eq!(found, Identity::Ambiguous { candidates });
    }

    #[tokio::test]
    async fn a_stale_id_is_passed_over_and_an_unread_one_is_not_taken_for_none() {
        let vendor = || Loose(vec![("U1", "alex")]);
        let by_name = key(KeyKind::Login, "alex", None);
        let stale = vec![key(KeyKind::Id, "U9", None), by_name];
        assert_eq!(
            who(vendor(), stale).await,
            Identity::Found { id: "U1".into() }
        );
        let unread = vec![key(KeyKind::Id, "down", None)];
        assert!(matches!(
            who(vendor(), unread).await,
            Identity::Unread { .. }
        ));
    }

    #[tokio::test]
    async fn a_changed_name_is_contested_and_the_old_one_only_tells_the_candidate() {
        let vendor = Loose(vec![("U1", "alex"), ("U7", "morgan")]);
        let keys = vec![key(KeyKind::Login, "alex", Some("renamed"))];
        let Identity::Contested { candidates, .. } = who(vendor, keys).await else {
            panic!("a changed name was taken")
        };
        assert_eq!(candidates, ["U1"]);
    }

    #[tokio::test]
    async fn an_answer_that_names_no_account_is_not_taken_for_nobody() {
        let keys = vec![key(KeyKind::Login, "alex@x", None)];
        let found = who(Loose(vec![("", "alex@x")]), keys).await;
        assert!(matches!(found, Identity::Unread { .. }), "{found:?}");
    }
}
