//! `remove_member` and its undoing, `invite_member`.
//!
//! In no shipped playbook: private forks are deleted, and what comes back is an invitation. A
//! membership that comes by a team of the enterprise stays; that is told. Source: `github.json`
//! (organisation memberships).

use async_trait::async_trait;
use serde_json::{Value, json};

use super::GitHub;
use super::accounts::Account;
use super::vendor::VENDOR;
use super::voice::{self, VOICE};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, Got, Planning, Seen, Unread, Verb, account_of, bounded, change, items, send, target,
    text, undoing,
};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState, Skip};
use crate::transport::{Path, Write, Writer};

const RIGHT: &str = "`members:read`";

/// Teams named at most.
const TEAMS_MAX: usize = 5;

pub(super) struct RemoveMember;

#[async_trait]
impl Verb<GitHub> for RemoveMember {
    async fn plan(&self, p: &Planning<'_, GitHub>, who: &Identified) -> Planned {
        let (Some(org), account) = (p.service.settings.org.as_deref(), Account::planned(p, who))
        else {
            return Planned::skipped(Skip::Unsupported {
                why: "members are an organisation's: name `org`".into(),
            });
        };
        let account = match account.await {
            Ok(account) => account,
            Err(skip) => return Planned::skipped(skip),
        };
        let got = p.glance.one(membership(org, &account)).await;
        let member = match &*got {
            Ok(member) => member,
            Err(Unread::Absent { .. }) => {
                return Planned::skipped(Skip::NothingSelected {
                    why: format!("no member of {org}"),
                });
            }
            Err(unread) => {
                let why = voice::why(unread, RIGHT);
                return Planned::skipped(Skip::Unread { why });
            }
        };
        let teams = teams(member);
        if member["direct_membership"] == false {
            return Planned::skipped(Skip::Unsupported {
                why: format!(
                    "his membership of {org} comes by enterprise team {teams} alone: take him out \
                     of it"
                ),
            });
        }
        let role = text(member, "role");
        let sentence = match text(member, "state") {
            "pending" => format!("cancel the invitation to {org}"),
            _ => format!("remove the {} from {org}", bounded(role, 20)),
        };
        let before = json!({
            "github_login": account.login, "role": role, "state": member["state"],
        });
        let target = target("user", &account.id, &account.login);
        let mut planned = Planned::one(change(&VENDOR, p.step, who, target, sentence, before));
        if !teams.is_empty() {
            let note = format!("he stays in {org} by enterprise team {teams}: take him out of it");
            planned.notes.push(note);
        }
        planned
    }

    async fn apply(&self, github: &GitHub, w: &Writer<'_>, change: &Change) -> Outcome {
        set(github, w, change, Write::delete).await
    }

    async fn prove(&self, github: &GitHub, glance: &Glance, done: &Applied) -> Seen {
        match read(github, glance, done).await {
            Ok(None) => (ProofState::Proven, "no member any more".into()),
            Ok(Some(got)) => match &*got {
                Err(Unread::Absent { .. }) => (ProofState::Proven, "no member any more".into()),
                Ok(member) if member["direct_membership"] == false => {
                    let how = format!("still in by enterprise team {}", teams(member));
                    (ProofState::Refuted, how)
                }
                Ok(member) => {
                    let how = format!("{} member read", bounded(text(member, "state"), 20));
                    (ProofState::Refuted, how)
                }
                Err(unread) => (ProofState::Pending, voice::why(unread, RIGHT)),
            },
            Err(why) => (ProofState::Pending, why),
        }
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        let is_by_others =
            done.outcome.kind == OutcomeKind::AlreadyDone && done.outcome.receipts.is_empty();
        let role = match text(&done.change.before, "role") {
            "admin" => "admin",
            // Whatever else he was, nobody is invited to more than he had.
            _ => "member",
        };
        if is_by_others {
            return Err(CannotUndo::NotOurs);
        }
        Ok(vec![undoing(
            &VENDOR,
            &done.change,
            "invite_member",
            "invite him again in his former role; he must accept",
            json!({ "role": role }),
        )])
    }
}

pub(super) struct InviteMember;

#[async_trait]
impl Verb<GitHub> for InviteMember {
    async fn plan(&self, _p: &Planning<'_, GitHub>, _who: &Identified) -> Planned {
        let why = "it only undoes `github.remove_member`".into();
        Planned::skipped(Skip::Unsupported { why })
    }

    async fn apply(&self, github: &GitHub, w: &Writer<'_>, change: &Change) -> Outcome {
        let role = change.settings["role"].clone();
        set(github, w, change, |path| {
            Write::put(path).json(json!({ "role": role }))
        })
        .await
    }

    async fn prove(&self, github: &GitHub, glance: &Glance, done: &Applied) -> Seen {
        match read(github, glance, done).await {
            Ok(None) => (ProofState::Refuted, "the account is gone".into()),
            Ok(Some(got)) => match &*got {
                Ok(member) if member["state"] == "pending" => {
                    let how = "invited; he must accept".to_owned();
                    (ProofState::Proven, how)
                }
                Ok(_) => (ProofState::Proven, "member read".into()),
                Err(Unread::Absent { .. }) => {
                    (ProofState::Refuted, "neither member nor invited".into())
                }
                Err(unread) => (ProofState::Pending, voice::why(unread, RIGHT)),
            },
            Err(why) => (ProofState::Pending, why),
        }
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Ok(vec![undoing(
            &VENDOR,
            &done.change,
            "remove_member",
            "remove the member from the organisation",
            json!({}),
        )])
    }
}

/// `/orgs/{org}/memberships/{login}`
fn membership(org: &str, account: &Account) -> Path {
    Path::new("/orgs")
        .seg(org)
        .then("/memberships")
        .seg(&account.login)
}

/// One write to the membership of whoever has the number now.
async fn set(
    github: &GitHub,
    w: &Writer<'_>,
    change: &Change,
    write: impl FnOnce(Path) -> Write,
) -> Outcome {
    let glance = Glance::new(w.reader(), &VOICE);
    let account = match Account::acted_on(github, &glance, change).await {
        Ok(account) => account,
        Err(outcome) => return outcome,
    };
    let org = github.settings.org.as_deref().unwrap_or_default();
    let sent = send(w, &write(membership(org, &account))).await;
    VOICE.outcome(change, sent, true)
}

/// The membership; `None` if the account is gone.
async fn read(
    github: &GitHub,
    glance: &Glance,
    done: &Applied,
) -> Result<Option<std::sync::Arc<Got>>, String> {
    match Account::read(glance, account_of(&done.change)).await {
        Ok(account) => {
            let org = github.settings.org.as_deref().unwrap_or_default();
            Ok(Some(glance.one(membership(org, &account)).await))
        }
        Err(Unread::Absent { .. }) => Ok(None),
        Err(unread) => Err(voice::why(&unread, RIGHT)),
    }
}

/// Teams of the enterprise that make him a member.
fn teams(member: &Value) -> String {
    let teams = items(&member["enterprise_teams_providing_indirect_membership"]).iter();
    let names: Vec<String> = teams
        .filter_map(|team| Some(bounded(team.as_str()?, 60)))
        .take(TEAMS_MAX)
        .collect();
    names.join(", ")
}
