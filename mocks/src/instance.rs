//! Several systems of one vendor: a second one has a name of its own, such as `salesforce:eu`.
//!
//! The first of each vendor is a field of [`Range`](crate::Range); all further ones stand in its
//! `more`, by name. Each has its people, its route and its digest. Salesforce and GitHub have ids and
//! credentials of their own in each; of the others, ids, secrets and tokens are the first's, and of AWS the numbers of the accounts, too.

use crate::aws::Aws;
use crate::github::GitHub;
use crate::google::Google;
use crate::gtr::Gtr;
use crate::m365::M365;
use crate::salesforce::Salesforce;
use crate::slack::Slack;
use crate::time::DAY;
use crate::vendor::Service;
use crate::world::World;

/// A further instance of a vendor.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum Instance {
    M365(Box<M365>),
    Google(Box<Google>),
    Slack(Box<Slack>),
    Salesforce(Box<Salesforce>),
    GitHub(Box<GitHub>),
    Gtr(Box<Gtr>),
    Aws(Box<Aws>),
}

impl Instance {
    /// One with nobody in it, of the vendor before the colon; none if that is no vendor of the mocks.
    pub(crate) fn empty(system: &str, now_ms: i64) -> Option<Self> {
        let (vendor, _) = system.split_once(':')?;
        Some(match vendor {
            "m365" => Self::M365(Box::new(M365::empty(now_ms))),
            "google" => Self::Google(Box::new(Google::empty(now_ms))),
            "slack" => Self::Slack(Box::new(Slack::empty(now_ms))),
            "salesforce" => Self::Salesforce(Box::new(Salesforce::empty(system, now_ms))),
            "github" => Self::GitHub(Box::new(GitHub::empty(system, now_ms))),
            "gtr" => Self::Gtr(Box::new(Gtr::empty())),
            "aws" => Self::Aws(Box::new(Aws::empty(now_ms))),
            _ => return None,
        })
    }

    pub(crate) fn service(&self) -> &dyn Service {
        match self {
            Self::M365(it) => it.as_ref(),
            Self::Google(it) => it.as_ref(),
            Self::Slack(it) => it.as_ref(),
            Self::Salesforce(it) => it.as_ref(),
            Self::GitHub(it) => it.as_ref(),
            Self::Gtr(it) => it.as_ref(),
            Self::Aws(it) => it.as_ref(),
        }
    }

    pub(crate) fn service_mut(&mut self) -> &mut dyn Service {
        match self {
            Self::M365(it) => it.as_mut(),
            Self::Google(it) => it.as_mut(),
            Self::Slack(it) => it.as_mut(),
            Self::Salesforce(it) => it.as_mut(),
            Self::GitHub(it) => it.as_mut(),
            Self::Gtr(it) => it.as_mut(),
            Self::Aws(it) => it.as_mut(),
        }
    }
}

impl World {
    /// Puts a second instance beside a vendor's first, such as `salesforce:eu`: with an app of its own at
    /// Okta for all who have the first's, with accounts for everybody, and with the story in it, too. Its
    /// credentials are its own: register keys after this.
    ///
    /// # Panics
    /// If the name is none of a further instance.
    #[must_use]
    pub fn second(mut self, system: &str) -> Self {
        let instance = Instance::empty(system, self.now_ms);
        let instance = instance.expect("a vendor of the mocks, a colon, a name");
        self.more.insert(system.to_owned(), instance);
        self.second_app(system);
        let people: Vec<(String, String, String)> = self
            .okta
            .users
            .values()
            .filter(|u| !u.apps.is_empty())
            .map(|u| (u.login.clone(), u.first_name.clone(), u.last_name.clone()))
            .collect();
        let (now_ms, start_ms) = (self.now_ms, self.start_ms);
        if let Some(service) = self.service(system) {
            for (login, first, last) in people {
                service.employ(&login, &first, &last, now_ms - 300 * DAY);
            }
            if let Some(start_ms) = start_ms {
                service.befall("alex@contoso.example", start_ms, now_ms);
                service.use_daily("kim@contoso.example", now_ms);
            }
        }
        for user in self.okta.users.values() {
            match self.more.get_mut(system) {
                Some(Instance::Gtr(gtr)) => gtr.learn_sub(&user.login, &user.id),
                Some(Instance::Aws(aws)) => aws.learn_external_id(&user.login, &user.id),
                _ => {}
            }
        }
        self
    }

    /// Changes a second instance; nothing if there is none of this name.
    #[must_use]
    pub fn with_second(mut self, system: &str, change: impl FnOnce(&mut Instance)) -> Self {
        if let Some(instance) = self.more.get_mut(system) {
            change(instance);
        }
        self
    }

    /// The app at Okta that leads there, assigned to all who have the first's.
    fn second_app(&mut self, system: &str) {
        let Some((name, _)) = app_of(system) else {
            return;
        };
        let Some(mut app) = self.okta.apps.values().find(|a| a.name == name).cloned() else {
            return;
        };
        let first = std::mem::replace(&mut app.id, app_id_of(system));
        let (_, instance) = system.split_once(':').unwrap_or_default();
        app.label = format!("{} ({instance})", app.label);
        let id = app.id.clone();
        self.okta.apps.insert(id.clone(), app);
        let assigned: Vec<(String, String, i64)> = self
            .okta
            .users
            .values()
            .filter_map(|u| u.apps.get(&first).map(|a| (u.id.clone(), a)))
            .map(|(user, a)| (user, a.scope.clone(), a.created_ms))
            .collect();
        for (user, scope, created_ms) in assigned {
            if let Some(mut user) = self.okta.users.remove(&user) {
                self.assign(&mut user, &id, &scope, created_ms);
                self.okta.users.insert(user.id.clone(), user);
            }
        }
    }

    /// The further instance that an app at Okta leads to.
    pub(crate) fn further_at(&self, app: &str) -> Option<&dyn Service> {
        let mut more = self.more.iter();
        more.find(|(system, _)| app_id_of(system) == app)
            .map(|(_, instance)| instance.service())
    }
}

/// Okta's catalogue name of a vendor's app (a custom app has one of its own), and the name of the intruder's sign-on there.
pub(crate) fn app_of(system: &str) -> Option<(&'static str, &'static str)> {
    let vendor = system.split_once(':').map_or(system, |(vendor, _)| vendor);
    Some(match vendor {
        "m365" => ("office365", "m365_sso"),
        "google" => ("google", "google_sso"),
        "slack" => ("slack", "slack_sso"),
        "salesforce" => ("salesforce", "salesforce_sso"),
        "github" => ("githubcloud", "github_sso"),
        "gtr" => ("contoso_intranet_1", "gtr_sso"),
        "aws" => ("amazon_aws", "aws_sso"),
        _ => return None,
    })
}

/// The id of the Okta app of a further instance.
#[must_use]
pub fn app_id_of(system: &str) -> String {
    let letters = system.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.take(14).collect();
    format!("0oa{name:0<14}5d7")
}
