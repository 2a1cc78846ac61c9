//! The parts of a rehearsal's page, as sections and tables.

use jiff::tz::TimeZone;

use super::super::chart::{Chart, columns};
use super::super::sheet::{Cell, Row, Section, Table};
use super::super::text::{count, local, moment, took};
use super::words::{predicted, time};
use crate::model::{Severity, Undo};
use crate::rehearsals::{Difference, Point, Rehearsal, WhomIs, learnt};

/// All of them, in reading order.
pub(super) fn all(
    rehearsal: &Rehearsal,
    since: Option<&Difference>,
    trend: &[Point],
    zone: &TimeZone,
) -> Vec<Section> {
    let mut all = vec![
        findings(rehearsal),
        changed(since, zone),
        identities(rehearsal),
        writes(rehearsal),
        pace(rehearsal),
    ];
    all.extend(live(rehearsal));
    if !trend.is_empty() {
        all.push(history(trend, zone));
    }
    all.push(stops(rehearsal));
    all.push(owners(rehearsal));
    all.push(tokens(rehearsal, zone));
    all
}

fn findings(rehearsal: &Rehearsal) -> Section {
    let section = Section::new("findings".into(), "What would stop it");
    if rehearsal.findings.is_empty() && rehearsal.gates.is_empty() {
        return section.say("", "Nothing that was read.");
    }
    let mut found: Vec<_> = rehearsal.findings.iter().collect();
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let rows = found.into_iter().map(|finding| {
        let (tone, word) = match finding.severity {
            Severity::High => ("bad", "stops it"),
            Severity::Warning => ("warn", "to know"),
            Severity::Info => ("idle", "noted"),
        };
        let text = Cell::text(&*finding.text).under(&*finding.hint);
        Row::new("", [Cell::word(tone, word), text])
    });
    let gates = rehearsal.gates.iter().map(|gate| {
        let text = Cell::text(format!("{}: {}", gate.name, gate.why));
        Row::new("", [Cell::word("warn", "a guard"), text])
    });
    let table = Table::new("What was found", &["How loud", "What"], rows.chain(gates));
    section.table(table)
}

fn changed(since: Option<&Difference>, zone: &TimeZone) -> Section {
    let section = Section::new("changed".into(), "Since the last rehearsal");
    let Some(since) = since else {
        return section.say("", "It is the first of this playbook and account.");
    };
    let when = since.at.map_or_else(String::new, |at| moment(at, zone));
    if since.is_empty() {
        return section.say(
            "",
            format!("Nothing has changed since {when} ({}).", since.with),
        );
    }
    let kinds: [(&str, &str, &Vec<String>); 4] = [
        ("bad", "rotted", &since.rotted),
        ("good", "mended", &since.mended),
        ("warn", "new", &since.new),
        ("idle", "gone", &since.gone),
    ];
    let rows = kinds.into_iter().flat_map(|(tone, word, lines)| {
        let row = move |line: &String| Row::new("", [Cell::word(tone, word), Cell::text(&**line)]);
        lines.iter().map(row)
    });
    section
        .say("soft", format!("Compared with {} of {when}.", since.with))
        .table(Table::new("What has changed", &["How", "What"], rows))
}

fn identities(rehearsal: &Rehearsal) -> Section {
    let rows = rehearsal.identities.iter().map(|whom| {
        let tone = match whom.is {
            WhomIs::Found => "good",
            WhomIs::NoAccount => "idle",
            _ => "bad",
        };
        let is = Cell::word(tone, whom.is.words()).under(&*whom.why);
        Row::new(
            "",
            [Cell::text(whom.system.as_str()), is, Cell::text(&*whom.id)],
        )
    });
    let table = Table::new("Accounts by system", &["System", "Account", "Id"], rows);
    Section::new("identities".into(), "Who he is").table(table)
}

fn writes(rehearsal: &Rehearsal) -> Section {
    let section = Section::new("writes".into(), "The writes, in this order");
    if rehearsal.writes.is_empty() {
        return section.say("alarm", "It would write nothing.");
    }
    let rows = rehearsal.writes.iter().enumerate().map(|(place, write)| {
        let undo = match write.undo {
            Undo::Restores => "can be undone",
            Undo::PersonRedoes => "the person does it again",
            Undo::Never => "cannot be undone",
        };
        let stage = if write.asks {
            format!("{} (asks first)", write.stage)
        } else {
            write.stage.clone()
        };
        let cells = [
            Cell::text((place + 1).to_string()),
            Cell {
                tight: true,
                ..Cell::text(stage)
            },
            Cell::text(write.system.as_str()),
            Cell::text(&*write.sentence),
            Cell::text(undo),
        ];
        Row::new("", cells)
    });
    let names = &["No.", "Stage", "System", "What", "Undo"];
    section.table(Table::new("Every write", names, rows))
}

fn pace(rehearsal: &Rehearsal) -> Section {
    let told = &rehearsal.predicted;
    let rows = told
        .by_system
        .iter()
        .filter(|each| each.writes > 0)
        .map(|each| {
            let quota = told.quota.iter().filter(|seen| seen.system == each.system);
            let quota = quota.min_by_key(|seen| seen.remaining);
            let quota = quota.map_or_else(String::new, |seen| {
                format!(
                    "{} of {} left ({})",
                    seen.remaining, seen.limit, seen.bucket
                )
            });
            let answer = each
                .answer_ms
                .map_or_else(|| "none came".into(), |ms| format!("{ms} ms"));
            let takes = each.takes_ms.map_or_else(|| "unknown".into(), took);
            let cells = [
                Cell::text(each.system.as_str()),
                Cell::text(each.writes.to_string()),
                Cell::text(answer),
                Cell::text(quota),
                Cell::text(takes),
            ];
            Row::new("", cells)
        });
    let names = &["System", "Calls", "An answer", "Shortest quota", "Takes"];
    Section::new("predicted".into(), "How long it would take today")
        .say("", format!("An estimate: {}.", predicted(told)))
        .table(Table::new("Calls and pace", names, rows))
}

fn live(rehearsal: &Rehearsal) -> Option<Section> {
    let live = rehearsal.live.as_ref()?;
    let measured = &live.measured;
    let text = format!(
        "First write after {}, evicted after {}, contained after {}, proven after {}. \
         {} by run {}.",
        time(measured.first_write_ms),
        time(measured.evicted_ms),
        time(measured.contained_ms),
        time(measured.proven_ms),
        live.contained,
        live.run,
    );
    let mut section = Section::new("live".into(), "What was measured").say("", text);
    section = match &live.release {
        Some(run) => section.say("", format!("Given back by run {run}: {}.", live.released)),
        None => section.say("alarm", "The canary was not given back."),
    };
    for line in &live.not_as_before {
        section = section.say("alarm", line.as_str());
    }
    for fact in learnt([rehearsal]) {
        let text = format!("Learnt: {} ({}).", fact.name.sentence(fact.holds), fact.how);
        section = section.say("", text);
    }
    Some(section)
}

fn history(trend: &[Point], zone: &TimeZone) -> Section {
    let rows = trend.iter().rev().map(|point| {
        let cells = [
            Cell::time(moment(point.at, zone)),
            Cell::text(time(point.evicted_ms)),
            Cell::text(time(point.contained_ms)),
        ];
        Row::new("", cells)
    });
    let names = &["When", "Evicted after", "Contained after"];
    Section::new("trend".into(), "Live rehearsals so far").table(Table::new(
        "Times of live rehearsals",
        names,
        rows,
    ))
}

/// Columns for each live rehearsal, the oldest at the left.
pub(in crate::report) fn chart(trend: &[Point], zone: &TimeZone) -> Option<Chart> {
    let (first, last) = (trend.first()?, trend.last()?);
    let evicted: Vec<Option<u64>> = trend.iter().map(|point| point.evicted_ms).collect();
    let contained: Vec<Option<u64>> = trend.iter().map(|point| point.contained_ms).collect();
    let says = format!(
        "Chart: time to evict and time to contain in {}. The table “Times of live rehearsals” tells \
         the same.",
        count(trend.len(), "live rehearsal")
    );
    let day = |point: &Point| local(point.at, zone, "%d %b %Y");
    let label = |name: &str, last: Option<u64>| format!("time to {name}: last {}", time(last));
    let lanes = vec![
        ("good", label("evict", last.evicted_ms), evicted),
        ("own", label("contain", last.contained_ms), contained),
    ];
    Some(columns(says, lanes, (day(first), day(last))))
}

fn stops(rehearsal: &Rehearsal) -> Section {
    let section = Section::new("stops".into(), "What stops with the account");
    if rehearsal.stops.is_empty() {
        return section.say("", "Nothing that could be read.");
    }
    let rows = rehearsal.stops.iter().map(|each| {
        let kind = each.kind.replace('_', " ");
        Row::new("", [Cell::text(kind), Cell::text(&*each.why)])
    });
    section.table(Table::new("What stops", &["Kind", "What"], rows))
}

fn owners(rehearsal: &Rehearsal) -> Section {
    let rows = rehearsal.owners.iter().map(|each| {
        let system = each.system.as_ref();
        let reach = system.map_or("no connector", |system| system.as_str());
        let owner = if each.is_named() {
            Cell::text(&*each.owner).under(&*each.contact)
        } else {
            Cell::word("warn", "nobody is named")
        };
        Row::new("", [Cell::text(&*each.app), Cell::text(reach), owner])
    });
    let table = Table::new("Owners of his apps", &["App", "Reached by", "Call"], rows);
    Section::new("owners".into(), "Whom to call").table(table)
}

fn tokens(rehearsal: &Rehearsal, zone: &TimeZone) -> Section {
    let review = &rehearsal.tokens;
    let section = Section::new("tokens".into(), "API tokens of the whole org");
    if !review.unread.is_empty() {
        return section.say("alarm", format!("They were not read: {}", review.unread));
    }
    let rows = review.tokens.iter().map(|token| {
        let owner = match &token.login[..] {
            "" => Cell::text(token.owner.as_str()),
            login => Cell::text(login),
        };
        let used = token.last_used.map(|at| moment(at, zone));
        let concerns = if token.concerns.is_empty() {
            Cell::word("good", "sound")
        } else {
            Cell::lines(&token.concerns)
        };
        let name = Cell::text(&*token.name).under(&*token.agent);
        let cells = [
            name,
            owner,
            Cell::time(used.unwrap_or_default()),
            concerns,
            Cell::text(&*token.proposal),
        ];
        Row::new("", cells)
    });
    let names = &["Token", "Owner", "Last used", "What is odd", "Proposal"];
    section
        .say("soft", "Proposals for people: nothing was written.")
        .table(Table::new("Every listed token", names, rows))
}
