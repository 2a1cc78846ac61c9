//! What an intruder gives himself so as to come back, each with the event that it leaves: a
//! group, an admin role, an app, a device, a linked identity provider, access for Okta support.
//!
//! Made behind the API, as somebody in the console would; `by` is who does it, which may be
//! somebody else altogether.

use serde_json::{Value, json};

use super::inside::INTRUDER_IPS;
use super::state::{AppUser, Device, Factor, Role, Session};
use super::{Okta, Origin};
use crate::time::DAY;

/// An address of the office.
const OWN_IP: &str = "198.51.100.20";

impl Okta {
    /// The person signs in himself, from where he always does.
    pub fn sign_in_by_hand(&mut self, user_id: &str, now_ms: i64) {
        let session = Session {
            id: format!("idx{}", self.rng.text(22)),
            created_ms: now_ms,
            expires_ms: now_ms + DAY / 2,
            ip: OWN_IP.to_owned(),
            intruder: false,
        };
        let origin = self.himself(user_id, &session.id, now_ms);
        let target = vec![self.user_ref(user_id)];
        let user = self.user_mut(user_id);
        user.last_login_ms = Some(now_ms);
        user.sessions.insert(session.id.clone(), session);
        let done = ("SUCCESS", None);
        self.event(&origin, "user.session.start", done, target, &[]);
    }

    /// He has a telephone number as a factor, and no event tells since when. Returns its id.
    pub fn give_sms_by_hand(&mut self, user_id: &str, now_ms: i64) -> String {
        let factor = Factor {
            id: self.rng.id("sms"),
            kind: "sms".to_owned(),
            provider: "OKTA".to_owned(),
            status: "ACTIVE".to_owned(),
            created_ms: now_ms,
            last_updated_ms: now_ms,
            phone: Some("+15555550177".to_owned()),
            ..Factor::default()
        };
        let id = factor.id.clone();
        self.user_mut(user_id).factors.insert(id.clone(), factor);
        id
    }

    fn himself(&mut self, user_id: &str, session: &str, now_ms: i64) -> Origin {
        Origin {
            now_ms,
            actor: self.user_ref(user_id),
            ip: OWN_IP.to_owned(),
            proxy: false,
            user_agent: "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/139.0".to_owned(),
            session: Some(session.to_owned()),
            client_id: None,
            api_token: None,
            request_id: self.rng.id("req"),
            uri: "/idp/idx/identify".to_owned(),
            job: false,
        }
    }

    /// Puts the account into a group.
    pub fn join_group_by_hand(&mut self, user_id: &str, group: &str, by: &str, now_ms: i64) {
        self.user_mut(user_id).groups.insert(group.to_owned());
        let name = self.groups.get(group).map_or("unknown", |g| &g.name);
        let target = vec![self.user_ref(user_id), named(group, "UserGroup", name)];
        self.given("group.user_membership.add", by, target, &[], now_ms);
    }

    /// Gives the account an admin role. Returns the id of the assignment.
    pub fn give_role_by_hand(
        &mut self,
        user_id: &str,
        kind: &str,
        by: &str,
        now_ms: i64,
    ) -> String {
        let role = Role {
            id: self.rng.id("ra1"),
            kind: kind.to_owned(),
            assignment: "USER".to_owned(),
            created_ms: now_ms,
        };
        let id = role.id.clone();
        self.user_mut(user_id).roles.insert(id.clone(), role);
        let debug = [("privilegeGranted", self.privileges(user_id))];
        let target = vec![self.user_ref(user_id)];
        self.given("user.account.privilege.grant", by, target, &debug, now_ms);
        id
    }

    /// Assigns an app to the account itself.
    pub fn assign_app_by_hand(&mut self, user_id: &str, app: &str, by: &str, now_ms: i64) {
        let assigned = AppUser {
            id: self.rng.id("0ua"),
            scope: "USER".to_owned(),
            status: "ACTIVE".to_owned(),
            created_ms: now_ms,
            last_updated_ms: now_ms,
            user_name: self.users[user_id].login.clone(),
            external_id: None,
        };
        let target = self.assignment_targets(user_id, app, &assigned);
        self.user_mut(user_id).apps.insert(app.to_owned(), assigned);
        self.given("application.user_membership.add", by, target, &[], now_ms);
    }

    /// Registers a device with the account. Returns its id.
    pub fn add_device_by_hand(&mut self, user_id: &str, name: &str, now_ms: i64) -> String {
        let device = Device {
            id: self.rng.id("guo"),
            name: name.to_owned(),
            platform: "ANDROID".to_owned(),
            status: "ACTIVE".to_owned(),
            created_ms: now_ms,
            users: [user_id.to_owned()].into(),
        };
        let id = device.id.clone();
        let target = vec![self.user_ref(user_id), named(&id, "Device", name)];
        self.devices.insert(id.clone(), device);
        self.given("device.user.add", user_id, target, &[], now_ms);
        id
    }

    /// Links the account to an identity provider of the org. Okta's catalogue has no event for it.
    pub fn link_idp_by_hand(&mut self, user_id: &str, idp: &str, now_ms: i64) {
        self.user_mut(user_id).idps.insert(idp.to_owned(), now_ms);
    }

    /// Lets Okta support sign in for a day.
    pub fn grant_support_by_hand(&mut self, by: &str, now_ms: i64) {
        self.support_until_ms = Some(now_ms + DAY);
        for case in self.support_cases.values_mut() {
            case.until_ms = Some(now_ms + DAY);
        }
        let event = "user.session.impersonation.grant";
        self.given(event, by, Vec::new(), &[], now_ms);
    }

    fn given(
        &mut self,
        event: &str,
        by: &str,
        target: Vec<Value>,
        debug: &[(&str, String)],
        now_ms: i64,
    ) {
        let session = self.intruder_session(by, now_ms);
        let ip = session.as_ref().map_or("192.0.2.10", |(_, ip)| ip.as_str());
        let ip = INTRUDER_IPS
            .iter()
            .find(|each| **each == ip)
            .copied()
            .unwrap_or("192.0.2.10");
        let id = session.as_ref().map(|(id, _)| id.as_str());
        let origin: Origin = self.intruder(by, ip, id, "/admin/internal", now_ms);
        self.event(&origin, event, ("SUCCESS", None), target, debug);
    }
}

fn named(id: &str, kind: &str, name: &str) -> Value {
    json!({ "id": id, "type": kind, "alternateId": "unknown", "displayName": name, "detailEntry": null })
}
