//! What belongs to no one system: who is protected, how many there are, who may agree, whom to call.
//!
//! Read at the directory where it can be, else taken from the config. Guards that name what is not
//! there any more guard nobody, and a guard that was told no number asks nothing.

use std::time::Duration;

use futures_util::future::{join_all, join4};

use super::finding;
use super::object::{ActiveUsers, OrgChecked};
use super::{CheckAsk, SYSTEM_FOR};
use crate::approval::Approvers;
use crate::connector::{ResolveError, UserCount};
use crate::engine::run::Tools;
use crate::given::within;
use crate::guard::GuardConfig;
use crate::model::{Finding, Severity, UserId, count};
use crate::transport::{Rank, Reader};

/// How long single facts may take.
pub(super) const FACTS_FOR: Duration = Duration::from_secs(10);

/// How long accounts are counted.
const COUNT_FOR: Duration = Duration::from_secs(20);

/// Protected ids that are looked up.
const PROTECTED_MAX: usize = 100;

/// By how many percent the configured number may be off.
const OFF_PERCENT: u64 = 20;

/// What was found about the org.
pub(super) struct OrgLook {
    pub(super) org: Option<OrgChecked>,
    pub(super) active_users: ActiveUsers,
    pub(super) findings: Vec<Finding>,
}

/// Looks at the org and at what the config says about it.
pub(super) async fn look(tools: &Tools, ask: &CheckAsk<'_>) -> OrgLook {
    let mut findings = approvers(ask.approvers);
    findings.extend(owners(tools, ask));
    let mut active_users = ActiveUsers {
        configured: ask.guards.active_users,
        ..ActiveUsers::default()
    };
    if !ask.scope.includes(&tools.directory.system.id) {
        return OrgLook {
            org: None,
            active_users,
            findings,
        };
    }
    let (directory, clock) = (&tools.directory.directory, &*tools.clock);
    let reader = Reader::new(tools.directory.system.client.clone()).ranked(Rank::Evidence);
    let brief = reader.patient(FACTS_FOR);
    let facts = join4(
        directory.org(&brief),
        directory.count_active(&reader, COUNT_FOR),
        directory.usable_super_admins(&brief),
        protected(tools, &brief, &ask.guards.protected),
    );
    let Some((org, counted, supers, gone)) = within(clock, SYSTEM_FOR, facts).await else {
        let text = "the org itself was not read in time: how many people use it, and whether the \
                    protected accounts exist, is not known";
        findings.push(finding(Severity::Warning, "org_unread", text.into(), ""));
        return OrgLook {
            org: None,
            active_users,
            findings,
        };
    };
    findings.extend(gone);
    findings.extend(super_admins(supers));
    if let Ok(counted) = &counted {
        active_users.counted = Some(counted.number);
        active_users.complete = counted.complete;
    }
    findings.extend(active(ask.guards, counted));
    let org = org.ok().map(|org| OrgChecked {
        id: org.id,
        host: org.host,
    });
    OrgLook {
        org,
        active_users,
        findings,
    }
}

/// Protected ids that name nobody, or somebody who cannot sign in.
async fn protected(tools: &Tools, reader: &Reader, ids: &[UserId]) -> Vec<Finding> {
    let asked = ids.iter().take(PROTECTED_MAX).map(|id| async move {
        let who = tools.directory.directory.resolve(reader, id.as_str()).await;
        match who {
            Err(ResolveError::Stranger { .. } | ResolveError::Several { .. }) => Some(finding(
                Severity::High,
                "protected_gone",
                format!("guards.protected names {id}, and the directory has no such account"),
                "take it out, and put in the id of the account that it stood for: nobody is \
                 protected by it",
            )),
            Err(ResolveError::Unread { why, .. }) => Some(finding(
                Severity::Warning,
                "protected_unread",
                format!("whether the protected account {id} exists could not be read: {why}"),
                why.hint(),
            )),
            Ok(who) if who.id != *id => Some(finding(
                Severity::High,
                "protected_no_id",
                format!(
                    "guards.protected names {id}, which is the id of nobody: it is {}",
                    who.id
                ),
                format!("write {} there: only ids are compared", who.id),
            )),
            Ok(who) if who.status != "ACTIVE" => Some(finding(
                Severity::Warning,
                "protected_inactive",
                format!(
                    "{}, which guards.protected names, is {}",
                    who.login, who.status
                ),
                "a break-glass account that cannot sign in breaks no glass",
            )),
            Ok(_) => None,
        }
    });
    let mut found: Vec<Finding> = join_all(asked).await.into_iter().flatten().collect();
    if ids.is_empty() {
        found.push(finding(
            Severity::Warning,
            "nobody_protected",
            "guards.protected is empty: an alert or a slip can contain the break-glass accounts"
                .into(),
            "put their ids there",
        ));
    }
    found
}

fn super_admins(usable: Result<Vec<UserId>, String>) -> Option<Finding> {
    let (text, hint) = match usable {
        Ok(usable) if usable.len() > 1 => return None,
        Ok(usable) => {
            let n = count(usable.len(), "super administrator");
            (
                format!("{n} can sign in: guard super_admins would not let the last be suspended"),
                "have two at least, one of them for breaking the glass",
            )
        }
        Err(why) => (
            format!(
                "super administrators could not be read ({why}): guard super_admins refuses \
                 automatic runs then"
            ),
            "grant okta.roles.read and okta.users.read",
        ),
    };
    Some(finding(Severity::Warning, "super_admins", text, hint))
}

/// The number that `cap_percent` counts by.
fn active(guards: &GuardConfig, counted: Result<UserCount, String>) -> Option<Finding> {
    let counted = match counted {
        Ok(counted) => counted,
        Err(why) => {
            let text = format!("how many accounts can sign in could not be counted: {why}");
            return Some(finding(Severity::Warning, "active_users_unread", text, ""));
        }
    };
    let number = counted.number;
    let so_many = match counted.complete {
        true => format!("{number}"),
        false => format!("more than {number}"),
    };
    let Some(configured) = guards.active_users else {
        let text = format!(
            "guards.active_users is not set, so that guard cap_percent asks nothing; the org has \
             {so_many} active accounts"
        );
        let hint = format!("write active_users: {number} below guards");
        return Some(finding(Severity::Warning, "active_users_unset", text, hint));
    };
    let off = match counted.complete {
        true => configured.abs_diff(number) * 100 > number * OFF_PERCENT,
        false => configured < number,
    };
    off.then(|| {
        let side = match configured > number {
            true => "too many accounts at once would pass",
            false => "it stops sooner than it should",
        };
        let text = format!(
            "guards.active_users is {configured}, and the org has {so_many} active accounts: guard \
             cap_percent counts by it, and {side}"
        );
        let hint = format!("write active_users: {number} below guards");
        finding(Severity::Warning, "active_users_differ", text, hint)
    })
}

/// Whether anybody can agree when it is needed: neither who asks nor whom it is about counts.
fn approvers(approvers: &Approvers) -> Vec<Finding> {
    let (needed, people) = (approvers.needed, &approvers.people);
    let mut found = Vec::new();
    if people.is_empty() {
        let text =
            "nobody is named under approvers: no plan can be approved offline, by a signature";
        let hint = "name two people at least with the keys of `oust approve --new-key FILE`";
        found.push(finding(Severity::Info, "no_approvers", text.into(), hint));
        return found;
    }
    if people.len() <= needed {
        let text = format!(
            "{} must agree and {} named: whoever asks does not count, nor whoever it is about, so \
             that nobody may be left",
            count(needed, "person"),
            match people.len() {
                1 => "one is".to_owned(),
                n => format!("{n} are"),
            },
        );
        let hint = format!("name {} at least", needed + 1);
        found.push(finding(Severity::Warning, "few_approvers", text, hint));
    }
    let unknown: Vec<&str> = people
        .iter()
        .filter(|one| one.okta_id.is_none() && one.login.is_none())
        .map(|one| one.name.as_str())
        .collect();
    if !unknown.is_empty() {
        let text = format!(
            "whose accounts are {}'s is not said: nobody could tell if one were the subject",
            unknown.join(" and ")
        );
        found.push(finding(
            Severity::Warning,
            "approver_without_account",
            text,
            "give each approver an okta_id",
        ));
    }
    found
}

/// Systems that nobody is named for.
fn owners(tools: &Tools, ask: &CheckAsk<'_>) -> Option<Finding> {
    let alone: Vec<&str> = tools
        .services
        .iter()
        .filter(|system| ask.scope.includes(&system.id))
        .filter(|system| {
            !ask.owners.iter().any(|owner| {
                owner.app == system.id.as_str()
                    || owner.app == system.id.vendor()
                    || system.apps.contains(&owner.app)
            })
        })
        .map(|system| system.id.as_str())
        .collect();
    (!alone.is_empty()).then(|| {
        finding(
            Severity::Info,
            "no_owner",
            format!("nobody is named to call about {}", alone.join(", ")),
            "name them under owners: by the system's id",
        )
    })
}
