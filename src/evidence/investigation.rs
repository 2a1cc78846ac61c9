//! What an investigation found, `oust.investigation/v1`: the one object that its screen, JSON,
//! Markdown and HTML show.
//!
//! Its field names are a contract with scripts, as those of a report are: a field may be added,
//! none renamed. Every row that the log tells names its event. `null` is "not told", never zero.
//!
//! Holds no behaviour: [`inquiry`](super::inquiry) tells whose event is whose, the engine reads.

use serde::{Deserialize, Serialize};

use crate::model::{Intruder, Plant, Severity, Tri, Utc, WindowHow};

/// The name of the format.
pub const SCHEMA: &str = "oust.investigation/v1";

/// What an investigation found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Investigation {
    /// `oust.investigation/v1`
    pub schema: String,
    /// `oust/<version>`
    pub tool: String,
    /// The directory's immutable id; `null` for saved events.
    pub org_id: Option<String>,
    /// Its host, for people.
    pub org: Option<String>,
    /// When it was made.
    pub made_at: Utc,
    /// What was read.
    pub read: LogSource,
    /// A subject each.
    pub subjects: Vec<SubjectFindings>,
    /// The directory's list of bad addresses, and what it let through.
    pub threat: ThreatInsight,
    /// What no detection could look at: rules that are broken.
    pub broken_rules: Vec<String>,
    /// What could not be read, a sentence each: "devices of alex: okta.users.read is missing".
    pub unread: Vec<String>,
    /// Commands to go on with, the most urgent first.
    pub next: Vec<String>,
}

/// Which events were read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSource {
    /// The file's name, `-` for stdin; `null` is the live log.
    pub file: Option<String>,
    /// From when on.
    pub since: Utc,
    /// Until when.
    pub until: Utc,
    /// The latest event read.
    pub read_until: Option<Utc>,
    /// Events read.
    pub events: usize,
    /// Copies among them that were left out.
    pub copies: usize,
    /// Lines that were no events.
    pub odd_lines: usize,
    /// What is missing: beyond retention, cut off, too many.
    pub missing: Vec<String>,
    /// Only this part of it is told: "session idx…"; `null` is all of it.
    #[serde(default)]
    pub only: Option<String>,
}

/// What was found about one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubjectFindings {
    /// His id; `null` if the events name none.
    pub okta_id: Option<String>,
    /// His login.
    pub login: String,
    /// His status now; `null` for saved events.
    pub status: Option<String>,
    /// His admin roles now, by the directory's words.
    pub roles: Option<Vec<String>>,
    /// Whether somebody else is in his account, since when, and by which sessions.
    pub intruder: Intruder,
    /// The window that containment would use.
    pub window: Option<FoundWindow>,
    /// What happened, the first first.
    pub timeline: Vec<Moment>,
    /// Detections that fired.
    pub detections: Vec<Fired>,
    /// Factors: enrolled, removed, changed, there now.
    pub factors: Vec<FactorRow>,
    /// Apps assigned or unassigned.
    pub assignments: Vec<GrantRow>,
    /// Groups joined or left.
    pub groups: Vec<GrantRow>,
    /// Admin roles given or taken.
    pub admin_roles: Vec<GrantRow>,
    /// API tokens made, used or revoked.
    pub api_tokens: Vec<TokenRow>,
    /// Consents given to apps.
    pub oauth_grants: Vec<OauthRow>,
    /// Devices.
    pub devices: Vec<DeviceRow>,
    /// Linked identity providers.
    pub idps: Vec<IdpRow>,
    /// Changes of his profile and of his password.
    pub profile: Vec<ProfileRow>,
    /// Apps that were reached in the window.
    pub impact: Vec<ReachedApp>,
    /// What the intruder made or changed outside the account, with whether it is still there.
    pub planted: Vec<PlantedRow>,
}

/// The window that containment would use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundWindow {
    /// When it began.
    pub start: Utc,
    /// When it ended; `null` is still open.
    pub end: Option<Utc>,
    /// How the start is known.
    pub how: WindowHow,
}

/// Whose a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The intruder's.
    Intruder,
    /// The subject's own.
    Own,
    /// Somebody else's: an administrator, the directory itself.
    Other,
    /// Ours.
    Oust,
    /// Nobody can tell.
    Unclear,
}

/// One row of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When; `null` if the event has no time that can be read.
    pub at: Option<Utc>,
    /// The last of the events in this row; `null` if there is one only.
    #[serde(default)]
    pub until: Option<Utc>,
    /// Whose doing it is.
    pub whose: Whose,
    /// In a sentence: "enrolled Okta Verify".
    pub what: String,
    /// What it means now, in a few words: "still there"; empty if nothing.
    pub now: String,
    /// The event's type.
    pub kind: String,
    /// The result by the directory's word; empty if untold.
    pub result: String,
    /// Who acted, by login or name.
    pub actor: String,
    /// From where; empty if untold.
    pub ip: String,
    /// `AS64505`; empty if untold.
    pub asn: String,
    /// Whether through a proxy.
    pub proxy: Tri,
    /// The session; empty if none.
    pub session: String,
    /// The API token it was made with; empty if none.
    pub token: String,
    /// Keys of the detections that it set off.
    pub detections: Vec<String>,
    /// The event's id; empty if it has none.
    pub event: String,
    /// How many events in a row this stands for, at least 1.
    pub events: usize,
}

/// A detection that fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fired {
    /// Its key.
    pub key: String,
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// How loud, by its own word: `low`, `medium`, `high`, `critical`.
    pub severity: String,
    /// ATT&CK techniques.
    pub attack: Vec<String>,
    /// What else it may be.
    pub false_positives: Vec<String>,
    /// What it leads to.
    pub leads_to: Vec<String>,
    /// How often it fired.
    pub times: usize,
    /// First.
    pub first: Option<Utc>,
    /// Last.
    pub last: Option<Utc>,
    /// Ids of events of the first time.
    pub events: Vec<String>,
}

/// What became of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Now {
    /// It is there.
    There,
    /// It is not there any more.
    Gone,
    /// It was not asked, or could not be read.
    Unread,
}

/// An event, and who made it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When.
    pub at: Option<Utc>,
    /// By whom, by login or name.
    pub by: String,
    /// The event's id.
    pub event: String,
}

/// A factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorRow {
    /// Its id; `null` where only the log tells of it, which names none.
    pub id: Option<String>,
    /// The kind, for people: "Okta Verify (push)".
    pub kind: String,
    /// What tells it from others: a device's name, a number. Empty if nothing.
    pub name: String,
    /// Whose.
    pub whose: Whose,
    /// When it was enrolled, by its own date or by the log.
    pub enrolled: Option<Told>,
    /// When it was changed.
    pub changed: Option<Told>,
    /// When it was removed.
    pub removed: Option<Told>,
    /// Whether it is there.
    pub now: Now,
    /// What `okta.delete_factors: { select: in_window }` would do with it.
    pub would: FactorFate,
}

/// What a deletion by the window does with a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorFate {
    /// It goes.
    Deleted,
    /// It stays: it is older.
    Kept,
    /// It stays, and a person should look at it: changed in the window.
    Suspect,
    /// It is not there any more.
    Nothing,
    /// Nobody can tell: no window, or unread.
    Unknown,
}

/// Something given to the account or taken from it: an app, a group, an admin role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRow {
    /// Its id; empty if untold.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// `user` if given directly, `group` if by a group; empty if untold.
    pub scope: String,
    /// When it was given.
    pub given: Option<Told>,
    /// When it was taken.
    pub taken: Option<Told>,
    /// Whose doing the giving was.
    pub whose: Whose,
    /// Whether it is there.
    pub now: Now,
}

/// An API token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// `00T…`
    pub id: String,
    /// What it is called.
    pub name: String,
    /// When it was made, and by whom.
    pub made: Option<Told>,
    /// From where it may be used, by the directory's word: `ANYWHERE`; empty if untold.
    pub network: String,
    /// How often it was used in what was read.
    pub used: usize,
    /// The last use.
    pub last_used: Option<Utc>,
    /// When it was revoked, and by whom.
    pub revoked: Option<Told>,
    /// Whose doing the making was, or the revoking where only that was seen.
    pub whose: Whose,
    /// Whether it is there.
    pub now: Now,
}

/// A consent that was given to an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OauthRow {
    /// The client's id.
    pub client: String,
    /// What it is called.
    pub name: String,
    /// What it may.
    pub scopes: Vec<String>,
    /// When it was given.
    pub given: Option<Told>,
    /// Whose doing.
    pub whose: Whose,
    /// Whether it is there.
    pub now: Now,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRow {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Its platform.
    pub platform: String,
    /// Its status now; empty if unread.
    pub status: String,
    /// When it was added.
    pub added: Option<Told>,
    /// Whose.
    pub whose: Whose,
    /// Whether it is there.
    pub now: Now,
}

/// A linked identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdpRow {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Its type by the directory's word.
    pub kind: String,
    /// When the provider was made, if in what was read.
    pub made: Option<Told>,
    /// Whose doing that was.
    pub whose: Whose,
}

/// A change of the profile or password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileRow {
    /// What was changed, in a sentence.
    pub what: String,
    /// When and by whom.
    pub told: Told,
    /// Whose doing.
    pub whose: Whose,
}

/// An app that was reached in the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachedApp {
    /// The app's id at the directory.
    pub app: String,
    /// What it is called.
    pub name: String,
    /// How often it was opened by the intruder.
    pub times: usize,
    /// First.
    pub first: Option<Utc>,
    /// Last.
    pub last: Option<Utc>,
    /// From which addresses.
    pub ips: Vec<String>,
    /// The systems of ours that cut it; empty if none does.
    pub systems: Vec<String>,
    /// Whom to call, where none does: "it-apps@contoso.example"; empty if nobody is named.
    pub owner: String,
    /// The directory's own app: nothing outlives the eviction there.
    pub own_app: bool,
}

/// Something planted, and whether it is still there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlantedRow {
    /// What.
    #[serde(flatten)]
    pub plant: Plant,
    /// Whether it is there.
    pub now: Now,
}

/// The directory's list of bad addresses, and what it let through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreatInsight {
    /// `none`, `audit` or `block`; `null` if unread.
    pub action: Option<String>,
    /// Names of zones that it does not look at.
    pub excluded_zones: Vec<String>,
    /// Sign-on decisions about the subjects that allowed a suspected address.
    pub allowed: Vec<Decision>,
    /// The policy gap to close, a sentence each.
    pub gaps: Vec<Gap>,
}

/// A sign-on decision that a suspected address took part in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When.
    pub at: Option<Utc>,
    /// Whose sign-on, by login.
    pub login: String,
    /// From where.
    pub ip: String,
    /// The rule that decided; empty if untold.
    pub rule: String,
    /// The result by the directory's word.
    pub result: String,
    /// The event's id.
    pub event: String,
}

/// Something to close.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// How loud.
    pub severity: Severity,
    /// What is open.
    pub text: String,
    /// What to do.
    pub hint: String,
}
