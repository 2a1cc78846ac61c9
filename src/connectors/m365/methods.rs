//! `delete_auth_methods`: passkeys, authenticator apps, phones and the like, those of the window or
//! all. Never the password.
//!
//! Passkey, Temporary Access Pass and Windows Hello sign in past the redirect to Okta [inferred], so
//! that they outlive an eviction there. `createdDateTime` may be null: then nobody knows, and the
//! method is kept as suspect. A kind that we have no address for is kept as suspect, too. Deleting
//! the default method may answer 400 while there are others [inferred]: all methods of a person go in
//! one batch, and what was answered 400 is tried once more after the others. That repeats no call
//! that may have happened: a 400 had no effect. Nothing secret that Graph may send along (an OATH
//! key, a pass) is kept. Source: "List methods" and the "Delete" of each kind.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::M365;
use super::permissions::{METHODS_WRITE, has};
use super::together::Ask;
use super::users::{self, not_so};
use super::vendor::VENDOR;
use super::voice::VOICE;
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, Planning, Seen, Sent, Unread, Verb, bounded, change, items, moment, not_selected,
    target, text,
};
use crate::model::{Applied, Change, Kept, Outcome, ProofState, Skip};
use crate::transport::{Meaning, Path, Writer};

/// One kind of method.
struct Kind {
    /// `@odata.type` without its prefix; also the kind of a change's target.
    odata: &'static str,
    /// Its segment in an address.
    segment: &'static str,
    /// What people call it.
    name: &'static str,
    /// The permission that is enough for this kind alone.
    permission: &'static str,
}

const fn kind(
    odata: &'static str,
    segment: &'static str,
    name: &'static str,
    permission: &'static str,
) -> Kind {
    Kind {
        odata,
        segment,
        name,
        permission,
    }
}

const KINDS: &[Kind] = &[
    kind(
        "fido2AuthenticationMethod",
        "fido2Methods",
        "passkey",
        "UserAuthMethod-Passkey.ReadWrite.All",
    ),
    kind(
        "temporaryAccessPassAuthenticationMethod",
        "temporaryAccessPassMethods",
        "Temporary Access Pass",
        "UserAuthMethod-TAP.ReadWrite.All",
    ),
    kind(
        "windowsHelloForBusinessAuthenticationMethod",
        "windowsHelloForBusinessMethods",
        "Windows Hello",
        "UserAuthMethod-WindowsHello.ReadWrite.All",
    ),
    kind(
        "platformCredentialAuthenticationMethod",
        "platformCredentialMethods",
        "platform credential",
        "UserAuthMethod-PlatformCred.ReadWrite.All",
    ),
    kind(
        "microsoftAuthenticatorAuthenticationMethod",
        "microsoftAuthenticatorMethods",
        "Microsoft Authenticator",
        "UserAuthMethod-MicrosoftAuthApp.ReadWrite.All",
    ),
    kind(
        "softwareOathAuthenticationMethod",
        "softwareOathMethods",
        "OATH app",
        "UserAuthMethod-SoftwareOATH.ReadWrite.All",
    ),
    kind(
        "externalAuthenticationMethod",
        "externalAuthenticationMethods",
        "external method",
        "UserAuthMethod-External.ReadWrite.All",
    ),
    kind(
        "phoneAuthenticationMethod",
        "phoneMethods",
        "phone",
        "UserAuthMethod-Phone.ReadWrite.All",
    ),
    kind(
        "emailAuthenticationMethod",
        "emailMethods",
        "e-mail",
        "UserAuthMethod-Email.ReadWrite.All",
    ),
];

const PASSWORD: &str = "passwordAuthenticationMethod";

pub(super) struct DeleteAuthMethods;

#[async_trait]
impl Verb<M365> for DeleteAuthMethods {
    async fn plan(&self, p: &Planning<'_, M365>, who: &Identified) -> Planned {
        let got = list(p.glance, &who.id).await;
        let methods = match &*got {
            Ok(methods) => items(methods),
            Err(unread) => {
                let why = p.service.no_account("delete_auth_methods", unread);
                return Planned::skipped(Skip::Unread { why });
            }
        };
        let mut planned = Planned::default();
        // In the order of KINDS: what bypasses Okta goes first.
        let mut methods: Vec<&Value> = methods
            .iter()
            .filter(|method| type_of(method) != PASSWORD)
            .collect();
        methods.sort_by_key(|method| KINDS.iter().position(|kind| kind.odata == type_of(method)));
        for method in methods {
            take(p, who, method, &mut planned);
        }
        if planned.changes.is_empty() {
            let why = match planned.kept.len() {
                0 => "has no method but a password".to_owned(),
                n => format!("none of {n} methods selected"),
            };
            planned.skip = Some(Skip::NothingSelected { why });
        }
        planned
    }

    async fn apply(&self, m365: &M365, w: &Writer<'_>, change: &Change) -> Outcome {
        m365.outcome(change, delete(m365, w, change).await, true)
    }

    async fn prove(&self, m365: &M365, glance: &Glance, done: &Applied) -> Seen {
        let account = text(&done.change.before, "account");
        match &*list(glance, account).await {
            Ok(methods) => {
                let id = &done.change.target.id;
                let still = items(methods).iter().any(|method| text(method, "id") == id);
                if still {
                    not_so(glance, done, "is still a method of the account".into())
                } else {
                    let how = "not among the account's methods".into();
                    (ProofState::Proven, how)
                }
            }
            Err(unread) => {
                let how = m365.no_account("delete_auth_methods", unread);
                (ProofState::Pending, how)
            }
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("registers it again".into()))
    }
}

/// Deletes several; what is answered 400 is tried once more after the others.
pub(super) async fn delete_all(m365: &M365, w: &Writer<'_>, batch: &[Change]) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(batch.len());
    let mut again = Vec::new();
    for (place, change) in batch.iter().enumerate() {
        let sent = delete(m365, w, change).await;
        if is_invalid(&sent) {
            again.push(place);
        }
        outcomes.push(m365.outcome(change, sent, true));
    }
    // Alone or all refused: there is nothing that a second time could wait for.
    if again.len() == batch.len() {
        return outcomes;
    }
    for place in again {
        let second = m365.outcome(&batch[place], delete(m365, w, &batch[place]).await, true);
        let receipts = std::mem::take(&mut outcomes[place].receipts);
        outcomes[place] = Outcome {
            receipts: receipts.into_iter().chain(second.receipts).collect(),
            ..second
        };
    }
    outcomes
}

/// Whether the app may delete methods of this kind by the narrower permission.
pub(super) fn may_delete(roles: &BTreeSet<String>, odata: &str) -> bool {
    let kind = KINDS.iter().find(|kind| kind.odata == odata);
    kind.is_some_and(|kind| roles.contains(kind.permission))
}

/// The kinds that the app may not delete; empty if it may delete all.
pub(super) fn not_deletable(roles: &BTreeSet<String>) -> Vec<&'static str> {
    if has(roles, METHODS_WRITE) {
        return Vec::new();
    }
    let lacking = KINDS.iter().filter(|kind| !roles.contains(kind.permission));
    lacking.map(|kind| kind.name).collect()
}

/// How many kinds there are.
pub(super) fn kinds() -> usize {
    KINDS.len()
}

async fn list(glance: &Glance, id: &str) -> std::sync::Arc<Result<Value, Unread>> {
    let path = users::path(id).then("/authentication/methods");
    glance.list(path, "value", "@odata.nextLink").await
}

fn take(p: &Planning<'_, M365>, who: &Identified, method: &Value, planned: &mut Planned) {
    let odata = type_of(method);
    let kind = KINDS.iter().find(|kind| kind.odata == odata);
    let id = text(method, "id");
    let created = moment(method, "createdDateTime");
    let name = kind.map_or_else(|| bounded(odata, 60), |kind| kind.name.to_owned());
    let target = target(odata, id, &label(method, &name));
    let kept = match not_selected("Microsoft 365", p.step, p.case, id, created) {
        Some(why) => Some(why),
        None if kind.is_none() => Some((format!("no way is known to delete a {name}"), true)),
        None => None,
    };
    if let Some((why, suspect)) = kept {
        planned.kept.push(Kept {
            target,
            why,
            suspect,
        });
        return;
    }
    let date = created.map(|at| at.to_string()[..10].to_owned());
    let sentence = format!(
        "delete {} ({})",
        target.label,
        date.as_deref().unwrap_or("no date")
    );
    let before = json!({ "type": odata, "created": method["createdDateTime"] });
    planned
        .changes
        .push(change(&VENDOR, p.step, who, target, sentence, before));
}

/// `passkey "YubiKey 5"`
fn label(method: &Value, name: &str) -> String {
    let keys = ["displayName", "model", "phoneNumber", "emailAddress"];
    let own = keys.iter().map(|key| text(method, key));
    match own.into_iter().find(|text| !text.is_empty()) {
        Some(own) => format!("{name} \"{}\"", bounded(own, 60)),
        None => name.to_owned(),
    }
}

/// `#microsoft.graph.fido2AuthenticationMethod` without its prefix.
fn type_of(method: &Value) -> &str {
    let name = text(method, "@odata.type");
    name.rsplit('.').next().unwrap_or(name)
}

async fn delete(m365: &M365, w: &Writer<'_>, change: &Change) -> Sent {
    m365.send(w, Ask::delete(address(change))).await
}

fn address(change: &Change) -> Path {
    let kind = KINDS.iter().find(|kind| kind.odata == change.target.kind);
    users::path(text(&change.before, "account"))
        .then("/authentication/")
        .then(kind.map_or("methods", |kind| kind.segment))
        .seg(&change.target.id)
}

fn is_invalid(sent: &Sent) -> bool {
    let invalid = |answer| VOICE.meaning(answer) == Meaning::Invalid;
    sent.answer.as_ref().is_ok_and(invalid)
}

/// Whether a change is one of these, for batches.
pub(super) fn is_one(change: &Change) -> bool {
    change.action.verb() == "delete_auth_methods"
}
