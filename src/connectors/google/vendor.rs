//! What Google Workspace declares: every action with its rights, settings, undoing and proof.
//!
//! Rights are OAuth scopes for the domain-wide delegation, then what the administrator's role must
//! allow. The catalogue name of Okta's app is [inferred]; `apps:` of the config overrides it.

use super::scopes::{REPORTS, SECURITY, USER, USER_READ};
use crate::model::{Action, Ends, Evicts, Left, Provable, Setting, Undo, Vendor};

/// The row of this vendor.
pub(super) const VENDOR: Vendor = Vendor {
    id: "google",
    apps: &["google"],
    actions: &[
        REVOKE_TOKENS,
        DELETE_APP_PASSWORDS,
        INVALIDATE_BACKUP_CODES,
        SIGN_OUT,
        SUSPEND_USER,
        UNSUSPEND_USER,
    ],
    undone_by: &[("suspend_user", &["unsuspend_user"])],
};

/// Why a sign-out is never proven.
pub(super) const NO_SESSIONS_READ: &str =
    "Google lists no sessions and keeps no time of a forced sign-out";
/// Why the codes are never proven to be gone.
pub(super) const NO_CODES_READ: &str =
    "Google shows backup codes only in clear, so that they are never listed";

const SECURITY_ROLE: &str = "an administrator role that may manage user security";
const USER_ROLE: &str = "an administrator role that may suspend users";

const SELECT: Setting = Setting::Word("select", &["all", "in_window", "listed"]);
/// The ids for `select: listed`.
const IDS: Setting = Setting::List("ids");

const REVOKE_TOKENS: Action = Action {
    verb: "revoke_tokens",
    does: "revokes the tokens of apps that act in the account's name, app by app",
    needs: &[SECURITY, SECURITY_ROLE],
    reads: &[USER_READ, SECURITY, REPORTS],
    settings: &[SELECT, IDS],
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1528", "T1550.001"],
    d3fend: &["D3-CR"],
    collateral: "apps on the person's own devices ask for a new sign-in",
    residual: &[],
};

const DELETE_APP_PASSWORDS: Action = Action {
    verb: "delete_app_passwords",
    does: "deletes application-specific passwords, which pass by sign-on and second step",
    needs: &[SECURITY, SECURITY_ROLE],
    reads: &[USER_READ, SECURITY],
    settings: &[SELECT, IDS],
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1098", "T1078.004"],
    d3fend: &["D3-CR"],
    collateral: "mail programs and scanners that sign in with one stop",
    residual: &[],
};

const INVALIDATE_BACKUP_CODES: Action = Action {
    verb: "invalidate_backup_codes",
    does: "invalidates the backup codes for the second step, without looking at them",
    needs: &[SECURITY, SECURITY_ROLE],
    reads: &[USER_READ],
    settings: &[],
    undo: Undo::PersonRedoes,
    proof: Provable::Unverifiable(NO_CODES_READ),
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1556.006"],
    d3fend: &["D3-CR"],
    collateral: "printed codes that the person keeps do not work any more",
    residual: &[Left {
        what: "recovery address and phone, passkeys and security keys",
        ends: Ends::ByPerson("somebody looks at them"),
    }],
};

const SIGN_OUT: Action = Action {
    verb: "sign_out",
    does: "ends all web and device sessions at Google; cookies end in a few minutes",
    needs: &[SECURITY, SECURITY_ROLE],
    reads: &[USER_READ],
    settings: &[],
    undo: Undo::PersonRedoes,
    proof: Provable::Unverifiable(NO_SESSIONS_READ),
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1539", "T1550.004"],
    d3fend: &["D3-ST"],
    collateral: "",
    residual: &[
        Left {
            what: "open cookies",
            ends: Ends::ByItself("some minutes later"),
        },
        Left {
            what: "forwarding, delegates and filters in Gmail, the recovery address and mobile devices",
            ends: Ends::ByPerson("somebody looks at them"),
        },
    ],
};

const SUSPEND_USER: Action = Action {
    verb: "suspend_user",
    does: "suspends the account at Google; in no shipped playbook",
    needs: &[USER, USER_ROLE],
    reads: &[USER_READ],
    settings: &[],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1078.004"],
    d3fend: &["D3-AL"],
    collateral: "mail to the account bounces, its calendar and shared files stand still",
    residual: &[Left {
        what: "app passwords and backup codes, which work again when it is given back",
        ends: Ends::ByPerson("somebody deletes them"),
    }],
};

const UNSUSPEND_USER: Action = Action {
    verb: "unsuspend_user",
    does: "gives a suspended account back; only by release",
    needs: &[USER, USER_ROLE],
    reads: &[USER_READ],
    settings: &[],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &[],
    d3fend: &["D3-RUAA"],
    collateral: "",
    residual: &[],
};
