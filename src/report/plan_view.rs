//! A plan as sections of a page: what whoever approves it has to know, the gravest first.
//!
//! Says the same as the plan screen (`screen::plan`), in tables. Judges nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::sheet::{Cell, Row, Section, Table};
use super::text::{count, moment, zone_name};
use crate::model::{
    Change, Confirmation, GuardReply, Identity, Intruder, Plan, PlannedStage, PlannedStep,
    Severity, Subject, SystemId, Tri, Undo, Unreached, UserId, Witness,
};

/// Accounts whose apps are unread that are named one by one.
const NAMED_MAX: usize = 20;

/// All sections, in reading order.
pub(super) fn sections(plan: &Plan, zone: &TimeZone) -> Vec<Section> {
    let mut all = vec![whom(plan, zone)];
    all.extend(warnings(plan));
    all.extend(evidence(plan, zone));
    all.extend(plan.stages.iter().enumerate().map(|(number, stage)| {
        let id = format!("stage-{number}");
        stage_of(plan, stage, id)
    }));
    all.extend(left_alone(plan));
    all.extend(not_reached(plan));
    all
}

fn whom(plan: &Plan, zone: &TimeZone) -> Section {
    let window = plan.case.window;
    let end = window
        .end
        .map_or_else(|| "now".into(), |end| moment(end, zone));
    let says = format!(
        "Window {} → {end} ({}), times in {}. Org {}, playbook {}.",
        moment(window.start, zone),
        window.how.word(),
        zone_name(plan.made_at, zone),
        plan.org,
        plan.playbook.name,
    );
    let rows = plan.case.subjects.iter().map(|who| {
        Row::new(
            "",
            [
                Cell::text(who.login.clone()).under(who.id.to_string()),
                Cell::text(who.status.clone()),
                Cell::text(roles(who)),
                Cell::text(count(changes_for(plan, &who.id), "change")),
            ],
        )
    });
    Section::new("whom".into(), "Whose accounts")
        .say("", says)
        .say("", totals(plan))
        .table(Table::new(
            "Each account that would be contained",
            &["account", "status", "roles", "changes"],
            rows,
        ))
}

fn roles(who: &Subject) -> String {
    match (who.privileged, &who.roles[..]) {
        (Tri::Unread, _) => "roles unread".into(),
        (Tri::No, []) => "none".into(),
        (_, []) => "administrator".into(),
        (_, roles) => roles.join(", ").to_lowercase().replace('_', " "),
    }
}

fn changes_for(plan: &Plan, who: &UserId) -> usize {
    real_changes(plan)
        .filter(|change| change.subject == *who)
        .count()
}

fn real_changes(plan: &Plan) -> impl Iterator<Item = &Change> {
    let steps = plan
        .steps()
        .filter(|step| plan.scope.includes(&step.system));
    steps
        .flat_map(|step| &step.subjects)
        .filter(|each| each.skip.is_none())
        .flat_map(|each| &each.changes)
        .map(|change| &**change)
}

fn totals(plan: &Plan) -> String {
    let all = real_changes(plan).count();
    // What a later stage does again is one thing that is gone, not two.
    let never: BTreeSet<_> = real_changes(plan)
        .filter(|change| change.undo == Undo::Never)
        .map(|change| {
            (
                &change.subject,
                &change.system,
                &change.action,
                &change.target.id,
            )
        })
        .collect();
    match (all, never.len()) {
        (0, _) => "Nothing is left to change.".into(),
        (all, 0) => format!(
            "{}, all of them can be undone or done again.",
            count(all, "change")
        ),
        (all, never) => format!(
            "{}; {} cannot be undone.",
            count(all, "change"),
            count(never, "thing")
        ),
    }
}

/// Why one would not agree.
fn warnings(plan: &Plan) -> Option<Section> {
    let mut rows: Vec<Row> = Vec::new();
    let mut add = |tone: &'static str, word: &'static str, what: String, next: String| {
        rows.push(Row::new(
            "",
            [Cell::word(tone, word), Cell::text(what), Cell::text(next)],
        ));
    };
    for guard in &plan.guards {
        let (tone, word, why, next) = match &guard.reply {
            GuardReply::Passes => continue,
            GuardReply::Warns { why } => ("warn", "warns", why, String::new()),
            GuardReply::RefusesSteps { why, actions, .. } => {
                let names: Vec<String> = actions.iter().map(ToString::to_string).collect();
                let next = format!("left out: {}", names.join(", "));
                ("bad", "refuses steps", why, next)
            }
            GuardReply::RefusesRun { why, next } => ("bad", "refuses the run", why, next.clone()),
        };
        let lifted = guard.lifted.as_ref().map_or_else(String::new, |lift| {
            format!(" (lifted by {}: {})", lift.by, lift.reason)
        });
        add(tone, word, format!("{}: {why}{lifted}", guard.name), next);
    }
    for finding in &plan.findings {
        let (tone, word) = match finding.severity {
            Severity::Info => ("idle", "info"),
            Severity::Warning => ("warn", "warning"),
            Severity::High => ("bad", "high"),
        };
        add(tone, word, finding.text.clone(), finding.hint.clone());
    }
    for (what, next) in unsettled(plan) {
        add("warn", "unsettled", what, next.into());
    }
    if rows.is_empty() {
        return None;
    }
    let table = Table::new(
        "What the guards said, and what the reads found",
        &["weight", "what", "next"],
        rows,
    );
    Some(Section::new("warnings".into(), "Before you agree").table(table))
}

/// Subjects that nobody can act on at a system.
fn unsettled(plan: &Plan) -> Vec<(String, &'static str)> {
    let mut all = Vec::new();
    let here = plan.systems.iter();
    for system in here.filter(|system| plan.scope.includes(&system.id)) {
        for (who, identity) in &system.identities {
            let (why, next) = match identity {
                Identity::Found { .. } | Identity::NoAccount => continue,
                Identity::Unread { why } => (format!("not read: {why}"), ""),
                Identity::Ambiguous { candidates } => (
                    format!("several accounts answer: {}", candidates.join(", ")),
                    "a person names the right one: `--identity`",
                ),
                Identity::Contested { why, .. } => (
                    format!("contested: {why}"),
                    "a person names the right one: `--identity`",
                ),
            };
            all.push((
                format!("{} at {}: {why}", login(plan, who), system.id),
                next,
            ));
        }
    }
    all
}

fn login(plan: &Plan, who: &UserId) -> String {
    let mut subjects = plan.case.subjects.iter();
    let found = subjects.find(|each| each.id == *who);
    found.map_or_else(|| who.to_string(), |each| each.login.clone())
}

/// What the log shows of an intruder.
fn evidence(plan: &Plan, zone: &TimeZone) -> Option<Section> {
    let all = &plan.case.intruders;
    if all.is_empty() {
        return None;
    }
    let mut section = Section::new("evidence".into(), "What the log shows");
    for intruder in all {
        let who = intruder.subject.as_ref();
        let who = who.map_or_else(|| "an account".into(), |id| login(plan, id));
        section = section.say("", answer(&who, intruder, zone));
        if let Some(unread) = &intruder.unread {
            section = section.say("alarm", format!("{who}: not all was read: {unread}"));
        }
        let rows: Vec<Row> = signs(intruder, zone);
        if !rows.is_empty() {
            section = section.table(Table::new(
                format!("{who}: the events that say so"),
                &["when", "what", "event"],
                rows,
            ));
        }
        let rows: Vec<Row> = his(intruder, zone);
        if !rows.is_empty() {
            section = section.table(Table::new(
                format!("{who}: what is the intruder's, and what he made"),
                &["what", "which", "from", "why"],
                rows,
            ));
        }
    }
    Some(section)
}

fn answer(who: &str, intruder: &Intruder, zone: &TimeZone) -> String {
    let read = intruder.log_read_until.map_or_else(String::new, |until| {
        format!(" The log was read up to {}.", moment(until, zone))
    });
    match (intruder.answer, intruder.start) {
        (Confirmation::Confirmed, Some(start)) => format!(
            "{who}: confirmed, somebody else is in this account since {}.{read}",
            moment(start, zone)
        ),
        (Confirmation::Confirmed, None) => {
            format!("{who}: confirmed, somebody else is in this account.{read}")
        }
        (Confirmation::NotConfirmed, _) => {
            format!("{who}: not confirmed, nothing in the log says so.{read}")
        }
        (Confirmation::Undecided, _) => {
            format!("{who}: undecided, something looks bad and nothing else says the same.{read}")
        }
    }
}

fn signs(intruder: &Intruder, zone: &TimeZone) -> Vec<Row> {
    let row = |witness: &Witness| {
        let when = witness.at.map_or_else(String::new, |at| moment(at, zone));
        Row::new(
            "",
            [
                Cell::time(when),
                Cell::text(witness.says.clone()),
                Cell::text(witness.event.clone()),
            ],
        )
    };
    intruder.because.iter().map(row).collect()
}

fn his(intruder: &Intruder, zone: &TimeZone) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |what: &str, which: String, name: &str, from: String, why: String| {
        let cells = [
            Cell::text(what),
            Cell::text(which).under(name),
            Cell::text(from),
            Cell::text(why),
        ];
        rows.push(Row::new("", cells));
    };
    let kinds = [
        ("session", &intruder.sessions),
        ("API token", &intruder.tokens),
        ("device", &intruder.devices),
    ];
    for (what, traces) in kinds {
        for each in traces {
            let from = moment(each.first, zone);
            add(
                what,
                each.id.clone(),
                &each.name,
                from,
                each.witness.says.clone(),
            );
        }
    }
    for each in &intruder.addresses {
        let network = format!("{} {}", each.asn, each.network);
        let from = moment(each.first, zone);
        add(
            "address",
            each.ip.clone(),
            network.trim(),
            from,
            each.witness.says.clone(),
        );
    }
    for each in &intruder.planted {
        let from = moment(each.at, zone);
        let why = match &each.remedy {
            Some(remedy) => format!("{remedy} takes it away"),
            None => "a person has to look at it".into(),
        };
        add("planted", each.what.clone(), &each.name, from, why);
    }
    rows
}

fn stage_of(plan: &Plan, stage: &PlannedStage, id: String) -> Section {
    let steps: Vec<&PlannedStep> = stage
        .steps
        .iter()
        .filter(|step| plan.scope.includes(&step.system))
        .collect();
    let mut section = Section::new(id, format!("Stage {}", stage.name));
    if stage.ask {
        section = section.say(
            "",
            "Asks for a consent of its own: it is not part of this one.",
        );
    }
    let rows: Vec<Row> = steps.iter().flat_map(|step| rows_of(plan, step)).collect();
    if rows.is_empty() {
        return section.say(
            "soft",
            "Nothing: none of its systems is configured, or in scope.",
        );
    }
    section.table(Table::new(
        format!("Every change of {}", stage.name),
        &["change", "system", "undo"],
        rows,
    ))
}

fn rows_of(plan: &Plan, step: &PlannedStep) -> Vec<Row> {
    let many = plan.case.subjects.len() > 1;
    let mut rows = Vec::new();
    for each in &step.subjects {
        let whose = match many {
            true => format!("{}: ", login(plan, &each.subject)),
            false => String::new(),
        };
        if let Some(skip) = &each.skip {
            if skip.is_not_meant() {
                continue;
            }
            let what = format!("{whose}{}", step.action.verb().replace('_', " "));
            rows.push(Row::new(
                "",
                [
                    Cell::text(what).under(format!("left out: {}", skip.sentence())),
                    Cell::text(step.system.to_string()),
                    Cell::default(),
                ],
            ));
            continue;
        }
        for change in &each.changes {
            let mut what = Cell::text(format!("{whose}{}", change.sentence));
            what.soft.extend(each.notes.iter().cloned());
            let undo = match change.undo {
                Undo::Restores => Cell::text("can be undone"),
                Undo::PersonRedoes => Cell::text("the person redoes it"),
                Undo::Never => Cell::word("bad", "cannot be undone"),
            };
            let cells = [what, Cell::text(step.system.to_string()), undo];
            rows.push(Row::new("", cells));
        }
    }
    rows
}

fn left_alone(plan: &Plan) -> Option<Section> {
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for step in plan.steps() {
        for each in &step.subjects {
            for kept in &each.kept {
                if !seen.insert((&step.system, &kept.target.id)) {
                    continue;
                }
                let look = match kept.suspect {
                    true => Cell::word("warn", "look at it"),
                    false => Cell::default(),
                };
                let what = format!(
                    "{} {}",
                    kept.target.kind.replace('_', " "),
                    kept.target.label
                );
                rows.push(Row::new(
                    "",
                    [
                        Cell::text(what),
                        Cell::text(step.system.to_string()),
                        Cell::text(kept.why.clone()),
                        look,
                    ],
                ));
            }
        }
    }
    if rows.is_empty() {
        return None;
    }
    let table = Table::new(
        "What the selectors leave alone",
        &["what", "system", "why", "suspect"],
        rows,
    );
    Some(Section::new("kept".into(), "Stays as it is").table(table))
}

/// What the subjects use and this run leaves as it is.
fn not_reached(plan: &Plan) -> Option<Section> {
    // Of many whose apps could not be read, one row says so of each service.
    let mut unread: BTreeMap<(Option<&SystemId>, &str), usize> = BTreeMap::new();
    for each in plan.unreached.iter().filter(|each| each.app.is_empty()) {
        let same = unread.entry((each.vendor.as_ref(), &each.why)).or_default();
        *same += 1;
    }
    let of_all = |each: &Unreached| {
        let key = (each.vendor.as_ref(), each.why.as_str());
        let same = unread.get(&key).copied().filter(|_| each.app.is_empty());
        same.filter(|same| *same > NAMED_MAX).unwrap_or(1)
    };
    let mut told = BTreeSet::new();
    let rows: Vec<Row> = plan
        .unreached
        .iter()
        .filter(|each| of_all(each) == 1 || told.insert((each.vendor.as_ref(), &each.why)))
        .map(|each| {
            let who = match of_all(each) {
                1 => login(plan, &each.subject),
                many => count(many, "account"),
            };
            let app = match each.app.is_empty() {
                true if of_all(each) > 1 => "their apps".to_owned(),
                true => "his apps".to_owned(),
                false => each.app.clone(),
            };
            let whom = plan.owner_of(each.names());
            let whom = whom.map_or_else(String::new, |owner| {
                format!("{}, {}", owner.owner, owner.contact)
            });
            let why = match &each.vendor {
                Some(vendor) => format!("{vendor} is not configured; {}", each.why),
                None => format!("no connector; {}", each.why),
            };
            Row::new(
                "",
                [
                    Cell::text(app),
                    Cell::text(who),
                    Cell::text(why),
                    Cell::text(whom),
                ],
            )
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    let table = Table::new(
        "Apps that this plan does not reach",
        &["app", "account", "why", "whom to call"],
        rows,
    );
    Some(Section::new("unreached".into(), "Not reached").table(table))
}
