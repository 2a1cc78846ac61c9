//! One look at a run that is over.
//!
//! Bounded: each system gets so many seconds, the ranks are those that leave quota to others, and
//! the requests are counted. A failed read takes nothing back that was read before; it is said.
//!
//! What is undone counts after three reads that agree, as in the prover: vendors lag behind
//! themselves. Who let him in is told by the directory's log, which lags, too: if it names nobody
//! yet, a later look does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;

use super::super::again::judged;
use super::super::run::Tools;
use super::super::step::applied_of;
use super::super::tenants;
use super::news::{News, NewsKind};
use super::targets::{self, Targets, subject_of};
use super::{WatchError, not_released, watchable};
use crate::connector::{LockAct, SignsOfLife, System};
use crate::given::within;
use crate::ledger::{Event, Happened, Judge, RunState, last_clear};
use crate::model::{
    Action, ActionId, Applied, ChangeId, Evicts, Plan, Proof, ProofState, Provable, RunId, Skip,
    UserId, Utc, Verdict,
};
use crate::transport::{Rank, Reader};

/// How long one system's reads may take.
pub(super) const READ_FOR: Duration = Duration::from_secs(60);

/// Reads that must agree before something counts as undone.
const REFUTALS: u32 = 3;

/// Between them.
const APART: Duration = Duration::from_secs(2);

/// What is told of one look at most: a thousand new things are one piece of news.
const NEWS_MAX: usize = 50;

/// What one look showed.
#[derive(Clone, Debug)]
pub struct Look {
    /// When.
    pub at: Utc,
    /// What is not as the run left it and was not told before.
    pub news: Vec<News>,
    /// What could not be read, and why.
    pub unread: Vec<String>,
    /// Requests that it took.
    pub calls: u64,
    /// The run as it stands.
    pub state: RunState,
}

impl Look {
    /// The run's verdict as it stands.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.state.verdict.unwrap_or(Verdict::Unknown)
    }
}

/// Looks once; what is news is in the run's records then.
///
/// # Errors
/// [`WatchError`], if it may not be watched any more.
pub async fn look(tools: &Tools, run: &RunId) -> Result<Look, WatchError> {
    let mut state = watchable(tools, run).await?;
    let plan = state.plan.clone().expect("a watchable run has a plan");
    let before = sent(tools);
    let mut found = read(tools, run, &plan, &state).await?;
    found.news.truncate(NEWS_MAX);
    not_released(tools, run).await?;
    let mut events = found.events;
    for news in &found.news {
        events.push(Event::Noted {
            finding: news.finding(run),
        });
    }
    if !events.is_empty() {
        let now = tools.clock.now();
        events.extend(judged(tools, state.clone(), now, &events));
        let events = Happened::at_once(now, events);
        let head = tools.store.append(run, events.clone()).await?;
        for Happened { at, event } in &events {
            state.apply(*at, event);
        }
        state.head = Some(head);
    }
    Ok(Look {
        at: tools.clock.now(),
        news: found.news,
        unread: found.unread,
        calls: sent(tools).saturating_sub(before),
        state,
    })
}

/// Requests so far, at all systems.
fn sent(tools: &Tools) -> u64 {
    let each = tools.systems().map(|system| system.client.metered());
    each.map(|reading| reading.reads + reading.writes).sum()
}

/// What the reads of one look came to.
#[derive(Default)]
struct FoundOut {
    news: Vec<News>,
    events: Vec<Event>,
    unread: Vec<String>,
}

async fn read(
    tools: &Tools,
    run: &RunId,
    plan: &Plan,
    state: &RunState,
) -> Result<FoundOut, WatchError> {
    let mut found = FoundOut::default();
    let systems = tenants::unmoved(tools, plan, READ_FOR).await;
    let asked = |system: &System| systems.iter().any(|each| each.id == system.id);
    for system in tools.systems().filter(|system| !asked(system)) {
        let why = format!("{}: it is not the account any more that it was", system.id);
        found.unread.push(why);
    }
    let each = systems.iter().map(|system| async move {
        let back = undone(tools, state, system).await;
        let targets = targets::read(tools, plan, state, system).await;
        (system, back, targets)
    });
    let each = join_all(each).await;
    // The log comes last: what the reads above saw undone is in it by now, if at all.
    let clears = last_clears(tools, plan, state);
    let log = Log::read(tools, plan, state, &clears, &mut found.unread).await;
    if let Some(by) = log.given_back_by_us(tools, plan, state, &each) {
        return Err(WatchError::Released {
            run: run.clone(),
            by,
        });
    }
    tell_let_in(tools, run, plan, state, &clears, &log, &mut found);
    for (system, back, targets) in each {
        tell_undone(tools, plan, state, &log, system, back, &mut found);
        tell_new(tools, run, plan, state, system, targets, &mut found);
    }
    tell_signs(tools, plan, &clears, &log, run, state, &mut found);
    Ok(found)
}

/// What reading a system's changes back showed.
#[derive(Default)]
struct Back {
    /// Undone, three times over.
    undone: Vec<(Applied, Proof)>,
    /// So again, or at last.
    proven: Vec<(ChangeId, Proof)>,
    unread: Option<String>,
}

/// Reads back what can be: an event that was logged stays logged, and is not asked for again.
async fn undone(tools: &Tools, state: &RunState, system: &System) -> Back {
    let by_read = |id: &ActionId| {
        let action = system.connector.action(id);
        action.is_some_and(|action| matches!(action.proof, Provable::ByRead))
    };
    let answered: Vec<Applied> = state
        .changes()
        .iter()
        .filter(|each| each.change.system == system.id && by_read(&each.change.action))
        .filter(|each| each.is_answered_well() || each.is_proven())
        .map(|each| applied_of(state, &each.change))
        .collect();
    let mut back = Back::default();
    let mut suspects = answered;
    for reading in 1..=REFUTALS {
        if suspects.is_empty() {
            break;
        }
        if reading > 1 {
            tools.clock.sleep(APART).await;
        }
        let reader = Reader::new(system.client.clone())
            .ranked(Rank::Prove)
            .patient(READ_FOR);
        let proofs = system.connector.prove(&reader, &suspects);
        let Some(proofs) = within(&*tools.clock, READ_FOR, proofs).await else {
            back.unread = Some("it did not answer in time".into());
            break;
        };
        let mut still = Vec::new();
        for (applied, proof) in suspects.into_iter().zip(proofs) {
            let was = state.change(&applied.change.id);
            let was = was
                .and_then(|each| each.proof.as_ref())
                .map(|proof| proof.state);
            match (was, proof.state) {
                (Some(ProofState::Proven), ProofState::Refuted) if reading < REFUTALS => {
                    still.push(applied);
                }
                (Some(ProofState::Proven), ProofState::Refuted) => {
                    back.undone.push((applied, proof));
                }
                (Some(ProofState::Proven), ProofState::Pending) => back.unread = Some(proof.how),
                (Some(ProofState::Proven), ProofState::Proven) => {}
                (_, ProofState::Proven) => back.proven.push((applied.change.id.clone(), proof)),
                _ => {}
            }
        }
        suspects = still;
    }
    back
}

/// Each subject's last clear, and when it was by the directory's clock.
type Clears = BTreeMap<UserId, (Option<ChangeId>, Utc)>;

fn last_clears(tools: &Tools, plan: &Plan, state: &RunState) -> Clears {
    let home = &tools.directory.system.id;
    let actions = |id: &ActionId| declared(tools, id);
    let Some(judge) = Judge::of(state, &actions, home) else {
        return Clears::new();
    };
    // A playbook without a clear is watched from its last answer on.
    let else_at = state.last_answer_at.or(state.first_write_at);
    let who = plan.case.subjects.iter().map(|who| &who.id);
    who.filter_map(|who| {
        let clear = last_clear(&judge.steps(who), &actions, home);
        let found = match clear {
            Some((clear, at)) => (Some(clear.change.id.clone()), at),
            None => (None, else_at?),
        };
        Some((who.clone(), found))
    })
    .collect()
}

fn declared(tools: &Tools, id: &ActionId) -> Option<&'static Action> {
    tools.action(id)
}

/// What the directory's log told.
#[derive(Default)]
struct Log {
    acts: Vec<LockAct>,
    signs: SignsOfLife,
}

impl Log {
    async fn read(
        tools: &Tools,
        plan: &Plan,
        state: &RunState,
        clears: &Clears,
        unread: &mut Vec<String>,
    ) -> Self {
        let home = &tools.directory;
        let reader = Reader::new(home.system.client.clone())
            .ranked(Rank::Prove)
            .patient(READ_FOR);
        let who: Vec<UserId> = plan
            .case
            .subjects
            .iter()
            .map(|who| who.id.clone())
            .collect();
        let began = state.first_write_at.unwrap_or(plan.made_at);
        let since: Vec<(UserId, Utc)> = clears
            .iter()
            .map(|(who, (_, at))| (who.clone(), *at))
            .collect();
        let locks = home.directory.locks_since(&reader, &who, began);
        let locks = within(&*tools.clock, READ_FOR, locks).await;
        let late = || "the log did not answer in time".to_owned();
        let acts = match locks.unwrap_or_else(|| Err(late())) {
            Ok(acts) => acts,
            Err(why) => {
                unread.push(format!("who locked and unlocked: {why}"));
                Vec::new()
            }
        };
        let signs = home.directory.signs_of_life(&reader, &since);
        let signs = within(&*tools.clock, READ_FOR, signs).await;
        let signs = signs.unwrap_or_else(|| SignsOfLife {
            unread: Some(late()),
            ..SignsOfLife::default()
        });
        if let Some(why) = &signs.unread {
            unread.push(format!("signs of life: {why}"));
        }
        Self { acts, signs }
    }

    /// Who of us gave an account back whose lock is gone, where this ledger knows of no release:
    /// another oust by the same credential. That is the org's own will, and not to be fought.
    fn given_back_by_us(
        &self,
        tools: &Tools,
        plan: &Plan,
        state: &RunState,
        each: &[(&System, Back, Targets)],
    ) -> Option<String> {
        let mut unlocked = unlocked(tools, state, each).into_iter();
        unlocked.find_map(|who| {
            let mut acts = self.acts.iter().filter(|act| act.subject == who);
            let last = acts.next_back()?;
            let login = subject_of(plan, &who).map_or("", |who| who.login.as_str());
            (last.ours && !last.locks).then(|| {
                format!(
                    "our own client, for {login}, at {} ({}), by no run of this ledger",
                    last.at, last.what
                )
            })
        })
    }

    /// Whether the last that was done about his locks was to let him in.
    fn is_in(&self, who: &UserId) -> bool {
        let mut his = self.acts.iter().filter(|act| act.subject == *who);
        his.next_back().is_some_and(|act| !act.locks)
    }

    /// Those who let him in after `since` and are none of ours.
    fn let_in(&self, who: &UserId, since: Utc) -> impl Iterator<Item = &LockAct> {
        let his = self.acts.iter().filter(move |act| act.subject == *who);
        his.filter(move |act| !act.locks && !act.ours && act.at > since)
    }
}

/// Whose lock was read undone now, or stands so in the records.
fn unlocked(
    tools: &Tools,
    state: &RunState,
    each: &[(&System, Back, Targets)],
) -> BTreeSet<UserId> {
    let locks = |id: &ActionId| declared(tools, id).is_some_and(|a| a.evicts == Evicts::Locks);
    let now = each.iter().flat_map(|(_, back, _)| &back.undone);
    let now = now.map(|(applied, _)| &*applied.change);
    let known = state.changes().iter();
    let known = known.filter(|each| each.proof_is(ProofState::Refuted));
    now.chain(known.map(|each| &*each.change))
        .filter(|change| locks(&change.action))
        .map(|change| change.subject.clone())
        .collect()
}

/// His locks that count as proven.
fn locks_of<'s>(
    tools: &'s Tools,
    state: &'s RunState,
    who: &'s UserId,
) -> impl Iterator<Item = ChangeId> + 's {
    let locks = |id: &ActionId| declared(tools, id).is_some_and(|a| a.evicts == Evicts::Locks);
    let his = state.changes().iter().filter(move |each| {
        each.change.subject == *who && each.is_proven() && locks(&each.change.action)
    });
    his.map(|each| each.change.id.clone())
}

/// Whoever let him in: in words, and against the clear and the lock that he outlived.
fn tell_let_in(
    tools: &Tools,
    run: &RunId,
    plan: &Plan,
    state: &RunState,
    clears: &Clears,
    log: &Log,
    found: &mut FoundOut,
) {
    let home = &tools.directory.system.id;
    for who in &plan.case.subjects {
        let Some((clear, cleared_at)) = clears.get(&who.id) else {
            continue;
        };
        let began = state.first_write_at.unwrap_or(*cleared_at);
        for act in log.let_in(&who.id, began) {
            let mut news = News::let_in(plan, who, act, home);
            if act.at <= *cleared_at {
                // He was cleared since: only the name is new.
                news.kind = NewsKind::Named;
            }
            let is_told = state
                .findings
                .iter()
                .any(|known| known.text == news.finding(run).text);
            let swept = state.sign_events.contains(&act.event);
            if is_told || swept {
                continue;
            }
            if news.kind == NewsKind::LetIn {
                // His lock may have been read a moment before it went.
                let locks = log.is_in(&who.id).then(|| locks_of(tools, state, &who.id));
                for change in clear.iter().cloned().chain(locks.into_iter().flatten()) {
                    let now = tools.clock.now();
                    let proof = Proof::read(ProofState::Refuted, news.says.clone(), now);
                    found.events.push(Event::Proved { change, proof });
                }
            }
            found.news.push(news);
        }
    }
}

fn tell_undone(
    tools: &Tools,
    plan: &Plan,
    state: &RunState,
    log: &Log,
    system: &System,
    back: Back,
    found: &mut FoundOut,
) {
    if let Some(why) = back.unread {
        found.unread.push(format!("{}: {why}", system.id));
    }
    for (change, proof) in back.proven {
        found.events.push(Event::Proved { change, proof });
    }
    for (applied, proof) in back.undone {
        let change = &applied.change;
        let Some(who) = subject_of(plan, &change.subject) else {
            continue;
        };
        let is_lock = declared(tools, &change.action).is_some_and(|a| a.evicts == Evicts::Locks);
        let since = state.change(&change.id).and_then(|each| each.answered_at);
        let since = since.unwrap_or(plan.made_at).minus(Duration::from_secs(60));
        let is_named = is_lock && log.let_in(&change.subject, since).next().is_some();
        if !is_named {
            let tail = match is_lock {
                true => "; the log does not name who did it yet",
                false => "",
            };
            let says = format!("`{}` is undone: {}{tail}", change.sentence, proof.how);
            found.news.push(News::new(
                NewsKind::Undone,
                who,
                &system.id,
                &says,
                proof.at,
            ));
        }
        found.events.push(Event::Proved {
            change: change.id.clone(),
            proof,
        });
    }
}

/// New things leave their step open until somebody takes them away.
fn tell_new(
    tools: &Tools,
    run: &RunId,
    plan: &Plan,
    state: &RunState,
    system: &System,
    targets: Targets,
    found: &mut FoundOut,
) {
    if let Some(why) = targets.unread {
        found.unread.push(format!("{}: {why}", system.id));
    }
    for (step, change) in targets.new {
        let Some(who) = subject_of(plan, &change.subject) else {
            continue;
        };
        let says = format!("something new: {} ({})", change.sentence, change.target.id);
        let now = tools.clock.now();
        let mut news = News::new(NewsKind::Appeared, who, &system.id, &says, now);
        news.at = change.made_at.unwrap_or(now);
        let text = news.finding(run).text;
        if state.findings.iter().any(|known| known.text == text) {
            continue;
        }
        let why = format!("found while it was watched: {}", news.says);
        found.events.push(Event::Skipped {
            step,
            subject: change.subject.clone(),
            skip: Skip::Unread { why },
        });
        found.news.push(news);
    }
}

/// What he did himself. That somebody let him in is told with his name above.
fn tell_signs(
    tools: &Tools,
    plan: &Plan,
    clears: &Clears,
    log: &Log,
    run: &RunId,
    state: &RunState,
    found: &mut FoundOut,
) {
    let home = &tools.directory.system.id;
    let told: BTreeSet<&String> = log.acts.iter().map(|act| &act.event).collect();
    for sign in &log.signs.seen {
        if told.contains(&sign.event) || state.sign_events.contains(&sign.event) {
            continue;
        }
        let Some(who) = subject_of(plan, &sign.subject) else {
            continue;
        };
        let says = format!("{} at {}", sign.what, sign.at);
        let news = News::new(NewsKind::Acted, who, home, &says, sign.at);
        let text = news.finding(run).text;
        if state.findings.iter().any(|known| known.text == text) {
            continue;
        }
        if let Some((Some(clear), _)) = clears.get(&sign.subject) {
            found.events.push(Event::Proved {
                change: clear.clone(),
                proof: Proof::read(ProofState::Refuted, news.says.clone(), tools.clock.now()),
            });
        }
        found.news.push(news);
    }
    if let Some(until) = log.signs.read_until {
        // Said once an hour: a record for every look would be most of the ledger.
        let known = state.log_read_until;
        if known.is_none_or(|known| until.since(known) >= Duration::from_secs(3600)) {
            found.events.push(Event::LogRead { until });
        }
    }
}
