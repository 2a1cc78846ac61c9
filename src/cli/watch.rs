//! `oust watch`, and what `oust contain --watch` does after the verdict.
//!
//! Looks, tells what came back and who did it, contains again where that was agreed to, and gives
//! up loudly. What a look reads and what containing again does is the engine's; whether it was
//! agreed to is decided here, once, at the start.

mod screen;

use std::io::{BufRead, IsTerminal, Read};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::watch::Receiver;

use self::screen::Screen;
use super::args::{Global, GoArgs, Output, WatchArgs};
use super::carry::{From, Tells, carry_out_told, run_failed};
use super::contain::consent_failed;
use super::exit::{Exit, Failure, works_on};
use super::runs::name_of;
use super::setup::{Ledger, Workshop};
use super::{approvals, notices, print, say, show, stop, when};
use crate::consent::{Again, Asked, Bounds, Consent, ROUNDS_MAX, WATCH_MAX};
use crate::engine::watch::{
    Contained, Keeper, Look, News, Progress, Turn, WatchError, watchable, watched,
};
use crate::engine::{Ended, Snapshot};
use crate::ledger::RunState;
use crate::model::{Plan, RunId, Utc, Verdict, count};

/// Bytes of a typed answer at most.
const WORD_MAX: u64 = 4096;

/// Said at the first Ctrl-C: most of the time nothing is in flight.
const STOPPING: &str = "stopping: what is under way is finished (Ctrl-C again stops at once)";

/// What the last look found is contained, too: it may take so long.
const LOOK_MAX: Duration = Duration::from_secs(600);

/// How long the run before the watch may take, for a consent that covers both.
const RUN_MAX: Duration = Duration::from_secs(3600);

/// For how long, and how often at most it is contained again.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    lasts: Duration,
    rounds: u32,
}

impl Terms {
    fn new(what: &str, lasts: &str, rounds: u32) -> Result<Self, Failure> {
        let wrong = |what: String, hint: &str| Failure::say(Exit::Usage, what, hint);
        let lasts_for = when::duration(lasts).filter(|lasts| !lasts.is_zero());
        let Some(lasts_for) = lasts_for else {
            return Err(wrong(
                format!("{what} `{lasts}` is no duration"),
                "write 30m, 24h, 2d",
            ));
        };
        if lasts_for > WATCH_MAX {
            return Err(wrong(
                format!("{what} `{lasts}` is longer than a watch lasts"),
                "7d at most: then look at it, and watch again if need be",
            ));
        }
        if rounds > ROUNDS_MAX {
            return Err(wrong(
                format!("--rounds {rounds} is more than is ever agreed to"),
                "10 at most: what comes back so often is stopped at its source",
            ));
        }
        Ok(Self {
            lasts: lasts_for,
            rounds,
        })
    }

    /// What `contain --watch` means.
    ///
    /// # Errors
    /// [`Failure`], if that is no duration.
    pub(super) fn for_contain(lasts: &str) -> Result<Self, Failure> {
        Self::new("--watch", lasts, 3)
    }
}

/// How a watch ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Its time was over.
    Time,
    /// Its person stopped it.
    Stopped,
    /// The run was given back.
    Released,
    /// It came back too often.
    GaveUp,
}

impl End {
    fn word(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Stopped => "stopped",
            Self::Released => "released",
            Self::GaveUp => "gave_up",
        }
    }
}

/// `oust watch`.
///
/// # Errors
/// [`Failure`], if the run cannot be watched; nothing was written then.
pub(super) fn watch(global: &Global, args: &WatchArgs) -> Result<Exit, Failure> {
    let terms = Terms::new("--for", &args.lasts, args.rounds)?;
    if args.go.no_ledger || args.go.emergency_ledger {
        return Err(Failure::say(
            Exit::Usage,
            "a watch needs the ledger that holds the run",
            "leave --no-ledger and --emergency-ledger out",
        ));
    }
    super::runtime(true)?.block_on(async {
        let shop = Workshop::open(global, Ledger::Usual).await?;
        let run = name_of(&*shop.archive, &args.which).await?;
        let state = watchable(&shop.tools, &run).await.map_err(watch_failed)?;
        let plan = state.plan.clone().expect("a watchable run has a plan");
        shop.notifier();
        let agreed = agreed(&shop, &plan, &args.go, terms)?;
        let stop = stop::on_ctrl_c_saying(STOPPING);
        let mut watch = Watch::new(global, &shop, run, terms, agreed, stop);
        let end = watch.keep(&state).await;
        let held = watch.tell(end).await;
        if global.output == Output::Json {
            print(&watch.json(end, held));
        }
        Ok(watch.exit(end, held))
    })
}

/// A run from its first write, and then the watch over it, with the same consent.
///
/// # Errors
/// [`Failure`], if the run could not begin; nothing was written then.
pub(super) async fn after(
    global: &Global,
    shop: &Workshop,
    (plan, snapshot): (Plan, Snapshot),
    consent: Consent,
    go: &GoArgs,
    terms: Terms,
) -> Result<Exit, Failure> {
    let bounds = Bounds {
        rounds: terms.rounds,
        until: shop
            .tools
            .clock
            .now()
            .plus(RUN_MAX + terms.lasts + LOOK_MAX),
    };
    let agreed = Again::agreed(&consent, &plan, bounds).map_err(|why| consent_failed(&why))?;
    let run = plan.run.clone();
    let stop = stop::on_ctrl_c_saying(STOPPING);
    let from = From::Plan(Box::new(plan));
    let how = (stop.clone(), Tells::NoJson);
    let carried = carry_out_told(global, shop, from, consent, snapshot, go, how).await?;
    let (exit, Ended::Closed(_)) = carried else {
        return Ok(carried.0);
    };
    let mut watch = Watch::new(global, shop, run, terms, Some(agreed), stop);
    let told = match watchable(&shop.tools, &watch.keeper.run).await {
        Ok(state) => {
            let end = watch.keep(&state).await;
            let held = watch.tell(end).await;
            watch.exit(end, held)
        }
        Err(why) => {
            say(&format!("! not watched: {why}"));
            exit
        }
    };
    if global.output == Output::Json {
        let state = shop.archive.state(&watch.keeper.run).await;
        let state = state.map_err(super::carry::store_failed)?;
        let report = show::whole(&state, shop.archive.is_recorded());
        print(&show::json(&report));
    }
    Ok(told)
}

/// Whether to contain again: what was passed, or what a person types. Without either it only
/// watches.
fn agreed(
    shop: &Workshop,
    plan: &Plan,
    go: &GoArgs,
    terms: Terms,
) -> Result<Option<Again>, Failure> {
    let now = shop.tools.clock.now();
    let asked = Asked { shown_at: now, now };
    let consent = match (&go.consent, &go.approval[..]) {
        (None, files @ [_, ..]) => {
            let given = approvals::read(files, &shop.approvers)?;
            Some(approvals::consent(plan, &given.votes, shop, now)?)
        }
        (Some(phrase), _) => {
            let given = Consent::phrase(plan, phrase, &shop.person, asked);
            Some(given.map_err(|error| consent_failed(&error))?)
        }
        (None, []) if go.yes => {
            let given = Consent::yes(plan, &shop.person, asked);
            Some(given.map_err(|error| consent_failed(&error))?)
        }
        (None, []) if terms.rounds > 0 && std::io::stdin().is_terminal() => {
            typed(shop, plan, terms)?
        }
        (None, []) => None,
    };
    let bounds = Bounds {
        rounds: terms.rounds,
        until: shop.tools.clock.now().plus(terms.lasts + LOOK_MAX),
    };
    let again = consent.map(|consent| Again::agreed(&consent, plan, bounds));
    let again = again.transpose().map_err(|error| consent_failed(&error))?;
    Ok(again.filter(|again| again.left() > 0))
}

fn typed(shop: &Workshop, plan: &Plan, terms: Terms) -> Result<Option<Consent>, Failure> {
    let shown_at = shop.tools.clock.now();
    super::prompt(&format!(
        "To contain again by itself what comes back, at most {}, type {}; Enter only watches: ",
        count(terms.rounds as usize, "time"),
        crate::report::escape::visible(&plan.typed_word()),
    ));
    let mut word = String::new();
    let read = std::io::stdin().lock().take(WORD_MAX).read_line(&mut word);
    read.map_err(|error| Failure::new(Exit::Refused, error, "nothing was written"))?;
    if word.trim().is_empty() {
        return Ok(None);
    }
    let now = shop.tools.clock.now();
    let given = Consent::typed(plan, &word, &shop.person, Asked { shown_at, now });
    given.map(Some).map_err(|error| consent_failed(&error))
}

pub(super) fn watch_failed(error: WatchError) -> Failure {
    let hint = error.hint();
    match error {
        WatchError::Run(error) => run_failed(error),
        other => Failure::new(Exit::Refused, other, hint),
    }
}

/// One watch, from its first look to its end.
struct Watch<'w> {
    global: &'w Global,
    shop: &'w Workshop,
    keeper: Keeper,
    rounds: u32,
    from: Utc,
    until: Utc,
    stop: Receiver<bool>,
    screen: Screen,
    calls: u64,
    news: Vec<News>,
    unread: Vec<String>,
    verdict: Verdict,
    /// A run of ours stopped in its midst.
    broke_off: bool,
}

impl<'w> Watch<'w> {
    fn new(
        global: &'w Global,
        shop: &'w Workshop,
        run: RunId,
        terms: Terms,
        agreed: Option<Again>,
        stop: Receiver<bool>,
    ) -> Self {
        let from = shop.tools.clock.now();
        works_on(&run, true);
        Self {
            global,
            shop,
            rounds: agreed.as_ref().map_or(0, Again::left),
            keeper: Keeper::new(run, Progress::default(), agreed),
            from,
            until: from.plus(terms.lasts),
            stop,
            screen: Screen::new(global),
            calls: 0,
            news: Vec::new(),
            unread: Vec::new(),
            verdict: Verdict::Unknown,
            broke_off: false,
        }
    }

    /// Looks until it ends.
    async fn keep(&mut self, state: &RunState) -> End {
        self.verdict = state.verdict.unwrap_or(Verdict::Unknown);
        self.screen.begins(state, self.until, self.rounds);
        loop {
            // Whether it held is told by a look at the end, and not by one from before.
            let is_last = self.shop.tools.clock.now() >= self.until;
            let turn = self.keeper.turn(&self.shop.tools).await;
            if let Some(end) = self.turned(turn).await {
                return end;
            }
            if is_last {
                return End::Time;
            }
            if let Some(end) = self.wait().await {
                return end;
            }
        }
    }

    /// Deals with what a turn came to; `Some` ends the watch.
    async fn turned(&mut self, turn: Turn) -> Option<End> {
        match turn {
            Turn::Quiet(look) => self.looked(&look),
            Turn::Back(look) => {
                self.looked(&look);
                let next = format!("contain again: oust runs resume {}", self.keeper.run);
                self.screen.hint(&next);
                self.tell_others(&look, told(&look), next);
            }
            Turn::Due(look) => {
                self.looked(&look);
                return self.contain(&look).await;
            }
            Turn::GaveUp(look, finding) => {
                self.looked(&look);
                self.screen.gave_up(&finding);
                self.tell_others(&look, finding.text, finding.hint);
                return Some(End::GaveUp);
            }
            Turn::Released(by) => {
                self.screen
                    .say(&format!("given back by {by}: the watch ends"));
                return Some(End::Released);
            }
            Turn::Waits(why) => self.screen.trouble(&why),
        }
        None
    }

    fn looked(&mut self, look: &Look) {
        self.calls += look.calls;
        self.verdict = look.verdict();
        self.screen.looked(look, &self.unread);
        self.unread.clone_from(&look.unread);
        self.news.extend(look.news.iter().cloned());
    }

    fn tell_others(&self, look: &Look, what: String, next: String) {
        notices::back(self.shop, &self.keeper.run, &look.state, what, next);
    }

    async fn contain(&mut self, look: &Look) -> Option<End> {
        let number = self.keeper.progress.rounds + 1;
        let what = format!("containing again, {number} of {}", self.rounds);
        self.screen.say(&what);
        if look.news.iter().any(News::is_open) {
            self.tell_others(look, told(look), what);
        }
        let watcher = Arc::new(show::Watcher::new(self.global, &self.shop.tools));
        let (tools, stop) = (&self.shop.tools, self.stop.clone());
        let contained = self.keeper.contain(tools, watcher.clone(), stop).await;
        watcher.finish();
        match contained {
            Contained::Closed(verdict, state) => {
                self.verdict = verdict;
                self.screen.contained_again(verdict, &self.keeper.run);
                notices::ended_so(self.shop, &state, Ended::Closed(verdict)).await;
                None
            }
            Contained::Stopped => {
                self.broke_off = true;
                Some(End::Stopped)
            }
            Contained::Released(by) => {
                self.screen
                    .say(&format!("given back by {by}: the watch ends"));
                Some(End::Released)
            }
            Contained::NotBegun(why) => {
                self.screen.trouble(&why);
                None
            }
        }
    }

    /// Waits for the next look, at the latest until the end; `Some` if there is none.
    async fn wait(&mut self) -> Option<End> {
        let clock = Arc::clone(&self.shop.tools.clock);
        let next = clock.now().plus(self.keeper.pause()).min(self.until);
        loop {
            let now = clock.now();
            if *self.stop.borrow() {
                return Some(End::Stopped);
            }
            if now >= next {
                return None;
            }
            let left = next.since(now);
            let looks = self.keeper.progress.looks;
            self.screen.waits(left, looks, self.news.len());
            let tick = left.min(self.screen.tick());
            let stopped = Box::pin(self.stop.changed());
            if let Either::Left((Err(_), _)) = select(stopped, clock.sleep(tick)).await {
                clock.sleep(tick).await;
            }
        }
    }

    /// Says how it ended, and notes it in the ledger; `true` if it held.
    async fn tell(&mut self, end: End) -> bool {
        let Progress {
            looks,
            rounds,
            is_open,
            ..
        } = self.keeper.progress;
        let run = &self.keeper.run;
        let until = self.shop.tools.clock.now();
        if end != End::Released && !self.broke_off {
            let came_back = self.news.iter().filter(|news| news.is_open()).count();
            let times = (self.from, until);
            let noted = watched(&self.shop.tools, run, times, looks, came_back).await;
            if let Err(why) = noted {
                self.screen.trouble(&why.to_string());
            }
        }
        let held = end != End::GaveUp
            && !is_open
            && self.unread.is_empty()
            && looks > 0
            && self.verdict == Verdict::Contained;
        self.screen.ended(&screen::Ended {
            word: end.word(),
            held,
            is_open,
            run,
            looks,
            calls: self.calls,
            contained_again: rounds,
            unread: &self.unread,
            verdict: self.verdict,
            json: self.global.output == Output::Json,
        });
        notices::flush(self.shop).await;
        held
    }

    fn exit(&self, end: End, held: bool) -> Exit {
        match end {
            End::Stopped if self.broke_off => Exit::Stopped,
            // Whoever gave him back decided that it is over.
            End::Released if !self.keeper.progress.is_open => Exit::Good,
            _ if held => Exit::Good,
            _ => Exit::NotAllGood,
        }
    }

    /// The one object.
    fn json(&self, end: End, held: bool) -> String {
        let news: Vec<serde_json::Value> = self.news.iter().map(news_json).collect();
        serde_json::json!({
            "schema": "oust.watch/v1",
            "run_id": self.keeper.run,
            "from": self.from,
            "until": self.shop.tools.clock.now(),
            "ended": end.word(),
            "held": held,
            "verdict": self.verdict,
            "looks": self.keeper.progress.looks,
            "calls": self.calls,
            "contained_again": self.keeper.progress.rounds,
            "news": news,
            "unread": self.unread,
        })
        .to_string()
    }
}

fn news_json(news: &News) -> serde_json::Value {
    serde_json::json!({
        "kind": news.kind.word(),
        "login": news.login,
        "okta_id": news.subject,
        "system": news.system,
        "at": news.at,
        "says": news.says,
        "next": news.next,
    })
}

/// What came back, in one sentence.
fn told(look: &Look) -> String {
    let each = look.news.iter().filter(|news| news.is_open());
    let each: Vec<String> = each
        .map(|news| format!("{} at {}: {}", news.login, news.system, news.says))
        .collect();
    each.join("; ")
}
