//! The two screens of a run that did not run to its end: refused before, stopped between.

use crate::model::{GuardAnswer, GuardReply, Plan};
use crate::report::object::{Report, StepOutcome};
use crate::report::sums::is_made;
use crate::report::text::{Ink, Page, Style, count};

/// Changes in doubt that are named; of thousands whose connections were cut there are thousands.
const DOUBTS_MAX: usize = 20;

/// A guard refused the whole run: which, why, and the next best command.
#[must_use]
pub fn refused_screen(plan: &Plan, style: Style) -> String {
    let mut page = Page::new(style);
    page.put(Ink::Bad, "REFUSED")
        .put(Ink::Strong, "  nothing was written")
        .end();
    for guard in plan.guards.iter().filter(|guard| guard.stops_run()) {
        if let GuardReply::RefusesRun { why, next } = &guard.reply {
            let text = format!("guard {}: {why}", guard.name);
            page.wrap(2, Ink::Plain, &text).end();
            if !next.is_empty() {
                page.to(2).put(Ink::Strong, "next best:");
                page.wrap(13, Ink::Plain, next).end();
            }
        }
    }
    let lifts = lifts(plan);
    if lifts.len() > 1 {
        page.to(2).put(Ink::Strong, "all of them:");
        page.wrap(15, Ink::Plain, &lifts.join(" ")).end();
    }
    // Where no guard refuses the run, some refuse all that it would do.
    let stops = plan.guards.iter().any(GuardAnswer::stops_run);
    let steps = plan
        .guards
        .iter()
        .filter(|guard| !stops && guard.lifted.is_none());
    for guard in steps {
        if let GuardReply::RefusesSteps { why, .. } = &guard.reply {
            let text = format!("guard {}: {why}", guard.name);
            page.wrap(2, Ink::Plain, &text).end();
        }
    }
    page.done()
}

/// What lifts the guards that refuse the run, where all of them can be lifted.
fn lifts(plan: &Plan) -> Vec<String> {
    let refusing = plan.guards.iter().filter(|guard| guard.stops_run());
    let each = refusing.map(|guard| {
        let lift = format!("--lift {}=REASON", guard.name);
        match &guard.reply {
            GuardReply::RefusesRun { next, .. } if next.contains(&lift) => Some(lift),
            _ => None,
        }
    });
    each.collect::<Option<_>>().unwrap_or_default()
}

/// The run was stopped, or its process died, with writes made: what is in doubt, how to go on.
#[must_use]
pub fn stopped_screen(report: &Report, style: Style) -> String {
    let mut page = Page::new(style);
    let changes = || {
        report
            .subjects
            .iter()
            .flat_map(|subject| &subject.steps)
            .flat_map(|step| step.changes.iter().map(move |change| (step, change)))
    };
    let (made, all, in_doubt) = match &report.of_all {
        Some(all) => (all.made, all.changes, all.in_doubt),
        None => {
            let doubted = changes().filter(|(_, change)| change.outcome == StepOutcome::InDoubt);
            let made = changes().filter(|(_, change)| is_made(change));
            (made.count(), changes().count(), doubted.count())
        }
    };
    page.put(Ink::Bad, "STOPPED").put(
        Ink::Strong,
        &format!(" with {made} of {} made.", count(all, "change")),
    );
    page.end();
    let doubted = changes().filter(|(_, change)| change.outcome == StepOutcome::InDoubt);
    let told = doubted.take(DOUBTS_MAX);
    let mut more = in_doubt;
    for (step, change) in told {
        more -= 1;
        let text = format!(
            "{}: may or may not have happened: {}",
            step.system, change.sentence
        );
        page.wrap(2, Ink::Warn, &text).end();
    }
    if more > 0 {
        let text = format!(
            "and {} may or may not have happened",
            count(more, "more change")
        );
        page.wrap(2, Ink::Warn, &text).end();
    }
    if report.recorded {
        let text = format!(
            "Nothing is lost. Go on with: oust runs resume {}   (reads first, then continues)",
            report.run_id
        );
        page.put(Ink::Plain, &text).end();
    } else {
        let text = "Nothing was recorded, so nothing can be resumed: contain again; what is done \
                    already is read and left alone.";
        page.wrap(0, Ink::Bad, text).end();
    }
    page.done()
}
