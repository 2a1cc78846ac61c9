//! `reset_sessions`: one call ends them all; that none is left shows by an error.
//!
//! Slack queues the bulk form and carries it out later. Either way the proof is the list of each
//! place the member can be signed in to: the enterprise and every workspace of his.

use async_trait::async_trait;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::super::kit::{Glance, Planning, Seen, Unread, Verb, change, items, send, text};
use super::members::info;
use super::voice::VOICE;
use super::{Slack, VENDOR};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState, Skip, Target};
use crate::transport::{Path, Write, Writer};

/// Above this many subjects one bulk call stands for many single ones.
const SINGLE_MAX: usize = 20;

pub(super) struct ResetSessions;

#[async_trait]
impl Verb<Slack> for ResetSessions {
    async fn plan(&self, p: &Planning<'_, Slack>, who: &Identified) -> Planned {
        let user = match &*p.glance.one(info(&who.id)).await {
            Ok(body) => body["user"].clone(),
            Err(Unread::Absent { .. }) => return Planned::skipped(Skip::NoAccount),
            Err(unread) => return Planned::skipped(Skip::Unread { why: unread.why() }),
        };
        if user["deleted"] == true {
            let why = "the member is deactivated, so that no session is left".into();
            return Planned::skipped(Skip::NothingSelected { why });
        }
        let target = Target {
            kind: "user".into(),
            id: who.id.clone(),
            label: who.subject.login.clone(),
        };
        let many = p.case.subjects.len() > SINGLE_MAX;
        let before = json!({ "teams": teams(&user), "many": many });
        let sentence = "end all Slack sessions".to_owned();
        let mut planned = Planned::one(change(&VENDOR, p.step, who, target, sentence, before));
        if user["is_primary_owner"] == true {
            planned
                .notes
                .push("he is the primary owner: Slack lets no app end his sessions".into());
        }
        planned
    }

    async fn apply(&self, slack: &Slack, w: &Writer<'_>, change: &Change) -> Outcome {
        // One member whom Slack refuses must not keep the others in.
        if change.before["many"] == true
            && let Some(outcome) = slack.bulk.reset(w, change).await
        {
            return outcome;
        }
        let body = json!({ "user_id": change.target.id });
        let path = Path::new("/admin.users.session.reset");
        VOICE.outcome(change, send(w, &Write::post(path).json(body)).await, false)
    }

    async fn prove(&self, slack: &Slack, glance: &Glance, done: &Applied) -> Seen {
        let own = match slack.own(glance.reader()).await {
            Ok(own) => own,
            Err(why) => return (ProofState::Pending, why),
        };
        let mut teams: Vec<String> = own.enterprise.into_iter().collect();
        teams.extend(texts(&done.change.before["teams"]));
        if teams.is_empty() {
            let why = "Slack tells no organisation or workspace to look at".into();
            return (ProofState::Pending, why);
        }
        let user = &done.change.target.id;
        let lists = join_all(teams.iter().map(|team| any(glance, team, user))).await;
        let mut left = Vec::new();
        for (team, list) in teams.iter().zip(lists) {
            match list {
                Ok(0) => {}
                Ok(count) => left.push(format!("{count} in {team}")),
                Err(why) => return (ProofState::Pending, why),
            }
        }
        match (&left[..], &done.outcome.kind) {
            ([], _) => (
                ProofState::Proven,
                format!("no active session in {}", teams.join(", ")),
            ),
            (some, OutcomeKind::Accepted) => (
                ProofState::Pending,
                format!("queued; sessions left: {}", some.join(", ")),
            ),
            (some, _) => (
                ProofState::Refuted,
                format!("sessions are listed: {}", some.join(", ")),
            ),
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("signs in again".into()))
    }
}

/// How many sessions a member has in one place, one page at most; none is an error of Slack's.
///
/// # Errors
/// A sentence, if it could not be read.
pub(super) async fn any(glance: &Glance, team: &str, user: &str) -> Result<usize, String> {
    let body = json!({ "team_id": team, "user_id": user, "limit": 100 });
    let path = Path::new("/admin.users.session.list");
    match &*glance.query(path, body).await {
        Ok(body) => Ok(items(&body["active_sessions"]).len()),
        Err(Unread::Absent { said }) if said.code == "no_active_sessions" => Ok(0),
        Err(unread) => Err(unread.why()),
    }
}

/// The workspaces of a `users.info`.
fn teams(user: &Value) -> Vec<String> {
    let mut teams = texts(&user["enterprise_user"]["teams"]);
    if teams.is_empty() {
        let own = text(user, "team_id");
        teams.extend((!own.is_empty()).then(|| own.to_owned()));
    }
    teams
}

fn texts(list: &Value) -> Vec<String> {
    let all = items(list).iter();
    all.filter_map(|each| Some(each.as_str()?.to_owned()))
        .collect()
}
