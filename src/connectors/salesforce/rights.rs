//! What the integration user may see, so that "none" is told from "not shown".
//!
//! Oddity: without the right, Salesforce does not refuse. It answers a list of what is one's own,
//! which for somebody else is empty: without `Customize Application` every OAuth token of the org
//! looks revoked. Wherever nothing is found the right is read, too. Source: OauthToken, AuthSession
//! [docs]; UserPermissionAccess [docs*]; that `Manage Users` is what shows others' sessions and
//! logins is [inferred].

use super::Salesforce;
use super::soql;
use super::voice::why;
use crate::connectors::kit::Glance;

/// To use the API at all.
pub(super) const API_ENABLED: &str = "API Enabled";
/// For others' logins and sessions.
pub(super) const MANAGE_USERS: &str = "Manage Users";
/// For others' OAuth tokens.
pub(super) const CUSTOMIZE_APPLICATION: &str = "Customize Application";

const QUERY: &str = "SELECT PermissionsApiEnabled, PermissionsManageUsers, \
                     PermissionsCustomizeApplication FROM UserPermissionAccess";

/// How far an empty answer can be believed.
pub(super) enum Sight {
    /// We would see it.
    Clear,
    /// We would not: why, and what to grant.
    Blind(String),
    /// It cannot be told: why.
    Unknown(String),
}

/// Whether we would see what takes `right`.
pub(super) async fn sight(salesforce: &Salesforce, glance: &Glance, right: &str) -> Sight {
    match holds(salesforce, glance, right).await {
        Ok(true) => Sight::Clear,
        Ok(false) => Sight::Blind(format!(
            "nothing is shown to us: the integration user lacks the permission \"{right}\""
        )),
        Err(why) => Sight::Unknown(format!(
            "nothing is shown to us, and whether the integration user has the permission \
             \"{right}\" could not be read: {why}"
        )),
    }
}

/// A right as Salesforce's own objects call it.
pub(super) fn field(right: &str) -> &'static str {
    match right {
        API_ENABLED => "PermissionsApiEnabled",
        CUSTOMIZE_APPLICATION => "PermissionsCustomizeApplication",
        _ => "PermissionsManageUsers",
    }
}

/// Whether the integration user has a right.
///
/// # Errors
/// A sentence, if it could not be read.
pub(super) async fn holds(
    salesforce: &Salesforce,
    glance: &Glance,
    right: &str,
) -> Result<bool, String> {
    let rows = soql::rows(glance, &salesforce.data, QUERY).await;
    let rows = rows.map_err(|unread| why(&unread))?;
    let field = field(right);
    let told = rows.first().and_then(|row| row[field].as_bool());
    told.ok_or_else(|| format!("Salesforce does not tell {field}"))
}
