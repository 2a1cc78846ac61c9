//! Slack: the Web API's `admin.users.session.*`, and SCIM.
//!
//! Reading order: [`settings`], [`voice`] (an answer is 200 whatever happened; `ok` tells),
//! [`members`] (who is who), [`sessions`] and [`deactivate`] (the two verbs), [`bulk`] (one call
//! for many). Source: Slack, method reference (`slack.json`).
//!
//! Assumed: that the enterprise's id and each of the member's workspaces have session lists of
//! their own [inferred from the reference's example]; that a workspace of his stands in
//! `enterprise_user.teams` of `users.info` [docs*]; the catalogue name of the directory's app.

mod bulk;
mod costs;
mod deactivate;
mod grants;
mod limits;
mod members;
mod preflight;
mod sessions;
mod settings;
mod voice;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use self::bulk::Bulk;
use self::settings::Settings;
use self::voice::VOICE;
use super::kit::{Bearer, Glance, Service, Stored, Verb, Voice, opened, settle_all, text};
use super::{OpenError, Opened, Opening, Reached, Row};
use crate::connector::Costs;
use crate::model::{
    Action, ActionId, Ends, Evicts, Finding, Identity, Left, Lookup, Provable, Setting, Undo,
    Vendor,
};
use crate::transport::{Manners, Path, Reader, SecretRef, no_quota, only_401, only_json};

/// The row in the register.
pub(super) const ROW: Row = Row {
    vendor: &VENDOR,
    settings: settings::KEYS,
    split: super::one,
    grants: grants::grants,
    open,
};

const VENDOR: Vendor = Vendor {
    id: "slack",
    apps: &["slack"],
    actions: &[RESET_SESSIONS, DEACTIVATE_USER, REACTIVATE_USER],
    undone_by: &[("deactivate_user", &["reactivate_user"])],
};

const RESET_SESSIONS: Action = Action {
    verb: "reset_sessions",
    does: "signs the member out of Slack on every device",
    needs: &["admin.users:write"],
    reads: &["admin.users:read", "users:read", "users:read.email"],
    settings: NO_SETTINGS,
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1539", "T1550.004"],
    d3fend: &["D3-ST"],
    collateral: "",
    residual: &[Left {
        what: "tokens of apps that act for the member, webhooks and bots of his",
        ends: Ends::ByPerson("somebody revokes them"),
    }],
};

const DEACTIVATE_USER: Action = Action {
    verb: "deactivate_user",
    does: "deactivates the member, which ends his sessions and his apps' tokens",
    needs: &["admin"],
    reads: &["admin"],
    settings: NO_SETTINGS,
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1078.004"],
    d3fend: &["D3-AL"],
    collateral: "tokens that the member granted to apps do not come back with him",
    residual: &[Left {
        what: "bots, commands and webhooks of apps that he installed",
        ends: Ends::ByPerson("somebody removes them"),
    }],
};

const REACTIVATE_USER: Action = Action {
    verb: "reactivate_user",
    does: "activates the member again; only by release",
    attack: &[],
    d3fend: &["D3-RUAA"],
    collateral: "",
    residual: &[],
    undo: Undo::Never,
    ..DEACTIVATE_USER
};

const NO_SETTINGS: &[Setting] = &[];

/// One organisation.
struct Slack {
    token: SecretRef,
    scim: bool,
    bulk: Bulk,
    /// The organisation's id and our own member id, once asked.
    own: OnceCell<Own>,
}

#[derive(Clone, Debug)]
struct Own {
    enterprise: Option<String>,
    user: String,
}

fn open(opening: &Opening) -> Result<Opened, OpenError> {
    let settings = opening.settings(Settings::parse)?;
    let token = Arc::new(Bearer::new(
        Box::new(Stored {
            token: settings.token.clone(),
            clock: Arc::clone(&opening.clock),
        }),
        Arc::clone(&opening.clock),
        &[THE_TOKEN],
        |_, _| THE_TOKEN,
    ));
    let client = opening.client(Reached {
        origin: settings.api_url,
        more_origins: vec![(SCIM.into(), settings.scim_url)],
        reads_as: token.clone(),
        writes_as: token,
        manners: Manners {
            bucket: limits::bucket,
            headers: &[],
            request_ids: &["x-slack-req-id", "x-slack-unique-id"],
            throttled: voice::throttled,
            expired: only_401,
            body: only_json,
            quota: no_quota,
        },
    });
    let connector = Slack {
        token: settings.token,
        scim: settings.scim,
        bulk: Bulk::default(),
        own: OnceCell::new(),
    };
    Ok(opened(opening, connector, client))
}

/// SCIM's address among the client's.
const SCIM: &str = "scim";

/// One token does everything.
const THE_TOKEN: &str = "token";

impl Slack {
    /// Who we are; kept once answered.
    ///
    /// Source: `auth.test`.
    async fn own(&self, r: &Reader) -> Result<Own, String> {
        let ask = || async {
            let glance = Glance::new(r, &VOICE);
            let path = Path::new("/auth.test");
            let got = glance.query(path, serde_json::json!({})).await;
            let body = got.as_ref().as_ref().map_err(|unread| unread.why())?;
            let enterprise = Some(text(body, "enterprise_id")).filter(|id| !id.is_empty());
            Ok(Own {
                enterprise: enterprise.map(str::to_owned),
                user: text(body, "user_id").to_owned(),
            })
        };
        self.own.get_or_try_init(ask).await.cloned()
    }
}

#[async_trait]
impl Service for Slack {
    const VENDOR: &'static Vendor = &VENDOR;
    const VOICE: &'static Voice = &VOICE;
    const PROVE_FOR: Duration = Duration::from_secs(2 * 60);

    fn verb(name: &str) -> Option<&'static dyn Verb<Self>> {
        Some(match name {
            "reset_sessions" => &sessions::ResetSessions,
            "deactivate_user" => &deactivate::DeactivateUser,
            "reactivate_user" => &deactivate::ReactivateUser,
            _ => return None,
        })
    }

    fn costs(&self, verb: &str) -> Option<Costs> {
        costs::of(verb)
    }

    async fn preflight(&self, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
        preflight::findings(self, r, wanted).await
    }

    async fn identify(&self, r: &Reader, who: &[Lookup]) -> Vec<Identity> {
        let finder = members::Members {
            glance: Glance::new(r, &VOICE),
            scim: self.scim,
        };
        settle_all(&finder, who).await
    }

    async fn own_ids(&self, r: &Reader) -> Result<Vec<String>, String> {
        Ok(vec![self.own(r).await?.user])
    }

    async fn tenant(&self, r: &Reader) -> Result<Option<String>, String> {
        Ok(self.own(r).await?.enterprise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::kit::declared_can_be_done;

    #[test]
    fn what_is_declared_can_be_done() {
        declared_can_be_done::<Slack>();
    }
}
