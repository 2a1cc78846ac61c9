//! A playbook as OASIS CACAO Security Playbooks 2.0 (CS01): for whoever keeps runbooks in tools that
//! know that format, shows them to auditors, or shares them.
//!
//! What is exported is what would be done, in which order, on which condition and what follows a
//! failure: parallel stages, `when:`, `requires:`, `ask:` and `on_failure: halt` are steps of the
//! workflow. The commands are `manual`, that is for a person or for what acts on his behalf, because
//! no other kind would be true: a step of ours is a plan by reads, guards, a consent, calls and a
//! read-back, and neither one HTTP request (`http-api`) nor, taken alone, one run of this program
//! (`bash`): run one by one the steps would lose the order, the consent and the proof that they share.
//!
//! An unchanged playbook exports byte for byte the same. Ids of steps have the form of UUIDv4, as the
//! standard demands of them, and are made from what they name. The playbook's is a UUIDv5 over its
//! digest: another text is another playbook, so that no version needs a date that nobody keeps.
//!
//! Source: OASIS, CACAO Security Playbooks Version 2.0, Committee Specification 01, 2023-11-27:
//! section 3.1 (playbook), 4 (workflow), 5.2 (manual), 7 (agents and targets), 10.10 (identifiers).

mod flow;
mod id;
mod words;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use self::flow::Flow;
use self::id::Ids;
use super::checked::{CheckedPlaybook, CheckedStep};
use crate::model::{Action, Vendor, technique_link, technique_name};

/// Who made it: an identity of our own.
const CREATED_BY: &str = "identity--7f1c9b52-6d0e-4c58-9a3b-5e2b8f0d4a71";

/// When the mapping was made. A playbook's own time is kept nowhere; its digest is a label.
const CREATED: &str = "2026-11-27T00:00:00.000Z";

/// The playbook as a CACAO object.
///
/// `vendors` are those whose actions it was checked against.
#[must_use]
pub fn cacao(playbook: &CheckedPlaybook, vendors: &[&'static Vendor]) -> Value {
    let ids = Ids::of(&playbook.reference.digest);
    let action = |step: &CheckedStep| -> Option<&'static Action> {
        let vendor = vendors
            .iter()
            .find(|each| each.id == step.action.vendor())?;
        vendor.action(step.action.verb())
    };
    let mut flow = Flow::new(&ids, &action);
    let start = flow.of(playbook);
    let parts = flow.done();
    let reference = &playbook.reference;
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    put("type", json!("playbook"));
    put("spec_version", json!("cacao-2.0"));
    put("id", json!(ids.playbook()));
    put("name", json!(reference.name));
    put("description", json!(description(playbook)));
    put("playbook_types", json!(["mitigation", "remediation"]));
    put("playbook_activities", json!(parts.activities));
    put(
        "playbook_processing_summary",
        json!({
            "manual_playbook": true,
            "parallel_processing": parts.has_parallel,
            "if_logic": parts.has_conditions,
            "temporal_logic": true,
        }),
    );
    put("created_by", json!(CREATED_BY));
    put("created", json!(CREATED));
    put("modified", json!(CREATED));
    put(
        "labels",
        json!(["oust", format!("sha256:{}", reference.digest)]),
    );
    if !parts.techniques.is_empty() {
        put("external_references", references(&parts.techniques));
    }
    put("playbook_variables", Value::Object(parts.variables));
    put("workflow_start", json!(start));
    put("workflow", Value::Object(parts.workflow));
    put("agent_definitions", Value::Object(parts.agents));
    put("target_definitions", Value::Object(parts.targets));
    Value::Object(object)
}

fn description(playbook: &CheckedPlaybook) -> String {
    format!(
        "{}: {} Exported from oust, which carries it out as a whole, in this order, with guards, one \
         consent and a read-back of every step: oust contain __subject__:value --playbook {}",
        playbook.reference.title, playbook.description, playbook.reference.name
    )
}

/// Techniques as external references: each once, in order.
fn references(techniques: &BTreeSet<&'static str>) -> Value {
    let each = techniques.iter().map(|id| reference(id));
    Value::Array(each.collect())
}

fn reference(id: &str) -> Value {
    let source = match id.starts_with("D3-") {
        true => "MITRE D3FEND",
        false => "MITRE ATT&CK",
    };
    let mut object = json!({ "name": source, "external_id": id });
    if let Some(name) = technique_name(id) {
        object["description"] = json!(name);
    }
    if let Some(link) = technique_link(id) {
        object["url"] = json!(link);
    }
    object
}
