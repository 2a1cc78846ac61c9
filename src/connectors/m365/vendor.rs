//! What Microsoft 365 declares: every action with its rights, settings, undoing, proof and side
//! effects.
//!
//! Rights are application permissions, the least that the call takes. To act on administrators
//! the app needs a directory role beside them. Source: `graph.yaml`, permissions table.

use super::permissions as p;
use crate::model::{Action, Ends, Evicts, Left, Provable, Setting, Undo, Vendor};

/// Minutes that an access token lasts at most: an hour, and up to half of one as chance has it
/// [docs*]; source: "Configurable token lifetimes".
const TOKEN: u32 = 90;

/// Minutes until clients that evaluate access continuously are cut at the latest; source:
/// "Continuous access evaluation".
const CONTINUOUS: u32 = 15;

/// The row of this vendor.
pub(super) const VENDOR: Vendor = Vendor {
    id: "m365",
    apps: &["office365"],
    actions: &[
        REVOKE_SESSIONS,
        DISABLE_ACCOUNT,
        DELETE_AUTH_METHODS,
        REVOKE_CONSENTS,
        DISABLE_INBOX_RULES,
        ENABLE_ACCOUNT,
        ENABLE_INBOX_RULE,
    ],
    undone_by: &[
        ("disable_account", &["enable_account"]),
        ("disable_inbox_rules", &["enable_inbox_rule"]),
    ],
};

/// Which items, and the ids for `select: listed`.
const SELECT: &[Setting] = &[
    Setting::Word("select", &["in_window", "all", "listed"]),
    Setting::List("ids"),
];

const REVOKE_SESSIONS: Action = Action {
    verb: "revoke_sessions",
    does: "ends browser sessions and makes all refresh tokens invalid",
    needs: &[p::REVOKE_SESSIONS],
    reads: &[p::USER_READ],
    settings: &[],
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1539", "T1550.001", "T1550.004"],
    d3fend: &["D3-ST"],
    collateral: "",
    residual: &[
        Left {
            what: "access tokens at Exchange, SharePoint and Teams, which evaluate access continuously",
            ends: Ends::Minutes(CONTINUOUS),
        },
        Left {
            what: "access tokens at other apps of Microsoft 365",
            ends: Ends::Minutes(TOKEN),
        },
        Left {
            what: "sessions at other apps that Entra signed him in to",
            ends: Ends::ByItself("their own end"),
        },
    ],
};

const DISABLE_ACCOUNT: Action = Action {
    verb: "disable_account",
    does: "blocks sign-in of the account; it keeps mail, files and licences; in no shipped \
           playbook",
    needs: &[p::USER_ENABLE],
    reads: &[p::USER_READ],
    settings: &[],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1078.004"],
    d3fend: &["D3-AL"],
    collateral: "",
    residual: &[
        Left {
            what: "access tokens at other apps than Exchange, SharePoint and Teams",
            ends: Ends::Minutes(TOKEN),
        },
        Left {
            what: "the account itself, where on-premises Active Directory masters it and its next sync may enable it again",
            ends: Ends::ByPerson("somebody disables it there as well"),
        },
    ],
};

const DELETE_AUTH_METHODS: Action = Action {
    verb: "delete_auth_methods",
    does: "deletes passkeys, authenticator apps, phones and other ways to sign in; never the \
           password",
    needs: &[p::METHODS_WRITE],
    reads: &[p::METHODS_READ],
    settings: SELECT,
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1556.006", "T1098.005"],
    d3fend: &["D3-CR"],
    collateral: "",
    residual: &[],
};

const REVOKE_CONSENTS: Action = Action {
    verb: "revoke_consents",
    does: "deletes the consents that the account itself gave to apps; those for the whole tenant \
           are told, never deleted",
    needs: &[p::GRANTS_WRITE],
    reads: &[p::DIRECTORY_READ, p::AUDIT_READ],
    settings: SELECT,
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1528", "T1550.001"],
    d3fend: &["D3-CR"],
    collateral: "",
    residual: &[Left {
        what: "access tokens that an app already holds",
        ends: Ends::Minutes(TOKEN),
    }],
};

const DISABLE_INBOX_RULES: Action = Action {
    verb: "disable_inbox_rules",
    does: "switches off inbox rules that forward, redirect or delete mail; keeps them as evidence",
    needs: &[p::MAIL_WRITE],
    reads: &[p::MAIL_READ, p::USER_READ],
    settings: SELECT,
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1114.003", "T1564.008"],
    d3fend: &[], // it has none for what a mailbox does with mail
    collateral: "",
    residual: &[Left {
        what: "forwarding set at the mailbox itself, delegates and hidden rules, which Microsoft Graph does not show",
        ends: Ends::ByPerson("somebody looks with Exchange PowerShell"),
    }],
};

const ENABLE_ACCOUNT: Action = Action {
    verb: "enable_account",
    does: "lets an account that a run disabled sign in again; only by release",
    needs: &[p::USER_ENABLE],
    reads: &[p::USER_READ],
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

const ENABLE_INBOX_RULE: Action = Action {
    verb: "enable_inbox_rule",
    does: "switches an inbox rule that a run disabled on again; only by release",
    needs: &[p::MAIL_WRITE],
    reads: &[p::MAIL_READ],
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
