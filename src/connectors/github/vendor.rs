//! What GitHub declares: every action with its rights, settings, undoing and proof.
//!
//! Rights are the permissions of a GitHub App, by the API's own names for them; the docs page says
//! which scopes of a personal access token stand for them. That `organization_administration` gives
//! the credential authorisations is [docs*]. The catalogue name of Okta's app is [inferred];
//! `apps:` of the config overrides it, and must name the app of managed users.

use crate::model::{Action, Ends, Evicts, Left, Provable, Setting, Undo, Vendor};

/// The row of this vendor.
pub(super) const VENDOR: Vendor = Vendor {
    id: "github",
    apps: &["githubcloud"],
    actions: &[
        REVOKE_CREDENTIALS,
        REVOKE_FINE_GRAINED_TOKENS,
        REMOVE_MEMBER,
        SUSPEND_MANAGED_USER,
        INVITE_MEMBER,
        UNSUSPEND_MANAGED_USER,
    ],
    undone_by: &[
        ("remove_member", &["invite_member"]),
        ("suspend_managed_user", &["unsuspend_managed_user"]),
    ],
};

/// To list and to revoke what members authorised for single sign-on.
pub(super) const ADMINISTRATION: &str = "organization_administration";
/// To see members and their identities, and to remove them.
pub(super) const MEMBERS: &str = "members";
/// Fine-grained tokens.
pub(super) const TOKENS: &str = "organization_personal_access_tokens";

/// All that is ever asked for.
pub(super) const PERMISSIONS: &[&str] = &[ADMINISTRATION, MEMBERS, TOKENS];

/// Managed users belong to an enterprise, whose rights are a person's or its App's.
const ENTERPRISE: &str = "an enterprise owner's token with scim:enterprise and read:enterprise";

const REVOKE_CREDENTIALS: Action = Action {
    verb: "revoke_credentials",
    does: "revokes what the account authorised for single sign-on: tokens, SSH keys, apps; of a \
           managed user, destroys tokens and keys",
    needs: &["organization_administration:write"],
    reads: &["organization_administration:read", "members:read"],
    settings: &[],
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1550.001", "T1528"],
    d3fend: &["D3-CR"],
    collateral: "what the person automated with his own tokens stops",
    residual: &[Left {
        what: "his own account, with its keys and tokens for what lies outside the organisation",
        ends: Ends::ByPerson("he changes them"),
    }],
};

const REVOKE_FINE_GRAINED_TOKENS: Action = Action {
    verb: "revoke_fine_grained_tokens",
    does: "ends the access of the account's fine-grained tokens to the organisation",
    needs: &["organization_personal_access_tokens:write"],
    reads: &["organization_personal_access_tokens:read", "members:read"],
    settings: &[
        Setting::Word("select", &["all", "in_window", "listed"]),
        Setting::List("ids"),
    ],
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1528"],
    d3fend: &["D3-CR"],
    collateral: "what the person automated with them stops",
    residual: &[Left {
        what: "the tokens themselves, for what they may do outside the organisation",
        ends: Ends::ByPerson("their owner deletes them"),
    }],
};

const REMOVE_MEMBER: Action = Action {
    verb: "remove_member",
    does: "removes the member from the organisation, or cancels his invitation; in no shipped \
           playbook",
    needs: &["members:write"],
    reads: &["members:read"],
    settings: &[],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1078.004"],
    d3fend: &["D3-AL"],
    collateral: "GitHub writes to him; his private forks are deleted, and teams and roles do not \
                 come back: a release invites him, and he must accept",
    residual: &[],
};

const INVITE_MEMBER: Action = Action {
    verb: "invite_member",
    does: "invites a removed member again, in his former role; only by release",
    attack: &[],
    d3fend: &["D3-RUAA"],
    collateral: "",
    ..REMOVE_MEMBER
};

const SUSPEND_MANAGED_USER: Action = Action {
    verb: "suspend_managed_user",
    does: "suspends a managed user in the whole enterprise; in no shipped playbook",
    needs: &[ENTERPRISE],
    reads: &[ENTERPRISE],
    settings: &[],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1078.004"],
    d3fend: &["D3-AL"],
    collateral: "his login and address are disguised while it lasts; Okta's provisioning may \
                 write over it",
    residual: &[],
};

const UNSUSPEND_MANAGED_USER: Action = Action {
    verb: "unsuspend_managed_user",
    does: "gives a suspended managed user back; only by release",
    attack: &[],
    d3fend: &["D3-RUAA"],
    collateral: "",
    ..SUSPEND_MANAGED_USER
};
