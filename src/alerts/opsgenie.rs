//! Opsgenie: the webhook integration, of an alert that somebody else's rule made there.
//!
//! `username` and `entity` are about Opsgenie and whoever feeds it, and name nobody at the directory.
//! Only where whoever makes the alert puts `okta_user_id` or `login` into its details is somebody named;
//! else a person has to look. Details are cut at 1,000 characters by Opsgenie, and what is cut has no
//! shape any more. Source: Opsgenie, webhook integration; `details` only if enabled, and on Create only.

use super::draft::Draft;
use super::kind::{Kind, Opener, curt};
use super::{Form, Reading, Refused, json, shapes};
use crate::model::Part;

pub(super) const KIND: Kind = Kind {
    name: "opsgenie",
    title: "Opsgenie",
    content_types: &["application/json"],
    body_max: 256 << 10,
    forms: &[Form::Header, Form::Bearer, Form::Basic],
    signed: false,
    greets: false,
    accepted: 200,
    template: None,
    keys: &[],
    settings: |_, _| Some(Opener::plain(read)),
    refused: curt,
};

const MISSING: &str = "Opsgenie sends nobody's id: put `okta_user_id` or `login` into the alert's \
                       details, and open it in Opsgenie for this one";

fn read(source: &str, bytes: &[u8]) -> Result<Reading, Refused> {
    let body = json::object(bytes)?;
    let text = |path: &str| json::text(json::at(&body, path));
    let Some(action) = text("action") else {
        return Err(json::malformed("it has no `action`"));
    };
    if action != "Create" {
        let note = format!(
            "{} from {source}, which begins nothing",
            shapes::name(&action)
        );
        return Ok(Reading {
            alerts: Vec::new(),
            notes: vec![note],
        });
    }
    let mut draft = Draft::new(source);
    draft.rule(None, text("alert.message").as_deref());
    draft.severity(text("alert.priority").as_deref());
    draft.time(text("alert.createdAt").and_then(|at| shapes::moment(&at)));
    let detail = |name: &str| text(&format!("alert.details.{name}"));
    draft.subject(
        detail("okta_user_id").as_deref(),
        detail("login").as_deref(),
        Part::Unknown,
    );
    draft.sessions(detail("session_id"));
    draft.ips(detail("ip"));
    draft.events(detail("event_id"));
    let id = text("alert.alertId");
    let key = id.map_or_else(|| json::digest(bytes), |id| format!("{id}/{action}"));
    Ok(Reading {
        alerts: vec![draft.done(&key, MISSING)],
        notes: Vec::new(),
    })
}
