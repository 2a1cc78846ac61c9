//! What an account holds now, part by part, for somebody who looks into it.
//!
//! Each part is a read of its own: one that fails is said and leaves the others as they are. What a
//! deletion by the window would do with a factor is asked of that verb itself, which plans it on
//! the very answers that are shown here. Reads only, behind everything that contains somebody.
//!
//! Oddities: a path that an org does not have (devices, on Classic Engine) leaves its part untold
//! and is no failure. Which apps Okta hides from its lists, nobody knows. Source: Okta API, "User
//! resources", "ThreatInsight", "Network zones", "Okta Support".

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::{join3, join4};
use serde_json::{Value, json};

use super::directory::apps_path;
use super::factors::{self, DeleteFactors};
use super::glance::{Glance, Got, Unread, items, text};
use super::vendor::VENDOR;
use super::verb::{LABEL_MAX, Planning, Verb, moment};
use super::{Okta, answers, api_tokens, oauth, users};
use crate::connector::{Identified, Planned, Step};
use crate::evidence::holdings::{
    HeldClient, HeldDevice, HeldFactor, HeldGrant, HeldIdp, HeldToken, Holdings, ThreatConfig,
};
use crate::evidence::investigation::{FactorFate, Now};
use crate::model::{
    ActionId, Case, Plant, Select, Source, StepKey, Subject, SystemId, UserId, Window,
};
use crate::transport::{Path, Reader};

/// Everything, as far as it can be read.
pub(super) async fn read(
    okta: &Okta,
    r: &Reader,
    who: &Subject,
    window: Option<Window>,
) -> Holdings {
    let glance = Glance::joining(r);
    let below = |what: &str| users::path(&who.id).then(what);
    let (user, factors, apps, groups) = join4(
        glance.one(users::path(&who.id)),
        factors_of(okta, &glance, who, window),
        glance.list(apps_path(&who.id)),
        glance.list(below("/groups")),
    )
    .await;
    let (roles, tokens, clients) = join3(
        glance.list(below("/roles")),
        api_tokens::all(okta, &glance),
        oauth::held_by_clients(&glance, &who.id, true),
    )
    .await;
    let (devices, idps) =
        futures_util::future::join(glance.list(below("/devices")), glance.list(below("/idps")))
            .await;
    let mut part = Parts {
        login: &who.login,
        unread: Vec::new(),
    };
    let token = |token: &Value| held_token(token, &who.id);
    Holdings {
        status: part.of("status", &user, |user| text(user, "status").to_owned()),
        factors: part.take("factors", factors),
        apps: part.list("apps", &apps, app),
        groups: part.list("groups", &groups, group),
        roles: part.list("admin roles", &roles, role),
        api_tokens: part.list("API tokens", &tokens, token),
        clients: part.take("consents", clients.map(held_clients)),
        devices: part.list("devices", &devices, device),
        idps: part.list("linked identity providers", &idps, idp),
        unread: part.unread,
    }
}

/// What was read, and sentences for what was not.
struct Parts<'p> {
    login: &'p str,
    unread: Vec<String>,
}

impl Parts<'_> {
    fn of<T>(&mut self, what: &str, got: &Arc<Got>, of: impl Fn(&Value) -> T) -> Option<T> {
        self.take(what, got.as_ref().as_ref().map(of).map_err(Unread::clone))
    }

    fn list<T>(&mut self, what: &str, got: &Arc<Got>, of: impl Fn(&Value) -> T) -> Option<Vec<T>> {
        self.of(what, got, |list| items(list).iter().map(&of).collect())
    }

    fn take<T>(&mut self, what: &str, got: Result<T, Unread>) -> Option<T> {
        match got {
            Ok(all) => Some(all),
            // An org that has no such thing: nothing is hidden from us.
            Err(Unread::Absent { .. }) if what == "devices" => None,
            Err(unread) => {
                self.unread
                    .push(format!("{what} of {}: {}", self.login, unread.why()));
                None
            }
        }
    }
}

fn short(text: &str) -> String {
    answers::bounded(text, LABEL_MAX)
}

/// The factors with what `delete_factors` by the window does with each.
async fn factors_of(
    okta: &Okta,
    glance: &Glance,
    who: &Subject,
    window: Option<Window>,
) -> Result<Vec<HeldFactor>, Unread> {
    let all = match factors::held(glance, &who.id).await {
        Err(Unread::Absent { .. }) if users::has_no_factors(glance, &who.id).await.is_ok() => {
            return Ok(Vec::new());
        }
        other => other?,
    };
    let planned = match window {
        Some(window) => Some(deleted_by(okta, glance, who, window).await),
        None => None,
    };
    let held = |item: &Value| HeldFactor {
        id: text(item, "id").to_owned(),
        kind: match text(item, "factorType") {
            "" => text(item, "type"),
            kind => kind,
        }
        .to_owned(),
        provider: text(item, "provider").to_owned(),
        name: factors::label(item),
        created: moment(item, "created"),
        changed: moment(item, "lastUpdated"),
        fate: planned.as_ref().map_or(FactorFate::Unknown, |planned| {
            fate(planned, text(item, "id"))
        }),
    };
    Ok(all.iter().map(held).collect())
}

/// What the verb would plan, on the answers that this glance holds already.
async fn deleted_by(okta: &Okta, glance: &Glance, who: &Subject, window: Window) -> Planned {
    let step = Step {
        key: StepKey {
            stage: 0,
            step: 0,
            system: 0,
        },
        action: ActionId::new(VENDOR.id, "delete_factors"),
        system: SystemId::new(VENDOR.id),
        settings: Arc::new(json!({})),
        select: Select::InWindow,
        again: false,
    };
    let case = Case {
        subjects: vec![who.clone()],
        window,
        id: None,
        reason: None,
        source: Source::Person(String::new()),
        began: None,
        intruders: Vec::new(),
    };
    let identified = Identified {
        subject: who.clone(),
        id: who.id.as_str().to_owned(),
    };
    let planning = Planning {
        okta,
        glance,
        step: &step,
        case: &case,
        who: std::slice::from_ref(&identified),
    };
    DeleteFactors.plan(&planning, &identified).await
}

fn fate(planned: &Planned, id: &str) -> FactorFate {
    let goes = planned.changes.iter().any(|change| {
        let along = items(&change.before["along"]).iter();
        change.target.id == id || along.into_iter().any(|other| other["id"] == *id)
    });
    let kept = planned.kept.iter().find(|kept| kept.target.id == id);
    match (goes, kept) {
        (true, _) => FactorFate::Deleted,
        (false, Some(kept)) if kept.suspect => FactorFate::Suspect,
        (false, Some(_)) => FactorFate::Kept,
        (false, None) => FactorFate::Unknown,
    }
}

fn app(app: &Value) -> HeldGrant {
    HeldGrant {
        id: text(app, "id").to_owned(),
        name: short(text(app, "label")),
        scope: text(&app["_embedded"]["user"], "scope").to_lowercase(),
    }
}

fn group(group: &Value) -> HeldGrant {
    HeldGrant {
        id: text(group, "id").to_owned(),
        name: short(text(&group["profile"], "name")),
        scope: String::new(),
    }
}

fn role(role: &Value) -> HeldGrant {
    let kind = text(role, "type");
    HeldGrant {
        id: kind.to_owned(),
        name: match text(role, "label") {
            "" => kind.to_owned(),
            label => short(label),
        },
        scope: text(role, "assignmentType").to_lowercase(),
    }
}

fn held_token(token: &Value, who: &UserId) -> HeldToken {
    HeldToken {
        id: text(token, "id").to_owned(),
        name: short(text(token, "name")),
        is_his: text(token, "userId") == who.as_str(),
        created: moment(token, "created"),
        network: text(&token["network"], "connection").to_owned(),
    }
}

fn held_clients(all: std::collections::BTreeMap<String, oauth::Held>) -> Vec<HeldClient> {
    let client = |(id, held): (String, oauth::Held)| {
        let tokens = held.tokens.unwrap_or_default();
        let of_tokens = tokens.iter().flat_map(|token| items(&token["scopes"]));
        let of_tokens = of_tokens.filter_map(Value::as_str);
        let of_grants = held.grants.iter().map(|grant| text(grant, "scopeId"));
        let scopes: BTreeSet<&str> = of_tokens
            .chain(of_grants)
            .filter(|s| !s.is_empty())
            .collect();
        let dates = tokens.iter().chain(&held.grants);
        HeldClient {
            id,
            name: short(&held.name),
            created: dates.filter_map(|item| moment(item, "created")).min(),
            scopes: scopes.into_iter().map(short).collect(),
        }
    };
    all.into_iter().map(client).collect()
}

/// `created` is when the device was made, not when it became his.
fn device(item: &Value) -> HeldDevice {
    let device = &item["device"];
    let profile = &device["profile"];
    HeldDevice {
        id: text(device, "id").to_owned(),
        name: short(text(profile, "displayName")),
        platform: text(profile, "platform").to_owned(),
        status: text(device, "status").to_owned(),
        created: moment(item, "created").or_else(|| moment(device, "created")),
    }
}

fn idp(idp: &Value) -> HeldIdp {
    HeldIdp {
        id: text(idp, "id").to_owned(),
        name: short(text(idp, "name")),
        kind: text(idp, "type").to_owned(),
    }
}

/// How the org treats addresses that ThreatInsight knows, zones by their names.
///
/// # Errors
/// A sentence, if it could not be read.
pub(super) async fn threat_config(r: &Reader) -> Result<ThreatConfig, String> {
    let glance = Glance::new(r);
    let got = glance.one(Path::new("/api/v1/threats/configuration")).await;
    let config = got.as_ref().as_ref().map_err(Unread::why)?;
    let ids: Vec<&str> = items(&config["excludeZones"])
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let mut zones = Arc::new(Ok(Value::Null));
    if !ids.is_empty() {
        zones = glance
            .list(Path::new("/api/v1/zones").query("limit", "200"))
            .await;
    }
    let known = zones.as_ref().as_ref().map_or(&[][..], items);
    let name = |id: &&str| {
        let zone = known.iter().find(|zone| zone["id"] == **id);
        let name = zone
            .map(|zone| text(zone, "name"))
            .filter(|name| !name.is_empty());
        short(name.unwrap_or(id))
    };
    Ok(ThreatConfig {
        action: text(config, "action").to_owned(),
        excluded_zones: ids.iter().map(name).collect(),
    })
}

/// Whether each plant is there, in their order; what cannot be told is unread.
pub(super) async fn planted(okta: &Okta, r: &Reader, plants: &[Plant]) -> Vec<Now> {
    let glance = Glance::joining(r);
    let mut all = Vec::new();
    for plant in plants {
        all.push(is_there(okta, &glance, plant).await);
    }
    all
}

async fn is_there(okta: &Okta, glance: &Glance, plant: &Plant) -> Now {
    let id = plant.target.as_str();
    let kind = plant.kind.as_str();
    if kind.starts_with("user.session.impersonation.") {
        let got = glance
            .one(Path::new("/api/v1/org/privacy/oktaSupport"))
            .await;
        return match got.as_ref().as_ref().map(|state| text(state, "support")) {
            Ok("ENABLED") => Now::There,
            Ok("DISABLED") => Now::Gone,
            _ => Now::Unread,
        };
    }
    if id.is_empty() {
        return Now::Unread;
    }
    if plant.target_kind == "Token" {
        return token_is_there(okta, glance, id).await;
    }
    if kind.starts_with("system.idp.lifecycle.") {
        return among(
            &glance
                .list(Path::new("/api/v1/idps").query("limit", "200"))
                .await,
            id,
        );
    }
    let path = match kind {
        "zone.create" => Path::new("/api/v1/zones").seg(id),
        "user.lifecycle.create" => users::path(&UserId::new(id)),
        "application.lifecycle.create" | "app.oauth2.client.lifecycle.create" => {
            Path::new("/api/v1/apps").seg(id)
        }
        // Whether a change is still in force cannot be told from what is there.
        _ => return Now::Unread,
    };
    match &*glance.one(path).await {
        Ok(found) if text(found, "status") == "DEPROVISIONED" => Now::Gone,
        Ok(_) => Now::There,
        Err(Unread::Absent { .. }) => Now::Gone,
        Err(_) => Now::Unread,
    }
}

/// A list of all tokens shows who is there, and not who is gone: Okta leaves out those of suspended
/// owners. That one is gone is told by its own id alone.
async fn token_is_there(okta: &Okta, glance: &Glance, id: &str) -> Now {
    if among(&api_tokens::all(okta, glance).await, id) == Now::There {
        return Now::There;
    }
    match &*glance.one(api_tokens::path(id)).await {
        Ok(_) => Now::There,
        Err(Unread::Absent { .. }) => Now::Gone,
        Err(_) => Now::Unread,
    }
}

fn among(got: &Arc<Got>, id: &str) -> Now {
    match got.as_ref() {
        Ok(list) if items(list).iter().any(|item| item["id"] == *id) => Now::There,
        Ok(_) => Now::Gone,
        Err(_) => Now::Unread,
    }
}
