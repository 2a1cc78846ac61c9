//! Groups and admin roles of a user.

use serde_json::{Value, json};

use super::state::{Group, Role};
use super::{Answer, Call, Okta};
use crate::time::iso;

impl Okta {
    pub(super) fn user_groups(&mut self, call: &Call<'_>) -> Answer {
        let Some(user) = self.find_user(call.param(0)) else {
            return Answer::not_found(call.param(0), "User");
        };
        let groups = user.groups.iter().filter_map(|id| self.groups.get(id));
        Answer::list(groups.map(group_json).collect())
    }

    pub(super) fn get_group(&mut self, call: &Call<'_>) -> Answer {
        match self.groups.get(call.param(0)) {
            Some(group) => Answer::json(200, group_json(group)),
            None => Answer::not_found(call.param(0), "UserGroup"),
        }
    }

    /// The admin roles of a service app, such as our own.
    pub(super) fn client_roles(&mut self, call: &Call<'_>) -> Answer {
        let Some(app) = self.service_apps.get(call.param(0)) else {
            return Answer::not_found(call.param(0), "PublicClientApp");
        };
        let role = Role {
            id: format!("ra1{}", app.id),
            kind: app.role.clone(),
            assignment: "CLIENT".to_owned(),
            created_ms: 0,
        };
        if app.role.is_empty() {
            return Answer::list(Vec::new());
        }
        let mut shown = role_json(&role);
        if app.role == "CUSTOM" {
            shown["role"] = json!(format!("cr0{}", app.id));
            shown["resource-set"] = json!("iamEverything");
        }
        Answer::list(vec![shown])
    }

    /// What a custom role may do; here each is one service app's own.
    pub(super) fn role_permissions(&mut self, call: &Call<'_>) -> Answer {
        let role = call.param(0);
        let mut apps = self.service_apps.values();
        let Some(app) = apps.find(|app| format!("cr0{}", app.id) == role) else {
            return Answer::not_found(role, "Role");
        };
        let labels = app
            .permissions
            .iter()
            .map(|label| json!({ "label": label }));
        let labels: Vec<Value> = labels.collect();
        Answer::json(200, json!({ "permissions": labels }))
    }

    pub(super) fn group_users(&mut self, call: &Call<'_>) -> Answer {
        let group = call.param(0);
        if !self.groups.contains_key(group) {
            return Answer::not_found(group, "UserGroup");
        }
        let items = self
            .users
            .values()
            .filter(|u| call.is_after(&u.id) && u.groups.contains(group))
            .map(|u| (u.id.clone(), self.user_json(u)));
        self.page(call, items, 1000, 1000)
    }

    pub(super) fn add_to_group(&mut self, call: &Call<'_>) -> Answer {
        self.membership(call, true)
    }

    pub(super) fn remove_from_group(&mut self, call: &Call<'_>) -> Answer {
        self.membership(call, false)
    }

    /// Adds or removes; only in Okta's own groups. Repeating it is answered 204 as well.
    fn membership(&mut self, call: &Call<'_>, add: bool) -> Answer {
        let (group, user) = (call.param(0).to_owned(), call.param(1).to_owned());
        match self.groups.get(&group).map(|g| g.kind.as_str()) {
            None => return Answer::not_found(&group, "UserGroup"),
            Some("OKTA_GROUP") => {}
            Some(_) => {
                let text = "You do not have permission to perform the requested action";
                return Answer::error(
                    403,
                    "E0000006",
                    text,
                    &["only OKTA_GROUP members can be changed"],
                );
            }
        }
        if let Err(refusal) = self.strict(&user) {
            return refusal;
        }
        let by_rule = self.groups[&group].by_rule;
        let groups = &mut self.user_mut(&user).groups;
        let changed = if add {
            groups.insert(group.clone())
        } else {
            groups.remove(&group)
        };
        if by_rule && !add {
            self.user_mut(&user).groups.insert(group.clone()); // the rule puts him back
        }
        if changed {
            let event = if add {
                "group.user_membership.add"
            } else {
                "group.user_membership.remove"
            };
            let name = &self.groups[&group].name;
            let target = vec![
                self.user_ref(&user),
                json!({ "id": group, "type": "UserGroup", "alternateId": "unknown", "displayName": name, "detailEntry": null }),
            ];
            let origin = self.origin(call);
            self.event(&origin, event, ("SUCCESS", None), target, &[]);
        }
        Answer::empty(204).changed(changed && (add || !by_rule))
    }

    pub(super) fn user_roles(&mut self, call: &Call<'_>) -> Answer {
        match self.strict(call.param(0)) {
            Ok(id) => Answer::list(self.users[&id].roles.values().map(role_json).collect()),
            Err(refusal) => refusal,
        }
    }

    pub(super) fn get_role(&mut self, call: &Call<'_>) -> Answer {
        match self
            .users
            .get(call.param(0))
            .and_then(|u| u.roles.get(call.param(1)))
        {
            Some(role) => Answer::json(200, role_json(role)),
            None => Answer::not_found(call.param(1), "Role"),
        }
    }

    pub(super) fn assign_role(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.strict(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let Some(kind) = call.json()["type"].as_str().map(str::to_owned) else {
            return Answer::refused("type", "The field cannot be left blank");
        };
        if self.users[&id].roles.values().any(|r| r.kind == kind) {
            return Answer::error(
                409,
                "E0000090",
                "The role specified is already assigned to the user.",
                &[],
            );
        }
        let role = Role {
            id: self.rng.id("ra1"),
            kind: kind.clone(),
            assignment: "USER".to_owned(),
            created_ms: call.now_ms,
        };
        let body = role_json(&role);
        self.user_mut(&id).roles.insert(role.id.clone(), role);
        let (origin, target) = (self.origin(call), self.user_ref(&id));
        let debug = [("privilegeGranted", self.privileges(&id))];
        self.event(
            &origin,
            "user.account.privilege.grant",
            ("SUCCESS", None),
            vec![target],
            &debug,
        );
        Answer::json(201, body).changed(true)
    }

    pub(super) fn remove_role(&mut self, call: &Call<'_>) -> Answer {
        let id = match self.strict(call.param(0)) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        match self.users[&id].roles.get(call.param(1)) {
            None => return Answer::not_found(call.param(1), "Role"),
            Some(role) if role.assignment == "GROUP" => {
                let cause = "The role is assigned by a group";
                return Answer::refused("removeRole", cause);
            }
            Some(_) => {}
        }
        self.user_mut(&id).roles.remove(call.param(1));
        if self.users[&id].roles.is_empty() {
            let (origin, target) = (self.origin(call), self.user_ref(&id));
            self.event(
                &origin,
                "user.account.privilege.revoke",
                ("SUCCESS", None),
                vec![target],
                &[],
            );
        }
        Answer::empty(204).changed(true)
    }

    pub(super) fn privileges(&self, id: &str) -> String {
        let labels: Vec<String> = self.users[id]
            .roles
            .values()
            .map(|r| label(&r.kind))
            .collect();
        labels.join(", ")
    }

    /// `GET /api/v1/iam/assignees/users`: everybody with an admin role.
    pub(super) fn assignees(&mut self, call: &Call<'_>) -> Answer {
        let limit: usize = call
            .query("limit")
            .and_then(|l| l.parse().ok())
            .unwrap_or(100);
        let admins: Vec<&String> = self
            .users
            .values()
            .filter(|u| !u.roles.is_empty())
            .map(|u| &u.id)
            .skip_while(|id| {
                call.query("after")
                    .is_some_and(|after| id.as_str() <= after)
            })
            .collect();
        let shown: Vec<Value> = admins
            .iter()
            .take(limit.clamp(1, 200))
            .map(|id| json!({ "id": id, "orn": format!("orn:okta:directory:{}:users:{id}", self.org_id) }))
            .collect();
        let mut links = json!({});
        if shown.len() < admins.len()
            && let Some(last) = shown.last().and_then(|l| l["id"].as_str())
        {
            let url = format!(
                "{}/api/v1/iam/assignees/users?after={last}&limit={limit}",
                self.base_url
            );
            links = json!({ "next": { "href": url } });
        }
        Answer::json(200, json!({ "value": shown, "_links": links }))
    }
}

fn group_json(group: &Group) -> Value {
    json!({
        "id": group.id,
        "type": group.kind,
        "created": iso(group.created_ms),
        "lastUpdated": iso(group.created_ms),
        "lastMembershipUpdated": iso(group.created_ms),
        "objectClass": ["okta:user_group"],
        "profile": { "name": group.name, "description": null },
    })
}

fn role_json(role: &Role) -> Value {
    json!({
        "id": role.id,
        "label": label(&role.kind),
        "type": role.kind,
        "status": "ACTIVE",
        "assignmentType": role.assignment,
        "created": iso(role.created_ms),
        "lastUpdated": iso(role.created_ms),
    })
}

fn label(kind: &str) -> String {
    let text = match kind {
        "SUPER_ADMIN" => "Super Administrator",
        "ORG_ADMIN" => "Organization Administrator",
        "APP_ADMIN" => "Application Administrator",
        "USER_ADMIN" => "Group Administrator",
        "HELP_DESK_ADMIN" => "Help Desk Administrator",
        "READ_ONLY_ADMIN" => "Read-Only Administrator",
        other => other,
    };
    text.to_owned()
}
