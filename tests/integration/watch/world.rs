//! One incident that was contained, and a keeper over it: virtual time, every service open.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use oust::consent::{Again, Asked, Bounds, Consent};
use oust::engine::watch::{Contained, Keeper, Look, Progress, Turn};
use oust::engine::{Ended, Silent, Tools};
use oust::ledger::{MemoryStore, RunState};
use oust::model::{Plan, RunId, Verdict};
use oust_mocks::{Range, Strike, World};
use tokio::sync::watch;

use crate::downstream::story::Told;
use crate::lab::services::contoso;
use crate::lab::{Lab, NOON};

pub(super) const ALEX: &str = "alex@contoso.example";

pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

pub(super) struct Watched {
    pub(super) lab: Lab,
    pub(super) tools: Tools,
    pub(super) run: RunId,
    pub(super) plan: Arc<Plan>,
}

impl Watched {
    /// Alex, contained at Okta alone.
    pub(super) async fn at_okta() -> Self {
        let lab = Lab::new(World::contoso(NOON).only_okta(), 7);
        let tools = lab.tools(Arc::new(MemoryStore::new()));
        Self::contained(lab, tools, "account-takeover").await
    }

    /// Alex, contained at every service too.
    pub(super) async fn everywhere() -> Self {
        let lab = Lab::new(contoso(), 7);
        let tools = lab.with_services(Arc::new(MemoryStore::new()));
        Self::contained(lab, tools, "account-takeover").await
    }

    pub(super) async fn contained(lab: Lab, tools: Tools, playbook: &str) -> Self {
        let (_, state) = lab.contain(&tools, &[ALEX], playbook).await;
        assert_eq!(state.verdict, Some(Verdict::Contained));
        let plan = state.plan.unwrap();
        // An hour later: what is seen from now on is not of the run itself.
        lab.clock.sleep(Duration::from_secs(3600)).await;
        Self {
            run: plan.run.clone(),
            plan,
            lab,
            tools,
        }
    }

    pub(super) fn range(&self) -> MutexGuard<'_, Range> {
        self.lab.range.lock().unwrap()
    }

    pub(super) fn strike(&self, strike: Strike) {
        let now = self.lab.clock.now().millis();
        let struck = self.range().strike(strike, ALEX, now);
        assert!(struck.is_some(), "{}", strike.word());
    }

    pub(super) fn writes(&self) -> usize {
        self.range().journal.writes().len()
    }

    pub(super) fn entries(&self) -> usize {
        self.range().journal.entries().len()
    }

    /// Agreed to at the start: so many rounds, for a day.
    pub(super) fn agreed(&self, rounds: u32) -> Again {
        let now = self.lab.clock.now();
        let consent = Consent::yes(&self.plan, "kim", Asked { shown_at: now, now }).unwrap();
        let until = now.plus(DAY);
        Again::agreed(&consent, &self.plan, Bounds { rounds, until }).unwrap()
    }

    /// One who may contain again so often.
    pub(super) fn keeper(&self, rounds: u32) -> Keeper {
        let agreed = Some(self.agreed(rounds));
        Keeper::new(self.run.clone(), Progress::default(), agreed)
    }

    /// One who only tells.
    pub(super) fn teller(&self) -> Keeper {
        Keeper::new(self.run.clone(), Progress::default(), None)
    }

    pub(super) async fn contain(&self, keeper: &mut Keeper) -> Contained {
        let (_keep, stop) = watch::channel(false);
        keeper.contain(&self.tools, Arc::new(Silent), stop).await
    }

    /// Contains again, and is contained.
    pub(super) async fn contained_again(&self, keeper: &mut Keeper) {
        match self.contain(keeper).await {
            Contained::Closed(verdict, state) => {
                let told = Told::of(Ended::Closed(verdict), *state);
                assert_eq!(verdict, Verdict::Contained, "{}", told.screen);
            }
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn state(&self) -> RunState {
        RunState::of(&self.tools.store.records(&self.run).await.unwrap())
    }
}

/// What a look of a turn told, as `system: sentence` each.
pub(super) fn told(look: &Look) -> Vec<String> {
    let each = look.news.iter();
    each.map(|news| format!("{}: {}", news.system, news.says))
        .collect()
}

/// The look of a turn that must have brought something to contain again.
#[track_caller]
pub(super) fn due(turn: Turn) -> Look {
    match turn {
        Turn::Due(look) => look,
        other => panic!("{other:?}"),
    }
}

/// The look of a turn in which everything held and could be read.
#[track_caller]
pub(super) fn quiet(turn: Turn) -> Look {
    match turn {
        Turn::Quiet(look) => {
            assert_eq!(look.news, [], "nothing came back");
            assert_eq!(look.unread, Vec::<String>::new());
            look
        }
        other => panic!("{other:?}"),
    }
}
