//! What Salesforce declares: every action with its rights, undoing and proof.
//!
//! Rights are permissions of the integration user; its app's OAuth scope is `api`. The catalogue
//! name of Okta's app is [inferred]; `apps:` of the config overrides it.

use super::rights::{API_ENABLED, CUSTOMIZE_APPLICATION, MANAGE_USERS};
use crate::model::{Action, Ends, Evicts, Left, Provable, Undo, Vendor};

/// The row of this vendor.
pub(super) const VENDOR: Vendor = Vendor {
    id: "salesforce",
    apps: &["salesforce"],
    actions: &[
        FREEZE_USER,
        REVOKE_OAUTH_TOKENS,
        DELETE_SESSIONS,
        UNFREEZE_USER,
    ],
    undone_by: &[("freeze_user", &["unfreeze_user"])],
};

const FREEZE_USER: Action = Action {
    verb: "freeze_user",
    does: "freezes the account: it cannot log in, and keeps its licence, records and jobs",
    needs: &[API_ENABLED, MANAGE_USERS],
    reads: &[API_ENABLED, MANAGE_USERS],
    settings: &[],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1078.004"],
    d3fend: &["D3-AL"],
    collateral: "integrations that log in as the account stop",
    residual: &[Left {
        what: "jobs that run as the account",
        ends: Ends::ByPerson("somebody stops them"),
    }],
};

const REVOKE_OAUTH_TOKENS: Action = Action {
    verb: "revoke_oauth_tokens",
    does: "revokes the OAuth tokens of apps that act in the account's name",
    needs: &[API_ENABLED, CUSTOMIZE_APPLICATION],
    reads: &[API_ENABLED, CUSTOMIZE_APPLICATION],
    settings: &[],
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1528", "T1550.001"],
    d3fend: &["D3-CR"],
    collateral: "data loaders and integrations that were let in by the account stop",
    residual: &[Left {
        what: "access tokens in JWT form, of which Salesforce lists none",
        ends: Ends::ByItself("they expire"),
    }],
};

const DELETE_SESSIONS: Action = Action {
    verb: "delete_sessions",
    does: "ends every session of the account, those of the API and of embedded pages included",
    needs: &[API_ENABLED, MANAGE_USERS],
    reads: &[API_ENABLED, MANAGE_USERS],
    settings: &[],
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1539", "T1550.004"],
    d3fend: &["D3-ST"],
    collateral: "",
    residual: &[Left {
        what: "a password of its own where single sign-on is not enforced, and login access that it granted to others, unless the account is frozen",
        ends: Ends::ByPerson("somebody ends them"),
    }],
};

const UNFREEZE_USER: Action = Action {
    verb: "unfreeze_user",
    does: "lets a frozen account log in again; only by release",
    attack: &[],
    d3fend: &["D3-RUAA"],
    collateral: "",
    residual: &[],
    ..FREEZE_USER
};
