//! `universal_logout`: signs the account out of every app that Okta can sign out of.
//!
//! Oddity: it takes API tokens along, those of directory agents too, so that it is skipped for
//! the owner of one unless the playbook says `agents: revoke`. Needs a licence that many orgs
//! lack. Source: Okta API, "Global token revocation".

use async_trait::async_trait;
use serde_json::json;

use super::Okta;
use super::answers::{Said, outcome, send};
use super::api_tokens;
use super::events::Evidence;
use super::glance::text;
use super::verb::{Planning, Seen, Verb};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{Applied, Change, Outcome, OutcomeKind, Skip, Target};
use crate::transport::{Path, Write, Writer};

pub(super) struct UniversalLogout;

#[async_trait]
impl Verb for UniversalLogout {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        if p.word("agents") != "revoke" {
            let tokens = api_tokens::all(p.okta, p.glance).await;
            let tokens = match &*tokens {
                Ok(tokens) => tokens,
                Err(unread) => {
                    let why = format!(
                        "whether an agent lives by a token of his cannot be read ({})",
                        unread.why()
                    );
                    return Planned::skipped(Skip::Unread { why });
                }
            };
            let agents: Vec<String> = api_tokens::of(tokens, &who.subject.id)
                .filter(|token| api_tokens::is_agent(token))
                .map(|token| text(token, "name").to_owned())
                .collect();
            if !agents.is_empty() {
                return Planned::skipped(Skip::AgentsKept { agents });
            }
        }
        let target = Target::user(&who.subject.id, &who.subject.login);
        let sentence = "sign out of every app that supports Universal Logout".to_owned();
        Planned::one(p.change(who, target, sentence, json!({})))
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let body = json!({ "sub_id": { "format": "opaque", "id": change.subject } });
        let path = Path::new("/oauth2/v1/global-token-revocation");
        let sent = send(w, &Write::post(path).json(body)).await;
        let unlicensed = sent.answer.as_ref().is_ok_and(|answer| {
            let code = Said::of(answer).code;
            code == "E0000015" || matches!((answer.status, code.as_str()), (404, _) | (403, ""))
        });
        if unlicensed {
            return Outcome {
                kind: OutcomeKind::Failed {
                    why: "Universal Logout is not licensed or not enabled in this org".into(),
                    hint: "it needs Identity Threat Protection or Adaptive MFA; sessions at apps \
                           end only by their own connectors"
                        .into(),
                },
                receipts: vec![sent.receipt],
            };
        }
        outcome(change, sent, false)
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        let types = [
            "user.authentication.universal_logout.scheduled",
            "user.authentication.universal_logout",
        ];
        e.of_our_call(&types, done).await
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("signs in again".into()))
    }
}
