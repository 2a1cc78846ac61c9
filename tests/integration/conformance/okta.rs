//! Okta's stand: for every verb a world in which it has something to do.

use oust::model::Select;
use oust_mocks::World;
use oust_mocks::okta::Okta;
use oust_mocks::world::{ALEX, QUARANTINE_GROUP};
use serde_json::{Value, json};

use crate::okta::desk::ALEX_LOGIN;
use crate::wire::now_ms;

/// One verb and where it has something to do.
pub(crate) struct Trial {
    pub(crate) verb: &'static str,
    pub(crate) settings: Value,
    pub(crate) select: Select,
    pub(crate) world: World,
    /// Whether the account is as it was, once the change is undone.
    pub(crate) restored: fn(before: &Okta, after: &Okta) -> bool,
}

/// Nothing to compare: it has no inverse.
fn never(_: &Okta, _: &Okta) -> bool {
    false
}

fn alex(okta: &Okta) -> &oust_mocks::okta::state::User {
    okta.user(ALEX).unwrap()
}

/// The chain resets the password, too, so that the account waits for a new one.
fn open_again(_: &Okta, after: &Okta) -> bool {
    alex(after).status == "RECOVERY" && alex(after).sessions.is_empty()
}

fn same_status(before: &Okta, after: &Okta) -> bool {
    alex(before).status == alex(after).status
}

fn same_groups(before: &Okta, after: &Okta) -> bool {
    alex(before).groups == alex(after).groups
}

fn same_roles(before: &Okta, after: &Okta) -> bool {
    let kinds = |okta: &Okta| -> Vec<String> {
        alex(okta)
            .roles
            .values()
            .map(|role| role.kind.clone())
            .collect()
    };
    kinds(before) == kinds(after)
}

fn same_apps(before: &Okta, after: &Okta) -> bool {
    let apps = |okta: &Okta| -> Vec<(String, String, String)> {
        let apps = alex(okta).apps.iter();
        apps.map(|(id, app)| (id.clone(), app.scope.clone(), app.user_name.clone()))
            .collect()
    };
    apps(before) == apps(after)
}

fn same_devices(before: &Okta, after: &Okta) -> bool {
    let states = |okta: &Okta| -> Vec<String> {
        let devices = okta.devices.values();
        devices
            .map(|device| format!("{} {}", device.id, device.status))
            .collect()
    };
    states(before) == states(after)
}

fn same_zones(before: &Okta, after: &Okta) -> bool {
    let zones = |okta: &Okta| -> Vec<String> {
        let zones = okta.zones.values();
        zones
            .map(|zone| format!("{} {}", zone.name, zone.gateways))
            .collect()
    };
    zones(before) == zones(after)
}

fn same_threats(before: &Okta, after: &Okta) -> bool {
    let config = |okta: &Okta| (okta.threat_action.clone(), okta.threat_exclude.clone());
    config(before) == config(after)
}

/// Every verb that plans; those that only undo are met through the inverses.
pub(crate) fn trials() -> Vec<Trial> {
    let contoso = || World::contoso(now_ms());
    let trial = |verb, settings, world, restored| Trial {
        verb,
        settings,
        select: Select::All,
        world,
        restored,
    };
    let quarantined = contoso().user(ALEX_LOGIN, |user| {
        user.groups.insert(QUARANTINE_GROUP.to_owned());
    });
    let linked = contoso().with(|okta| {
        okta.link_idp_by_hand(ALEX, "0oaPartnerIdp00005d7", now_ms() - 600_000);
    });
    let two = json!({ "addresses": ["203.0.113.66", "203.0.113.140"] });
    let excluding = contoso().with(|okta| {
        okta.threat_exclude = vec!["nzoLegacyIpZone0005d7".to_owned()];
    });
    vec![
        trial("clear_sessions", json!({}), contoso(), never),
        trial("suspend_user", json!({}), contoso(), open_again),
        trial("quarantine_user", json!({}), contoso(), same_groups),
        trial("deactivate_user", json!({}), contoso(), never),
        trial(
            "universal_logout",
            json!({ "agents": "revoke" }),
            contoso(),
            never,
        ),
        trial("delete_factors", json!({}), contoso(), never),
        trial("reset_factors", json!({}), contoso(), never),
        trial("revoke_api_tokens", json!({}), contoso(), never),
        trial("revoke_oauth_grants", json!({}), contoso(), never),
        trial("remove_admin_roles", json!({}), contoso(), same_roles),
        trial(
            "remove_group_memberships",
            json!({}),
            contoso(),
            same_groups,
        ),
        trial("remove_app_assignments", json!({}), contoso(), same_apps),
        trial("suspend_devices", json!({}), contoso(), same_devices),
        Trial {
            select: Select::InWindow,
            ..trial("unlink_idps", json!({}), linked, never)
        },
        trial("end_support_access", json!({}), contoso(), never),
        trial(
            "end_support_access",
            json!({}),
            contoso().support_by_case("20000144"),
            never,
        ),
        Trial {
            select: Select::Listed,
            ..trial("block_addresses", two, contoso(), same_zones)
        },
        trial("block_threat_sources", json!({}), excluding, same_threats),
        trial("unquarantine_user", json!({}), quarantined, same_groups),
        trial(
            "unsuspend_user",
            json!({}),
            contoso().status(ALEX_LOGIN, "SUSPENDED"),
            same_status,
        ),
        trial(
            "reset_password",
            json!({ "send_email": true }),
            contoso(),
            never,
        ),
        trial("expire_password_with_temp", json!({}), contoso(), never),
    ]
}

/// Somebody puts alex back as he was, behind our back.
pub(crate) fn taken_back(okta: &mut Okta, before: &Okta) {
    okta.users.insert(ALEX.to_owned(), alex(before).clone());
    okta.api_tokens.clone_from(&before.api_tokens);
    okta.devices.clone_from(&before.devices);
    okta.zones.clone_from(&before.zones);
    okta.threat_action.clone_from(&before.threat_action);
    okta.support_until_ms = before.support_until_ms;
    okta.support_cases.clone_from(&before.support_cases);
}

/// Where the mock settles what our settings leave to it.
pub(crate) fn settings() -> Value {
    json!({ "quarantine_group": QUARANTINE_GROUP })
}
