//! The shape of what the model says in an investigation, for its JSON Schema.
//!
//! The model's types know nothing of schemas, so their fields and words are listed here; a test
//! holds every sample investigation to the result.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// A moment: RFC 3339, UTC, milliseconds.
pub(crate) struct Instant;

impl JsonSchema for Instant {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Instant".into()
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
    AnswerWord: "confirmed" "not_confirmed" "undecided";
    HowWord: "given" "derived" "assumed";
    SeverityWord: "info" "warning" "high";
    SignWord: "split_session" "new_proxy" "suspected" "persistence" "reported" "alerted" "shared"
        "token";
    TriWord: "yes" "no" "unread";
}

macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident as $called:literal { $($field:ident: $type:ty,)+ })+) => {$(
        $(#[$doc])*
        #[derive(JsonSchema)]
        #[schemars(rename = $called)]
        #[expect(dead_code, reason = "only its shape is looked at")]
        pub(crate) struct $name {
            $($field: $type,)+
        }
    )+};
}

/// The id of a system.
pub(crate) struct SystemIdShape;

impl JsonSchema for SystemIdShape {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "SystemId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

shapes! {
    /// Something that a person should know.
    FindingShape as "Finding" {
        severity: SeverityWord, id: String, text: String, hint: String,
    }
    /// An event, and what it says.
    WitnessShape as "Witness" { sign: SignWord, says: String, event: String, at: Option<Instant>, }
    /// A session, token or device that is the intruder's.
    TraceShape as "Trace" {
        id: String, name: String, first: Instant, last: Instant, events: usize,
        witness: WitnessShape,
    }
    /// An address that he came from.
    AddressShape as "Address" {
        ip: String, asn: String, network: String, proxy: TriWord, first: Instant, last: Instant,
        events: usize, witness: WitnessShape,
    }
    /// Something that he made or changed outside the account itself.
    PlantShape as "Plant" {
        kind: String, what: String, target_kind: String, target: String, name: String,
        at: Instant, event: String, by: String, severity: SeverityWord, remedy: Option<String>,
    }
    /// An intruder in one account.
    IntruderShape as "Intruder" {
        subject: Option<String>, answer: AnswerWord, because: Vec<WitnessShape>,
        start: Option<Instant>, last: Option<Instant>, sessions: Vec<TraceShape>,
        addresses: Vec<AddressShape>, tokens: Vec<TraceShape>, devices: Vec<TraceShape>,
        planted: Vec<PlantShape>, log_read_until: Option<Instant>, unread: Option<String>,
    }
}
