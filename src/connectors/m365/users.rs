//! The account itself, as Entra has it, and how long what was written may take to show.

use std::time::Duration;

use serde_json::{Value, json};

use super::M365;
use crate::connectors::kit::{Glance, Seen, Unread, text};
use crate::model::{Applied, ProofState};
use crate::transport::Path;

/// Everything that is read of an account; most of it comes only when asked for by name.
const SELECT: &str = "id,userPrincipalName,mail,proxyAddresses,accountEnabled,userType,\
                      signInSessionsValidFromDateTime,onPremisesSyncEnabled,\
                      onPremisesImmutableId,isManagementRestricted,externalUserState";

/// How long a replica may not yet show what another one wrote [inferred]: until then it is no
/// proof of the contrary.
const LAG: Duration = Duration::from_secs(60);

/// `/users/{id}`, by anything that Graph takes in its place.
pub(super) fn path(id: &str) -> Path {
    Path::new("/v1.0/users").seg(id)
}

/// Asks for one account.
pub(super) fn asked(path: Path) -> Path {
    path.query("$select", SELECT)
}

/// An account that was read.
pub(super) struct User(Value);

impl User {
    /// Reads the account with this object id.
    ///
    /// # Errors
    /// [`Unread`], also if the answer is about somebody else.
    pub(super) async fn read(glance: &Glance, id: &str) -> Result<Self, Unread> {
        match &*glance.one(asked(path(id))).await {
            Ok(user) if text(user, "id").eq_ignore_ascii_case(id) => Ok(Self(user.clone())),
            Ok(_) => Err(Unread::NoAnswer(
                "Microsoft 365 answered with another account".into(),
            )),
            Err(unread) => Err(unread.clone()),
        }
    }

    /// A field.
    pub(super) fn get(&self, key: &str) -> &Value {
        &self.0[key]
    }

    /// Its user name.
    pub(super) fn name(&self) -> &str {
        text(&self.0, "userPrincipalName")
    }

    /// Whether he signs in at another organisation: a guest, or a member by invitation, whose
    /// user name has `#EXT#` in it.
    pub(super) fn is_external(&self) -> bool {
        text(&self.0, "userType").eq_ignore_ascii_case("guest")
            || self.name().to_uppercase().contains("#EXT#")
    }

    /// Whether on-premises Active Directory masters the account.
    pub(super) fn is_synced(&self) -> bool {
        self.0["onPremisesSyncEnabled"] == true
    }

    /// What matters of it later, for a change's before-state.
    pub(super) fn before(&self) -> Value {
        json!({
            "enabled": self.0["accountEnabled"],
            "valid_from": self.0["signInSessionsValidFromDateTime"],
            "synced": self.is_synced(),
            "restricted": self.0["isManagementRestricted"] == true,
        })
    }

    /// What a person should read beside any change to it.
    pub(super) fn notes(&self) -> Vec<String> {
        if self.0["isManagementRestricted"] == true {
            vec![
                "the account is in a restricted management administrative unit: without a role \
                 that is scoped to it, changes are refused"
                    .into(),
            ]
        } else {
            Vec::new()
        }
    }
}

impl M365 {
    /// Why the account could not be read, for a plan. That there is no such account any more is
    /// no reason to think that all is well: a deleted one can be restored.
    pub(super) fn no_account(&self, verb: &str, unread: &Unread) -> String {
        match unread {
            Unread::Absent { .. } => {
                "Microsoft 365 does not know the account any more; if it was deleted: it can be \
                 restored for 30 days"
                    .into()
            }
            unread => self.unread(verb, unread),
        }
    }
}

/// What a read that shows the contrary means: soon after the write, nothing yet.
pub(super) fn not_so(glance: &Glance, done: &Applied, how: String) -> Seen {
    let reader = glance.reader();
    let written = done
        .outcome
        .receipts
        .last()
        .map(|receipt| receipt.server_at);
    let just_now = written.is_some_and(|at| reader.vendor_now().since(at) < LAG);
    if just_now {
        (
            ProofState::Pending,
            format!("{how}; it may be a replica that lags"),
        )
    } else {
        (ProofState::Refuted, how)
    }
}
