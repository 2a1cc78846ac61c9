//! Which sessions are a subject's, by what the trail tells.
//!
//! Pure. A sign-in that the directory vouched for under his name is his, and so is one at Identity
//! Center's portal, and every session that was assumed from one of his, and from those again. The
//! same name in a role that nobody signs in to
//! is not: anybody may call a session as he likes when he assumes a role. Where somebody else
//! assumed a role under the very name that a session of his has, the two cannot be told apart by
//! any policy, and a person has to decide.

use std::collections::{BTreeMap, BTreeSet};

use super::policy::revoke::SessionId;
use super::providers::{Providers, is_portal};
use super::trail::{Assumed, By};
use crate::model::Utc;

/// Links of a chain at most.
const LINKS_MAX: usize = 16;

/// What a subject's sessions are judged by.
pub(super) struct Known<'a> {
    /// The account at hand.
    pub(super) account: &'a str,
    /// His session names, in every spelling.
    pub(super) names: &'a [String],
    /// Ids of the roles that people sign in to.
    pub(super) entrances: &'a [String],
    /// Who vouches for him.
    pub(super) providers: &'a Providers,
    /// Sign-ins.
    pub(super) sign_ins: &'a [Assumed],
    /// Roles assumed from others.
    pub(super) chained: &'a [Assumed],
}

/// A subject's sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sessions {
    /// Sessions that the trail shows, with the moment when each began last and the session that it
    /// was assumed from, if any.
    pub(super) seen: BTreeMap<SessionId, Seen>,
    /// Sessions of his that somebody else has, too.
    pub(super) shared: BTreeSet<SessionId>,
    /// Where he went from here: account, role and session name.
    pub(super) elsewhere: BTreeSet<String>,
    /// Sessions here that were assumed by a session of his name in another account.
    pub(super) from_elsewhere: BTreeMap<SessionId, String>,
    /// Sign-ins of his name that cannot be told to be his.
    pub(super) unvouched: BTreeSet<SessionId>,
}

/// One session that the trail shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// When it began last.
    pub(super) at: Utc,
    /// The session it was assumed from.
    pub(super) from: Option<SessionId>,
    /// The role's name as of then.
    pub(super) role_name: String,
}

/// Whether two session names are one person's: AWS tells apart what the directory does not.
pub(super) fn is_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// His names as the trail spells them, with the one that was asked for.
pub(super) fn spellings(name: &str, sign_ins: &[Assumed], providers: &Providers) -> Vec<String> {
    let vouched = sign_ins.iter().filter(|one| providers.vouched(one));
    let seen = vouched.map(|one| one.session.name());
    let his: BTreeSet<&str> = seen
        .filter(|seen| is_name(seen, name))
        .chain([name])
        .collect();
    his.into_iter().map(str::to_owned).collect()
}

impl Known<'_> {
    /// His sessions.
    pub(super) fn sessions(&self) -> Sessions {
        let mut all = Sessions::default();
        for one in self.sign_ins.iter().filter(|one| self.is_his_sign_in(one)) {
            all.see(one, None);
        }
        let mut his: BTreeSet<SessionId> = all.seen.keys().cloned().collect();
        for role in self.entrances {
            let names = self.names.iter();
            his.extend(names.filter_map(|name| SessionId::new(role, name)));
        }
        for _ in 0..LINKS_MAX {
            if !self.link(&mut his, &mut all) {
                break;
            }
        }
        self.strangers(&his, &mut all);
        all
    }

    fn is_his_sign_in(&self, one: &Assumed) -> bool {
        let is_portal = one.provider().is_some_and(is_portal);
        let is_vouched = is_portal || self.providers.vouched(one);
        let name = one.session.name();
        one.account == self.account && is_vouched && self.names.iter().any(|his| is_name(his, name))
    }

    /// One link more of every chain; `false` if there was none.
    fn link(&self, his: &mut BTreeSet<SessionId>, all: &mut Sessions) -> bool {
        let mut grew = false;
        for one in self.chained {
            let By::Session { id, account } = &one.by else {
                continue;
            };
            if account != self.account || !his.contains(id) {
                continue;
            }
            if one.account != self.account {
                let place = format!(
                    "{} {} as {}",
                    one.account,
                    one.role_name,
                    one.session.name()
                );
                all.elsewhere.insert(place);
                continue;
            }
            all.see(one, Some(id));
            grew |= his.insert(one.session.clone());
        }
        grew
    }

    /// Sessions of his that others have as well, and those that may be his and cannot be shown to.
    fn strangers(&self, his: &BTreeSet<SessionId>, all: &mut Sessions) {
        for one in self.chained.iter().chain(self.sign_ins) {
            if one.account != self.account {
                continue;
            }
            let is_his = match &one.by {
                By::Saml { .. } => self.is_his_sign_in(one),
                By::Session { id, account } => account == self.account && his.contains(id),
                By::Another => false,
            };
            if is_his {
                continue;
            }
            if all.seen.contains_key(&one.session) {
                all.shared.insert(one.session.clone());
                continue;
            }
            let is_his_name = |id: &SessionId| self.names.iter().any(|name| name == id.name());
            // Where it cannot be told who vouches for him, this may be he.
            if self.providers.untold().is_some()
                && one.provider().is_some()
                && is_his_name(&one.session)
            {
                all.unvouched.insert(one.session.clone());
            }
            if let By::Session { id, account } = &one.by
                && account != self.account
                && is_his_name(id)
            {
                let whose = format!("{} in account {account}", id.name());
                all.from_elsewhere.insert(one.session.clone(), whose);
            }
        }
    }
}

impl Sessions {
    fn see(&mut self, one: &Assumed, from: Option<&SessionId>) {
        let seen = self
            .seen
            .entry(one.session.clone())
            .or_insert_with(|| Seen {
                at: one.at,
                from: from.cloned(),
                role_name: one.role_name.clone(),
            });
        seen.at = seen.at.max(one.at);
    }

    /// The names that sessions of his have, for asking what they did.
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.seen.keys().map(|id| id.name().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "111122223333";
    const THERE: &str = "444455556666";
    const ADMIN: &str = "AROAEXAMPLEADMIN0001";
    const BUILD: &str = "AROAEXAMPLEBUILD0001";
    const OTHER: &str = "AROAEXAMPLEOTHER0001";

    fn id(role: &str, name: &str) -> SessionId {
        SessionId::new(role, name).unwrap()
    }

    fn saml(provider: &str) -> By {
        By::Saml {
            provider: format!("arn:aws:iam::{HERE}:saml-provider/{provider}"),
            issuer: String::new(),
        }
    }

    fn made(by: By, session: SessionId) -> Assumed {
        Assumed {
            at: Utc::from_millis(1_000),
            by,
            session,
            account: HERE.into(),
            role_name: "Role".into(),
        }
    }

    fn by(role: &str, name: &str, account: &str) -> By {
        By::Session {
            id: id(role, name),
            account: account.into(),
        }
    }

    /// Alex's, at an account whose only entrance is Admin.
    fn sessions(sign_ins: &[Assumed], chained: &[Assumed]) -> Sessions {
        let providers = Providers::of(&["Okta".into()], &[], sign_ins);
        let names = spellings("alex@x", sign_ins, &providers);
        let known = Known {
            account: HERE,
            names: &names,
            entrances: &[ADMIN.into()],
            providers: &providers,
            sign_ins,
            chained,
        };
        known.sessions()
    }

    fn seen(sessions: &Sessions) -> Vec<String> {
        sessions.seen.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sign_in_is_his_in_every_spelling_and_nobody_else_s() {
        let sign_ins = [
            made(saml("Okta"), id(ADMIN, "Alex@X")),
            made(saml("Okta"), id(ADMIN, "alex@x")),
            made(saml("Okta"), id(ADMIN, "kim@x")),
        ];
        let his = sessions(&sign_ins, &[]);
        assert_eq!(
            seen(&his),
            [format!("{ADMIN}:Alex@X"), format!("{ADMIN}:alex@x")]
        );
        assert!(his.shared.is_empty());
    }

    #[test]
    fn a_name_that_a_partner_vouched_for_is_not_his_and_one_of_the_portal_is() {
        let portal = "AWSSSO_0123456789abcdef_DO_NOT_DELETE";
        let sign_ins = [
            made(saml("Partner"), id(OTHER, "alex@x")),
            made(saml(portal), id(BUILD, "ALEX@x")),
        ];
        let chained = [made(by(BUILD, "ALEX@x", HERE), id(ADMIN, "x1"))];
        let his = sessions(&sign_ins, &chained);
        assert_eq!(
            seen(&his),
            [format!("{ADMIN}:x1"), format!("{BUILD}:ALEX@x")]
        );
    }

    #[test]
    fn a_role_that_two_providers_let_in_may_have_two_of_one_name() {
        let both = [
            made(saml("Okta"), id(ADMIN, "alex@x")),
            made(saml("Partner"), id(ADMIN, "alex@x")),
        ];
        let his = sessions(&both, &[]);
        assert_eq!(his.shared, BTreeSet::from([id(ADMIN, "alex@x")]));
    }

    #[test]
    fn without_a_word_who_vouches_a_session_of_his_name_is_told_and_not_taken() {
        let sign_ins = [
            made(saml("Sso"), id(ADMIN, "alex@x")),
            made(saml("Partner"), id(OTHER, "kim@x")),
        ];
        let providers = Providers::of(&[], &[], &sign_ins);
        let known = Known {
            account: HERE,
            names: &["alex@x".into()],
            entrances: &[],
            providers: &providers,
            sign_ins: &sign_ins,
            chained: &[],
        };
        let his = known.sessions();
        assert_eq!(his.unvouched, BTreeSet::from([id(ADMIN, "alex@x")]));
        assert!(his.seen.is_empty());
    }

    #[test]
    fn a_chain_is_followed_in_any_order_even_where_the_sign_in_is_not_told_yet() {
        let chained = [
            made(by(BUILD, "build", HERE), id(OTHER, "deploy")),
            made(by(ADMIN, "alex@x", HERE), id(BUILD, "build")),
            made(by(ADMIN, "kim@x", HERE), id(OTHER, "kim")),
        ];
        let his = sessions(&[], &chained);
        assert_eq!(
            seen(&his),
            [format!("{BUILD}:build"), format!("{OTHER}:deploy")]
        );
        assert_eq!(
            his.seen[&id(OTHER, "deploy")].from,
            Some(id(BUILD, "build"))
        );
        assert!(his.names().contains("deploy"));
    }

    #[test]
    fn his_name_in_a_role_that_nobody_signs_in_to_is_not_his() {
        let chained = [
            made(By::Another, id(BUILD, "alex@x")),
            made(by(OTHER, "kim@x", HERE), id(BUILD, "alex@x")),
            made(by(BUILD, "alex@x", HERE), id(OTHER, "x2")),
        ];
        assert_eq!(sessions(&[], &chained), Sessions::default());
    }

    #[test]
    fn a_session_that_somebody_else_has_too_is_told_and_so_is_one_that_may_be_his() {
        let chained = [
            made(by(ADMIN, "alex@x", HERE), id(BUILD, "build")),
            made(by(ADMIN, "kim@x", HERE), id(BUILD, "build")),
            made(by(OTHER, "alex@x", THERE), id(BUILD, "spoke")),
        ];
        let his = sessions(&[], &chained);
        assert_eq!(his.shared, BTreeSet::from([id(BUILD, "build")]));
        assert_eq!(
            his.from_elsewhere[&id(BUILD, "spoke")],
            format!("alex@x in account {THERE}")
        );
        assert!(!his.seen.contains_key(&id(BUILD, "spoke")));
    }

    #[test]
    fn where_he_went_is_told_and_a_ring_ends() {
        let mut away = made(by(ADMIN, "alex@x", HERE), id(OTHER, "away"));
        away.account = THERE.into();
        let ring = [
            away,
            made(by(ADMIN, "alex@x", HERE), id(BUILD, "a1")),
            made(by(BUILD, "a1", HERE), id(OTHER, "b1")),
            made(by(OTHER, "b1", HERE), id(BUILD, "a1")),
        ];
        let his = sessions(&[], &ring);
        assert_eq!(
            his.elsewhere,
            BTreeSet::from([format!("{THERE} Role as away")])
        );
        assert_eq!(his.seen.len(), 2);
    }
}
