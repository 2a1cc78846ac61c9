//! Who is a member of what: the caller himself, look-ups, lists, workspaces.

use serde_json::{Value, json};

use super::methods::Call;
use super::state::Member;
use super::{Caller, Slack, failure, success};
use crate::vendor::Answer;

impl Slack {
    /// `auth.test`.
    pub(super) fn auth_test(&mut self, call: &Call<'_>) -> Answer {
        let Some(owner) = self.owner_of(call.caller) else {
            return failure("invalid_auth");
        };
        let team = if self.settings.enterprise {
            &self.enterprise_id
        } else {
            self.workspaces.keys().next().unwrap_or(&self.enterprise_id)
        };
        let mut body = json!({
            "url": "https://contoso.enterprise.slack.com/", "team": "Contoso", "user": owner.user_name,
            "team_id": team, "user_id": owner.id, "is_enterprise_install": self.settings.enterprise,
        });
        if self.settings.enterprise {
            body["enterprise_id"] = json!(self.enterprise_id);
        }
        success(body)
    }

    /// `auth.revoke`: ends the token it is called with; `test` only asks.
    pub(super) fn auth_revoke(&mut self, call: &Call<'_>) -> Answer {
        if call.args.flag("test") {
            return success(json!({ "revoked": false }));
        }
        match call.caller {
            Caller::Admin(id) => {
                if let Some(token) = self.admin_tokens.get_mut(id) {
                    token.revoked = true;
                }
            }
            Caller::App(user, token) => {
                if let Some(member) = self.members.get_mut(user) {
                    member.app_tokens.remove(token);
                }
            }
        }
        success(json!({ "revoked": true })).changed(true)
    }

    /// `users.lookupByEmail`; deactivated members are not found.
    pub(super) fn lookup_by_email(&mut self, call: &Call<'_>) -> Answer {
        if self.settings.lookup_restricted {
            return failure("enterprise_is_restricted");
        }
        let Some(email) = call.args.text("email") else {
            return failure("invalid_arguments");
        };
        let found = self
            .members
            .values()
            .find(|m| m.active && m.email.eq_ignore_ascii_case(email));
        match found {
            Some(member) => success(json!({ "user": self.user_json(member) })),
            None => failure("users_not_found"),
        }
    }

    /// `users.info`.
    pub(super) fn users_info(&mut self, call: &Call<'_>) -> Answer {
        match call.args.text("user").and_then(|id| self.members.get(id)) {
            Some(member) => success(json!({ "user": self.user_json(member) })),
            None => failure("user_not_found"),
        }
    }

    /// `auth.teams.list` and `admin.teams.list`, on one page.
    pub(super) fn teams_list(&mut self, _call: &Call<'_>) -> Answer {
        let teams: Vec<Value> = self
            .workspaces
            .values()
            .map(|w| json!({ "id": w.id, "name": w.name }))
            .collect();
        success(json!({ "teams": teams, "response_metadata": { "next_cursor": "" } }))
    }

    /// `admin.users.list`: the organisation, or one workspace; active members unless asked otherwise.
    pub(super) fn admin_users_list(&mut self, call: &Call<'_>) -> Answer {
        let team = call.args.text("team_id");
        if team.is_some_and(|t| !self.workspaces.contains_key(t)) {
            return failure("team_not_found");
        }
        let limit = match call.args.number("limit") {
            Ok(None) => 100,
            Ok(Some(n @ 1..=100)) => usize::try_from(n).unwrap_or(100),
            _ => return failure("invalid_arguments"),
        };
        let after = call.args.text("cursor").unwrap_or_default();
        if !after.is_empty() && !self.members.contains_key(after) {
            return failure("invalid_cursor");
        }
        let active = call.args.choice("is_active").unwrap_or(true);
        let mut rest = self
            .members
            .values()
            .filter(|m| m.active == active && m.id.as_str() > after)
            .filter(|m| team.is_none_or(|t| m.workspaces.contains(t)));
        let page: Vec<&Member> = rest.by_ref().take(limit).collect();
        let next = rest.next().and(page.last()).map(|m| m.id.clone());
        success(json!({
            "users": page.into_iter().map(admin_json).collect::<Vec<_>>(),
            "response_metadata": { "next_cursor": next.unwrap_or_default() },
        }))
    }

    /// `admin.users.remove`: out of one workspace, with the sessions there.
    pub(super) fn remove_from_workspace(&mut self, call: &Call<'_>) -> Answer {
        let (team, user) = (call.args.text("team_id"), call.args.text("user_id"));
        let (Some(team), Some(user)) = (team, user) else {
            return failure("invalid_arguments");
        };
        if !self.workspaces.contains_key(team) {
            return failure("team_not_found");
        }
        let Some(member) = self.members.get_mut(user) else {
            return failure("user_not_found");
        };
        if member.is_primary_owner {
            return failure("cannot_modify_primary_owner");
        }
        if !member.workspaces.remove(team) {
            return failure("user_already_deleted");
        }
        member.sessions.retain(|_, s| s.team_id != team);
        success(json!({})).changed(true)
    }

    /// `admin.users.assign`, the inverse; sessions do not come back.
    pub(super) fn assign_to_workspace(&mut self, call: &Call<'_>) -> Answer {
        let (team, user) = (call.args.text("team_id"), call.args.text("user_id"));
        let (Some(team), Some(user)) = (team, user) else {
            return failure("invalid_arguments");
        };
        if !self.workspaces.contains_key(team) {
            return failure("team_not_found");
        }
        let Some(member) = self.members.get_mut(user) else {
            return failure("user_not_found");
        };
        if member.is_bot {
            return failure("user_is_bot");
        }
        if !member.workspaces.insert(team.to_owned()) {
            return failure("user_already_team_member");
        }
        success(json!({})).changed(true)
    }

    fn user_json(&self, member: &Member) -> Value {
        let name = format!("{} {}", member.given_name, member.family_name);
        json!({
            "id": member.id, "team_id": member.workspaces.first(), "name": member.user_name,
            "deleted": !member.active, "real_name": name,
            "is_admin": member.is_admin, "is_owner": member.is_owner,
            "is_primary_owner": member.is_primary_owner, "is_restricted": member.is_restricted,
            "is_ultra_restricted": false, "is_bot": member.is_bot, "is_app_user": false,
            "updated": member.deactivated_ms.unwrap_or(member.created_ms) / 1000,
            "profile": { "email": member.email, "display_name": member.user_name, "real_name": name },
            "enterprise_user": {
                "id": member.id, "enterprise_id": self.enterprise_id, "enterprise_name": "Contoso",
                "is_admin": member.is_admin, "is_owner": member.is_owner, "teams": member.workspaces,
            },
        })
    }
}

fn admin_json(member: &Member) -> Value {
    json!({
        "id": member.id, "email": member.email, "username": member.user_name,
        "full_name": format!("{} {}", member.given_name, member.family_name),
        "is_admin": member.is_admin, "is_owner": member.is_owner,
        "is_primary_owner": member.is_primary_owner, "is_restricted": member.is_restricted,
        "is_ultra_restricted": false, "is_bot": member.is_bot, "is_active": member.active,
        "date_created": member.created_ms / 1000,
        "deactivated_ts": member.deactivated_ms.unwrap_or(0) / 1000,
        "expiration_ts": 0, "workspaces": member.workspaces, "has_2fa": false, "has_sso": true,
    })
}
