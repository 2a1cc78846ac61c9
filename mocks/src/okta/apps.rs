//! Apps and their users: lists, assignments, and what a removed assignment means.

use serde_json::{Value, json};

use super::state::{App, AppUser};
use super::{Answer, Call, Okta};
use crate::time::iso;

impl Okta {
    /// An app as a log target.
    pub(crate) fn app_ref(&self, id: &str) -> Value {
        let (label, sign_on) = self
            .apps
            .get(id)
            .map_or(("unknown", "SAML_2_0"), |a| (&a.label, &a.sign_on));
        json!({
            "id": id, "type": "AppInstance", "alternateId": label, "displayName": label,
            "detailEntry": { "signOnModeType": sign_on },
        })
    }

    /// `GET /apps`, all or, by `filter=user.id eq "…"`, those of one user.
    pub(super) fn list_apps(&mut self, call: &Call<'_>) -> Answer {
        let user = match call.query("filter").map(user_in_filter) {
            None => None,
            Some(Some(id)) => Some(id),
            Some(None) => return Answer::error(400, "E0000031", "Invalid search criteria.", &[]),
        };
        let expanded = call
            .query("expand")
            .and_then(|e| e.strip_prefix("user/"))
            .map(str::to_owned);
        if expanded.is_some() && expanded != user {
            return Answer::refused(
                "expand",
                "expand=user/{userId} needs the same user in the filter",
            );
        }
        let of_user = user.as_ref().and_then(|id| self.users.get(id));
        let items = self
            .apps
            .values()
            .filter(|app| user.is_none() || of_user.is_some_and(|u| u.apps.contains_key(&app.id)))
            .map(|app| {
                let mut body = self.app_json(app);
                if let (Some(_), Some(owner)) = (&expanded, of_user) {
                    body["_embedded"] =
                        json!({ "user": app_user_json(&owner.id, &owner.apps[&app.id]) });
                }
                (app.id.clone(), body)
            });
        self.page(call, items, 20, 200)
    }

    pub(super) fn get_app(&mut self, call: &Call<'_>) -> Answer {
        match self.apps.get(call.param(0)) {
            Some(app) => Answer::json(200, self.app_json(app)),
            None => Answer::not_found(call.param(0), "AppInstance"),
        }
    }

    pub(super) fn app_links(&mut self, call: &Call<'_>) -> Answer {
        let Some(user) = self.find_user(call.param(0)) else {
            return Answer::not_found(call.param(0), "User");
        };
        let links = user.apps.iter().filter_map(|(id, assigned)| {
            let app = self.apps.get(id)?;
            Some(json!({
                "id": user.id, "label": app.label, "linkUrl": format!("{}/home/{}/{id}", self.base_url, app.name),
                "logoUrl": null, "appName": app.name, "appInstanceId": id, "appAssignmentId": assigned.id,
                "credentialsSetup": false, "hidden": false, "sortOrder": 0,
            }))
        });
        Answer::list(links.collect())
    }

    pub(super) fn app_users(&mut self, call: &Call<'_>) -> Answer {
        let app = call.param(0);
        if !self.apps.contains_key(app) {
            return Answer::not_found(app, "AppInstance");
        }
        let items = self
            .users
            .values()
            .filter_map(|u| Some((u.id.clone(), app_user_json(&u.id, u.apps.get(app)?))));
        self.page(call, items, 50, 500)
    }

    pub(super) fn get_app_user(&mut self, call: &Call<'_>) -> Answer {
        let (app, user) = (call.param(0), call.param(1));
        match self.users.get(user).and_then(|u| u.apps.get(app)) {
            Some(assigned) => Answer::json(200, app_user_json(user, assigned)),
            None => Answer::not_found(user, "AppUser"),
        }
    }

    pub(super) fn unassign_app(&mut self, call: &Call<'_>) -> Answer {
        let (app, user) = (call.param(0).to_owned(), call.param(1).to_owned());
        let Some(assigned) = self
            .users
            .get(&user)
            .and_then(|u| u.apps.get(&app))
            .cloned()
        else {
            return Answer::not_found(&user, "AppUser");
        };
        // A group assignment comes back at once: the group still has the app.
        let direct = assigned.scope == "USER";
        if direct {
            self.user_mut(&user).apps.remove(&app);
            let (origin, target) = (
                self.origin(call),
                self.assignment_targets(&user, &app, &assigned),
            );
            self.event(
                &origin,
                "application.user_membership.remove",
                ("SUCCESS", None),
                target,
                &[],
            );
        }
        Answer::empty(204).changed(direct)
    }

    /// Assigns an app directly (rollback of an unassignment).
    pub(super) fn assign_app(&mut self, call: &Call<'_>) -> Answer {
        let (app, body) = (call.param(0).to_owned(), call.json());
        let user = body["id"].as_str().unwrap_or_default().to_owned();
        if !self.apps.contains_key(&app) {
            return Answer::not_found(&app, "AppInstance");
        }
        if let Err(refusal) = self.strict(&user) {
            return refusal;
        }
        let assigned = AppUser {
            id: self.rng.id("0ua"),
            scope: "USER".to_owned(),
            status: "ACTIVE".to_owned(),
            created_ms: call.now_ms,
            last_updated_ms: call.now_ms,
            user_name: body["credentials"]["userName"]
                .as_str()
                .unwrap_or(&self.users[&user].login)
                .to_owned(),
            external_id: None,
        };
        let answer = Answer::json(200, app_user_json(&user, &assigned)).changed(true);
        let target = self.assignment_targets(&user, &app, &assigned);
        self.user_mut(&user).apps.insert(app, assigned);
        let origin = self.origin(call);
        self.event(
            &origin,
            "application.user_membership.add",
            ("SUCCESS", None),
            target,
            &[],
        );
        answer
    }

    /// The three log targets of an app assignment.
    pub(crate) fn assignment_targets(
        &self,
        user: &str,
        app: &str,
        assigned: &AppUser,
    ) -> Vec<Value> {
        let mut first = self.user_ref(user);
        first["id"] = json!(assigned.id);
        first["type"] = json!("AppUser");
        vec![first, self.app_ref(app), self.user_ref(user)]
    }

    fn app_json(&self, app: &App) -> Value {
        json!({
            "id": app.id, "name": app.name, "label": app.label, "status": "ACTIVE", "signOnMode": app.sign_on,
            "features": [], "created": iso(app.created_ms), "lastUpdated": iso(app.created_ms),
            "universalLogout": {
                "status": if app.universal_logout { "ENABLED" } else { "UNSUPPORTED" },
                // Of Microsoft 365 it ends refresh tokens only.
                "supportType": if app.name == "office365" { "PARTIAL" } else { "FULL" },
                "protocol": "GLOBAL_TOKEN_REVOCATION", "identityStack": "NOT_SHARED",
            },
            "_links": { "self": { "href": format!("{}/api/v1/apps/{}", self.base_url, app.id) } },
        })
    }
}

/// The user in `user.id eq "…"`, the one filter on apps that the mock knows.
fn user_in_filter(text: &str) -> Option<String> {
    let rest = text
        .trim()
        .strip_prefix("user.id")?
        .trim_start()
        .strip_prefix("eq")?
        .trim();
    rest.strip_prefix('"')?.strip_suffix('"').map(str::to_owned)
}

fn app_user_json(user: &str, assigned: &AppUser) -> Value {
    json!({
        "id": user, "scope": assigned.scope, "status": assigned.status,
        "externalId": assigned.external_id,
        "created": iso(assigned.created_ms), "lastUpdated": iso(assigned.last_updated_ms),
        "statusChanged": iso(assigned.created_ms), "lastSync": null, "syncState": "DISABLED",
        "passwordChanged": null,
        "credentials": { "userName": assigned.user_name },
        "profile": { "email": assigned.user_name },
    })
}
