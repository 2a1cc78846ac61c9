//! The report's JSON Schema, generated from its types; `docs/report.schema.json` is its print.
//!
//! The model's types know nothing of schemas, so their words are listed here; a test holds
//! every sample report to the result.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::Report;
use crate::evidence::investigation::{self, Investigation};

/// The JSON Schema (2020-12) of `oust.report/v1`.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Report);
    schema.insert("title".into(), super::SCHEMA.into());
    schema.to_value()
}

/// The JSON Schema (2020-12) of `oust.investigation/v1`; `docs/investigation.schema.json` is its
/// print.
#[must_use]
pub fn investigation_schema() -> Value {
    let mut schema = schemars::schema_for!(Investigation);
    schema.insert("title".into(), investigation::SCHEMA.into());
    schema.to_value()
}

/// A moment: RFC 3339, UTC, milliseconds.
pub(super) struct Moment;

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        })
    }
}

macro_rules! words {
    ($($name:ident: $($word:literal)+;)+) => {$(
        /// The words of one field.
        pub(super) struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "enum": [$($word),+] })
            }
        }
    )+};
}

words! {
    AnswerWord: "passes" "warns" "refuses_steps" "refuses_run";
    ConsentWord: "typed" "yes" "phrase" "approved" "standing";
    GuardWord: "protected" "own_principal" "super_admins" "agent_owner"
        "cap_run" "cap_hour" "cap_percent" "cap_source";
    HowWord: "given" "derived" "assumed";
    ModeWord: "contain" "release";
    OutcomeWord: "done" "already_done" "accepted" "failed" "in_doubt" "skipped";
    ProofWord: "proven" "pending" "unverifiable" "refuted";
    RoleWord: "compromised" "granter" "impersonator" "impersonated";
    SeverityWord: "info" "warning" "high";
    UndoWord: "restores" "person_redoes" "never";
    VerdictWord: "released" "contained" "partial" "unknown" "not_attempted";
}
