//! What happened in one account, matter by matter, and what is there of it now.
//!
//! Takes the account's events with whose each is ([`inquiry`](super::inquiry) tells), and what the
//! account holds now if that was asked; returns rows. Pure: reads nothing, asks nobody, and draws
//! no conclusion on whose an event is. Where the log names a thing by its kind alone, the row says
//! only what both sides agree on.
//!
//! Every member of an event may be missing, and every text is attacker input: names are kept short
//! here and made harmless where they are shown.

mod devices;
mod factor_kind;
mod factors;
mod fold;
mod grants;
mod idps;
mod impact;
mod now;
mod oauth;
mod planted;
mod profile;
mod seen;
mod sentence;
mod threat;
mod timeline;
mod tokens;

use std::collections::BTreeMap;

use super::event::Event;
use super::holdings::Holdings;
use super::inquiry::Account;
use super::investigation::{Decision, FoundWindow, Moment, Now, SubjectFindings, Whose};
use crate::model::Intruder;
use seen::Seen;

pub use threat::threat_insight;

/// Characters of a name that somebody chose.
const NAME_MAX: usize = 100;

/// What is known of one account.
#[derive(Clone, Copy)]
pub struct Material<'m> {
    /// Whose.
    pub account: &'m Account,
    /// Its events, sorted by `published`, each once.
    pub events: &'m [Event<'m>],
    /// Whose doing each of them is, in the same order.
    pub whose: &'m [Whose],
    /// What it holds now; `None` if nobody was asked.
    pub holdings: Option<&'m Holdings>,
    /// Whether each of the intruder's plants is there, in their order; none if nobody was asked.
    pub planted: &'m [Now],
    /// Keys of the detections that an event set off, by the event's id.
    pub detected: &'m BTreeMap<String, Vec<String>>,
}

impl<'m> Material<'m> {
    fn seen(self) -> impl Iterator<Item = Seen<'m>> {
        let whose = self.whose.iter().copied();
        let whose = whose.chain(std::iter::repeat(Whose::Unclear));
        let both = self.events.iter().zip(whose);
        both.map(|(event, whose)| Seen::new(*event, whose))
    }
}

/// What was found about one account.
#[derive(Clone, Debug)]
pub struct Found {
    /// All that is told of it; `detections` is the caller's to fill.
    pub subject: SubjectFindings,
    /// Sign-on decisions that let a suspected address in.
    pub allowed: Vec<Decision>,
    /// Rows of the timeline that found no place.
    pub left_out: usize,
}

/// Everything about one account.
#[must_use]
pub fn findings(m: &Material<'_>, intruder: Intruder) -> Found {
    let window = intruder.window();
    let factors = factors::rows(m, window);
    let assignments = grants::apps(m);
    let groups = grants::groups(m);
    let admin_roles = grants::roles(m);
    let api_tokens = tokens::rows(m, window);
    let oauth_grants = oauth::rows(m, window);
    let devices = devices::rows(m, window);
    let planted = planted::rows(m, &intruder, &api_tokens);
    let (mut timeline, left_out) = timeline::rows(m, &api_tokens);
    let words = now::Words {
        account: m.account,
        factors: &factors,
        grants: [&assignments, &groups, &admin_roles],
        tokens: &api_tokens,
        oauth: &oauth_grants,
        devices: &devices,
        planted: &planted,
    };
    let by_event = words.by_event();
    for row in &mut timeline {
        row.say_now(&by_event);
    }
    let timeline: Vec<Moment> = timeline.into_iter().map(|row| row.moment).collect();
    Found {
        subject: SubjectFindings {
            okta_id: Some(m.account.id.as_str().to_owned()).filter(|id| !id.is_empty()),
            login: m.account.login.clone(),
            status: m.holdings.and_then(|holdings| holdings.status.clone()),
            roles: m.holdings.and_then(|holdings| {
                let roles = holdings.roles.as_ref()?.iter();
                Some(roles.map(|role| role.name.clone()).collect())
            }),
            window: window.map(|window| FoundWindow {
                start: window.start,
                end: window.end,
                how: window.how,
            }),
            intruder,
            timeline,
            detections: Vec::new(),
            factors,
            assignments,
            groups,
            admin_roles,
            api_tokens,
            oauth_grants,
            devices,
            idps: idps::rows(m),
            profile: profile::rows(m),
            impact: impact::rows(m),
            planted,
        },
        allowed: threat::allowed(m),
        left_out,
    }
}

/// A name that somebody chose, as long as a name is.
fn short(name: &str) -> String {
    let mut characters = name.chars();
    let mut kept: String = characters.by_ref().take(NAME_MAX).collect();
    if characters.next().is_some() {
        kept.push('…');
    }
    kept
}
