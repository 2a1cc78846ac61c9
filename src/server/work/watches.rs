//! Watches what the worker's runs contained, for as long as the config says.
//!
//! A watch is a row at the desk: when it is looked at next, and how far it has come. Each look takes
//! a row and puts it back, so that a process that ends leaves nothing behind but rows, and the next
//! one goes on. A few are looked at together, and each is paced by the engine: a hundred watches
//! are no flood.
//!
//! What came back is contained again where a rule's standing consent began the run, and nobody froze
//! automatic runs; else people are told, and a new plan waits for them. A run that a person agreed
//! to is his to agree to again.

use std::sync::Arc;
use std::time::Duration;

use super::carry::Told;
use super::ids::run_after;
use super::{Tasks, Trouble, Worker};
use crate::consent::{Again, Bounds, Consent, ConsentKind, Recorded};
use crate::desk::{Watch, WatchState};
use crate::engine::watch::{Contained, Keeper, Look, News, Progress, Turn, watched};
use crate::engine::{PlanRequest, Tools, plan};
use crate::ledger::{Event, Mode, Record, RunState};
use crate::model::{Plan, RunId, Source};
use crate::notify::NoticeKind;
use crate::server::{Item, metrics};

/// Looks that are made at once.
const AT_ONCE: usize = 4;

/// Runs that are watched; the first ones to be due go on, later ones wait for room.
const WATCHES_MAX: usize = 200;

/// How often it is contained again, at most.
const ROUNDS: u32 = 3;

/// The first look comes so long after the run ended.
const FIRST: Duration = Duration::from_secs(60);

/// A look that was begun and never put back is made again after so long.
const TAKEN: Duration = Duration::from_secs(10 * 60);

/// What the last look found is contained, too.
const GRACE: Duration = Duration::from_secs(10 * 60);

/// How long a plan that people look at waits for the services.
const PATIENCE: Duration = Duration::from_secs(30);

impl Worker {
    /// Begins to watch a run that ended just now.
    pub(super) async fn begin_watch(&self, run: &RunId) {
        let Some(lasts) = self.setup.watch else {
            return;
        };
        let Ok(records) = self.archive.records(run).await else {
            return;
        };
        let state = RunState::of(&records);
        if state.mode != Some(Mode::Contain) || !state.wrote() {
            return;
        }
        let now = self.shared.clock.now();
        let watch = Watch {
            run: run.clone(),
            from: now,
            until: now.plus(lasts),
            next_at: now.plus(FIRST),
            looks: 0,
            quiet: 0,
            rounds: 0,
            is_open: false,
            news: 0,
            unread: String::new(),
            proposed: None,
            state: WatchState::Watching,
        };
        if let Err(why) = self.desk.keep_watch(&watch).await {
            tracing::error!("run {run} is not watched: {why}");
            return;
        }
        tracing::info!("run {run} is watched until {}", watch.until);
        self.follow(run).await;
    }

    /// The watch over the run that this one was proposed in place of.
    async fn follow(&self, run: &RunId) {
        let watching = self.desk.watches(WatchState::Watching, WATCHES_MAX).await;
        for watch in watching.unwrap_or_default() {
            if watch.proposed.as_ref() == Some(run) {
                self.put_back_watch(Watch {
                    state: WatchState::Followed,
                    ..watch
                })
                .await;
            }
        }
    }

    /// Looks at those that are due.
    pub(super) async fn look_at_the_watches(&self, tasks: &mut Tasks) {
        let watching = match self.desk.watches(WatchState::Watching, WATCHES_MAX).await {
            Ok(watching) => watching,
            Err(why) => {
                tracing::error!("the desk could not be read: {why}");
                return;
            }
        };
        metrics::watched(watching.len());
        let now = self.shared.clock.now();
        for watch in watching {
            if watch.next_at > now || tasks.watches() >= AT_ONCE {
                return;
            }
            if !tasks.works_on(&watch.run) {
                tasks.watch(self, watch);
            }
        }
    }

    /// One look, and what follows from it.
    pub(super) async fn keep_watch(&self, watch: Watch) {
        let now = self.shared.clock.now();
        // Should this process end in its midst, or panic, the next look is not at once.
        let taken = Watch {
            next_at: now.plus(TAKEN),
            ..watch.clone()
        };
        if let Err(why) = self.desk.keep_watch(&taken).await {
            tracing::error!("run {} is not looked at: {why}", watch.run);
            return;
        }
        let run = watch.run.clone();
        match self.looked(watch).await {
            Ok(watch) => self.put_back_watch(watch).await,
            Err(why) => {
                tracing::warn!("run {run} could not be looked at: {why}; it is tried again")
            }
        }
        self.shared.news.tell(Item::Run(run));
    }

    async fn looked(&self, mut watch: Watch) -> Result<Watch, Trouble> {
        let tools = self.open(&watch.run)?;
        // Whether it held is told by a look at the end, and not by one from before.
        let is_last = self.shared.clock.now() >= watch.until;
        let records = self.archive.records(&watch.run).await?;
        let agreed = self.agreed(&watch, &records).await?;
        let progress = Progress {
            looks: watch.looks,
            quiet: watch.quiet,
            rounds: watch.rounds,
            is_open: watch.is_open,
        };
        let mut keeper = Keeper::new(watch.run.clone(), progress, agreed);
        let turn = keeper.turn(&tools).await;
        metrics::looked();
        self.turned(&mut watch, &mut keeper, &tools, turn).await;
        let Progress {
            looks,
            quiet,
            rounds,
            is_open,
        } = keeper.progress;
        let pause = keeper.pause();
        let watch = Watch {
            looks,
            quiet,
            rounds,
            is_open,
            next_at: self.shared.clock.now().plus(pause).min(watch.until),
            ..watch
        };
        match is_last && watch.state == WatchState::Watching {
            true => Ok(self.over(&tools, watch).await),
            false => Ok(watch),
        }
    }

    /// Its time is over, which the run's records say, too.
    async fn over(&self, tools: &Tools, watch: Watch) -> Watch {
        let times = (watch.from, watch.until);
        let came_back = watch.news as usize;
        let noted = watched(tools, &watch.run, times, watch.looks, came_back).await;
        if let Err(why) = noted {
            let run = &watch.run;
            tracing::warn!("the end of the watch over {run} is not noted: {why}");
        }
        Watch {
            state: WatchState::Over,
            ..watch
        }
    }

    async fn turned(&self, watch: &mut Watch, keeper: &mut Keeper, tools: &Tools, turn: Turn) {
        match turn {
            Turn::Quiet(look) => self.note_look(watch, &look),
            Turn::Back(look) => {
                self.note_look(watch, &look);
                self.propose_anew(watch, &look, tools).await;
            }
            Turn::Due(look) => {
                self.note_look(watch, &look);
                self.contain_again(watch, keeper, &look, tools).await;
            }
            Turn::GaveUp(look, finding) => {
                self.note_look(watch, &look);
                tracing::error!("run {}: {}", watch.run, finding.text);
                self.tell_back(&watch.run, &look, finding.text, finding.hint);
                watch.state = WatchState::GaveUp;
            }
            Turn::Released(by) => {
                tracing::info!("run {} was given back by {by}: the watch ends", watch.run);
                watch.state = WatchState::Released;
            }
            Turn::Waits(why) => tracing::info!("run {} waits: {why}", watch.run),
        }
    }

    fn note_look(&self, watch: &mut Watch, look: &Look) {
        for news in &look.news {
            metrics::came_back(news.kind.word());
            tracing::warn!("run {}: {}", watch.run, news.finding(&watch.run).text);
        }
        let came_back = look.news.iter().filter(|news| news.is_open()).count();
        let came_back = u32::try_from(came_back).unwrap_or(u32::MAX);
        watch.news = watch.news.saturating_add(came_back);
        watch.unread = look.unread.join("; ");
    }

    async fn contain_again(
        &self,
        watch: &mut Watch,
        keeper: &mut Keeper,
        look: &Look,
        tools: &Tools,
    ) {
        let run = watch.run.clone();
        if !self.take_hold(&run) {
            return;
        }
        // Counted before anything is written: who comes after a crash has one round less.
        let counted = Watch {
            rounds: watch.rounds + 1,
            is_open: true,
            next_at: self.shared.clock.now().plus(TAKEN),
            ..watch.clone()
        };
        if let Err(why) = self.desk.keep_watch(&counted).await {
            tracing::error!("run {run} is not contained again: {why}");
            self.let_go(&run);
            return;
        }
        let next = format!("it is contained again, {} of {ROUNDS}", watch.rounds + 1);
        self.tell_back(&run, look, says(&look.news), next);
        let observer = Arc::new(Told(self.shared.news.clone(), run.clone()));
        let contained = keeper.contain(tools, observer, self.stop.clone()).await;
        self.let_go(&run);
        match contained {
            Contained::Closed(verdict, state) => {
                tracing::warn!("run {run} was contained again: {}", verdict.word());
                metrics::contained_again(verdict.word());
                self.closed(&run, logins(&state), verdict).await;
            }
            // Open now: this server or the next goes on with it at its start.
            Contained::Stopped => {}
            Contained::Released(by) => {
                tracing::info!("run {run} was given back by {by}: the watch ends");
                watch.state = WatchState::Released;
            }
            Contained::NotBegun(why) => tracing::warn!("run {run} is not contained again: {why}"),
        }
    }

    /// What a rule agreed to beforehand, if it began the run and nobody froze such runs since.
    async fn agreed(&self, watch: &Watch, records: &[Record]) -> Result<Option<Again>, Trouble> {
        if self.desk.frozen().await?.is_some() {
            return Ok(None);
        }
        let state = RunState::of(records);
        let Some(plan) = state.plan else {
            return Ok(None);
        };
        let standing = records.iter().find_map(|record| match &record.event {
            Event::Consented {
                digest,
                kind: kind @ ConsentKind::Standing,
                by,
                ..
            } => Some(Recorded {
                digest: digest.clone(),
                kind: *kind,
                by: by.clone(),
                at: record.at,
            }),
            _ => None,
        });
        let Some(standing) = standing else {
            return Ok(None);
        };
        let bounds = Bounds {
            rounds: ROUNDS.saturating_sub(watch.rounds),
            until: watch.until.plus(GRACE),
        };
        let consent = Consent::recorded(&plan, &standing);
        let again = consent.and_then(|consent| Again::agreed(&consent, &plan, bounds));
        Ok(again.ok())
    }

    /// A new plan of the same case, for people to approve; without one they are told all the same.
    async fn propose_anew(&self, watch: &mut Watch, look: &Look, tools: &Tools) {
        let run = &watch.run;
        let what = says(&look.news);
        let by_hand = format!("contain again: oust runs resume {run}");
        let Some(stored) = look.state.plan.as_deref() else {
            return;
        };
        match self.proposed(stored, &what, tools).await {
            Ok(Some(proposed)) => {
                let next = format!("approve {proposed}, or {by_hand}");
                watch.proposed = Some(proposed);
                self.tell_back(&watch.run, look, what, next);
            }
            Ok(None) => self.tell_back(&watch.run, look, what, by_hand),
            Err(why) => {
                tracing::warn!("nothing could be proposed for {run}: {why}");
                self.tell_back(&watch.run, look, what, by_hand);
            }
        }
    }

    async fn proposed(
        &self,
        stored: &Plan,
        what: &str,
        tools: &Tools,
    ) -> Result<Option<RunId>, Trouble> {
        let Some(playbook) = self.playbook(stored) else {
            return Ok(None);
        };
        let mut request = PlanRequest::again(stored, PATIENCE);
        // What was proposed once and carried out is followed by another.
        let mut next = run_after(&stored.run);
        while !self.archive.records(&next).await?.is_empty() {
            next = run_after(&next);
        }
        request.run = next.clone();
        let planned = plan(tools, &playbook, &self.setup.guards, request).await;
        let mut planned = planned
            .map_err(|why| Trouble::Systems(why.to_string()))?
            .plan;
        planned.run = next.clone();
        planned.case.window = stored.case.window;
        planned.case.intruders.clone_from(&stored.case.intruders);
        if let Source::Alert(name) = &planned.case.source {
            planned.case.source = Source::Proposed(name.clone());
        }
        planned.call(&self.setup.owners);
        if planned.guards.iter().any(|guard| guard.stops_run()) {
            return Ok(None);
        }
        let logins: Vec<&str> = planned
            .case
            .subjects
            .iter()
            .map(|who| who.login.as_str())
            .collect();
        let title = format!("{}: came back after {}", logins.join(", "), stored.run);
        self.ask_people(&planned, title, what.to_owned(), Vec::new())
            .await?;
        Ok(Some(next))
    }

    fn tell_back(&self, run: &RunId, look: &Look, what: String, next: String) {
        self.tell(NoticeKind::Back {
            run: run.clone(),
            subjects: logins(&look.state),
            what,
            next,
        });
    }

    async fn put_back_watch(&self, watch: Watch) {
        if watch.state != WatchState::Watching {
            self.audit(format!(
                "the watch over {} is {}",
                watch.run,
                watch.state.word()
            ))
            .await;
        }
        if let Err(why) = self.desk.keep_watch(&watch).await {
            tracing::error!("how the watch over {} stands is not kept: {why}", watch.run);
        }
    }
}

fn logins(state: &RunState) -> Vec<String> {
    let subjects = state.plan.iter().flat_map(|plan| &plan.case.subjects);
    subjects.map(|who| who.login.clone()).collect()
}

/// What came back, in one sentence.
fn says(news: &[News]) -> String {
    let open = news.iter().filter(|news| news.is_open());
    let each: Vec<String> = open
        .map(|news| format!("{} at {}: {}", news.login, news.system, news.says))
        .collect();
    match each.is_empty() {
        true => "what was contained again did not hold".to_owned(),
        false => each.join("; "),
    }
}
