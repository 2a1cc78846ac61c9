//! Okta as the identity source: who a login is, what he holds, and who else can sign in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{join, join3};
use serde_json::Value;

use super::crowd::{self, FEW, in_order};
use super::glance::{Glance, Got, Unread, items, text};
use super::verb::{LABEL_MAX, moment};
use super::{
    Okta, active, answers, api_tokens, app_users, console, history, holdings, learn, locks, logs,
    oauth, org_tokens, select, signs, users,
};
use crate::connector::{
    AgentToken, Directory, LockAct, LogAsk, LogPage, Org, OrgToken, PickError, Picks, ResolveError,
    Selector, SignsOfLife, Unheard, UserCount, Wanted,
};
use crate::evidence::holdings::{Holdings, ThreatConfig};
use crate::evidence::investigation::Now;
use crate::model::{
    ActionId, AppAccount, Applied, Change, Fact, History, Logout, NewPassword, Plant, Role,
    Subject, Tri, UserId, Utc, Window,
};
use crate::transport::{Path, Read, Reader};

/// Pages of administrators at most.
const ADMIN_PAGES_MAX: usize = 20;

/// Above this many, the roles of each are not read unless a playbook asks for them.
const ROLES_EACH_MAX: usize = 50;

/// The parts of a before-state, and where they stand below `/api/v1/users/{id}`.
const PARTS: &[&str] = &[
    "user",
    "factors",
    "enrollments",
    "clients",
    "grants",
    "api_tokens",
    "groups",
    "roles",
    "apps",
    "idps",
    "devices",
];

#[async_trait]
impl Directory for Okta {
    async fn org(&self, r: &Reader) -> Result<Org, Unheard> {
        let path = Path::new("/.well-known/okta-organization");
        let answer = r.send(&Read::get(path)).await;
        let answer = answer.map_err(|error| Unheard::from(&error))?;
        if !answer.is_good() {
            return Err(answers::unheard(&answer));
        }
        match text(&answer.json, "id") {
            "" => Err(Unheard::Answer("Okta's answer names no org".into())),
            id => Ok(Org {
                id: id.to_owned(),
                host: self.host(),
            }),
        }
    }

    async fn resolve(&self, r: &Reader, who: &str) -> Result<Subject, ResolveError> {
        Ok(subject(&users::find(r, &self.host(), who).await?))
    }

    /// Many come a page at a time; whoever is in no page is looked up by himself, because another
    /// case of his login would not have shown him.
    async fn resolve_all(&self, r: &Reader, who: &[String]) -> Vec<Result<Subject, ResolveError>> {
        let found = match who.len() {
            0..=FEW => BTreeMap::new(),
            _ => crowd::named(r, who).await,
        };
        in_order(who, |name| {
            let known = found.get(name).cloned();
            Box::pin(async move {
                match known {
                    Some(user) => user.map(|user| subject(&user)),
                    None => self.resolve(r, name).await,
                }
            })
        })
        .await
    }

    async fn pick(&self, r: &Reader, by: &Selector, max: usize) -> Result<Picks, PickError> {
        select::pick(r, &self.host(), by, max).await
    }

    async fn describe(&self, r: &Reader, who: Vec<Subject>, wanted: Wanted) -> Vec<Subject> {
        let glance = Glance::new(r);
        let roles_of = match who.len() > ROLES_EACH_MAX && !wanted.roles {
            true => RolesOf::These(administrators(self, &Glance::joining(r)).await),
            false => RolesOf::Everybody,
        };
        in_order(&who, |who| {
            Box::pin(described(&glance, who, wanted, &roles_of))
        })
        .await
    }

    async fn status(&self, r: &Reader, who: &UserId) -> Result<String, String> {
        users::status_of(r, who).await
    }

    async fn usable_super_admins(&self, r: &Reader) -> Result<Vec<UserId>, String> {
        let listed = assignees(self, &Glance::new(r)).await;
        let admins = ids(listed.as_ref().as_ref().map_err(Unread::why)?);
        let glance = Glance::new(r);
        let glance = &glance;
        let answers: Vec<Result<Option<UserId>, String>> = in_order(&admins, |who| {
            Box::pin(async move {
                let roles = glance.list(users::path(who).then("/roles"));
                let (roles, user) = join(roles, glance.one(users::path(who))).await;
                let roles = roles.as_ref().as_ref().map_err(Unread::why)?;
                let user = user.as_ref().as_ref().map_err(Unread::why)?;
                let is_super = items(roles)
                    .iter()
                    .any(|role| role["type"] == "SUPER_ADMIN" && role["status"] != "INACTIVE");
                Ok((is_super && user["status"] == "ACTIVE").then(|| who.clone()))
            })
        })
        .await;
        let found: Result<Vec<Option<UserId>>, String> = answers.into_iter().collect();
        Ok(found?.into_iter().flatten().collect())
    }

    async fn count_active(&self, r: &Reader, time: Duration) -> Result<UserCount, String> {
        active::count(r, time).await
    }

    async fn accounts(&self, r: &Reader, who: &[Subject]) -> Vec<Option<Vec<AppAccount>>> {
        let glance = Glance::new(r);
        in_order(who, |who| Box::pin(accounts_of(&glance, &who.id))).await
    }

    async fn accounts_at(
        &self,
        r: &Reader,
        who: &[Subject],
        apps: &BTreeSet<String>,
    ) -> Result<BTreeMap<UserId, Vec<AppAccount>>, String> {
        app_users::of(r, who, apps).await
    }

    async fn history(
        &self,
        r: &Reader,
        who: &[Subject],
        window: &Window,
        used_since: Utc,
    ) -> History {
        history::read(r, who, window, used_since).await
    }

    async fn app_names(&self, r: &Reader, apps: &[String]) -> BTreeMap<String, String> {
        let glance = Glance::new(r);
        let named = in_order(apps, |app| Box::pin(app_name(&glance, app))).await;
        named.into_iter().flatten().collect()
    }

    async fn agents_of(&self, r: &Reader, who: &[Subject]) -> Result<Vec<Vec<AgentToken>>, String> {
        let got = api_tokens::all(self, &Glance::joining(r)).await;
        let tokens = got.as_ref().as_ref().map_err(Unread::why)?;
        let agents = |subject: &Subject| {
            api_tokens::of(tokens, &subject.id)
                .filter(|token| api_tokens::is_agent(token))
                .map(|token| AgentToken {
                    id: text(token, "id").to_owned(),
                    name: text(token, "name").to_owned(),
                    kind: text(token, "clientName").to_owned(),
                })
                .collect()
        };
        Ok(who.iter().map(agents).collect())
    }

    async fn org_tokens(&self, r: &Reader) -> Result<Vec<OrgToken>, String> {
        org_tokens::read(self, r).await
    }

    async fn own_principal(&self, r: &Reader) -> Result<Option<UserId>, String> {
        self.own_user(&Glance::new(r)).await
    }

    fn own_clients(&self) -> Vec<String> {
        let clients = self
            .credentials()
            .filter_map(super::settings::Auth::client_id);
        clients.map(str::to_owned).collect()
    }

    fn is_own_app(&self, name: &str) -> bool {
        OWN_APPS.contains(&name)
    }

    fn console_of(&self, app: &AppAccount) -> Option<String> {
        console::page_of(&self.host(), app)
    }

    fn password_step(&self, link: &Change, how: NewPassword) -> Option<Change> {
        super::release::password_step(link, how)
    }

    fn is_left_last(&self, link: &Change) -> bool {
        link.action.verb() == "unquarantine_user"
    }

    fn locking_actions(&self) -> Vec<ActionId> {
        ["suspend_user", "quarantine_user", "deactivate_user"]
            .map(|verb| ActionId::new(super::vendor::VENDOR.id, verb))
            .into()
    }

    fn snapshot_parts(&self) -> &'static [&'static str] {
        PARTS
    }

    async fn snapshot(&self, r: &Reader, who: &UserId, part: &str) -> Result<Value, String> {
        let glance = Glance::joining(r);
        let below = |what: &str| users::path(who).then(what);
        let got = match part {
            "user" => glance.one(users::path(who)).await,
            "factors" => glance.list(below("/factors")).await,
            "enrollments" => glance.one(below("/authenticator-enrollments")).await,
            "clients" => {
                let clients = oauth::clients_with_tokens(&glance, who).await;
                return clients.map_err(|unread| unread.why());
            }
            "grants" => glance.list(below("/grants").query("limit", "200")).await,
            "api_tokens" => {
                let got = api_tokens::all(self, &glance).await;
                let tokens = got.as_ref().as_ref().map_err(Unread::why)?;
                return Ok(api_tokens::of(tokens, who).cloned().collect());
            }
            "groups" => glance.list(below("/groups")).await,
            "roles" => glance.list(below("/roles")).await,
            "apps" => glance.list(apps_path(who)).await,
            "idps" => glance.list(below("/idps")).await,
            "devices" => glance.list(below("/devices")).await,
            other => return Err(format!("Okta has no part `{other}`")),
        };
        got.as_ref().clone().map_err(|unread| unread.why())
    }

    async fn holdings(&self, r: &Reader, who: &Subject, window: Option<Window>) -> Holdings {
        holdings::read(self, r, who, window).await
    }

    async fn threat_config(&self, r: &Reader) -> Result<ThreatConfig, String> {
        holdings::threat_config(r).await
    }

    async fn planted_now(&self, r: &Reader, plants: &[Plant]) -> Vec<Now> {
        holdings::planted(self, r, plants).await
    }

    async fn log_page(
        &self,
        r: &Reader,
        ask: &LogAsk,
        next: Option<&str>,
    ) -> Result<LogPage, Unheard> {
        logs::page(r, ask, next).await
    }

    async fn locks_since(
        &self,
        r: &Reader,
        who: &[UserId],
        since: Utc,
    ) -> Result<Vec<LockAct>, String> {
        locks::since(self, r, who, since).await
    }

    async fn learnt(&self, r: &Reader, done: &[Applied]) -> Vec<Fact> {
        learn::facts(r, done).await
    }

    fn lasting(&self, part: Value) -> Value {
        lasting(part)
    }

    async fn signs_of_life(&self, r: &Reader, since: &[(UserId, Utc)]) -> SignsOfLife {
        signs::signs_of_life(self, r, since).await
    }
}

/// Dates of a status and of use, and links (which follow the status), come and go by themselves.
fn lasting(part: Value) -> Value {
    const PASSING: &[&str] = &[
        "_links",
        "_link",
        "_embedded",
        "lastLogin",
        "lastUpdated",
        "lastMembershipUpdated",
        "statusChanged",
        "expiresAt",
        "transitioningToStatus",
    ];
    match part {
        Value::Array(all) => Value::Array(all.into_iter().map(lasting).collect()),
        Value::Object(fields) => {
            let kept = fields
                .into_iter()
                .filter(|(name, _)| !PASSING.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name, lasting(value))).collect())
        }
        other => other,
    }
}

/// An account as the directory shows it.
fn subject(user: &Value) -> Subject {
    Subject {
        id: UserId::new(text(user, "id")),
        login: text(&user["profile"], "login").to_owned(),
        role: Role::default(),
        status: text(user, "status").to_owned(),
        privileged: Tri::Unread,
        roles: Vec::new(),
        groups: None,
        accounts: None,
        changed_at: moment(user, "lastUpdated"),
        last_login: moment(user, "lastLogin"),
        mastered_by: match text(&user["credentials"]["provider"], "type") {
            "" => "OKTA".to_owned(),
            other => other.to_owned(),
        },
    }
}

/// Whose roles are read. Okta does not say whether its list of administrators holds those whose
/// roles come by a group: who is not in it counts as unread, never as nobody's administrator.
enum RolesOf {
    Everybody,
    These(BTreeSet<UserId>),
}

/// Everybody in Okta's list of administrators; nobody if it could not be read.
async fn administrators(okta: &Okta, glance: &Glance) -> BTreeSet<UserId> {
    match &*assignees(okta, glance).await {
        Ok(listed) => ids(listed).into_iter().collect(),
        Err(_) => BTreeSet::new(),
    }
}

/// One account with what it holds.
async fn described(glance: &Glance, who: &Subject, wanted: Wanted, roles_of: &RolesOf) -> Subject {
    let below = |what: &str| users::path(&who.id).then(what);
    let groups = async {
        if !wanted.groups {
            return None;
        }
        let groups = glance.list(below("/groups")).await;
        texts(&groups, "id")
    };
    let apps = async {
        if !wanted.apps {
            return None;
        }
        accounts_of(glance, &who.id).await
    };
    let roles = async {
        match roles_of {
            RolesOf::These(few) if !few.contains(&who.id) => {
                Arc::new(Err(Unread::NoAnswer("not asked for".into())))
            }
            _ => glance.list(below("/roles")).await,
        }
    };
    let (roles, groups, apps) = join3(roles, groups, apps).await;
    Subject {
        privileged: match &*roles {
            Ok(roles) if items(roles).is_empty() => Tri::No,
            Ok(_) => Tri::Yes,
            Err(_) => Tri::Unread,
        },
        roles: texts(&roles, "type").unwrap_or_default(),
        groups,
        accounts: apps,
        ..who.clone()
    }
}

/// The ids in a list of administrators.
fn ids(listed: &Value) -> Vec<UserId> {
    let ids = items(listed).iter().filter_map(Value::as_str);
    ids.map(UserId::new).collect()
}

/// The ids of everybody with an admin role, as an array, shared by all who ask at this moment.
async fn assignees(okta: &Okta, glance: &Glance) -> Arc<Got> {
    let r = glance.reader();
    let read = async || Arc::new(all_assignees(r).await.map_err(Unread::NoAnswer));
    glance
        .shared_with(&okta.together, "administrators", read)
        .await
}

/// The list is an object with its own next link.
async fn all_assignees(r: &Reader) -> Result<Value, String> {
    let mut all: Vec<Value> = Vec::new();
    let mut after = None::<String>;
    for _ in 0..ADMIN_PAGES_MAX {
        let mut path = Path::new("/api/v1/iam/assignees/users").query("limit", "100");
        if let Some(after) = &after {
            path = path.query("after", after);
        }
        let answer = r
            .patient(Duration::from_secs(10))
            .send(&Read::get(path))
            .await
            .map_err(|error| answers::unread(&error))?;
        if !answer.is_good() {
            return Err(Unread::of(&answer).why());
        }
        let page = items(&answer.json["value"]);
        all.extend(page.iter().map(|user| Value::from(text(user, "id"))));
        after = answer.json["_links"]["next"]["href"]
            .as_str()
            .and_then(cursor);
        if after.is_none() {
            return Ok(Value::Array(all));
        }
    }
    Err(format!(
        "more than {ADMIN_PAGES_MAX} pages of administrators"
    ))
}

/// The cursor in a next link. The link itself is not followed: it could lead elsewhere.
fn cursor(href: &str) -> Option<String> {
    let url = url::Url::parse(href).ok()?;
    url.query_pairs()
        .find(|(key, _)| key == "after")
        .map(|(_, value)| value.into_owned())
}

pub(super) fn apps_path(who: &UserId) -> Path {
    Path::new("/api/v1/apps")
        .query("filter", format!("user.id eq \"{who}\""))
        .query("expand", format!("user/{who}"))
        .query("limit", "200")
}

/// Okta's own apps: nothing of theirs outlives the eviction. The names are [inferred] from
/// orgs' app lists; an unknown one only makes the report longer.
pub(super) const OWN_APPS: &[&str] = &[
    "saasure",
    "okta_enduser",
    "okta_browser_plugin",
    "okta_flow_sso",
    "okta_atspoke_sso",
    "okta_iga_reviewer",
];

/// His apps with what they call him, from the app list; else, by name alone, from what the
/// person sees.
async fn accounts_of(glance: &Glance, who: &UserId) -> Option<Vec<AppAccount>> {
    let apps = glance.list(apps_path(who)).await;
    if let Ok(apps) = &*apps {
        return Some(items(apps).iter().map(account).collect());
    }
    let links = glance.list(users::path(who).then("/appLinks")).await;
    let links = links.as_ref().as_ref().ok()?;
    let named = items(links).iter().map(|link| AppAccount {
        app: text(link, "appInstanceId").to_owned(),
        name: text(link, "appName").to_owned(),
        label: text(link, "label").chars().take(LABEL_MAX).collect(),
        ..AppAccount::default()
    });
    Some(named.collect())
}

/// What the catalogue calls an app. Source: Okta API, "Applications", get an application.
async fn app_name(glance: &Glance, app: &str) -> Option<(String, String)> {
    let got = glance.one(Path::new("/api/v1/apps").seg(app)).await;
    let name = match &*got {
        Ok(found) if text(found, "id") == app => text(found, "name"),
        Ok(_) => return None,
        Err(Unread::Absent { .. }) => "",
        Err(_) => return None,
    };
    Some((app.to_owned(), name.to_owned()))
}

/// An app with its user embedded (`expand=user/{id}`).
pub(super) fn account(app: &Value) -> AppAccount {
    let user = &app["_embedded"]["user"];
    let some = |value: &Value| {
        let text = value.as_str().filter(|text| !text.is_empty());
        text.map(str::to_owned)
    };
    AppAccount {
        app: text(app, "id").to_owned(),
        name: text(app, "name").to_owned(),
        label: text(app, "label").chars().take(LABEL_MAX).collect(),
        external_id: some(&user["externalId"]),
        user_name: some(&user["credentials"]["userName"]),
        changed_at: moment(user, "lastUpdated"),
        logout: logout(app),
    }
}

/// Whether Universal Logout signs him out there. Of Office 365 it ends refresh tokens only, whatever
/// the app says of itself. Source: `Application.universalLogout` [spec], read-only and absent on
/// Classic orgs; "Universal Logout", supported apps [docs].
fn logout(app: &Value) -> Option<Logout> {
    let told = &app["universalLogout"];
    let partial = text(told, "supportType") == "PARTIAL" || text(app, "name") == "office365";
    match text(told, "status") {
        "ENABLED" if partial => Some(Logout::Partial),
        "ENABLED" => Some(Logout::Full),
        "" => None,
        _ => Some(Logout::No),
    }
}

/// One text field of every item; `None` if the list was not read.
fn texts(got: &Got, key: &str) -> Option<Vec<String>> {
    let list = got.as_ref().ok()?;
    let all = items(list).iter().map(|item| text(item, key).to_owned());
    Some(all.filter(|text| !text.is_empty()).collect())
}
