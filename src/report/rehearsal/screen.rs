//! A rehearsal on a terminal: would it work, what has changed, who he is where, the writes in order,
//! how long, what stops, whom to call.

use jiff::tz::TimeZone;

use super::super::text::{Ink, Page, Style, count, moment, took, zone_name};
use super::words::{answer, predicted, time, word};
use crate::model::Severity;
use crate::rehearsals::{
    Difference, Intended, Overdue, Point, Rehearsal, TokenReview, Verdict, WhomIs, learnt,
    sparkline,
};

/// Lines of one kind.
const LINES_MAX: usize = 12;

/// Writes of one action that are told one by one.
const SAME_MAX: usize = 4;

/// Where what is told begins.
const COLUMN: usize = 12;

/// Live rehearsals in the table.
const POINTS_MAX: usize = 8;

/// The screen.
#[must_use]
pub fn rehearsal_screen(
    rehearsal: &Rehearsal,
    since: Option<&Difference>,
    trend: &[Point],
    zone: &TimeZone,
    style: Style,
) -> String {
    let mut page = Page::new(style);
    heading(&mut page, rehearsal, zone);
    page.gap();
    findings(&mut page, rehearsal);
    changed(&mut page, since, zone);
    page.gap();
    identities(&mut page, rehearsal);
    page.gap();
    writes(&mut page, rehearsal);
    page.gap();
    pace(&mut page, rehearsal);
    live(&mut page, rehearsal);
    history(&mut page, trend, zone);
    page.gap();
    list(
        &mut page,
        "stops",
        rehearsal.stops.iter().map(|one| one.why.clone()),
    );
    owners(&mut page, rehearsal);
    tokens(&mut page, &rehearsal.tokens);
    page.gap();
    let kept = format!("kept as {}; the next one is compared with it", rehearsal.id);
    page.wrap(0, Ink::Dim, &kept).end();
    page.done()
}

fn heading(page: &mut Page, rehearsal: &Rehearsal, zone: &TimeZone) {
    let ink = match rehearsal.verdict {
        Verdict::Ok => Ink::Good,
        Verdict::Failed => Ink::Bad,
    };
    page.put(ink, word(rehearsal));
    page.put(Ink::Plain, "  ");
    page.put(Ink::Strong, &rehearsal.subject.login);
    let who = &rehearsal.subject;
    page.put(Ink::Plain, &format!("  {}  {}", who.id, who.status))
        .end();
    page.wrap(0, Ink::Plain, &answer(rehearsal)).end();
    let about = format!(
        "{} rehearsal of {}   {} {}   org {}",
        rehearsal.kind.word(),
        rehearsal.playbook.name,
        moment(rehearsal.at, zone),
        zone_name(rehearsal.at, zone),
        rehearsal.org
    );
    page.wrap(0, Ink::Dim, &about).end();
}

fn findings(page: &mut Page, rehearsal: &Rehearsal) {
    let mut all: Vec<_> = rehearsal.findings.iter().collect();
    all.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in &all {
        let (mark, ink) = match finding.severity {
            Severity::High => ("! ", Ink::Bad),
            Severity::Warning => ("! ", Ink::Warn),
            Severity::Info => ("  ", Ink::Plain),
        };
        page.wrap(0, ink, &format!("{mark}{}", finding.text)).end();
        if !finding.hint.is_empty() {
            page.wrap(4, Ink::Plain, &format!("hint: {}", finding.hint))
                .end();
        }
    }
    for gate in &rehearsal.gates {
        if gate.answer != "refuses_run" {
            page.wrap(0, Ink::Warn, &format!("! {}: {}", gate.name, gate.why))
                .end();
        }
    }
}

fn changed(page: &mut Page, since: Option<&Difference>, zone: &TimeZone) {
    page.gap();
    let Some(since) = since else {
        page.wrap(
            0,
            Ink::Plain,
            "the first rehearsal of this playbook and account",
        )
        .end();
        return;
    };
    let when = since.at.map_or_else(String::new, |at| moment(at, zone));
    if since.is_empty() {
        let text = format!("nothing has changed since {when} ({})", since.with);
        page.wrap(0, Ink::Good, &text).end();
        return;
    }
    let text = format!("since {when} ({})", since.with);
    page.put(Ink::Strong, &text).end();
    list(page, "  rotted", since.rotted.iter().cloned());
    list(page, "  mended", since.mended.iter().cloned());
    list(page, "  new", since.new.iter().cloned());
    list(page, "  gone", since.gone.iter().cloned());
}

/// Lines under one word at the left; none if there is nothing.
fn list(page: &mut Page, name: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    for (place, line) in lines.iter().take(LINES_MAX).enumerate() {
        if place == 0 {
            page.put(Ink::Strong, name);
        }
        page.wrap(COLUMN, Ink::Plain, line).end();
    }
    if lines.len() > LINES_MAX {
        let text = format!("and {} more: --output json", lines.len() - LINES_MAX);
        page.to(COLUMN).put(Ink::Dim, &text).end();
    }
}

fn identities(page: &mut Page, rehearsal: &Rehearsal) {
    page.put(Ink::Strong, "who he is").end();
    let wide = widest(rehearsal.identities.iter().map(|whom| whom.system.as_str()));
    for whom in &rehearsal.identities {
        let ink = match whom.is {
            WhomIs::Found | WhomIs::NoAccount => Ink::Plain,
            _ => Ink::Warn,
        };
        page.to(2).put(Ink::Plain, whom.system.as_str());
        page.to(wide).put(ink, whom.is.words());
        page.to(wide + 18).put(Ink::Plain, &whom.id).end();
    }
}

/// The column after the widest of these, at 2.
fn widest<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    names.map(Page::measure).max().unwrap_or(0).clamp(8, 30) + 4
}

fn writes(page: &mut Page, rehearsal: &Rehearsal) {
    let (asked, own): (Vec<&Intended>, Vec<&Intended>) =
        rehearsal.writes.iter().partition(|write| write.asks);
    let text = match own.len() {
        0 => "it would write nothing".to_owned(),
        some => format!("{}, in this order", count(some, "write")),
    };
    page.put(Ink::Strong, &text).end();
    let wide = widest(own.iter().map(|write| write.system.as_str())) + 2;
    let mut stage = "";
    let mut rest = &own[..];
    while let Some(first) = rest.first() {
        if first.stage != stage {
            stage = &first.stage;
            page.to(2).put(Ink::Dim, stage).end();
        }
        let same = |write: &&&Intended| {
            write.action == first.action && write.system == first.system && write.stage == stage
        };
        let many = rest.iter().take_while(same).count();
        for write in rest.iter().take(many.min(SAME_MAX)) {
            page.to(4).put(Ink::Plain, write.system.as_str());
            page.wrap(wide, Ink::Plain, &write.sentence).end();
        }
        if many > SAME_MAX {
            let more = format!("and {} more by {}", many - SAME_MAX, first.action);
            page.to(wide).put(Ink::Dim, &more).end();
        }
        rest = &rest[many..];
    }
    if !asked.is_empty() {
        let text = format!(
            "{} more wait for a consent of their own",
            count(asked.len(), "write")
        );
        page.to(2).put(Ink::Dim, &text).end();
    }
}

fn pace(page: &mut Page, rehearsal: &Rehearsal) {
    let told = &rehearsal.predicted;
    page.put(Ink::Strong, "predicted");
    page.wrap(COLUMN, Ink::Plain, &predicted(told)).end();
    for system in told.by_system.iter().filter(|each| each.writes > 0) {
        let count_of_writes = usize::try_from(system.writes).unwrap_or(usize::MAX);
        let answer = match system.answer_ms {
            Some(ms) => format!("{ms} ms an answer"),
            None => "it has answered nothing".to_owned(),
        };
        let waits = match system.waits_ms {
            0 => String::new(),
            ms => format!(", waits {} for quota", took(ms)),
        };
        let quota = told
            .quota
            .iter()
            .filter(|seen| seen.system == system.system);
        let quota = quota.min_by_key(|seen| seen.remaining);
        let quota = quota.map_or_else(String::new, |seen| {
            format!(
                "; {} of {} left ({})",
                seen.remaining, seen.limit, seen.bucket
            )
        });
        let text = format!(
            "{}: {}, {answer}{quota}{waits}",
            system.system,
            count(count_of_writes, "call")
        );
        page.wrap(COLUMN, Ink::Dim, &text).end();
    }
}

fn live(page: &mut Page, rehearsal: &Rehearsal) {
    let Some(live) = &rehearsal.live else {
        return;
    };
    let measured = &live.measured;
    page.put(Ink::Strong, "measured");
    let text = format!(
        "first write {}, evicted {}, contained {}, proven {}",
        time(measured.first_write_ms),
        time(measured.evicted_ms),
        time(measured.contained_ms),
        time(measured.proven_ms)
    );
    page.wrap(COLUMN, Ink::Plain, &text).end();
    let runs = match &live.release {
        Some(release) => format!(
            "{} (run {}), given back by {release}",
            live.contained, live.run
        ),
        None => format!("{} (run {}), NOT given back", live.contained, live.run),
    };
    page.wrap(COLUMN, Ink::Plain, &runs).end();
    let after = match &live.not_as_before[..] {
        [] => vec!["the canary is as it was".to_owned()],
        some => some.to_vec(),
    };
    list(page, "afterwards", after.into_iter());
    let facts = learnt([rehearsal]);
    let facts = facts
        .iter()
        .map(|fact| format!("{} ({})", fact.name.sentence(fact.holds), fact.how));
    list(page, "learnt", facts);
}

fn history(page: &mut Page, trend: &[Point], zone: &TimeZone) {
    if trend.is_empty() {
        return;
    }
    let shown = &trend[trend.len().saturating_sub(POINTS_MAX)..];
    let evicted: Vec<Option<u64>> = shown.iter().map(|point| point.evicted_ms).collect();
    let contained: Vec<Option<u64>> = shown.iter().map(|point| point.contained_ms).collect();
    page.put(Ink::Strong, "live so far");
    page.to(COLUMN + 2).put(Ink::Dim, "evicted");
    page.to(COLUMN + 12).put(Ink::Plain, &sparkline(&evicted));
    page.to(COLUMN + 26).put(Ink::Dim, "contained");
    page.to(COLUMN + 37)
        .put(Ink::Plain, &sparkline(&contained))
        .end();
    for point in shown {
        page.to(COLUMN + 2).put(Ink::Plain, &moment(point.at, zone));
        page.to(COLUMN + 26)
            .put(Ink::Plain, &time(point.evicted_ms));
        page.to(COLUMN + 37)
            .put(Ink::Plain, &time(point.contained_ms))
            .end();
    }
}

fn owners(page: &mut Page, rehearsal: &Rehearsal) {
    let lines = rehearsal.owners.iter().map(|each| {
        let reach = match &each.system {
            Some(system) => format!("{} ({system})", each.app),
            None => format!("{} (no connector)", each.app),
        };
        if each.is_named() {
            format!("{reach}: {}, {}", each.owner, each.contact)
        } else {
            format!("{reach}: nobody is named")
        }
    });
    list(page, "call", lines);
}

fn tokens(page: &mut Page, review: &TokenReview) {
    if !review.unread.is_empty() {
        list(page, "API tokens", std::iter::once(review.unread.clone()));
        return;
    }
    let odd: Vec<_> = review
        .tokens
        .iter()
        .filter(|token| !token.concerns.is_empty())
        .collect();
    let first = format!(
        "{} in the org, {} to look at; proposals only",
        count(review.tokens.len(), "token"),
        odd.len()
    );
    let lines = odd.into_iter().map(|token| {
        let owner = match &token.login[..] {
            "" => token.owner.as_str(),
            login => login,
        };
        let agent = match &token.agent[..] {
            "" => String::new(),
            kind => format!(", {kind}"),
        };
        let proposal = match &token.proposal[..] {
            "" => String::new(),
            proposal => format!(": {proposal}"),
        };
        format!(
            "\"{}\" of {owner}{agent}: {}{proposal}",
            token.name,
            token.concerns.join(", ")
        )
    });
    list(page, "API tokens", std::iter::once(first).chain(lines));
}

/// What is due.
#[must_use]
pub fn overdue_screen(all: &[Overdue], age: &str, zone: &TimeZone, style: Style) -> String {
    let mut page = Page::new(style);
    if all.is_empty() {
        let text = format!("all playbooks and systems were rehearsed within {age}");
        page.put(Ink::Good, &text).end();
        return page.done();
    }
    let text = format!("{} not rehearsed within {age}", count(all.len(), "thing"));
    page.put(Ink::Bad, "OVERDUE")
        .put(Ink::Plain, &format!("  {text}"))
        .end();
    let wide = widest(all.iter().map(|each| &*each.name)) + 10;
    for each in all {
        let last = match (each.last, each.changed) {
            (None, _) => "never".to_owned(),
            (Some(at), false) => moment(at, zone),
            (Some(at), true) => format!("{}; its text has changed since", moment(at, zone)),
        };
        page.to(2).put(Ink::Plain, each.what);
        page.to(12).put(Ink::Strong, &each.name);
        page.to(wide).put(Ink::Plain, &last).end();
    }
    page.gap();
    page.put(Ink::Plain, "next: oust rehearse LOGIN --playbook NAME")
        .end();
    page.done()
}
