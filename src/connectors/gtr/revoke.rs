//! `revoke`: one call, and nothing that shows what came of it.
//!
//! 204 says that the revocation has begun, and only 204 does: a page of some other server that
//! happens to answer 200 must not pass for it. 404 says that the app knows nobody by this
//! identifier, which is never "done": he may be called otherwise there. The draft defines no body;
//! what stands in one is shown and decides nothing. Repeating is harmless by construction.
//! Source: draft-parecki-oauth-global-token-revocation, "Revocation Response" and "Error Response".

use async_trait::async_trait;

use super::{Gtr, NOT_READ, VENDOR};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, Planning, Said, Seen, Sent, Verb, Voice, by_status, change, no_words, send, target,
};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState};
use crate::transport::{Answer, Path, Write, Writer};

pub(super) const VOICE: Voice = Voice {
    name: "the app",
    vendor: &VENDOR,
    said,
    meaning: by_status,
    refusal: no_words,
};

/// No body is defined; many servers answer as OAuth has it.
fn said(answer: &Answer) -> Said {
    let body = &answer.json;
    let texts = [
        &body["error_description"],
        &body["message"],
        &body["detail"],
    ];
    let text = texts.iter().find_map(|text| text.as_str());
    let code = body["error"].as_str();
    Said::new(code.unwrap_or_default(), text.unwrap_or_default())
}

pub(super) struct Revoke;

#[async_trait]
impl Verb<Gtr> for Revoke {
    async fn plan(&self, p: &Planning<'_, Gtr>, who: &Identified) -> Planned {
        let settings = &p.service.settings;
        let target = target("user", &who.id, &who.subject.login);
        let before = settings.body(&who.id);
        let sentence = format!("end all sessions and refresh tokens at {}", settings.host());
        Planned::one(change(&VENDOR, p.step, who, target, sentence, before))
    }

    async fn apply(&self, gtr: &Gtr, w: &Writer<'_>, change: &Change) -> Outcome {
        let body = gtr.settings.body(&change.target.id);
        let path = Path::new(gtr.settings.last_slash());
        let sent = send(w, &Write::post(path).json(body)).await;
        match own_words(gtr, change, &sent) {
            Some(kind) => Outcome {
                kind,
                receipts: vec![sent.receipt],
            },
            None => VOICE.outcome(change, sent, false),
        }
    }

    async fn prove(&self, _gtr: &Gtr, _glance: &Glance, _done: &Applied) -> Seen {
        (ProofState::Unverifiable, NOT_READ.into())
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("signs in again".into()))
    }
}

/// What the draft gives a meaning of its own; `None` for whatever means the same everywhere.
fn own_words(gtr: &Gtr, change: &Change, sent: &Sent) -> Option<OutcomeKind> {
    let answer = sent.answer.as_ref().ok()?;
    let (host, told) = (gtr.settings.host(), VOICE.sentence(answer));
    let login = &change.target.label;
    let (why, hint) = match answer.status {
        204 => return Some(OutcomeKind::Done),
        200..=299 => {
            let why = format!("{told}, which is not the 204 of a revocation; it may have happened");
            return Some(OutcomeKind::InDoubt { why });
        }
        400 => (
            format!(
                "{host} does not understand the request, or takes no `{}` subjects ({told})",
                gtr.settings.subject.format()
            ),
            "look at `format`, `identifier` and `body` in the config: apps differ in all three"
                .to_owned(),
        ),
        401 => (
            format!("{host} does not accept our credential ({told})"),
            gtr.settings.auth.hint(),
        ),
        403 => (
            format!("{host} knows us, and we lack the right to revoke for {login} ({told})"),
            "grant our credential the right to revoke for others, then `oust runs resume`".into(),
        ),
        404 => (
            format!(
                "{host} knows nobody by this identifier: nothing was ended for {login} ({told})"
            ),
            format!(
                "look at who he is there and name him: --identity {login}={}=ID; where nobody is \
                 found, check `url`",
                change.system
            ),
        ),
        422 => (
            format!("{host} knows {login} and could not sign him out ({told})"),
            format!("look at the account at {host} and end its sessions by hand"),
        ),
        _ => return None,
    };
    Some(OutcomeKind::Failed { why, hint })
}
