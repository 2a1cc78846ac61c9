//! `session_revoked`: one push, and nothing that shows what came of it.
//!
//! 202 says that the receiver has taken the token, and only 202 does: a page of some other server
//! that happens to answer 200 must not pass for it. 400 carries why not, by a code of RFC 8935, and
//! each code has a next step of its own. Whether the receiver knows the subject, it does not say.
//! Source: RFC 8935, sections 2.2 to 2.4.

use async_trait::async_trait;
use serde_json::json;

use super::token::{Which, claims};
use super::{Caep, NOT_READ, VENDOR};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, Planning, Said, Seen, Sent, Verb, Voice, by_status, change, no_words, send, target,
};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState};
use crate::transport::{Answer, Path, Write, Writer};

/// What a token is sent as.
const MEDIA_TYPE: &str = "application/secevent+jwt";

pub(super) const VOICE: Voice = Voice {
    name: "the receiver",
    vendor: &VENDOR,
    said,
    meaning: by_status,
    refusal: no_words,
};

fn said(answer: &Answer) -> Said {
    let word = |key: &str| answer.json[key].as_str().unwrap_or_default();
    Said::new(word("err"), word("description"))
}

pub(super) struct SessionRevoked;

#[async_trait]
impl Verb<Caep> for SessionRevoked {
    async fn plan(&self, p: &Planning<'_, Caep>, who: &Identified) -> Planned {
        let settings = &p.service.settings;
        let target = target("user", &who.id, &who.subject.login);
        let before = json!({ "subject": settings.subject.written(&who.id) });
        let sentence = format!("tell {} that all sessions are revoked", settings.host());
        Planned::one(change(&VENDOR, p.step, who, target, sentence, before))
    }

    async fn apply(&self, caep: &Caep, w: &Writer<'_>, change: &Change) -> Outcome {
        let which = Which {
            run: &caep.run,
            system: &caep.system,
            change: &change.id,
            taken: caep.times_taken(&change.id),
        };
        let id = &change.target.id;
        let claims = claims(&caep.settings, id, &which, caep.clock.now());
        let token = match caep.signer.sign(&claims).await {
            Ok(token) => token,
            Err(error) => {
                return Outcome::bare(OutcomeKind::Failed {
                    why: error.to_string(),
                    hint: error.hint().to_owned(),
                });
            }
        };
        let path = Path::new(caep.settings.last_slash());
        let sent = send(w, &Write::post(path).text(MEDIA_TYPE, token)).await;
        match own_words(caep, &sent) {
            Some(kind) => {
                if kind == OutcomeKind::Done {
                    caep.was_taken(&change.id);
                }
                Outcome {
                    kind,
                    receipts: vec![sent.receipt],
                }
            }
            None => VOICE.outcome(change, sent, false),
        }
    }

    async fn prove(&self, _caep: &Caep, _glance: &Glance, _done: &Applied) -> Seen {
        (ProofState::Unverifiable, NOT_READ.into())
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("signs in again".into()))
    }
}

/// What the RFC gives a meaning of its own; `None` for whatever means the same everywhere.
fn own_words(caep: &Caep, sent: &Sent) -> Option<OutcomeKind> {
    let answer = sent.answer.as_ref().ok()?;
    let (host, told) = (caep.settings.host(), VOICE.sentence(answer));
    let hint = match answer.status {
        202 => return Some(OutcomeKind::Done),
        200..=299 => {
            let why = format!("{told}, which is not the 202 of a receiver; it may have been taken");
            return Some(OutcomeKind::InDoubt { why });
        }
        400 => next_step(caep, &said(answer).code),
        401 | 403 => "put what the receiver gave out under `authorization`, word for word".into(),
        404 => "look at `url`: the receiver takes tokens elsewhere".into(),
        _ => return None,
    };
    let why = format!("{host} did not take the token ({told})");
    Some(OutcomeKind::Failed { why, hint })
}

/// What to do about each code of RFC 8935, section 2.4.
fn next_step(caep: &Caep, code: &str) -> String {
    let settings = &caep.settings;
    let step = match code {
        "invalid_key" => format!(
            "the receiver must know the public half of key {}; check `key_id` and `private_key`",
            settings.key_id
        ),
        "invalid_issuer" => format!(
            "the receiver must be told the issuer {}, as `issuer` says it",
            settings.issuer
        ),
        "invalid_audience" => format!(
            "ask the receiver how it calls itself: `audience` says {}",
            settings.audience
        ),
        "authentication_failed" | "access_denied" => {
            "ask the receiver's admin to let us send; check `authorization`".into()
        }
        _ => "look at `dialect` and `format`: receivers differ in both".into(),
    };
    format!("{step}; then `oust runs resume`")
}
