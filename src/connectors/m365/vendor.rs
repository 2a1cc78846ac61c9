//! What Microsoft 365 declares: every action with its rights, settings, undoing, proof and side
//! effects.
//!
//! Rights are application permissions, the least that the call takes. To act on administrators
//! the app needs a directory role beside them. Source: `graph.yaml`, permissions table.

use super::permissions as p;
use crate::model::{Action, Evicts, Provable, Setting, Undo, Vendor};

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
    residual: "access tokens already issued work until they end, about an hour after the call; \
               clients that evaluate access continuously (Exchange, SharePoint, Teams) are cut \
               within 15 minutes; sessions at other apps that Entra signed him in to go on until \
               their own end",
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
    residual: "access tokens already issued work until they end, about an hour after the call; \
               where on-premises Active Directory masters the account, its next sync may enable \
               it again: disable it there as well",
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
    residual: "",
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
    residual: "access tokens that an app already holds work until they end, about an hour",
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
    d3fend: &["D3-MBT"],
    collateral: "",
    residual: "forwarding set at the mailbox itself, delegates and hidden rules are not to be \
               seen through Microsoft Graph: look with Exchange PowerShell",
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
    residual: "",
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
    residual: "",
};
