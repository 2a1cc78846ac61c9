//! The list of what the API does: from it come the routes and their description.

use axum::routing::{MethodRouter, get, post};
use http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::shapes::{
    Alerted, Alerts, AuditTrail, Because, Deciding, Events, Freeze, Proposals, Proposed,
    ProposedPlan, Rehearsals, Runs,
};
use super::{alerts, audit, freeze, openapi, proposals, rehearsals, runs};
use crate::desk::Power;
use crate::report::Report;
use crate::server::site::Site;

/// One way to ask, and what may be answered.
pub(super) struct Operation {
    pub(super) method: Method,
    /// With its parts in braces, as router and description both write them.
    pub(super) path: &'static str,
    /// Its name for clients.
    pub(super) id: &'static str,
    pub(super) says: &'static str,
    /// What it takes; `None`: nothing, whoever asks is answered.
    pub(super) power: Option<Power>,
    pub(super) query: &'static [Word],
    pub(super) body: Option<Shape>,
    /// What it answers if all is well.
    pub(super) good: Good,
    /// What else it may answer, beyond what everything may.
    pub(super) also: &'static [(u16, &'static str)],
    /// Who answers; `None`: another part of the server does.
    pub(super) handler: Option<fn() -> MethodRouter<Site>>,
}

/// A schema, made when the description is.
pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// What is answered if all is well.
pub(super) enum Good {
    Json(Shape),
    Text(&'static str),
}

/// A word of the query.
#[derive(Clone, Copy)]
pub(super) enum Word {
    Limit,
    Before(&'static str),
    After,
    State,
    Source,
    Fate,
}

fn shape<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

fn object(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "object" })
}

const CONFLICT: (u16, &str) = (
    409,
    "Decided already, expired, or another plan than the one that was seen.",
);
const PURGED: (u16, &str) = (410, "The run was purged: only its hashes are left.");

/// All of it.
pub(super) fn all() -> Vec<Operation> {
    [of_runs(), of_proposals(), of_alerts(), of_the_machine()]
        .into_iter()
        .flatten()
        .collect()
}

/// Reads something; a viewer may.
fn read(path: &'static str, id: &'static str, says: &'static str, good: Good) -> Operation {
    Operation {
        method: Method::GET,
        path,
        id,
        says,
        power: Some(Power::Viewer),
        query: &[],
        body: None,
        good,
        also: &[],
        handler: None,
    }
}

/// Changes something, for whoever has this power.
fn write(
    path: &'static str,
    id: &'static str,
    says: &'static str,
    power: Power,
    body: Shape,
    good: Good,
) -> Operation {
    Operation {
        method: Method::POST,
        power: Some(power),
        body: Some(body),
        ..read(path, id, says, good)
    }
}

/// What is asked of runs.
fn of_runs() -> Vec<Operation> {
    vec![
        Operation {
            query: &[Word::Before("a run's id"), Word::Limit],
            handler: Some(|| get(runs::list)),
            ..read(
                "/v1/runs",
                "listRuns",
                "Runs, the newest first.",
                Good::Json(shape::<Runs>),
            )
        },
        Operation {
            also: &[PURGED],
            handler: Some(|| get(runs::report)),
            ..read(
                "/v1/runs/{run}",
                "getRun",
                "The report of a run as it stands. Of more than 200 subjects those that are not \
                 contained, and of these the first 200; `of_all` adds up all, `subjects_file` is where they are.",
                Good::Json(shape::<Report>),
            )
        },
        Operation {
            also: &[PURGED],
            handler: Some(|| get(runs::subjects)),
            ..read(
                "/v1/runs/{run}/subjects",
                "getSubjects",
                "All subjects of a run, a line of JSON each.",
                Good::Text("application/jsonl"),
            )
        },
        Operation {
            query: &[Word::After, Word::Limit],
            also: &[PURGED],
            handler: Some(|| get(runs::events)),
            ..read(
                "/v1/runs/{run}/events",
                "listEvents",
                "What was recorded of a run, in order.",
                Good::Json(shape::<Events>),
            )
        },
    ]
}

/// What is asked of plans that wait, and decided about them.
fn of_proposals() -> Vec<Operation> {
    vec![
        Operation {
            query: &[Word::State, Word::Limit],
            handler: Some(|| get(proposals::list)),
            ..read(
                "/v1/proposals",
                "listProposals",
                "Plans that wait, or waited, for somebody, the newest first.",
                Good::Json(shape::<Proposals>),
            )
        },
        Operation {
            handler: Some(|| get(proposals::show)),
            ..read(
                "/v1/proposals/{run}",
                "getProposal",
                "A proposal with its plan.",
                Good::Json(shape::<ProposedPlan>),
            )
        },
        Operation {
            also: &[CONFLICT],
            handler: Some(|| post(proposals::approve)),
            ..write(
                "/v1/proposals/{run}/approve",
                "approve",
                "Approves the plan with this digest. With the last approval it is carried out.",
                Power::Approver,
                shape::<Deciding>,
                Good::Json(shape::<Proposed>),
            )
        },
        Operation {
            also: &[CONFLICT],
            handler: Some(|| post(proposals::deny)),
            ..write(
                "/v1/proposals/{run}/deny",
                "deny",
                "Denies the plan with this digest.",
                Power::Approver,
                shape::<Deciding>,
                Good::Json(shape::<Proposed>),
            )
        },
    ]
}

/// What is asked of alerts.
fn of_alerts() -> Vec<Operation> {
    vec![
        Operation {
            query: &[
                Word::Before("an alert's id"),
                Word::Limit,
                Word::Source,
                Word::Fate,
            ],
            handler: Some(|| get(alerts::list)),
            ..read(
                "/v1/alerts",
                "listAlerts",
                "Alerts that came, the newest first, and what became of them. A page may have \
                 fewer than asked for, and more follow while `next` is not null.",
                Good::Json(shape::<Alerts>),
            )
        },
        Operation {
            handler: Some(|| get(alerts::show)),
            ..read(
                "/v1/alerts/{source}/{id}",
                "getAlert",
                "One alert, with the body as it came.",
                Good::Json(shape::<Alerted>),
            )
        },
    ]
}

/// Freeze and thaw, the audit, and this description.
fn of_the_machine() -> Vec<Operation> {
    vec![
        Operation {
            handler: Some(|| get(freeze::show)),
            ..read(
                "/v1/freeze",
                "getFreeze",
                "Whether automatic runs are frozen.",
                Good::Json(shape::<Freeze>),
            )
        },
        Operation {
            handler: Some(|| post(freeze::freeze)),
            ..write(
                "/v1/freeze",
                "freeze",
                "Freezes automatic runs; people can still contain.",
                Power::Responder,
                shape::<Because>,
                Good::Json(shape::<Freeze>),
            )
        },
        Operation {
            handler: Some(|| post(freeze::thaw)),
            ..write(
                "/v1/thaw",
                "thaw",
                "Lets automatic runs go again.",
                Power::Admin,
                shape::<Because>,
                Good::Json(shape::<Freeze>),
            )
        },
        Operation {
            query: &[Word::Limit],
            handler: Some(|| get(rehearsals::list)),
            ..read(
                "/v1/rehearsals",
                "listRehearsals",
                "Rehearsals as they were kept (`oust.rehearsal/v1`), the newest first.",
                Good::Json(shape::<Rehearsals>),
            )
        },
        Operation {
            query: &[Word::Limit],
            handler: Some(|| get(audit::list)),
            ..read(
                "/v1/audit",
                "listAudit",
                "What people did, the newest first.",
                Good::Json(shape::<AuditTrail>),
            )
        },
        Operation {
            power: None,
            handler: Some(|| get(openapi::serve)),
            ..read(
                "/openapi.json",
                "getDescription",
                "This description.",
                Good::Json(object),
            )
        },
    ]
}
