//! `block_threat_sources`: ThreatInsight refuses requests from addresses that Okta knows as bad.
//!
//! For the whole org. Zones that an administrator excluded stay excluded and are named: from
//! there nothing is blocked, the intruder included. Undone is what it did, not what was changed
//! by others since. Source: Okta API, "ThreatInsight" (updated by POST, whole).

use async_trait::async_trait;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::Okta;
use super::answers::{outcome, send};
use super::events::Evidence;
use super::glance::{Glance, Unread, items, text};
use super::org_wide::{carries, left_to};
use super::verb::{Planning, Seen, Verb, only_undoes, target, undoing};
use super::zones::Zone;
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{
    Applied, Change, ChangeId, Confirmation, Outcome, OutcomeKind, ProofState, Skip, Undo,
};
use crate::transport::{Path, Write, Writer};

const BLOCK: &str = "block";

pub(super) struct BlockThreatSources;

#[async_trait]
impl Verb for BlockThreatSources {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let got = p.glance.one(configuration()).await;
        let config = match &*got {
            Ok(config) => config,
            Err(Unread::Absent { .. }) => {
                let why = "this org has no ThreatInsight".into();
                return Planned::skipped(Skip::Unsupported { why });
            }
            Err(unread) => return Planned::skipped(Skip::Unread { why: unread.why() }),
        };
        if let Err(other) = carries(p.case, &who.subject, |_| true) {
            return left_to(other);
        }
        let notes = excluded(p, config).await;
        let action = text(config, "action");
        let mut planned = match action {
            BLOCK => Planned::skipped(Skip::NothingSelected {
                why: "ThreatInsight blocks already".into(),
            }),
            "" => Planned::skipped(Skip::Unread {
                why: "Okta does not say what ThreatInsight does".into(),
            }),
            action => {
                let target = target("threat_insight", "configuration", "ThreatInsight");
                let sentence = format!("let ThreatInsight block, instead of `{action}`");
                let before = json!({ "action": action, "excludeZones": config["excludeZones"] });
                Planned::one(p.change(who, target, sentence, before))
            }
        };
        planned.notes = notes;
        planned
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        set(w, change, BLOCK, |now| now != BLOCK).await
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, _done: &Applied) -> Seen {
        proven(e, BLOCK).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        let action = text(&done.change.before, "action");
        if done.outcome.kind == OutcomeKind::AlreadyDone || action == BLOCK {
            return Err(CannotUndo::NotOurs);
        }
        let sentence = format!("set ThreatInsight back to `{action}`");
        let mut back = undoing(
            &done.change,
            "restore_threat_insight",
            &sentence,
            Undo::Restores,
            json!({}),
        );
        back.id = ChangeId::new(format!("{}/back", done.change.id));
        back.target = done.change.target.clone();
        back.before["action"] = json!(action);
        Ok(vec![back])
    }
}

pub(super) struct RestoreThreatInsight;

#[async_trait]
impl Verb for RestoreThreatInsight {
    async fn plan(&self, _p: &Planning<'_>, _who: &Identified) -> Planned {
        only_undoes("block_threat_sources")
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let action = text(&change.before, "action").to_owned();
        set(w, change, &action, |now| now == BLOCK).await
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        proven(e, text(&done.change.before, "action")).await
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::Never("contain the account again".into()))
    }
}

fn configuration() -> Path {
    Path::new("/api/v1/threats/configuration")
}

/// Sets the action and keeps the zones as they are at this moment. `may`: whether what is set now
/// is ours to change.
async fn set(w: &Writer<'_>, change: &Change, action: &str, may: impl Fn(&str) -> bool) -> Outcome {
    let got = Glance::new(w.reader()).one(configuration()).await;
    let now = match &*got {
        Ok(now) => now,
        Err(unread) => {
            return Outcome::bare(OutcomeKind::Failed {
                why: format!("what is set now cannot be read: {}", unread.why()),
                hint: "`oust runs resume` tries again".into(),
            });
        }
    };
    let is = text(now, "action");
    if is == action {
        return Outcome::bare(OutcomeKind::AlreadyDone);
    }
    if !may(is) {
        return Outcome::bare(OutcomeKind::Failed {
            why: format!("somebody has set it to `{is}` since"),
            hint: "look at Security, General, Okta ThreatInsight in the Admin console".into(),
        });
    }
    let zones: Vec<&Value> = items(&now["excludeZones"]).iter().collect();
    let body = json!({ "action": action, "excludeZones": zones });
    let write = Write::post(configuration()).json(body);
    outcome(change, send(w, &write).await, false)
}

async fn proven(e: &Evidence<'_>, wanted: &str) -> Seen {
    match &*e.glance.one(configuration()).await {
        Ok(config) => match text(config, "action") {
            "" => (ProofState::Pending, "Okta's answer does not say".into()),
            action if action == wanted => (ProofState::Proven, format!("it is `{action}`")),
            action => (ProofState::Refuted, format!("it is `{action}`")),
        },
        Err(unread) => (ProofState::Pending, unread.why()),
    }
}

/// Says from where nothing is blocked, and whether the intruder came from there.
async fn excluded(p: &Planning<'_>, config: &Value) -> Vec<String> {
    let ids = items(&config["excludeZones"]).iter();
    let ids: Vec<&str> = ids.filter_map(Value::as_str).collect();
    let paths = ids.iter().map(|id| Path::new("/api/v1/zones").seg(id));
    let zones = join_all(paths.map(|path| p.glance.one(path))).await;
    let confirmed = p.case.intruders.iter();
    let confirmed = confirmed.filter(|each| each.answer == Confirmation::Confirmed);
    let his: Vec<&str> = confirmed
        .flat_map(|each| &each.addresses)
        .map(|address| address.ip.as_str())
        .collect();
    let note = |(id, got): (&&str, &std::sync::Arc<super::glance::Got>)| match &**got {
        Ok(zone) => {
            let zone = Zone::of(zone);
            let inside: Vec<&str> = his.iter().copied().filter(|ip| zone.holds(ip)).collect();
            match inside[..] {
                [] => format!("ThreatInsight leaves zone {} alone", zone.name),
                _ => format!(
                    "ThreatInsight leaves zone {} alone, and the intruder came from there ({}): he \
                     is not blocked",
                    zone.name,
                    inside.join(", ")
                ),
            }
        }
        Err(_) => format!("ThreatInsight leaves zone {id} alone; what it holds cannot be read"),
    };
    ids.iter().zip(&zones).map(note).collect()
}
