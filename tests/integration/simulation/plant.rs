//! Bugs on purpose: what a simulation is worth is what it finds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use oust::connector::{
    AgentToken, CannotUndo, Connector, Directory, DirectorySystem, Identified, LockAct, LogAsk,
    LogPage, Org, OrgToken, PickError, Picks, Planned, ResolveError, Selector, SignsOfLife, Step,
    System, Unheard, UserCount, Wanted,
};
use oust::engine::Tools;
use oust::evidence::holdings::{Holdings, ThreatConfig};
use oust::evidence::investigation::Now;
use oust::model::{
    self, ActionId, AppAccount, Applied, Case, Change, Finding, History, Identity, Lookup,
    NewPassword, Outcome, OutcomeKind, Proof, ProofState, Subject, UserId, Utc, Vendor, Window,
};
use oust::transport::{Reader, Writer};
use serde_json::Value;

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plant {
    /// None.
    Nothing,
    /// The second clear of the sandwich is answered "done" and never sent.
    SkipLastClear,
    /// A good answer counts as proof.
    TrustAnswers,
    /// Intents never reach the disk.
    LoseIntents,
}

impl Plant {
    /// The tools with the bug in them.
    pub(crate) fn into_tools(self, tools: Tools) -> Tools {
        if matches!(self, Self::Nothing | Self::LoseIntents) {
            return tools;
        }
        let planted = Arc::new(Planted {
            true_one: tools.directory.directory.clone(),
            plant: self,
        });
        let system = System {
            connector: planted.clone(),
            ..tools.directory.system.clone()
        };
        Tools {
            directory: DirectorySystem {
                system,
                directory: planted,
            },
            ..tools
        }
    }
}

struct Planted {
    true_one: Arc<dyn Directory>,
    plant: Plant,
}

#[async_trait]
impl Connector for Planted {
    fn vendor(&self) -> &'static Vendor {
        self.true_one.vendor()
    }

    async fn preflight(&self, r: &Reader, wanted: &[ActionId]) -> Vec<Finding> {
        self.true_one.preflight(r, wanted).await
    }

    async fn identify(&self, r: &Reader, who: &[Lookup]) -> Vec<Identity> {
        self.true_one.identify(r, who).await
    }

    async fn plan(&self, r: &Reader, step: &Step, who: &[Identified], case: &Case) -> Vec<Planned> {
        self.true_one.plan(r, step, who, case).await
    }

    fn batch(&self, changes: Vec<Change>) -> Vec<Vec<Change>> {
        self.true_one.batch(changes)
    }

    async fn apply(&self, w: &Writer<'_>, batch: &[Change]) -> Vec<Outcome> {
        let is_last_clear =
            |change: &Change| change.action.verb() == "clear_sessions" && change.step.step > 0;
        if self.plant == Plant::SkipLastClear && batch.iter().all(is_last_clear) {
            return batch
                .iter()
                .map(|_| Outcome::bare(OutcomeKind::Done))
                .collect();
        }
        self.true_one.apply(w, batch).await
    }

    async fn prove(&self, r: &Reader, done: &[Applied]) -> Vec<Proof> {
        let believed =
            |applied: &Applied| self.plant == Plant::TrustAnswers && applied.outcome.kind.is_good();
        let mut proofs = self.true_one.prove(r, done).await;
        for (applied, proof) in done.iter().zip(&mut proofs) {
            if believed(applied) {
                proof.state = ProofState::Proven;
            }
        }
        proofs
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        self.true_one.inverse(done)
    }

    fn prove_for(&self) -> std::time::Duration {
        self.true_one.prove_for()
    }
}

#[async_trait]
impl Directory for Planted {
    async fn org(&self, r: &Reader) -> Result<Org, Unheard> {
        self.true_one.org(r).await
    }

    async fn resolve(&self, r: &Reader, who: &str) -> Result<Subject, ResolveError> {
        self.true_one.resolve(r, who).await
    }

    async fn resolve_all(&self, r: &Reader, who: &[String]) -> Vec<Result<Subject, ResolveError>> {
        self.true_one.resolve_all(r, who).await
    }

    async fn describe(&self, r: &Reader, who: Vec<Subject>, wanted: Wanted) -> Vec<Subject> {
        self.true_one.describe(r, who, wanted).await
    }

    fn own_clients(&self) -> Vec<String> {
        self.true_one.own_clients()
    }

    async fn pick(&self, r: &Reader, by: &Selector, max: usize) -> Result<Picks, PickError> {
        self.true_one.pick(r, by, max).await
    }

    async fn holdings(&self, r: &Reader, who: &Subject, window: Option<Window>) -> Holdings {
        self.true_one.holdings(r, who, window).await
    }

    async fn accounts_at(
        &self,
        r: &Reader,
        who: &[Subject],
        apps: &std::collections::BTreeSet<String>,
    ) -> Result<std::collections::BTreeMap<UserId, Vec<model::AppAccount>>, String> {
        self.true_one.accounts_at(r, who, apps).await
    }

    async fn threat_config(&self, r: &Reader) -> Result<ThreatConfig, String> {
        self.true_one.threat_config(r).await
    }

    async fn org_tokens(&self, r: &Reader) -> Result<Vec<OrgToken>, String> {
        self.true_one.org_tokens(r).await
    }

    async fn planted_now(&self, r: &Reader, plants: &[model::Plant]) -> Vec<Now> {
        self.true_one.planted_now(r, plants).await
    }

    async fn status(&self, r: &Reader, who: &UserId) -> Result<String, String> {
        self.true_one.status(r, who).await
    }

    async fn usable_super_admins(&self, r: &Reader) -> Result<Vec<UserId>, String> {
        self.true_one.usable_super_admins(r).await
    }

    async fn count_active(&self, r: &Reader, time: Duration) -> Result<UserCount, String> {
        self.true_one.count_active(r, time).await
    }

    async fn accounts(&self, r: &Reader, who: &[Subject]) -> Vec<Option<Vec<AppAccount>>> {
        self.true_one.accounts(r, who).await
    }

    async fn history(
        &self,
        r: &Reader,
        who: &[Subject],
        window: &Window,
        used_since: Utc,
    ) -> History {
        self.true_one.history(r, who, window, used_since).await
    }

    async fn app_names(&self, r: &Reader, apps: &[String]) -> BTreeMap<String, String> {
        self.true_one.app_names(r, apps).await
    }

    fn is_own_app(&self, name: &str) -> bool {
        self.true_one.is_own_app(name)
    }

    async fn agents_of(&self, r: &Reader, who: &[Subject]) -> Result<Vec<Vec<AgentToken>>, String> {
        self.true_one.agents_of(r, who).await
    }

    async fn own_principal(&self, r: &Reader) -> Result<Option<UserId>, String> {
        self.true_one.own_principal(r).await
    }

    fn password_step(&self, link: &Change, how: NewPassword) -> Option<Change> {
        self.true_one.password_step(link, how)
    }

    fn locking_actions(&self) -> Vec<ActionId> {
        self.true_one.locking_actions()
    }

    fn snapshot_parts(&self) -> &'static [&'static str] {
        self.true_one.snapshot_parts()
    }

    async fn snapshot(&self, r: &Reader, who: &UserId, part: &str) -> Result<Value, String> {
        self.true_one.snapshot(r, who, part).await
    }

    async fn log_page(
        &self,
        r: &Reader,
        ask: &LogAsk,
        next: Option<&str>,
    ) -> Result<LogPage, Unheard> {
        self.true_one.log_page(r, ask, next).await
    }

    async fn locks_since(
        &self,
        r: &Reader,
        who: &[UserId],
        since: Utc,
    ) -> Result<Vec<LockAct>, String> {
        self.true_one.locks_since(r, who, since).await
    }

    async fn signs_of_life(&self, r: &Reader, since: &[(UserId, Utc)]) -> SignsOfLife {
        self.true_one.signs_of_life(r, since).await
    }
}
