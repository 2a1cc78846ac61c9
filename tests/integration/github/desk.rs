//! The desk at the stand-in: contoso's organisation, our App or an owner's token, and what must
//! hold after every story: only requests of the table.

use std::ops::Deref;

use oust::connector::{Identified, Planned, Step};
use oust::model::{ActionId, Applied, ProofState, Select, StepKey};
use oust_mocks::github::{APP_ID, ENTERPRISE, GitHub, INSTALLATION_ID, ORG, SHORTCODE, TOKEN};
use oust_mocks::{Entry, World};
use serde_json::{Value, json};

use super::script::key;
use crate::requests::github::check;
use crate::samples::subject;
use crate::service::ServiceDesk;
use crate::wire::{Org, now_ms};

/// The login the stories are about.
pub(crate) const ALEX: &str = "alex@contoso.example";

pub(crate) struct Desk(ServiceDesk);

impl Deref for Desk {
    type Target = ServiceDesk;

    fn deref(&self) -> &ServiceDesk {
        &self.0
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            check(&self.entries());
        }
    }
}

/// Contoso as the stories find it.
pub(crate) fn contoso() -> World {
    World::contoso(now_ms()).github_key(key())
}

impl Desk {
    /// By our App at the organisation.
    pub(crate) fn of(world: World) -> Self {
        let mut org = Org::new(world);
        let private_key = org.secret(&key().private_pem);
        let who = json!({ "org": ORG, "app_id": APP_ID, "private_key": private_key });
        Self::at(org, who)
    }

    /// By our App, whose installation is named.
    pub(crate) fn installed(world: World) -> Self {
        let mut org = Org::new(world);
        let private_key = org.secret(&key().private_pem);
        let who = json!({
            "org": ORG, "app_id": APP_ID, "private_key": private_key,
            "installation_id": INSTALLATION_ID,
        });
        Self::at(org, who)
    }

    /// By an owner's token.
    pub(crate) fn owner(world: World, places: Value) -> Self {
        let mut org = Org::new(world);
        let mut who = places;
        who["token"] = org.secret(TOKEN);
        Self::at(org, who)
    }

    /// By an owner's token, for the whole enterprise and its organisation.
    pub(crate) fn enterprise(world: World) -> Self {
        let places = json!({ "org": ORG, "enterprise": ENTERPRISE, "shortcode": SHORTCODE });
        Self::owner(world, places)
    }

    fn at(org: Org, mut settings: Value) -> Self {
        settings["api_url"] = json!("{base}/github");
        settings["graphql_url"] = json!("{base}/github/graphql");
        Self(ServiceDesk::at(org, "github", &settings))
    }

    /// The organisation as it is.
    pub(crate) fn github(&self) -> GitHub {
        self.org.range().github.clone()
    }

    /// Everybody but alex.
    pub(crate) fn others(&self) -> Value {
        let github = self.github();
        let alex = github.person(ALEX).map(|person| person.id);
        let others = github.people.iter().filter(|(id, _)| Some(**id) != alex);
        others
            .map(|(_, who)| serde_json::to_value(who).unwrap())
            .collect()
    }

    /// What GitHub was asked.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let range = self.org.range();
        let entries = range.journal.entries().iter();
        entries
            .filter(|entry| entry.system == "github")
            .cloned()
            .collect()
    }

    /// What a step would do to somebody, whatever a look-up says.
    pub(crate) async fn plan_as(&self, verb: &str, login: &str, id: &str) -> Planned {
        let step = Step {
            key: StepKey {
                stage: 2,
                step: 0,
                system: 0,
            },
            action: ActionId::new("github", verb),
            system: self.system.id.clone(),
            settings: json!({}).into(),
            select: Select::All,
            again: false,
        };
        let who = [Identified {
            subject: subject("00u1", login),
            id: id.to_owned(),
        }];
        let connector = &self.system.connector;
        let mut planned = connector.plan(&self.reader, &step, &who, &self.case).await;
        assert_eq!(planned.len(), 1);
        planned.remove(0)
    }

    pub(crate) async fn state(&self, done: &Applied) -> ProofState {
        self.proof(done).await.state
    }
}
