//! What AWS declares: every action with its rights, undoing and proof.
//!
//! Rights are IAM actions of the role that is assumed there. The catalogue names of Okta's apps are
//! [inferred]; `apps:` of the config overrides them.

use crate::model::{Action, Ends, Evicts, Left, Provable, Undo, Vendor};

/// The app of Okta's catalogue that leads to an account.
pub(super) const SAML_APP: &str = "amazon_aws";
/// The one that leads to Identity Center.
pub(super) const CENTER_APP: &str = "amazon_aws_sso";

/// The row of this vendor.
pub(super) const VENDOR: Vendor = Vendor {
    id: "aws",
    apps: &[SAML_APP, CENTER_APP],
    actions: &[
        DENY_SESSIONS,
        BLOCK_IDENTITY_CENTER_USER,
        ALLOW_SESSIONS,
        UNBLOCK_IDENTITY_CENTER_USER,
    ],
    undone_by: &[
        ("deny_sessions", &["allow_sessions"]),
        (
            "block_identity_center_user",
            &["unblock_identity_center_user"],
        ),
    ],
};

/// What an account carries out.
pub(super) const DENIES: &[&str] = &["deny_sessions", "allow_sessions"];
/// What Identity Center carries out.
pub(super) const BLOCKS: &[&str] = &["block_identity_center_user", "unblock_identity_center_user"];

const DENY_SESSIONS: Action = Action {
    verb: "deny_sessions",
    does: "denies everything to the sessions that the person has in a role, by a statement of our \
           own in that role",
    needs: &[
        "iam:PutRolePolicy",
        "iam:ListRoles",
        "iam:GetRole",
        "iam:ListRolePolicies",
        "iam:GetRolePolicy",
        "iam:SimulatePrincipalPolicy",
        "cloudtrail:LookupEvents",
    ],
    reads: &[
        "iam:ListRoles",
        "iam:GetRole",
        "iam:ListRolePolicies",
        "iam:GetRolePolicy",
        "iam:SimulatePrincipalPolicy",
        "cloudtrail:LookupEvents",
    ],
    settings: &[],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1078.004", "T1550.001"],
    d3fend: &["D3-ST", "D3-UAP"],
    collateral: "another person whose session in the same role bears the same name",
    residual: &[
        Left {
            what: "what he does until AWS has applied the policy everywhere",
            ends: Ends::ByItself("some minutes later"),
        },
        Left {
            what: "sessions chained into roles of other accounts",
            ends: Ends::ByItself("their own end, twelve hours at most"),
        },
        Left {
            what: "sessions chained within the quarter of an hour that CloudTrail may be late",
            ends: Ends::ByPerson("it is planned again after that"),
        },
        Left {
            what: "keys, users, roles and trusts that were made meanwhile, and connections that are \
                   open already",
            ends: Ends::ByPerson("somebody removes them"),
        },
    ],
};

const BLOCK_IDENTITY_CENTER_USER: Action = Action {
    verb: "block_identity_center_user",
    does: "denies everything in all member accounts to an Identity Center user, by his id in a \
           service control policy that was prepared for it",
    needs: &[
        "organizations:UpdatePolicy",
        "organizations:DescribePolicy",
        "organizations:ListTargetsForPolicy",
        "sso:ListInstances",
        "identitystore:GetUserId",
        "identitystore:DescribeUser",
    ],
    reads: &[
        "organizations:DescribePolicy",
        "organizations:ListTargetsForPolicy",
        "sso:ListInstances",
        "identitystore:GetUserId",
        "identitystore:DescribeUser",
    ],
    settings: &[],
    undo: Undo::Restores,
    proof: Provable::ByRead,
    repeatable: true,
    evicts: Evicts::No,
    attack: &["T1078.004", "T1550.001"],
    d3fend: &["D3-UAP"],
    collateral: "",
    residual: &[
        Left {
            what: "the session at the access portal, which no API ends",
            ends: Ends::ByItself("its own end"),
        },
        Left {
            what: "the management account, where no service control policy holds, and accounts that the policy is not attached to",
            ends: Ends::ByPerson("somebody blocks him there"),
        },
    ],
};

const ALLOW_SESSIONS: Action = Action {
    verb: "allow_sessions",
    does: "takes our own statement about the person out of a role again; only by release",
    needs: &[
        "iam:PutRolePolicy",
        "iam:DeleteRolePolicy",
        "iam:ListRoles",
        "iam:GetRole",
        "iam:ListRolePolicies",
        "iam:GetRolePolicy",
        "iam:SimulatePrincipalPolicy",
    ],
    attack: &[],
    d3fend: &["D3-RUAA"],
    collateral: "",
    residual: &[],
    ..DENY_SESSIONS
};

const UNBLOCK_IDENTITY_CENTER_USER: Action = Action {
    verb: "unblock_identity_center_user",
    does: "takes the user's id out of the prepared service control policy again; only by release",
    attack: &[],
    d3fend: &["D3-RUAA"],
    collateral: "",
    residual: &[],
    ..BLOCK_IDENTITY_CENTER_USER
};
