//! A vendor with Okta's actions and settings, so that playbook and config tests stand alone.

use oust::connectors::{OpenError, Opened, Opening, Row};
use oust::model::{Action, Evicts, Provable, Setting, Undo, Vendor};

const SELECT: Setting = Setting::Word("select", &["in_window", "all", "listed"]);
const IDS: Setting = Setting::List("ids");
const AGENTS: Setting = Setting::Word("agents", &["keep", "revoke"]);

const fn action(verb: &'static str, settings: &'static [Setting]) -> Action {
    Action {
        verb,
        does: "does it",
        needs: &[],
        reads: &[],
        settings,
        undo: Undo::Never,
        proof: Provable::ByRead,
        repeatable: true,
        evicts: Evicts::No,
        attack: &[],
        d3fend: &[],
        collateral: "",
        residual: &[],
    }
}

/// The directory.
pub(crate) static OKTA: Vendor = Vendor {
    id: "okta",
    apps: &[],
    actions: &[
        action(
            "clear_sessions",
            &[
                Setting::Flag("oauth_tokens", true),
                Setting::Flag("forget_devices", true),
            ],
        ),
        action(
            "suspend_user",
            &[Setting::Word("if_locked_out", &["report", "unlock"])],
        ),
        action("quarantine_user", &[]),
        action("universal_logout", &[AGENTS]),
        action("delete_factors", &[SELECT, IDS]),
        action("revoke_api_tokens", &[SELECT, IDS, AGENTS]),
        action("revoke_oauth_grants", &[SELECT, IDS]),
        action(
            "end_support_access",
            &[Setting::Word("select", &["in_window", "all"])],
        ),
        action("remove_admin_roles", &[SELECT, IDS]),
        action("remove_group_memberships", &[SELECT, IDS]),
    ],
    undone_by: &[],
};

/// Okta's actions again, the first of which evicts: what makes a vendor the directory.
static DIRECTORY: Vendor = Vendor {
    id: "okta",
    apps: &[],
    actions: &[Action {
        evicts: Evicts::Clears,
        ..action("clear_sessions", &[])
    }],
    undone_by: &[],
};

/// A service.
pub(crate) static M365: Vendor = Vendor {
    id: "m365",
    apps: &["office365"],
    actions: &[
        action("revoke_sessions", &[]),
        action("delete_auth_methods", &[SELECT, IDS]),
        action("revoke_consents", &[SELECT, IDS]),
        action("disable_inbox_rules", &[SELECT, IDS]),
    ],
    undone_by: &[],
};

/// Another service, as far as the shipped playbooks name it.
static GOOGLE: Vendor = Vendor {
    id: "google",
    apps: &["google"],
    actions: &[
        action("revoke_tokens", &[SELECT, IDS]),
        action("delete_app_passwords", &[SELECT, IDS]),
        action("invalidate_backup_codes", &[]),
        action("sign_out", &[]),
    ],
    undone_by: &[],
};

/// And another.
static SLACK: Vendor = Vendor {
    id: "slack",
    apps: &["slack"],
    actions: &[action("reset_sessions", &[])],
    undone_by: &[],
};

/// And one more.
static SALESFORCE: Vendor = Vendor {
    id: "salesforce",
    apps: &["salesforce"],
    actions: &[
        action("freeze_user", &[]),
        action("revoke_oauth_tokens", &[]),
        action("delete_sessions", &[]),
    ],
    undone_by: &[],
};

/// And one more.
static GITHUB: Vendor = Vendor {
    id: "github",
    apps: &["githubcloud"],
    actions: &[
        action("revoke_credentials", &[]),
        action("revoke_fine_grained_tokens", &[SELECT, IDS]),
    ],
    undone_by: &[],
};

/// Any app.
static GTR: Vendor = Vendor {
    id: "gtr",
    apps: &[],
    actions: &[action("revoke", &[])],
    undone_by: &[],
};

/// Accounts of AWS, and their Identity Center.
static AWS: Vendor = Vendor {
    id: "aws",
    apps: &["amazon_aws", "amazon_aws_sso"],
    actions: &[
        action("deny_sessions", &[]),
        action("block_identity_center_user", &[]),
    ],
    undone_by: &[],
};

/// All of them.
pub(crate) fn vendors() -> Vec<&'static Vendor> {
    vec![
        &OKTA,
        &M365,
        &GOOGLE,
        &SALESFORCE,
        &SLACK,
        &GITHUB,
        &GTR,
        &AWS,
    ]
}

/// Both, as the register would have them.
pub(crate) fn rows() -> [Row; 2] {
    let row = |vendor, settings| Row {
        vendor,
        settings,
        split: |_| Vec::new(),
        grants: |_, _, _| oust::model::Grant::default(),
        open: never,
    };
    [
        row(
            &DIRECTORY,
            &["org_url", "auth", "read_auth", "second", "quarantine_group"][..],
        ),
        row(&M365, &["graph_url", "tenant", "client_secret"][..]),
    ]
}

fn never(opening: &Opening) -> Result<Opened, OpenError> {
    Err(OpenError {
        id: opening.id.clone(),
        why: "it is made up".into(),
        hint: String::new(),
    })
}
