//! Accounts at the services behind Okta: who has one, who has none, what is odd about it.
//!
//! The knobs of one vendor stand beside that vendor; here is what is the same for all of them.

use crate::accounts;
use crate::aws;
use crate::time::DAY;
use crate::world::World;

impl World {
    /// Gives a person an account at every service.
    pub(crate) fn employ(&mut self, login: &str, first: &str, last: &str) {
        let created_ms = self.now_ms - 300 * DAY;
        for service in self.services() {
            service.employ(login, first, last, created_ms);
        }
        if let Some(user) = self.okta.user(login) {
            self.gtr.learn_sub(login, &user.id);
            self.aws.learn_external_id(login, &user.id);
        }
    }

    /// What the intruder did at the services after the takeover at `start_ms`.
    pub(crate) fn take_over(&mut self, login: &str, start_ms: i64) {
        let now_ms = self.now_ms;
        for service in self.services() {
            service.befall(login, start_ms, now_ms);
        }
    }

    /// Takes away someone's account at a service. Okta still assigns the app.
    #[must_use]
    pub fn without_account(mut self, system: &str, login: &str) -> Self {
        if let Some(service) = self.service(system) {
            service.dismiss(login);
        }
        self
    }

    /// Leaves a service out: nobody has an account there, the intruder neither. Okta still assigns the app.
    #[must_use]
    pub fn without(mut self, system: &str) -> Self {
        self.left_out.insert(system.to_owned());
        self
    }

    /// Gives a second person at `m365`, `slack` or `salesforce` the mail address of the first. Not at `google`,
    /// where an address belongs to one person.
    #[must_use]
    pub fn same_mail(mut self, system: &str, login: &str, other: &str) -> Self {
        match system {
            "m365" => {
                if let Some(user) = self.m365.users.get_mut(&accounts::m365_id(other)) {
                    login.clone_into(&mut user.mail);
                }
            }
            "slack" => {
                if let Some(member) = self.slack.members.get_mut(&accounts::slack_id(other)) {
                    login.clone_into(&mut member.email);
                }
            }
            "salesforce" => {
                let id = accounts::salesforce_id(other);
                if let Some(user) = self.salesforce.users.get_mut(&id) {
                    login.clone_into(&mut user.email);
                }
            }
            _ => {}
        }
        self
    }

    /// Adds `n` people as [`crowd`](Self::crowd) does, each with the apps and an account everywhere.
    #[must_use]
    pub fn crowd_at_services(mut self, n: usize) -> Self {
        self = self.crowd(n);
        let created_ms = self.now_ms - 300 * DAY;
        for i in 1..=n {
            let login = format!("crowd-{i:05}@contoso.example");
            self.employ(&login, "Crowd", &format!("{i:05}"));
            let Some(id) = self.okta.user(&login).map(|u| u.id.clone()) else {
                continue;
            };
            let Some(mut user) = self.okta.users.remove(&id) else {
                continue;
            };
            let apps: Vec<String> = self
                .okta
                .apps
                .values()
                .filter(|a| a.id == aws::APP || accounts::external_id(&a.name, &login).is_some())
                .map(|a| a.id.clone())
                .collect();
            for app in apps {
                self.assign(&mut user, &app, "GROUP", created_ms);
            }
            self.okta.users.insert(id, user);
        }
        self
    }
}
