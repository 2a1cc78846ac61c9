//! `revoke_consents`: what the account itself allowed apps to do in its name.
//!
//! A grant has no date. It is dated by the directory audit's `Consent to application`: the last one
//! that he himself gave to the app. What the audit cannot tell (not readable, or a window that began
//! before it) is kept as suspect, and said to be unread, so that it is not green. A second consent
//! widens the grant that is there, so that one from before the window with a new consent goes as a
//! whole: he consents again.
//!
//! Consents for everybody (`AllPrincipals`) are told, never deleted: they would take the app from the
//! whole tenant. Those that he gave as an admin within the window are found in the audit.
//!
//! [docs*]: that the audit keeps 30 days (7 without a licence), lags by minutes, names the app's
//! service principal as a target resource, and calls a consent for everybody
//! `ConsentContext.IsAdminConsent` = True. Source: "Delete a delegated permission grant", "List
//! directoryAudits".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::M365;
use super::permissions::{AUDIT_READ, DIRECTORY_READ};
use super::together::Ask;
use super::users::{self, not_so};
use super::vendor::VENDOR;
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, LABEL_MAX, Planning, Seen, Unread, Verb, bounded, change, items, moment, not_selected,
    target, text,
};
use crate::model::{Applied, Change, Kept, Outcome, ProofState, Select, Skip, Utc};
use crate::transport::{Path, Writer};

/// How far back every tenant's audit reaches.
const AUDIT_KEEPS: Duration = Duration::from_secs(7 * 24 * 3600);

/// Consents of one account by the audit.
#[derive(Default)]
struct Consented {
    /// When he last allowed an app (by service principal id) to act for himself.
    own: BTreeMap<String, Utc>,
    /// Apps, with their name, that he allowed to act for everybody, and when.
    for_all: BTreeMap<String, (String, Utc)>,
}

pub(super) struct RevokeConsents;

#[async_trait]
impl Verb<M365> for RevokeConsents {
    async fn plan(&self, p: &Planning<'_, M365>, who: &Identified) -> Planned {
        let (grants, audit) =
            futures_util::future::join(list(p.glance, &who.id), audit(p, &who.id)).await;
        let grants = match &*grants {
            Ok(grants) => items(grants),
            Err(unread) => {
                let why = match unread {
                    Unread::Absent { .. } => p.service.no_account("revoke_consents", unread),
                    _ => p.service.unread_for(&[DIRECTORY_READ], unread),
                };
                return Planned::skipped(Skip::Unread { why });
            }
        };
        let names = app_names(p.glance, grants).await;
        let mut planned = Planned::default();
        for grant in grants {
            take(p, who, grant, &names, audit.as_ref().ok(), &mut planned);
        }
        match &audit {
            Ok(consented) => for_everybody(consented, &mut planned),
            Err(why) if p.step.select == Select::InWindow => {
                let why = format!("when consents were given was not read: {why}");
                planned.skip = Some(Skip::Unread { why });
            }
            Err(_) => {}
        }
        if planned.changes.is_empty() && planned.skip.is_none() {
            let why = match grants.len() {
                0 => "has allowed no app anything".to_owned(),
                n => format!("none of {n} consents selected"),
            };
            planned.skip = Some(Skip::NothingSelected { why });
        }
        planned
    }

    async fn apply(&self, m365: &M365, w: &Writer<'_>, change: &Change) -> Outcome {
        let path = Path::new("/v1.0/oauth2PermissionGrants").seg(&change.target.id);
        m365.outcome(change, m365.send(w, Ask::delete(path)).await, true)
    }

    async fn prove(&self, m365: &M365, glance: &Glance, done: &Applied) -> Seen {
        match &*list(glance, text(&done.change.before, "account")).await {
            Ok(grants) => {
                let id = &done.change.target.id;
                if items(grants).iter().any(|grant| text(grant, "id") == id) {
                    not_so(glance, done, "the consent is still listed".into())
                } else {
                    let how = "not among the account's consents".into();
                    (ProofState::Proven, how)
                }
            }
            Err(unread) => {
                let how = m365.no_account("revoke_consents", unread);
                (ProofState::Pending, how)
            }
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("consents again".into()))
    }
}

async fn list(glance: &Glance, id: &str) -> Arc<Result<Value, Unread>> {
    let path = users::path(id).then("/oauth2PermissionGrants");
    glance.list(path, "value", "@odata.nextLink").await
}

/// Consents that the account gave since the window began. One read serves everybody.
///
/// # Errors
/// A sentence, if the audit could not be read or does not reach back so far.
async fn audit(p: &Planning<'_, M365>, id: &str) -> Result<Consented, String> {
    let start = p.case.window.start;
    let filter =
        format!("activityDisplayName eq 'Consent to application' and activityDateTime ge {start}");
    let path = Path::new("/v1.0/auditLogs/directoryAudits").query("$filter", filter);
    let got = p.glance.list(path, "value", "@odata.nextLink").await;
    let events = match &*got {
        Ok(events) => events,
        Err(unread) => return Err(p.service.unread_for(&[AUDIT_READ], unread)),
    };
    let reaches = p.glance.reader().vendor_now().minus(AUDIT_KEEPS);
    if start < reaches && items(events).is_empty() {
        return Err(
            "the window begins before what the directory audit surely keeps (7 days)".into(),
        );
    }
    let mut consented = Consented::default();
    for event in items(events) {
        note(event, id, &mut consented);
    }
    Ok(consented)
}

/// Takes one audit event in, if it is his and it succeeded.
fn note(event: &Value, id: &str, consented: &mut Consented) {
    let by = text(&event["initiatedBy"]["user"], "id");
    let failed = text(event, "result").eq_ignore_ascii_case("failure");
    let Some(at) = moment(event, "activityDateTime") else {
        return;
    };
    if failed || !by.eq_ignore_ascii_case(id) {
        return;
    }
    for app in items(&event["targetResources"]) {
        let client = text(app, "id").to_owned();
        if client.is_empty() {
            continue;
        }
        if is_for_everybody(app) {
            let name = bounded(text(app, "displayName"), LABEL_MAX);
            consented.for_all.insert(client, (name, at));
        } else {
            let last = consented.own.entry(client).or_insert(at);
            *last = at.max(*last);
        }
    }
}

fn is_for_everybody(app: &Value) -> bool {
    items(&app["modifiedProperties"]).iter().any(|property| {
        text(property, "displayName") == "ConsentContext.IsAdminConsent"
            && text(property, "newValue")
                .trim_matches('"')
                .eq_ignore_ascii_case("true")
    })
}

/// The names of apps by service principal id, as far as they can be read.
async fn app_names(glance: &Glance, grants: &[Value]) -> BTreeMap<String, String> {
    let clients: BTreeSet<&str> = grants.iter().map(|grant| text(grant, "clientId")).collect();
    let each = clients.into_iter().filter(|client| !client.is_empty());
    let each = each.map(|client| async move {
        let path = Path::new("/v1.0/servicePrincipals")
            .seg(client)
            .query("$select", "id,appId,displayName");
        match &*glance.one(path).await {
            Ok(app) if !text(app, "displayName").is_empty() => {
                Some((client.to_owned(), text(app, "displayName").to_owned()))
            }
            _ => None,
        }
    });
    join_all(each).await.into_iter().flatten().collect()
}

fn take(
    p: &Planning<'_, M365>,
    who: &Identified,
    grant: &Value,
    names: &BTreeMap<String, String>,
    audit: Option<&Consented>,
    planned: &mut Planned,
) {
    let client = text(grant, "clientId");
    let name = names.get(client).map_or(client, String::as_str);
    let scope = bounded(text(grant, "scope").trim(), LABEL_MAX);
    let target = target("consent", text(grant, "id"), name);
    let consented = audit.and_then(|audit| audit.own.get(client).copied());
    if let Some((why, suspect)) = stays(p, who, grant, audit.is_some(), consented) {
        planned.kept.push(Kept {
            target,
            why,
            suspect,
        });
        return;
    }
    let sentence = format!("revoke the consent to {}: {scope}", target.label);
    let before = json!({ "grant": grant, "consented": consented });
    planned
        .changes
        .push(change(&VENDOR, p.step, who, target, sentence, before));
}

/// Why a grant stays, and whether a person should look at it.
fn stays(
    p: &Planning<'_, M365>,
    who: &Identified,
    grant: &Value,
    audit_read: bool,
    consented: Option<Utc>,
) -> Option<(String, bool)> {
    if text(grant, "consentType") != "Principal" {
        let why = "for everybody in the tenant: look at it, and revoke it there if it is his";
        return Some((why.into(), true));
    }
    if !text(grant, "principalId").eq_ignore_ascii_case(&who.id) {
        return Some(("somebody else's".into(), true));
    }
    let id = text(grant, "id");
    match p.step.select {
        Select::InWindow if audit_read && consented.is_none() && !id.is_empty() => {
            let start = p.case.window.start;
            Some((
                format!("no consent of his since {start} in the audit"),
                false,
            ))
        }
        _ => not_selected("Microsoft 365", p.step, p.case, id, consented),
    }
}

/// What he allowed for the whole tenant: told, never deleted.
fn for_everybody(consented: &Consented, planned: &mut Planned) {
    for (client, (name, at)) in &consented.for_all {
        let label = if name.is_empty() { client } else { name };
        planned.kept.push(Kept {
            target: target("tenant_consent", client, label),
            why: format!(
                "he consented for the whole tenant at {at}: revoke it under Enterprise \
                 applications if it is not the organisation's"
            ),
            suspect: true,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(by: &str, result: &str, admin: &str, at: &str) -> Value {
        json!({
            "activityDateTime": at, "result": result,
            "initiatedBy": { "user": { "id": by } },
            "targetResources": [{ "id": "sp1", "displayName": "Mailer", "modifiedProperties": [
                { "displayName": "ConsentContext.IsAdminConsent", "newValue": admin }] }],
        })
    }

    #[test]
    fn only_his_own_successful_consents_date_a_grant_and_the_last_one_counts() {
        let mut consented = Consented::default();
        for (by, result, at) in [
            ("u1", "success", "2026-03-10T14:00:00Z"),
            ("u1", "success", "2026-03-10T13:00:00Z"),
            ("u1", "failure", "2026-03-10T15:00:00Z"),
            ("u2", "success", "2026-03-10T16:00:00Z"),
        ] {
            note(&event(by, result, "\"False\"", at), "u1", &mut consented);
        }
        let last: Utc = "2026-03-10T14:00:00Z".parse().unwrap();
        assert_eq!(consented.own, BTreeMap::from([("sp1".to_owned(), last)]));
        assert!(consented.for_all.is_empty());
    }

    #[test]
    fn a_consent_for_everybody_is_told_and_dates_nothing_of_his_own() {
        let mut consented = Consented::default();
        let event = event("u1", "success", "\"True\"", "2026-03-10T14:00:00Z");
        note(&event, "u1", &mut consented);
        assert!(consented.own.is_empty());
        let mut planned = Planned::default();
        for_everybody(&consented, &mut planned);
        assert!(planned.changes.is_empty());
        assert!(planned.kept[0].suspect);
        assert_eq!(planned.kept[0].target.label, "Mailer");
    }
}
