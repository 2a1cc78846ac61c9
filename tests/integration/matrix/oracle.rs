//! What must hold in every cell, whatever goes wrong.

use std::time::Duration;

use oust::ledger::{ChangeState, Judge};
use oust::model::{ActionId, OutcomeKind, ProofState, SystemId, Verdict};

use super::cell::{How, Place, Seen};
use super::faults::Trouble;

/// One request is sent so often at most: four attempts in each of four rounds, for each of the
/// two clears, which share their address.
const SENDS_MAX: usize = 32;

/// A minute's 429 is waited out: this long, and no more than a moment longer.
const A_MINUTE: Duration = Duration::from_secs(55);
const A_MINUTE_MAX: Duration = Duration::from_secs(65);

/// A concurrency 429 costs a blink.
const A_BLINK: Duration = Duration::from_secs(1);

/// Proofs may be pending for two minutes; then it is over.
const ONCE_ENDS_WITHIN: Duration = Duration::from_secs(150);
/// At a service whose replicas lag, for five.
const ONCE_BEHIND_ENDS_WITHIN: Duration = Duration::from_secs(310);
/// At one that queues, for ten.
const ONCE_QUEUED_ENDS_WITHIN: Duration = Duration::from_secs(610);
/// A bucket that somebody keeps full for good is waited for twice by each call, and the log is read in
/// some fifteen.
const FOR_GOOD_ENDS_WITHIN: Duration = Duration::from_secs(35 * 60);

/// Words of which one stands in every hint.
const NEXT_STEPS: &[&str] = &[
    "oust ",
    "grant ",
    "look at",
    "quarantine",
    "the org lacks",
    "it needs",
];

/// What refutes a clear when the intruder is awake, whatever the fault.
const SIGNS_OF_LIFE: &[&str] = &[
    "user.session.start",
    "user.authentication",
    "user.mfa.factor.activate",
    "api_token.create",
];

/// A cell that ends otherwise than the rule has it.
pub(super) struct Exception {
    /// How the place's name begins.
    pub(super) place: &'static str,
    pub(super) kind: &'static str,
    pub(super) why: &'static str,
}

impl Exception {
    fn is_of(&self, place: &Place, kind: &str) -> bool {
        place.name.starts_with(self.place) && kind.starts_with(self.kind)
    }
}

/// Judges cell after cell, and tells everything at the end.
pub(super) struct Table {
    how: How,
    cells: usize,
    contained: usize,
    /// Cells that end otherwise than the rule has it: place, kind, verdict.
    others: Vec<(Place, &'static str, &'static str)>,
    /// Broken rules.
    broken: Vec<String>,
    most: usize,
    longest: Duration,
}

impl Table {
    pub(super) fn new(how: How) -> Self {
        Self {
            how,
            cells: 0,
            contained: 0,
            others: Vec::new(),
            broken: Vec::new(),
            most: 0,
            longest: Duration::ZERO,
        }
    }

    /// Without a fault everything is well, or the cells of this place say nothing.
    pub(super) fn baseline(&mut self, place: &Place, seen: &Seen) {
        let good = seen.verdict() == Some(Verdict::Contained) && seen.truth.is_ok();
        if !good {
            self.broken
                .push(format!("{}: without a fault {}", place.name, seen.word()));
        }
    }

    pub(super) fn judge(&mut self, place: &Place, trouble: &Trouble, seen: &Seen, base: &Seen) {
        self.cells += 1;
        let contained = seen.verdict() == Some(Verdict::Contained);
        self.contained += usize::from(contained);
        let as_it_should = match self.how {
            // At Okta a lie that cannot be read back is told as unproven; `honest` asks for that.
            How::Once => contained && (place.at.is_empty() || seen.truth.is_ok()),
            How::ForGood => !contained || seen.truth.is_ok(),
        };
        if !as_it_should {
            self.others.push((*place, trouble.kind, seen.word()));
        }
        self.most = self
            .most
            .max(seen.writes.values().copied().max().unwrap_or(0));
        self.longest = self.longest.max(seen.took);
        let rules = [
            met(seen),
            honest(seen),
            nobody_else(seen),
            bounded(place, seen, self.how),
            written_by_plan_only(seen),
            timely(place, trouble, seen, base, self.how),
            told(trouble, seen),
        ];
        for wrong in rules.into_iter().filter_map(Result::err) {
            self.broken.push(format!(
                "{} × {} {}: {wrong}\n{}",
                place.name, trouble.kind, self.how, seen.journal
            ));
        }
    }

    /// A call that was cut after its effect is read back and not repeated.
    pub(super) fn sent_no_more_often(
        &mut self,
        place: &Place,
        trouble: &Trouble,
        seen: &Seen,
        base: &Seen,
    ) {
        let of_place = |line: &&String| line.starts_with(place.method) && line.contains(place.path);
        for line in seen.writes.keys().filter(of_place) {
            let (sent, usual) = (
                seen.writes[line],
                base.writes.get(line).copied().unwrap_or(0),
            );
            if usual > 0 && sent > usual {
                self.broken.push(format!(
                    "{} × {}: {line} was sent {sent} times, not {usual}\n{}",
                    place.name, trouble.kind, seen.journal
                ));
            }
        }
    }

    #[expect(clippy::print_stdout, reason = "the size of the table is its result")]
    /// Prints the size, and fails for every broken rule and every exception that nobody wrote
    /// down or that is none.
    pub(super) fn end(mut self, exceptions: &[Exception]) {
        println!(
            "{} cells {}: {} contained; at most {} sends of one request; at most {:?}",
            self.cells, self.how, self.contained, self.most, self.longest
        );
        for (place, kind, word) in &self.others {
            if !exceptions.iter().any(|each| each.is_of(place, kind)) {
                self.broken
                    .push(format!("{} × {kind} {}: {word}", place.name, self.how));
            }
        }
        for each in exceptions {
            let met = self
                .others
                .iter()
                .any(|(place, kind, _)| each.is_of(place, kind));
            if !met {
                self.broken.push(format!(
                    "{} × {} is no exception ({})",
                    each.place, each.kind, each.why
                ));
            }
        }
        let shown: Vec<&str> = self.broken.iter().take(12).map(String::as_str).collect();
        assert!(
            self.broken.is_empty(),
            "{} rules broken\n{}",
            self.broken.len(),
            shown.join("\n")
        );
    }
}

fn met(seen: &Seen) -> Result<(), String> {
    if seen.shown > 0 {
        Ok(())
    } else {
        Err("the fault was never met".into())
    }
}

/// `contained` is so. What cannot be read back is counted, and only then may it be untrue.
fn honest(seen: &Seen) -> Result<(), String> {
    match (&seen.truth, seen.verdict()) {
        (Err(untrue), Some(Verdict::Contained)) if unproven(seen) == 0 => {
            Err(format!("`contained`, but {untrue}"))
        }
        _ => Ok(()),
    }
}

fn unproven(seen: &Seen) -> usize {
    let Some(state) = &seen.state else { return 0 };
    let home = SystemId::new("okta");
    let actions = |id: &ActionId| {
        let vendor = oust::connectors::vendors().find(|vendor| vendor.id == id.vendor())?;
        vendor.action(id.verb())
    };
    let judge = Judge::of(state, &actions, &home).unwrap();
    let subjects = judge.plan.case.subjects.iter();
    subjects
        .flat_map(|who| judge.subject(&who.id).systems)
        .map(|(_, judged)| judged.unproven)
        .sum()
}

fn nobody_else(seen: &Seen) -> Result<(), String> {
    if seen.touched.is_empty() {
        Ok(())
    } else {
        Err(format!("{:?} was touched", seen.touched))
    }
}

fn bounded(place: &Place, seen: &Seen, how: How) -> Result<(), String> {
    for (line, sent) in &seen.writes {
        if *sent > SENDS_MAX {
            return Err(format!("{line} was sent {sent} times"));
        }
    }
    let max = match how {
        How::Once if place.at.is_empty() => ONCE_ENDS_WITHIN,
        How::Once if place.at == "github" => ONCE_QUEUED_ENDS_WITHIN,
        How::Once => ONCE_BEHIND_ENDS_WITHIN,
        How::ForGood => FOR_GOOD_ENDS_WITHIN,
    };
    if seen.took <= max {
        Ok(())
    } else {
        Err(format!("it took {:?}", seen.took))
    }
}

/// Without a plan nothing is written.
fn written_by_plan_only(seen: &Seen) -> Result<(), String> {
    match &seen.no_plan {
        Some(why) if why.is_empty() => Err("no plan, and no word of why".into()),
        Some(_) if !seen.writes.is_empty() => Err("written without a plan".into()),
        _ => Ok(()),
    }
}

/// The two 429s cost what they must and no more.
fn timely(
    place: &Place,
    trouble: &Trouble,
    seen: &Seen,
    base: &Seen,
    how: How,
) -> Result<(), String> {
    // What a 429 costs at a service is that vendor's to say.
    if how == How::ForGood || seen.plans > 1 || !place.at.is_empty() {
        return Ok(());
    }
    let more = seen.took.saturating_sub(base.took);
    let good = match trouble.kind {
        "throttle_concurrency" | "throttle_no_headers" => more < A_BLINK,
        "throttle_minute" => (A_MINUTE..A_MINUTE_MAX).contains(&more),
        _ => true,
    };
    if good {
        Ok(())
    } else {
        Err(format!("it cost {more:?}"))
    }
}

/// Whatever did not come off says what happened, and what to do next.
fn told(trouble: &Trouble, seen: &Seen) -> Result<(), String> {
    let Some(state) = &seen.state else {
        return Ok(());
    };
    let open = state
        .changes()
        .iter()
        .filter(|each| each.attempts > 0 && !each.is_proven());
    for each in open {
        if let Some(OutcomeKind::Failed { why, hint }) = each.outcome.as_ref().map(|o| &o.kind) {
            let leads_on = NEXT_STEPS.iter().any(|word| hint.contains(word));
            if why.is_empty() || !leads_on {
                return Err(format!("`{why}` has no next step: `{hint}`"));
            }
        }
        let text = words(each);
        let said = trouble.said.iter().chain(SIGNS_OF_LIFE);
        let says = trouble.said.is_empty() || said.into_iter().any(|word| text.contains(word));
        if !says {
            return Err(format!("{} says `{text}`", each.change.action));
        }
    }
    Ok(())
}

/// All that is said of a change.
fn words(each: &ChangeState) -> String {
    let outcome = match each.outcome.as_ref().map(|outcome| &outcome.kind) {
        Some(OutcomeKind::Failed { why, .. } | OutcomeKind::InDoubt { why }) => why.as_str(),
        _ => "",
    };
    let proof = each
        .proof
        .as_ref()
        .filter(|proof| proof.state != ProofState::Proven);
    format!("{outcome} {}", proof.map_or("", |proof| proof.how.as_str()))
}
