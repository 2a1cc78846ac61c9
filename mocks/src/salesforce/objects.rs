//! The five objects that can be asked about: their fields, and the rows that somebody may see.
//!
//! Without "Manage Users" there is no `UserLogin`, and of `AuthSession` only one's own; without
//! "Customize Application" `OauthToken` has only one's own. Rows of `AuthSession` outlive their session.

use serde_json::{Map, Value, json};

use super::Salesforce;
use super::state::{Session, User};

/// One kind of record.
pub(super) struct Object {
    pub(super) name: &'static str,
    pub(super) fields: &'static [&'static str],
    /// What PATCH takes.
    pub(super) updateable: &'static [&'static str],
    pub(super) deletable: bool,
}

pub(super) const OBJECTS: &[Object] = &[
    Object {
        name: "User",
        fields: &[
            "Id",
            "Username",
            "Email",
            "FederationIdentifier",
            "FirstName",
            "LastName",
            "Name",
            "IsActive",
            "UserType",
            "ProfileId",
            "CreatedDate",
        ],
        updateable: &["IsActive"],
        deletable: false,
    },
    Object {
        name: "UserLogin",
        fields: &["Id", "UserId", "IsFrozen", "IsPasswordLocked"],
        updateable: &["IsFrozen", "IsPasswordLocked"],
        deletable: false,
    },
    Object {
        name: "AuthSession",
        fields: &[
            "Id",
            "UsersId",
            "CreatedDate",
            "LastModifiedDate",
            "NumSecondsValid",
            "SessionType",
            "LoginType",
            "SessionSecurityLevel",
            "SourceIp",
            "ParentId",
            "LoginHistoryId",
            "LoginGeoId",
            "LogoutUrl",
            "UserType",
            "IsCurrent",
        ],
        updateable: &[],
        deletable: true,
    },
    Object {
        name: "OauthToken",
        fields: &[
            "Id",
            "AccessToken",
            "DeleteToken",
            "AppName",
            "AppMenuItemId",
            "LastUsedDate",
            "RequestToken",
            "UseCount",
            "UserId",
        ],
        updateable: &[],
        deletable: false,
    },
    Object {
        name: "UserPermissionAccess",
        fields: &[
            "Id",
            "PermissionsApiEnabled",
            "PermissionsManageUsers",
            "PermissionsCustomizeApplication",
            "PermissionsViewSetup",
            "PermissionsModifyAllData",
        ],
        updateable: &[],
        deletable: false,
    },
];

impl Object {
    /// A field by its name in any case, as Salesforce spells it.
    pub(super) fn field(&self, name: &str) -> Option<&'static str> {
        let mut fields = self.fields.iter();
        fields.find(|f| f.eq_ignore_ascii_case(name)).copied()
    }
}

impl Salesforce {
    /// An object as far as this person may know of it.
    pub(super) fn object(&self, name: &str, user: &str) -> Option<&'static Object> {
        let object = OBJECTS.iter().find(|o| o.name.eq_ignore_ascii_case(name))?;
        let hidden = object.name == "UserLogin" && !self.may(user, "ManageUsers");
        (!hidden).then_some(object)
    }

    /// All rows that a person may see, in the order of their ids.
    pub(super) fn rows(&self, object: &Object, user: &str) -> Vec<Map<String, Value>> {
        let manages = self.may(user, "ManageUsers");
        let customizes = self.may(user, "CustomizeApplication");
        let everybody = || self.users.values();
        let seen = |all: bool| everybody().filter(move |u| all || u.id == user);
        let rows: Vec<Value> = match object.name {
            "User" => everybody().map(user_row).collect(),
            "UserLogin" => everybody().map(login_row).collect(),
            "AuthSession" => seen(manages)
                .flat_map(|u| u.sessions.values().map(move |s| session_row(u, s)))
                .collect(),
            "OauthToken" => seen(customizes).flat_map(token_rows).collect(),
            _ => self.users.get(user).map(access_row).into_iter().collect(),
        };
        rows.into_iter()
            .filter_map(|row| match row {
                Value::Object(row) => Some(row),
                _ => None,
            })
            .collect()
    }
}

/// A time as Salesforce writes it.
pub(crate) fn stamp(ms: i64) -> String {
    crate::time::iso(ms).replace('Z', "+0000")
}

fn user_row(user: &User) -> Value {
    json!({
        "Id": user.id, "Username": user.username, "Email": user.email,
        "FederationIdentifier": user.federation_identifier,
        "FirstName": user.first_name, "LastName": user.last_name,
        "Name": format!("{} {}", user.first_name, user.last_name),
        "IsActive": user.is_active, "UserType": user.user_type, "ProfileId": user.profile_id,
        "CreatedDate": stamp(user.created_ms),
    })
}

fn login_row(user: &User) -> Value {
    json!({
        "Id": user.login_id, "UserId": user.id,
        "IsFrozen": user.is_frozen, "IsPasswordLocked": user.is_password_locked,
    })
}

fn session_row(user: &User, session: &Session) -> Value {
    json!({
        "Id": session.id, "UsersId": user.id,
        "CreatedDate": stamp(session.created_ms), "LastModifiedDate": stamp(session.last_modified_ms),
        "NumSecondsValid": session.num_seconds_valid, "SessionType": session.session_type,
        "LoginType": session.login_type, "SessionSecurityLevel": "STANDARD",
        "SourceIp": session.source_ip, "ParentId": session.parent_id,
        "LoginHistoryId": format!("0Ya{}", &session.id[3..]), "LoginGeoId": null, "LogoutUrl": null,
        "UserType": user.user_type, "IsCurrent": false,
    })
}

fn token_rows(user: &User) -> Vec<Value> {
    let row = |token: &super::state::OauthToken| {
        json!({
            "Id": null, "AccessToken": token.access_token, "DeleteToken": token.delete_token,
            "AppName": token.app_name, "AppMenuItemId": token.app_menu_item_id,
            "LastUsedDate": token.last_used_ms.map(stamp), "RequestToken": null,
            "UseCount": token.use_count, "UserId": user.id,
        })
    };
    user.tokens.values().map(row).collect()
}

fn access_row(user: &User) -> Value {
    let has = |name: &str| user.permissions.contains(name);
    json!({
        "Id": null, "PermissionsApiEnabled": has("ApiEnabled"),
        "PermissionsManageUsers": has("ManageUsers"),
        "PermissionsCustomizeApplication": has("CustomizeApplication"),
        "PermissionsViewSetup": has("ViewSetup"), "PermissionsModifyAllData": has("ModifyAllData"),
    })
}
