//! `end_support_access`: Okta's own support may no longer sign in to the org. For the whole org.
//!
//! Impersonation by Okta Support needs the grant of a super administrator: an intruder who is one
//! can invite it, or whoever talks support into it. Older orgs grant it as a whole and end it by
//! one call; newer ones go case by case, and answer 301 to that call. Which of the two an org is
//! shows by what it answers. Whether a session of support's that is under way ends with it is
//! not documented.
//!
//! Source: Okta API, "Org support settings" (`oktaSupport`, `/cases`) [spec]; revoke and the
//! update of a case by Okta's SDKs; event types `user.session.impersonation.*`.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures_util::future::join3;
use serde_json::{Value, json};

use super::Okta;
use super::answers::{outcome, send};
use super::events::{Evidence, any_type, log_path, published};
use super::glance::{Glance, Got, Unread, items, text};
use super::made_in_window::{actor, is_by_subject, is_good, minute};
use super::org_wide::{carries, left_to};
use super::verb::{Planning, Seen, Verb, target};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{Applied, Change, Kept, Outcome, OutcomeKind, ProofState, Select, Skip, Target};
use crate::transport::{Meaning, Path, Write, Writer};

const GRANTS: &[&str] = &[
    "user.session.impersonation.grant",
    "user.session.impersonation.extend",
];
const ENTERS: &str = "user.session.impersonation.initiate";

const CASE: &str = "support_case";

pub(super) struct EndSupportAccess;

#[async_trait]
impl Verb for EndSupportAccess {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let log = events(p);
        let (settings, cases, log) = join3(shared(p, settings()), shared(p, cases()), log).await;
        let open = match open(&settings, &cases) {
            Ok(open) => open,
            Err(skip) => return Planned::skipped(skip),
        };
        if open.is_empty() {
            let why = "Okta support has no access".into();
            return Planned::skipped(Skip::NothingSelected { why });
        }
        let log = match &log {
            Ok(log) => log,
            Err(unread) => {
                let why = format!("who granted it cannot be read: {}", unread.why());
                return Planned::skipped(Skip::Unread { why });
            }
        };
        let mut planned = Planned::default();
        let grant = match granted(p, log) {
            Ok(grant) => grant,
            Err(why) => {
                let kept = |target| Kept {
                    target,
                    why: why.clone(),
                    suspect: true,
                };
                planned.kept = open.into_iter().map(kept).collect();
                planned.skip = Some(Skip::NothingSelected { why });
                return planned;
            }
        };
        let is_granter = |id: &str| {
            let mut all = log.iter().filter(|event| is_grant(event));
            all.any(|event| event["actor"]["id"] == id)
        };
        let justifies = |id: &str| p.step.select != Select::InWindow || is_granter(id);
        if let Err(other) = carries(p.case, &who.subject, |each| justifies(each.id.as_str())) {
            return left_to(other);
        }
        for target in open {
            let what = match target.kind.as_str() {
                CASE => format!("end Okta support access for case {}", target.id),
                _ => "end Okta support access to the org".to_owned(),
            };
            let sentence = match grant {
                Some(grant) => format!("{what} ({})", told(grant)),
                None => what,
            };
            let before = json!({ "granted": grant.map(before) });
            planned
                .changes
                .push(p.change(who, target, sentence, before));
        }
        let entries = log
            .iter()
            .filter(|event| text(event, "eventType") == ENTERS);
        planned.notes = entries.map(entered).collect();
        planned
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        if change.target.kind == CASE {
            let body = json!({ "impersonation": { "status": "DISABLED" } });
            let write = Write::patch(cases().seg(&change.target.id)).json(body);
            return outcome(change, send(w, &write).await, false);
        }
        let sent = send(w, &Write::post(settings().then("/revoke"))).await;
        let moved = sent.answer.as_ref();
        if moved.is_ok_and(|answer| answer.meaning() == Meaning::Elsewhere) {
            return Outcome {
                kind: OutcomeKind::Failed {
                    why: "this org ends support access case by case, and shows us no case".into(),
                    hint: "look at Settings, Account, Give access to Okta Support in the Admin \
                           console"
                        .into(),
                },
                receipts: vec![sent.receipt],
            };
        }
        outcome(change, sent, false)
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        match is_open(&e.glance, &done.change.target).await {
            Ok(Some(false)) => (ProofState::Proven, "Okta support has no access".into()),
            Ok(Some(true)) => (ProofState::Refuted, "Okta support still has access".into()),
            Ok(None) => (ProofState::Pending, "Okta's answer does not say".into()),
            Err(unread) => (ProofState::Pending, unread.why()),
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes(
            "asks a super administrator to grant it again, under Settings, Account".into(),
        ))
    }
}

/// The org has one answer for everybody, and each subject's step asks for it again.
async fn shared(p: &Planning<'_>, path: Path) -> std::sync::Arc<Got> {
    p.glance.one_with(&p.okta.together, path).await
}

fn settings() -> Path {
    Path::new("/api/v1/org/privacy/oktaSupport")
}

fn cases() -> Path {
    settings().then("/cases")
}

/// What is open: cases, or the org as a whole.
fn open(settings: &Got, cases: &Got) -> Result<Vec<Target>, Skip> {
    let settings = match settings {
        Ok(settings) => settings,
        Err(Unread::Absent { .. }) => {
            let why = "this org has no setting for Okta support".into();
            return Err(Skip::Unsupported { why });
        }
        Err(unread) => return Err(Skip::Unread { why: unread.why() }),
    };
    let by_case: Vec<Target> = match cases {
        Ok(cases) => listed(cases)
            .iter()
            .filter(|case| case["impersonation"]["status"] == "ENABLED")
            .map(|case| target(CASE, text(case, "caseNumber"), text(case, "subject")))
            .filter(|target| !target.id.is_empty())
            .collect(),
        // The org knows no cases.
        Err(Unread::Absent { .. } | Unread::Refused { status: 405, .. }) => Vec::new(),
        Err(_) if settings["_links"]["revoke"].is_object() => Vec::new(),
        Err(unread) => return Err(Skip::Unread { why: unread.why() }),
    };
    match text(settings, "support") {
        _ if !by_case.is_empty() => Ok(by_case),
        "ENABLED" => Ok(vec![target("support_access", "org", "the org")]),
        "DISABLED" => Ok(Vec::new()),
        _ => Err(Skip::Unread {
            why: "Okta does not say whether its support has access".into(),
        }),
    }
}

/// An object that holds the list, by the schema; the list itself, by its example. [spec]
fn listed(cases: &Value) -> &[Value] {
    match &cases["supportCases"] {
        Value::Array(cases) => cases,
        _ => items(cases),
    }
}

async fn is_open(glance: &Glance, target: &Target) -> Result<Option<bool>, Unread> {
    let said = |status: &Value| status.as_str().map(|status| status == "ENABLED");
    if target.kind != CASE {
        let got = glance.one(settings()).await;
        let settings = got.as_ref().as_ref().map_err(Unread::clone)?;
        return Ok(said(&settings["support"]));
    }
    let got = glance.one(cases()).await;
    let cases = listed(got.as_ref().as_ref().map_err(Unread::clone)?);
    let case = cases.iter().find(|case| case["caseNumber"] == *target.id);
    Ok(case.and_then(|case| said(&case["impersonation"]["status"])))
}

/// Grants and entries of the window, oldest first.
async fn events(p: &Planning<'_>) -> Result<Vec<Value>, Unread> {
    let filter = any_type(&[GRANTS, &[ENTERS]].concat());
    let since = p.case.window.start;
    let path = || log_path(since, p.glance.reader().vendor_now(), &filter);
    let what = format!("support access since {since}");
    let got = p.glance.list_with(&p.okta.together, &what, path).await;
    match &*got {
        Ok(events) => {
            let of_window = |event: &&Value| {
                is_good(event) && published(event).is_some_and(|at| p.case.window.contains(at))
            };
            Ok(items(events).iter().filter(of_window).cloned().collect())
        }
        // Asked for all, who granted it is only told, not asked.
        Err(_) if p.step.select != Select::InWindow => Ok(Vec::new()),
        Err(unread) => Err(unread.clone()),
    }
}

/// The grant that justifies ending it, if the step selects by it; else why it stays.
fn granted<'e>(p: &Planning<'_>, log: &'e [Value]) -> Result<Option<&'e Value>, String> {
    let grants = || log.iter().rev().filter(|event| is_grant(event));
    let none = BTreeSet::new();
    let his = grants().find(|event| is_by_subject(event, p.case, &none));
    match (his, grants().next(), p.step.select) {
        (Some(his), _, _) => Ok(Some(his)),
        (None, _, select) if select != Select::InWindow => Ok(None),
        (None, Some(other), _) => Err(format!("{}, who is not of this case", when_by(other))),
        (None, None, _) => Err("granted before the window, as far as the log says".into()),
    }
}

fn is_grant(event: &Value) -> bool {
    GRANTS.contains(&text(event, "eventType"))
}

fn when_by(event: &Value) -> String {
    let at = published(event).map_or_else(|| "at some time".into(), minute);
    format!("granted {at} by {}", actor(event))
}

fn told(event: &Value) -> String {
    format!("{}, event {}", when_by(event), text(event, "uuid"))
}

fn before(event: &Value) -> Value {
    json!({ "event": event["uuid"], "at": event["published"], "by": actor(event) })
}

fn entered(event: &Value) -> String {
    let at = published(event).map_or_else(|| "at some time".into(), minute);
    format!(
        "somebody signed in as Okta support {at} ({}, event {}): look at what was done from then on",
        actor(event),
        text(event, "uuid")
    )
}
