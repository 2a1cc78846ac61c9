//! A list that a service shows only in part, when it is read for the first time during the run.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use oust::connector::{CannotUndo, Connector, Identified, Planned, Step};
use oust::ledger::MemoryStore;
use oust::model::{
    ActionId, Applied, Case, Change, Finding, Identity, Lookup, Outcome, Proof, Skip, SystemId,
    Vendor, Verdict,
};
use oust::transport::{Reader, Writer};

use super::ahead::many;
use super::story::{ALEX, Story};
use crate::lab::services::contoso;
use crate::lab::{Lab, NoTap};

const REFUSED: &str = "its last page was refused";

/// A service that never shows the last page of its app passwords.
struct Partly(Arc<dyn Connector>);

#[async_trait]
impl Connector for Partly {
    fn vendor(&self) -> &'static Vendor {
        self.0.vendor()
    }

    async fn preflight(&self, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
        self.0.preflight(r, wanted).await
    }

    async fn identify(&self, r: &Reader, who: &[Lookup]) -> Vec<Identity> {
        self.0.identify(r, who).await
    }

    async fn plan(&self, r: &Reader, step: &Step, who: &[Identified], case: &Case) -> Vec<Planned> {
        let mut all = self.0.plan(r, step, who, case).await;
        if step.action.verb() == "delete_app_passwords" {
            for planned in &mut all {
                let why = REFUSED.into();
                planned.skip = Some(Skip::Unread { why });
            }
        }
        all
    }

    async fn apply(&self, w: &Writer<'_>, batch: &[Change]) -> Vec<Outcome> {
        self.0.apply(w, batch).await
    }

    async fn prove(&self, r: &Reader, done: &[Applied]) -> Vec<Proof> {
        self.0.prove(r, done).await
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        self.0.inverse(done)
    }

    fn prove_for(&self) -> Duration {
        self.0.prove_for()
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_first_reading_shows_of_a_list_is_done_and_the_rest_is_left_open() {
    let lab = Lab::steady(many(contoso()), 100, Arc::new(NoTap));
    let mut tools = lab.with_services(Arc::new(MemoryStore::new()));
    let mut services = tools.services.iter_mut();
    let google = services
        .find(|each| each.id == SystemId::new("google"))
        .unwrap();
    google.connector = Arc::new(Partly(google.connector.clone()));
    let story = Story { lab, tools };
    let mut request = story.request(&[ALEX]);
    request.grace = Duration::ZERO;
    let told = story.contain(request).await;

    assert_eq!(
        story.range().google.user(ALEX).unwrap().asps.len(),
        0,
        "{}",
        told.screen
    );
    assert_eq!(told.verdict, Verdict::Partial, "{}", told.screen);
    assert!(told.screen.contains(REFUSED), "{}", told.screen);
}
