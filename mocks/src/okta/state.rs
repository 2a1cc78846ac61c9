//! What exists in the mock org: plain values, all of them ordered and serialisable.
//!
//! Everything here that is not marked `serde(skip)` belongs to the digest. Whether the
//! intruder made or holds a thing (`intruder`) is the mock's own knowledge: no API shows it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// A person or a service account.
#[derive(Debug, Clone, Default, Serialize)]
pub struct User {
    /// `00u…`.
    pub id: String,
    /// Usually the mail address.
    pub login: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// `ACTIVE`, `SUSPENDED`, … as Okta spells it.
    pub status: String,
    /// Where the profile comes from: `OKTA`, `ACTIVE_DIRECTORY`, `IMPORT`, ….
    pub provider: String,
    /// A second mail address, for recovery.
    pub second_email: Option<String>,
    /// A phone, for recovery.
    pub mobile_phone: Option<String>,
    /// Milliseconds since 1970, like all times here.
    pub created_ms: i64,
    /// When the status last changed.
    pub status_changed_ms: i64,
    /// When anything last changed.
    pub last_updated_ms: i64,
    /// When he last signed in.
    pub last_login_ms: Option<i64>,
    /// When the password last changed.
    pub password_changed_ms: Option<i64>,
    /// Whether the intruder knows the password.
    pub password_stolen: bool,
    /// Remembered second factors; `forgetDevices` sets it to 0.
    pub remembered_devices: u32,
    /// Factors by id, as `/factors` shows them.
    pub factors: BTreeMap<String, Factor>,
    /// Authenticator enrolments that are no factor: password, temporary access code, ….
    pub enrollments: BTreeMap<String, Enrollment>,
    /// Live Okta sessions by id.
    pub sessions: BTreeMap<String, Session>,
    /// Refresh tokens by id, and access tokens issued without one.
    pub tokens: BTreeMap<String, OauthToken>,
    /// Consents by id.
    pub grants: BTreeMap<String, Grant>,
    /// Group ids.
    pub groups: BTreeSet<String>,
    /// Admin role assignments by assignment id.
    pub roles: BTreeMap<String, Role>,
    /// App assignments by app id.
    pub apps: BTreeMap<String, AppUser>,
    /// Linked identity providers by id, and since when.
    pub idps: BTreeMap<String, i64>,
    /// `HIGH`, `MEDIUM`, `LOW` or `NONE`.
    pub risk: String,
    /// Pre-registered security keys by id: name, when.
    pub preregistered_keys: BTreeMap<String, (String, i64)>,
}

/// An enrolled factor.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Factor {
    /// The factor id.
    pub id: String,
    /// `push`, `signed_nonce`, `token:software:totp`, `webauthn`, `sms`, ….
    pub kind: String,
    /// `OKTA`, `GOOGLE`, `FIDO`, ….
    pub provider: String,
    /// `ACTIVE`, `PENDING_ACTIVATION`, ….
    pub status: String,
    /// When it was enrolled.
    pub created_ms: i64,
    /// When it last changed.
    pub last_updated_ms: i64,
    /// What the person calls it; the device of Okta Verify.
    pub name: String,
    /// A phone number, for `sms` and `call`.
    pub phone: Option<String>,
    /// Whether the intruder holds it.
    pub intruder: bool,
}

impl Factor {
    /// Whether it is one of the three faces of Okta Verify, which are deleted together.
    #[must_use]
    pub fn is_okta_verify(&self) -> bool {
        self.provider == "OKTA"
            && matches!(
                self.kind.as_str(),
                "push" | "signed_nonce" | "token:software:totp"
            )
    }
}

/// An authenticator enrolment that is no factor.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Enrollment {
    /// The enrolment id.
    pub id: String,
    /// `password`, `tac`, `email`, ….
    pub kind: String,
    /// `okta_password`, `tac`, ….
    pub key: String,
    /// As the console shows it.
    pub name: String,
    /// When it was made.
    pub created_ms: i64,
    /// When it last changed.
    pub last_updated_ms: i64,
    /// Whether the intruder made it.
    pub intruder: bool,
}

/// A live Okta session.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Session {
    /// Its id; also `externalSessionId` in the System Log of this mock.
    pub id: String,
    /// When it began.
    pub created_ms: i64,
    /// When it ends by itself.
    pub expires_ms: i64,
    /// From where.
    pub ip: String,
    /// Whether the intruder holds it.
    pub intruder: bool,
}

/// A token of an OAuth client for a user.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OauthToken {
    /// `oar…` for refresh tokens.
    pub id: String,
    /// The client it was issued to.
    pub client_id: String,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// When it was issued.
    pub created_ms: i64,
    /// When it ends by itself.
    pub expires_ms: i64,
    /// False: an access token issued without a refresh token, which no list shows.
    pub refresh: bool,
    /// Whether the intruder holds it.
    pub intruder: bool,
}

/// A consent of a user to a client.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Grant {
    /// `oag…`.
    pub id: String,
    /// The client.
    pub client_id: String,
    /// The scope consented to.
    pub scope: String,
    /// `ADMIN` or `END_USER`.
    pub source: String,
    /// When.
    pub created_ms: i64,
    /// Whether the intruder made it.
    pub intruder: bool,
}

/// An assignment of an admin role.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Role {
    /// The assignment id.
    pub id: String,
    /// `SUPER_ADMIN`, ….
    pub kind: String,
    /// `USER` or `GROUP`.
    pub assignment: String,
    /// When.
    pub created_ms: i64,
}

/// An assignment of an app to a user.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AppUser {
    /// `0ua…`, as the System Log names it.
    pub id: String,
    /// `USER` (direct) or `GROUP`.
    pub scope: String,
    /// `ACTIVE`, `PROVISIONED`, ….
    pub status: String,
    /// When.
    pub created_ms: i64,
    /// When it last changed, the name at the app or its id included.
    pub last_updated_ms: i64,
    /// The name at the app.
    pub user_name: String,
    /// The id at the app.
    pub external_id: Option<String>,
}

/// An SSWS token.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ApiToken {
    /// `00T…`.
    pub id: String,
    /// What its maker called it.
    pub name: String,
    /// Its owner.
    pub user_id: String,
    /// `Okta API`, or the name of an agent.
    pub client_name: String,
    /// When it was made.
    pub created_ms: i64,
    /// `ANYWHERE` or `ZONE`.
    pub connection: String,
    /// The agent that lives from it.
    pub agent: Option<String>,
    /// The secret itself; never shown by the API.
    #[serde(skip)]
    pub secret: String,
    /// Whether the intruder holds it.
    pub intruder: bool,
}

/// A directory agent, alive as long as its token works.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Agent {
    /// The token it uses.
    pub token_id: String,
    /// Whether the directory is connected.
    pub running: bool,
}

/// An application of the org.
#[derive(Debug, Clone, Default, Serialize)]
pub struct App {
    /// `0oa…`.
    pub id: String,
    /// The catalogue name, such as `office365`.
    pub name: String,
    /// What the org calls it.
    pub label: String,
    /// `SAML_2_0`, `OPENID_CONNECT`, ….
    pub sign_on: String,
    /// When it was added.
    pub created_ms: i64,
    /// Whether Universal Logout is enabled for it.
    pub universal_logout: bool,
}

/// A group of the org.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Group {
    /// `00g…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `OKTA_GROUP`, `APP_GROUP` or `BUILT_IN`.
    pub kind: String,
    /// When it was made.
    pub created_ms: i64,
    /// The sign-on policy denies its members.
    pub denies: bool,
    /// A rule puts members back who are removed.
    pub by_rule: bool,
}

/// An OAuth client a user may have consented to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OauthClient {
    /// Its client id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A device of one or more users.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Device {
    /// `guo…`.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// `ANDROID`, `IOS`, `MACOS`, ….
    pub platform: String,
    /// `ACTIVE`, `SUSPENDED`, `DEACTIVATED`.
    pub status: String,
    /// When it was registered.
    pub created_ms: i64,
    /// Whose it is.
    pub users: BTreeSet<String>,
}

/// An identity provider of the org.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Idp {
    /// `0oa…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `SAML2`, `OIDC`, ….
    pub kind: String,
    /// `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// When it was added.
    pub created_ms: i64,
    /// Whether profiles come from it.
    pub profile_master: bool,
}

/// A case of Okta support's.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SupportCase {
    /// Its number.
    pub number: String,
    /// What it is about.
    pub subject: String,
    /// Until when support may sign in for it, milliseconds; `None` is never.
    pub until_ms: Option<i64>,
}

/// A network zone.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Zone {
    /// `nzo…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `POLICY` or `BLOCKLIST`.
    pub usage: String,
    /// `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// Whether Okta made it.
    pub system: bool,
    /// Its gateways, as the API has them.
    pub gateways: serde_json::Value,
    /// When it was made.
    pub created_ms: i64,
    /// When it last changed.
    pub last_updated_ms: i64,
}

/// A service app that may act on the org: oust itself.
#[derive(Debug, Clone, Default)]
pub struct ServiceApp {
    /// Its client id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its public keys.
    pub keys: Vec<serde_json::Value>,
    /// The scopes granted to it.
    pub scopes: BTreeSet<String>,
    /// Its admin role; `SUPER_ADMIN`, `READ_ONLY_ADMIN`, ….
    pub role: String,
    /// What its role may do, if that is `CUSTOM`.
    pub permissions: BTreeSet<String>,
    /// Scopes that its tokens come without, although they are granted and asked for.
    pub withheld: BTreeSet<String>,
    /// Whether its token requests need a DPoP proof.
    pub dpop: bool,
}

/// An access token of a [`ServiceApp`].
#[derive(Debug, Clone)]
pub(crate) struct ServiceToken {
    pub(crate) client_id: String,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) expires_ms: i64,
    /// The thumbprint of the DPoP key it is bound to.
    pub(crate) jkt: Option<String>,
}
