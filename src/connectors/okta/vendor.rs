//! What Okta declares: every action with its rights, settings, undoing, proof and side effects.
//!
//! Docs, grants, plan screen and playbook check are printed from this. Rights are OAuth scopes
//! first, then the permission of a custom admin role. Source: Okta, "Role permissions"; Okta
//! API 2026.06.3.

use crate::model::{Action, Evicts, Provable, Setting, Undo, Vendor};

/// The row of this vendor.
pub(super) const VENDOR: Vendor = Vendor {
    id: "okta",
    actions: &[CLEAR_SESSIONS, SUSPEND_USER, UNSUSPEND_USER, RESET_PASSWORD],
};

const USERS_READ: &str = "okta.users.read";
const USERS_MANAGE: &str = "okta.users.manage";
const LOGS_READ: &str = "okta.logs.read";

const CLEAR_SESSIONS: Action = Action {
    verb: "clear_sessions",
    does: "ends all Okta sessions, revokes OAuth tokens, forgets remembered devices",
    needs: &[USERS_MANAGE, "okta.users.lifecycle.clearSessions"],
    reads: &[LOGS_READ],
    settings: &[
        Setting::Flag("oauth_tokens", true),
        Setting::Flag("forget_devices", true),
    ],
    undo: Undo::PersonRedoes,
    proof: Provable::ByEvent("Okta has no call that lists an account's sessions"),
    repeatable: true,
    evicts: Evicts::Clears,
    attack: &["T1539", "T1550.004"],
    d3fend: &["D3-ST"],
    collateral: "",
    residual: "",
};

const SUSPEND_USER: Action = Action {
    verb: "suspend_user",
    does: "suspends the account; it keeps groups, apps and data",
    needs: &[USERS_MANAGE, "okta.users.lifecycle.suspend"],
    reads: &[USERS_READ],
    settings: &[Setting::Word("if_locked_out", &["report", "unlock"])],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::Locks,
    attack: &["T1078.004"],
    d3fend: &["D3-AL"],
    collateral: "agents that live by an API token of the account may stop",
    residual: "",
};

const UNSUSPEND_USER: Action = Action {
    verb: "unsuspend_user",
    does: "gives a suspended account back; API tokens that were not revoked work again",
    needs: &[USERS_MANAGE, "okta.users.lifecycle.unsuspend"],
    reads: &[USERS_READ],
    settings: &[],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &[],
    d3fend: &["D3-RUAA"],
    collateral: "",
    residual: "",
};

const RESET_PASSWORD: Action = Action {
    verb: "reset_password",
    does: "makes the person choose a new password before signing in",
    needs: &[USERS_MANAGE, "okta.users.credentials.resetPassword"],
    reads: &[USERS_READ],
    settings: &[Setting::Flag("send_email", true)],
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1078.004"],
    d3fend: &["D3-CRO"],
    collateral: "",
    residual: "",
};
