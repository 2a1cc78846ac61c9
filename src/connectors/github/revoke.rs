//! Sending a revocation: the widest call that GitHub takes, and narrower ones after a refusal.
//!
//! Less than was consented to is better than nothing and no success: it is told as failed. A host
//! that has only the older call is asked credential by credential. Does not decide whether it
//! worked: [`credentials`](super::credentials) reads the lists.

use std::collections::BTreeSet;

use serde_json::json;

use super::GitHub;
use super::accounts::Account;
use super::credentials::{authorised, of_org};
use super::voice::VOICE;
use crate::connectors::kit::{Glance, Sent, bounded, send};
use crate::model::{Change, Outcome, OutcomeKind, Receipt};
use crate::transport::{Meaning, Path, Write, Writer};

/// How far one call reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// All organisations of the enterprise, tokens and keys destroyed.
    Destroys,
    /// All organisations of the enterprise.
    Enterprise,
    /// The organisation.
    Org,
}

/// The widest call there is for an account.
pub(super) fn widest(github: &GitHub, managed: bool) -> Reach {
    match (&github.settings.enterprise, managed) {
        (Some(_), true) => Reach::Destroys,
        (Some(_), false) => Reach::Enterprise,
        (None, _) => Reach::Org,
    }
}

/// That call, and the narrower ones in their order.
fn reaches(github: &GitHub, managed: bool) -> Vec<Reach> {
    let mut all = vec![widest(github, managed)];
    if all == [Reach::Destroys] {
        all.push(Reach::Enterprise);
    }
    if github.settings.org.is_some() && all[0] != Reach::Org {
        all.push(Reach::Org);
    }
    all
}

/// Sends the widest call that GitHub takes.
pub(super) async fn revoke(
    github: &GitHub,
    w: &Writer<'_>,
    change: &Change,
    account: &Account,
) -> Outcome {
    let mut receipts = Vec::new();
    let mut refused: Option<OutcomeKind> = None;
    let destroys = change.before["destroys"] == true;
    for reach in reaches(github, destroys) {
        let sent = send(w, &call(github, account, reach)).await;
        receipts.push(sent.receipt.clone());
        let meaning = sent
            .answer
            .as_ref()
            .ok()
            .map(|answer| VOICE.meaning(answer));
        github.heed_warning(&sent);
        match meaning {
            Some(Meaning::Gone) if reach == Reach::Org => {
                return one_by_one(github, w, change, account, sent, receipts, refused).await;
            }
            // A wider reach is followed by a narrower one.
            Some(Meaning::Forbidden | Meaning::Gone | Meaning::Invalid) if reach != Reach::Org => {
                let kind = VOICE.outcome(change, sent, false).kind;
                refused.get_or_insert(kind);
            }
            _ => {
                let kind = VOICE.outcome(change, sent, false).kind;
                return told(narrower(kind, refused), receipts);
            }
        }
    }
    let nothing = OutcomeKind::Failed {
        why: "neither `org` nor `enterprise` is configured".into(),
        hint: "see `connectors:` in config/oust.yaml".into(),
    };
    told(refused.unwrap_or(nothing), receipts)
}

fn told(kind: OutcomeKind, receipts: Vec<Receipt>) -> Outcome {
    Outcome { kind, receipts }
}

/// What was done on a narrower reach than consented to is no success: the refusal is told, and
/// what was done beside it.
fn narrower(kind: OutcomeKind, refused: Option<OutcomeKind>) -> OutcomeKind {
    match (kind, refused) {
        (kind, None) => kind,
        (OutcomeKind::Done | OutcomeKind::Accepted, Some(OutcomeKind::Failed { why, hint })) => {
            OutcomeKind::Failed {
                why: format!("only a narrower call was taken, which leaves the rest open: {why}"),
                hint,
            }
        }
        (OutcomeKind::InDoubt { why }, Some(_)) => OutcomeKind::InDoubt { why },
        (_, Some(refused)) => refused,
    }
}

fn call(github: &GitHub, account: &Account, reach: Reach) -> Write {
    let settings = &github.settings;
    let of_enterprise = || {
        let slug = settings.enterprise.as_deref().unwrap_or_default();
        Path::new("/enterprises")
            .seg(slug)
            .then("/credential-authorizations")
    };
    let path = match reach {
        Reach::Destroys | Reach::Enterprise => of_enterprise(),
        Reach::Org => of_org(settings.org.as_deref().unwrap_or_default()),
    };
    let write = Write::post(path.seg(&account.login).then("/revoke"));
    match reach {
        Reach::Destroys => write.json(json!({ "revoke_credentials": true })),
        Reach::Enterprise | Reach::Org => write,
    }
}

/// The host does not know the call, or not him: what it lists of his is revoked one by one. A 404
/// had no effect.
async fn one_by_one(
    github: &GitHub,
    w: &Writer<'_>,
    change: &Change,
    account: &Account,
    sent: Sent,
    mut receipts: Vec<Receipt>,
    refused: Option<OutcomeKind>,
) -> Outcome {
    let glance = Glance::new(w.reader(), &VOICE);
    let listed = authorised(github, &glance, account).await;
    let Some(Ok(listed)) = listed else {
        let kind = VOICE.outcome(change, sent, false).kind;
        return told(refused.unwrap_or(kind), receipts);
    };
    let ids: BTreeSet<u64> = listed
        .iter()
        .filter_map(|row| row["credential_id"].as_u64())
        .collect();
    let mut kind = if ids.is_empty() {
        OutcomeKind::AlreadyDone
    } else {
        OutcomeKind::Done
    };
    let org = github.settings.org.as_deref().unwrap_or_default();
    for id in ids {
        let path = of_org(org).seg(&id.to_string());
        let one = VOICE.outcome(change, send(w, &Write::delete(path)).await, true);
        receipts.extend(one.receipts);
        if !one.kind.is_good() {
            kind = one.kind;
        }
    }
    told(narrower(kind, refused), receipts)
}

impl GitHub {
    /// GitHub warns in its yes if the call may end the token that made it. That is refused before
    /// (`is_ours`); if it happens all the same, it is the first thing that a later 401 means.
    fn heed_warning(&self, sent: &Sent) {
        if let Ok(answer) = &sent.answer
            && let Some(warning) = answer.json["warning"].as_str()
        {
            let _ = self.warned.set(bounded(warning, 200));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{app, github};
    use super::*;

    #[test]
    fn the_widest_call_comes_first_and_only_managed_credentials_are_destroyed() {
        let org = github(&app(json!({})));
        assert_eq!(reaches(&org, false), [Reach::Org]);
        assert_eq!(reaches(&org, true), [Reach::Org], "without an enterprise");
        let both = github(&app(json!({ "enterprise": "contoso-inc" })));
        assert_eq!(reaches(&both, false), [Reach::Enterprise, Reach::Org]);
        let managed = [Reach::Destroys, Reach::Enterprise, Reach::Org];
        assert_eq!(reaches(&both, true), managed);
    }

    #[test]
    fn less_than_was_consented_to_is_no_success() {
        let refused = OutcomeKind::Failed {
            why: "403".into(),
            hint: "grant it".into(),
        };
        for kind in [OutcomeKind::Accepted, OutcomeKind::Done] {
            match narrower(kind, Some(refused.clone())) {
                OutcomeKind::Failed { why, hint } => {
                    assert!(why.contains("narrower") && why.contains("403"), "{why}");
                    assert_eq!(hint, "grant it");
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(narrower(OutcomeKind::Accepted, None), OutcomeKind::Accepted);
    }
}
