//! What Okta declares: every action with its rights, settings, undoing, proof and side effects.
//!
//! Docs, grants, plan screen and playbook check are printed from this. Rights are OAuth scopes
//! first, then the permission of a custom admin role. Source: Okta, "Role permissions"; Okta
//! API 2026.06.3.

use crate::model::{Action, Ends, Evicts, Left, Provable, Setting, Undo, Vendor};

/// The row of this vendor.
pub(super) const VENDOR: Vendor = Vendor {
    id: "okta",
    apps: &[],
    actions: &[
        CLEAR_SESSIONS,
        SUSPEND_USER,
        QUARANTINE_USER,
        DEACTIVATE_USER,
        UNIVERSAL_LOGOUT,
        DELETE_FACTORS,
        RESET_FACTORS,
        REVOKE_API_TOKENS,
        REVOKE_OAUTH_GRANTS,
        REMOVE_ADMIN_ROLES,
        REMOVE_GROUP_MEMBERSHIPS,
        REMOVE_APP_ASSIGNMENTS,
        SUSPEND_DEVICES,
        UNLINK_IDPS,
        END_SUPPORT_ACCESS,
        BLOCK_ADDRESSES,
        BLOCK_THREAT_SOURCES,
        UNSUSPEND_USER,
        UNQUARANTINE_USER,
        RESET_PASSWORD,
        EXPIRE_PASSWORD_WITH_TEMP,
        ASSIGN_ADMIN_ROLE,
        ADD_GROUP_MEMBERSHIP,
        ASSIGN_APP,
        UNSUSPEND_DEVICE,
        UNBLOCK_ADDRESS,
        RESTORE_THREAT_INSIGHT,
    ],
    undone_by: &[
        (
            "suspend_user",
            &[
                "unsuspend_user",
                "reset_password",
                "expire_password_with_temp",
                "clear_sessions",
            ],
        ),
        (
            "quarantine_user",
            &[
                "reset_password",
                "expire_password_with_temp",
                "unquarantine_user",
            ],
        ),
        ("remove_admin_roles", &["assign_admin_role"]),
        ("remove_group_memberships", &["add_group_membership"]),
        ("remove_app_assignments", &["assign_app"]),
        ("suspend_devices", &["unsuspend_device"]),
        ("block_addresses", &["unblock_address"]),
        ("block_threat_sources", &["restore_threat_insight"]),
    ],
};

const USERS_READ: &str = "okta.users.read";
const USERS_MANAGE: &str = "okta.users.manage";
const LOGS_READ: &str = "okta.logs.read";
const GROUPS_MANAGE: &str = "okta.groups.manage";
const API_TOKENS_READ: &str = "okta.apiTokens.read";
const APPS_MANAGE: &str = "okta.apps.manage";
const DEVICES_MANAGE: &str = "okta.devices.manage";

/// The ids for `select: listed`.
const IDS: Setting = Setting::List("ids");
/// Whether tokens that a directory agent lives by are spared.
const AGENTS: Setting = Setting::Word("agents", &["keep", "revoke"]);

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
    residual: &[Left {
        what: "sessions at apps behind Okta",
        ends: Ends::ByItself("their own end"),
    }],
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
    residual: &[],
};

const QUARANTINE_USER: Action = Action {
    verb: "quarantine_user",
    does: "puts the account into the pre-made group whose policy denies sign-in",
    needs: &[
        GROUPS_MANAGE,
        "okta.groups.members.manage",
        "okta.users.groupMembership.manage",
    ],
    reads: &[USERS_READ],
    settings: &[],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::Locks,
    attack: &["T1078.004"],
    d3fend: &["D3-AL"],
    collateral: "",
    residual: &[],
};

const DEACTIVATE_USER: Action = Action {
    verb: "deactivate_user",
    does: "deactivates the account for good; in no shipped playbook",
    needs: &[USERS_MANAGE, "okta.users.lifecycle.deactivate"],
    reads: &[USERS_READ],
    settings: &[],
    undo: Undo::Never,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::Locks,
    attack: &["T1078.004"],
    d3fend: &["D3-AL"],
    collateral: "deprovisions the account from all apps; mail and files there may be deleted; \
                 its API tokens and the agents that live by them stop",
    residual: &[],
};

const UNIVERSAL_LOGOUT: Action = Action {
    verb: "universal_logout",
    does: "signs the account out of every app that supports Universal Logout",
    needs: &[
        "okta.universalLogout.manage",
        "role SUPER_ADMIN or ORG_ADMIN",
    ],
    reads: &[LOGS_READ, API_TOKENS_READ],
    settings: &[AGENTS],
    undo: Undo::PersonRedoes,
    proof: Provable::ByEvent("apps do not say whether they ended their sessions"),
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1539", "T1550.004"],
    d3fend: &["D3-ST"],
    collateral: "revokes API tokens, too, those of directory agents included",
    residual: &[Left {
        what: "sessions at apps that Universal Logout does not reach, or only in part (the Microsoft 365 family: refresh tokens alone)",
        ends: Ends::ByItself("their own end"),
    }],
};

const DELETE_FACTORS: Action = Action {
    verb: "delete_factors",
    does: "deletes second factors; a phone is dropped as a way to recover the account, too",
    needs: &[USERS_MANAGE, "okta.users.credentials.resetFactors"],
    reads: &[USERS_READ, LOGS_READ],
    settings: &[
        Setting::Word("select", &["in_window", "all", "listed"]),
        IDS,
    ],
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1556.006", "T1098.005"],
    d3fend: &["D3-CR"],
    collateral: "Okta Verify factors of one account go together",
    residual: &[],
};

const RESET_FACTORS: Action = Action {
    verb: "reset_factors",
    does: "removes all second factors at once",
    needs: &[USERS_MANAGE, "okta.users.credentials.resetFactors"],
    reads: &[USERS_READ],
    settings: &[],
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1556.006", "T1098.005"],
    d3fend: &["D3-CR"],
    collateral: "",
    residual: &[],
};

const REVOKE_API_TOKENS: Action = Action {
    verb: "revoke_api_tokens",
    does: "revokes the API tokens that the account owns",
    needs: &["okta.apiTokens.manage", "role SUPER_ADMIN"],
    reads: &[API_TOKENS_READ, LOGS_READ],
    settings: &[
        Setting::Word("select", &["all", "in_window", "listed"]),
        IDS,
        AGENTS,
    ],
    undo: Undo::Never,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1528", "T1098.001"],
    d3fend: &["D3-CR"],
    collateral: "whatever uses the token stops",
    residual: &[],
};

const REVOKE_OAUTH_GRANTS: Action = Action {
    verb: "revoke_oauth_grants",
    does: "revokes refresh tokens and consents, client by client",
    needs: &[USERS_MANAGE, "role SUPER_ADMIN or ORG_ADMIN"],
    reads: &[USERS_READ],
    settings: &[
        Setting::Word("select", &["all", "in_window", "listed"]),
        IDS,
    ],
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1528", "T1550.001"],
    d3fend: &["D3-CR"],
    collateral: "",
    residual: &[Left {
        what: "access tokens that apps check by themselves (JWT)",
        ends: Ends::ByItself("they expire"),
    }],
};

const REMOVE_ADMIN_ROLES: Action = Action {
    verb: "remove_admin_roles",
    does: "removes admin roles that were assigned to the account itself",
    needs: &["okta.roles.manage", "role SUPER_ADMIN"],
    reads: &["okta.roles.read", LOGS_READ],
    settings: &[
        Setting::Word("select", &["in_window", "all", "listed"]),
        IDS,
    ],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1098.003"],
    d3fend: &["D3-UAP"],
    collateral: "",
    residual: &[],
};

const REMOVE_GROUP_MEMBERSHIPS: Action = Action {
    verb: "remove_group_memberships",
    does: "removes the account from Okta groups that it was put into",
    needs: &[
        GROUPS_MANAGE,
        "okta.groups.members.manage",
        "okta.users.groupMembership.manage",
    ],
    reads: &[USERS_READ, LOGS_READ],
    settings: &[
        Setting::Word("select", &["in_window", "all", "listed"]),
        IDS,
    ],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1098.003", "T1098.007"],
    d3fend: &["D3-UAP"],
    collateral: "apps and roles that come by the group go, too",
    residual: &[],
};

const REMOVE_APP_ASSIGNMENTS: Action = Action {
    verb: "remove_app_assignments",
    does: "removes apps that were assigned to the account itself; in no shipped playbook",
    needs: &[
        APPS_MANAGE,
        "okta.apps.assignment.manage",
        "okta.users.appAssignment.manage",
    ],
    reads: &["okta.apps.read", LOGS_READ],
    settings: &[
        Setting::Word("select", &["in_window", "all", "listed"]),
        IDS,
    ],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1098"],
    d3fend: &["D3-UAP"],
    collateral: "the profile at the app is lost; an app with provisioning deactivates the account \
                 there, and that and kept passwords do not come back; with delegated \
                 authentication an account is left without a password",
    residual: &[Left {
        what: "sessions at those apps",
        ends: Ends::ByItself("their own end"),
    }],
};

const SUSPEND_DEVICES: Action = Action {
    verb: "suspend_devices",
    does: "suspends devices that are registered with the account and with nobody else",
    needs: &[DEVICES_MANAGE, "okta.devices.lifecycle.suspend"],
    reads: &[USERS_READ, "okta.devices.read", LOGS_READ],
    settings: &[
        Setting::Word("select", &["in_window", "all", "listed"]),
        IDS,
    ],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1098.005"],
    d3fend: &["D3-CR"],
    collateral: "Okta Verify and FastPass stop on the device",
    residual: &[],
};

const UNLINK_IDPS: Action = Action {
    verb: "unlink_idps",
    does: "unlinks the account from identity providers; never from the one that its profile comes from",
    needs: &["okta.idps.manage", "okta.identityProviders.manage"],
    reads: &[USERS_READ, "okta.idps.read"],
    settings: &[
        Setting::Word("select", &["in_window", "all", "listed"]),
        IDS,
    ],
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1098", "T1556.007"],
    d3fend: &["D3-CR"],
    collateral: "whoever signs in by that provider must link it again",
    residual: &[],
};

const END_SUPPORT_ACCESS: Action = Action {
    verb: "end_support_access",
    does: "ends the access of Okta support to the org, for the whole org",
    needs: &["okta.orgs.manage", "role SUPER_ADMIN"],
    reads: &["okta.orgs.read", LOGS_READ],
    settings: &[Setting::Word("select", &["in_window", "all"])],
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1199"],
    d3fend: &["D3-UAP"],
    collateral: "cases that Okta support works on stop",
    residual: &[Left {
        what: "a session of Okta support that is under way",
        ends: Ends::ByItself("its own end"),
    }],
};

const BLOCK_ADDRESSES: Action = Action {
    verb: "block_addresses",
    does: "blocks single addresses for the whole org: those listed, or those that the log confirms to be the intruder's",
    needs: &["okta.networkZones.manage", "role SUPER_ADMIN or ORG_ADMIN"],
    reads: &["okta.networkZones.read", LOGS_READ],
    settings: &[
        Setting::Word("select", &["intruder", "listed"]),
        Setting::List("addresses"),
    ],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1078.004"],
    d3fend: &["D3-NTF"],
    collateral: "everybody who comes from the address is shut out",
    residual: &[],
};

const BLOCK_THREAT_SOURCES: Action = Action {
    verb: "block_threat_sources",
    does: "lets ThreatInsight block addresses that Okta knows as bad, for the whole org",
    needs: &[
        "okta.threatInsights.manage",
        "role SUPER_ADMIN or ORG_ADMIN",
    ],
    reads: &["okta.threatInsights.read", "okta.networkZones.read"],
    settings: &[],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1110"],
    d3fend: &["D3-NTF"],
    collateral: "people behind an address that Okta takes for bad are shut out",
    residual: &[],
};

const UNBLOCK_ADDRESS: Action = Action {
    verb: "unblock_address",
    does: "takes an address out of the zone again that a run put there; only by release",
    needs: &["okta.networkZones.manage", "role SUPER_ADMIN or ORG_ADMIN"],
    reads: &["okta.networkZones.read"],
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

const RESTORE_THREAT_INSIGHT: Action = Action {
    verb: "restore_threat_insight",
    does: "sets ThreatInsight back to what it did before a run; only by release",
    needs: &[
        "okta.threatInsights.manage",
        "role SUPER_ADMIN or ORG_ADMIN",
    ],
    reads: &["okta.threatInsights.read"],
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

const ASSIGN_APP: Action = Action {
    verb: "assign_app",
    does: "assigns an app again that a run removed, as it was read; only by release",
    needs: &[
        APPS_MANAGE,
        "okta.apps.assignment.manage",
        "okta.users.appAssignment.manage",
    ],
    reads: &["okta.apps.read"],
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

const UNSUSPEND_DEVICE: Action = Action {
    verb: "unsuspend_device",
    does: "gives a suspended device back; only by release",
    needs: &[DEVICES_MANAGE, "okta.devices.lifecycle.unsuspend"],
    reads: &["okta.devices.read"],
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

const ASSIGN_ADMIN_ROLE: Action = Action {
    verb: "assign_admin_role",
    does: "gives back an admin role that a run removed; only by release",
    needs: &["okta.roles.manage", "role SUPER_ADMIN"],
    reads: &["okta.roles.read"],
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

const ADD_GROUP_MEMBERSHIP: Action = Action {
    verb: "add_group_membership",
    does: "puts the account back into a group that a run removed it from; only by release",
    needs: &[
        GROUPS_MANAGE,
        "okta.groups.members.manage",
        "okta.users.groupMembership.manage",
    ],
    reads: &[USERS_READ],
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

const UNQUARANTINE_USER: Action = Action {
    verb: "unquarantine_user",
    does: "takes the account out of the quarantine group",
    needs: &[
        GROUPS_MANAGE,
        "okta.groups.members.manage",
        "okta.users.groupMembership.manage",
    ],
    reads: &[USERS_READ],
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
    residual: &[],
};

const RESET_PASSWORD: Action = Action {
    verb: "reset_password",
    does: "makes the person choose a new password before signing in; without `send_email` the \
           link is handed to whoever carries it out",
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
    residual: &[],
};

const EXPIRE_PASSWORD_WITH_TEMP: Action = Action {
    verb: "expire_password_with_temp",
    does: "sets a temporary password, handed to whoever carries it out and changed at the first \
           sign-in",
    needs: &[USERS_MANAGE, "okta.users.credentials.expirePassword"],
    reads: &[USERS_READ],
    settings: &[],
    undo: Undo::PersonRedoes,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1078.004"],
    d3fend: &["D3-CRO"],
    collateral: "",
    residual: &[],
};
