//! From an alert to what is decided about it: whom it names, what the log says, what its rule says.
//!
//! Nothing here writes anywhere but at the desk and in the inbox. What the alert says is where to
//! look; what the log says decides.

use std::time::Duration;

use super::ids::run_of;
use super::people::{People, Person};
use super::{ATTEMPTS_MAX, Next, Trouble, Worker, again};
use crate::config::{AlertMode, RuleRow};
use crate::engine::{LookAsk, NAMED_MAX, look_into};
use crate::inbox::Entry;
use crate::ledger::{Record, RunState};
use crate::model::{Alert, Confirmation, Fate, RunId, UserId, Utc, Weight, count};

/// How far back the log is read from what the alert speaks of, or from now: the intruder was there
/// before he was noticed, and what is usual for an account is told by its days before.
const LOOK_BACK: Duration = Duration::from_secs(7 * 86_400);

/// What an alert speaks of cannot be older: the directory keeps 90 days. Source: Okta API, "System
/// Log", data retention.
const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// How often an alert whose events the log does not have yet is put back.
const LAGS: u32 = 3;

/// How long until it is looked whether a run of our own has ended.
const HERE: Duration = Duration::from_secs(5);

/// How long a run that somebody else works on is left alone.
const ELSEWHERE: Duration = Duration::from_secs(30);

impl Worker {
    /// What comes next for an alert.
    pub(super) async fn decide(&self, entry: &Entry) -> Result<Next, Trouble> {
        let alert = &entry.alert;
        let run = run_of(entry);
        if let Some(next) = self.begun_before(entry, &run).await? {
            return Ok(next);
        }
        if let Some(fate) = self.by_itself(entry) {
            return Ok(Next::Settle(fate));
        }
        let kind = self.setup.kinds.get(&alert.source);
        let kind = kind.map_or(alert.source.as_str(), String::as_str);
        let Some(rule) = self.setup.rules.of(alert, kind) else {
            let why = "no rule says what becomes of it".to_owned();
            return Ok(Next::Settle(Fate::Observed { why, answer: None }));
        };
        let named = alert.subjects.iter().map(|who| {
            let id = who.okta_id.as_ref().map(|id| format!("id {id}"));
            let login = || who.login.as_deref().unwrap_or_default().to_lowercase();
            id.unwrap_or_else(|| format!("login {}", login()))
        });
        let _hold = self.held.hold(named.collect()).await;
        let ids: Vec<UserId> = alert
            .subjects
            .iter()
            .filter_map(|who| who.okta_id.clone())
            .collect();
        if ids.len() == alert.subjects.len()
            && let Some(run) = self.open_for(&ids).await?
        {
            return Ok(Next::Settle(Fate::Joined { run }));
        }
        self.look(entry, rule, run).await
    }

    /// What an alert is, before anybody is asked.
    fn by_itself(&self, entry: &Entry) -> Option<Fate> {
        let alert = &entry.alert;
        if alert.weight == Weight::Informational {
            let why = "it says what happens every day, and by itself nothing of an intruder";
            return Some(Fate::Observed {
                why: why.to_owned(),
                answer: None,
            });
        }
        let lookup = |why: String| {
            self.tell_people(entry, &why, "look it up, then oust plan LOGIN");
            Some(Fate::NeedsLookup { why })
        };
        let named = alert.subjects.len() + alert.clients.len() + alert.events.len();
        if named == 0 {
            let why = alert.needs_lookup.clone();
            return lookup(why.unwrap_or_else(|| "it names no account".to_owned()));
        }
        if alert.subjects.len() > NAMED_MAX {
            let number = count(alert.subjects.len(), "account");
            return lookup(format!(
                "it names {number}; at most {NAMED_MAX} are looked into"
            ));
        }
        None
    }

    /// What a process before this one made of this very alert.
    async fn begun_before(&self, entry: &Entry, run: &RunId) -> Result<Option<Next>, Trouble> {
        let records = self.archive.records(run).await?;
        if !records.is_empty() {
            return Ok(Some(self.its_run(entry, run, &records)));
        }
        let proposed = self.desk.proposal(run).await?;
        Ok(proposed.map(|proposal| {
            Next::Settle(Fate::Proposed {
                run: run.clone(),
                why: proposal.why,
            })
        }))
    }

    fn its_run(&self, entry: &Entry, run: &RunId, records: &[Record]) -> Next {
        let state = RunState::of(records);
        if let Some(verdict) = state.verdict {
            return Next::Settle(Fate::Contained {
                run: run.clone(),
                verdict,
            });
        }
        if self.is_carrying(run) {
            return Next::Later(HERE);
        }
        match self.gone_on_with(run, records, state) {
            Some(carry) => Next::Carry(Box::new(carry.settling(&entry.id))),
            None => Next::Later(ELSEWHERE),
        }
    }

    /// The log lags: it is looked at again.
    fn later(&self, entry: &Entry, missing: usize) -> Next {
        tracing::info!(
            "alert {}: {} it names cannot be read from the log yet",
            entry.id,
            count(missing, "event")
        );
        Next::Later(again(entry.attempts))
    }

    async fn look(&self, entry: &Entry, rule: &RuleRow, run: RunId) -> Result<Next, Trouble> {
        let alert = &entry.alert;
        let ask = LookAsk {
            who: alert.subjects.clone(),
            clients: alert.clients.clone(),
            since: since(alert, self.shared.clock.now()),
            events: alert.events.clone(),
            sessions: alert.sessions.clone(),
            tokens: alert.token_ids.clone(),
            support: rule.has_roles(),
        };
        let looked = look_into(&self.tools.directory, &ask).await;
        let looked = match looked {
            Ok(looked) => looked,
            Err(why) => return self.cannot_ask(entry, &why.to_string()),
        };
        if looked.ours {
            let why = "it is about our own work".to_owned();
            return Ok(Next::Settle(Fate::Dropped { why }));
        }
        let missing = looked.not_there.len();
        if looked.accounts.is_empty() && missing > 0 && entry.attempts <= LAGS {
            return Ok(self.later(entry, missing));
        }
        if looked.accounts.is_empty() {
            let why = match &looked.strangers[..] {
                [] => match &alert.needs_lookup {
                    Some(why) => why.clone(),
                    None => "it names no account".to_owned(),
                },
                strangers => strangers.join("; "),
            };
            self.tell_people(entry, &why, "look it up, then oust plan LOGIN");
            return Ok(Next::Settle(Fate::NeedsLookup { why }));
        }
        let named: Vec<UserId> = looked
            .accounts
            .iter()
            .map(|who| who.subject.id.clone())
            .collect();
        let strangers = looked.strangers.clone();
        let people = People::of(looked, rule);
        let answer = people.answer();
        if answer != Confirmation::Confirmed && missing > 0 && entry.attempts <= LAGS {
            return Ok(self.later(entry, missing));
        }
        let says = told(&people, &strangers, missing);
        if rule.mode == AlertMode::Observe {
            let why = format!("its rule says observe; {says}");
            let answer = Some(answer);
            return Ok(Next::Settle(Fate::Observed { why, answer }));
        }
        if answer == Confirmation::NotConfirmed {
            return Ok(Next::Settle(Fate::NotConfirmed { why: says }));
        }
        // The same account may have been named in another way before.
        let ids = named.iter().map(|id| format!("account {id}"));
        let _hold = self.held.hold(ids.collect()).await;
        let open = people.to_propose();
        if let Some(run) = self.known(&open).await? {
            return Ok(Next::Settle(Fate::Joined { run }));
        }
        match rule.mode {
            AlertMode::Contain => self.contain(entry, rule, run, &people, &says).await,
            _ => {
                let why = format!("its rule says propose; {says}");
                self.propose(entry, rule, run, &people, why).await
            }
        }
    }

    async fn known(&self, people: &[&Person]) -> Result<Option<RunId>, Trouble> {
        let who: Vec<(UserId, String)> = people
            .iter()
            .map(|one| (one.subject.id.clone(), one.subject.login.clone()))
            .collect();
        let ids: Vec<UserId> = who.iter().map(|(id, _)| id.clone()).collect();
        if let Some(run) = self.open_for(&ids).await? {
            return Ok(Some(run));
        }
        match people.iter().filter_map(|one| one.last()).max() {
            Some(last) => self.contained_since(&who, last).await,
            None => Ok(None),
        }
    }

    /// The directory did not tell who somebody is: it is asked again, for a while.
    fn cannot_ask(&self, entry: &Entry, why: &str) -> Result<Next, Trouble> {
        if entry.attempts >= ATTEMPTS_MAX {
            return Err(Trouble::Systems(format!(
                "the directory could not be asked: {why}"
            )));
        }
        tracing::warn!(
            "alert {}: the directory could not be asked: {why}",
            entry.id
        );
        Ok(Next::Later(again(entry.attempts)))
    }
}

/// From when on the log is read. What the alert says of time is not believed beyond what can be.
fn since(alert: &Alert, now: Utc) -> Utc {
    let spoken = alert.window.map(|(from, _)| from);
    let spoken = [spoken, alert.event_time].into_iter().flatten().min();
    let about = spoken.unwrap_or(now).min(now);
    about.minus(LOOK_BACK).max(now.minus(KEPT))
}

/// What was found, and what not, in a sentence.
fn told(people: &People, strangers: &[String], missing: usize) -> String {
    let mut parts = vec![people.says()];
    parts.extend(strangers.iter().cloned());
    if missing > 0 {
        let events = count(missing, "event");
        parts.push(format!("{events} it names cannot be found in the log"));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}
