//! Events from the live log: what is about each account, and what is only found from there.
//!
//! An API token's acts name its owner, but a session that somebody took over may act as nobody
//! known; so what was found once is asked for by its own id. Reads stand behind everything that
//! contains somebody.

use super::bag::Bag;
use super::only::Only;
use crate::connector::{DirectorySystem, LogAsk};
use crate::engine::stream_log;
use crate::evidence::Event;
use crate::evidence::inquiry::Account;
use crate::model::{Intruder, UserId, Utc};

/// Ids put into one condition.
const AT_ONCE: usize = 10;

/// Ids that are followed for one account.
const FOLLOWED_MAX: usize = 50;

/// The life of the vendor's access to the org.
const SUPPORT: &str = "eventType sw \"user.session.impersonation.\"";

/// The live log, and what was read of it.
pub(super) struct Live<'l> {
    pub(super) directory: &'l DirectorySystem,
    pub(super) since: Utc,
    pub(super) until: Utc,
    pub(super) bag: Bag,
    /// What could not be read, a sentence each.
    pub(super) missing: Vec<String>,
}

impl Live<'_> {
    /// What the accounts did and had done to them, and the life of support access.
    pub(super) async fn read(&mut self, accounts: &[Account], only: Option<&Only>) {
        for who in accounts {
            self.ask(&who.login, Some(&who.id), None).await;
        }
        self.ask("Okta support access", None, Some(SUPPORT)).await;
        if let Some(only) = only {
            self.ask(&only.says(), None, Some(&only.filter())).await;
        }
        self.bag.sort();
    }

    /// What was done with the tokens that he made, in the intruder's sessions and by whoever used
    /// support access. Whether anything new came.
    pub(super) async fn follow(&mut self, who: &Account, intruder: &Intruder) -> bool {
        let tokens = self.bag.tokens_of(who);
        let sessions = intruder
            .sessions
            .iter()
            .map(|each| each.id.clone())
            .collect();
        let before = self.bag.len() + self.bag.pushed_out;
        let asked = [
            (
                "his API tokens",
                "transaction.detail.requestApiTokenId",
                tokens,
            ),
            (
                "his sessions",
                "authenticationContext.externalSessionId",
                sessions,
            ),
            ("support access", "actor.id", self.supporters()),
        ];
        for (what, member, mut ids) in asked {
            if ids.len() > FOLLOWED_MAX {
                let n = ids.len() - FOLLOWED_MAX;
                self.missing.push(format!(
                    "{what}: {n} more than {FOLLOWED_MAX} were not followed"
                ));
                ids.truncate(FOLLOWED_MAX);
            }
            for some in ids.chunks(AT_ONCE) {
                self.ask(what, None, Some(&any(member, some))).await;
            }
        }
        self.bag.sort();
        self.bag.len() + self.bag.pushed_out > before
    }

    /// Who signed in by support access: never a person of the org.
    fn supporters(&self) -> Vec<String> {
        let uses = self
            .bag
            .all()
            .filter(|event| event.kind() == Some("user.session.impersonation.initiate"));
        let mut who: Vec<String> = uses
            .filter_map(|event| event.actor().map(str::to_owned))
            .collect();
        who.sort();
        who.dedup();
        who
    }

    async fn ask(&mut self, what: &str, about: Option<&UserId>, filter: Option<&str>) {
        let ask = LogAsk {
            since: self.since,
            until: Some(self.until),
            about: about.cloned().into_iter().collect(),
            filter: filter.map(str::to_owned),
        };
        let bag = &mut self.bag;
        let (read, ended) = stream_log(self.directory, &ask, |event| {
            bag.add(event.clone());
            true
        })
        .await;
        self.bag.copies += read.copies;
        if let Err(unheard) = ended {
            let how_far = match read.until {
                Some(at) => format!(" after {at}"),
                None => String::new(),
            };
            self.missing.push(format!(
                "{what}: the log could not be read{how_far}: {unheard}"
            ));
        }
    }

    /// The first events of something, to see whose accounts it is about.
    pub(super) async fn people(&mut self, only: &Only) -> Vec<String> {
        self.ask(&only.says(), None, Some(&only.filter())).await;
        let events: Vec<Event<'_>> = self.bag.all().collect();
        only.people(&events)
    }
}

fn any(member: &str, ids: &[String]) -> String {
    let quoted = ids.iter().map(|id| id.replace(['"', '\\'], ""));
    let each: Vec<String> = quoted.map(|id| format!("{member} eq \"{id}\"")).collect();
    each.join(" or ")
}
