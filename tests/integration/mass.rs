//! A whole company at once: hundreds of accounts in every test run, ten thousand when asked for.
//!
//! The real binary contains them against the mocks, under a quota that is short, with one answer in
//! twenty going wrong, an intruder who goes on acting in one of the accounts, and `kill -9` twice on
//! the way. It is over when every account is contained, by the mocks' own word; the ledger verifies,
//! and nobody else was touched. Prints what it took.
//!
//! `OUST_MASS=10000 cargo test --test integration mass -- --nocapture`, or `just mass`.

mod figures;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use oust_mocks::{Attacker, Fault, FaultKind, Range, World};
use serde_json::Value;

use crate::cli::desk::{Desk, Running, Said, now_ms};
use figures::{Figures, Peak};

/// As many as every test run can wait for.
const FEW: usize = 300;

/// Up to so many the quota is wide, so that they are done in minutes: who looks at memory or at the
/// processor need not wait for a quota.
const QUICK: usize = 3_000;

/// How many the intruder has no session of: they must be as they were.
const OTHERS: usize = 50;

/// The quota's window in milliseconds, and how many requests of it are ours: the few are done in a
/// minute; of many the eviction alone takes several windows, so that it shows how much is used.
fn quota(n: usize) -> (i64, usize) {
    match n <= QUICK {
        true => (6_000, 4 * n),
        false => (20_000, n * 5 / 6),
    }
}

/// In whose account the intruder goes on.
const HAUNTED: usize = 2;

const HALF_AN_HOUR_MS: i64 = 30 * 60_000;

const LIFTS: &str = "--lift cap_run=everybody_was_phished --lift cap_hour=everybody_was_phished --lift cap_percent=everybody_was_phished";

#[test]
fn all_of_them_are_contained_whatever_goes_wrong_on_the_way() {
    let asked = std::env::var("OUST_MASS").ok();
    let n = asked.map_or(FEW, |n| n.parse().expect("OUST_MASS is a number"));
    let desk = Desk::of(|world| company(world, n));
    let subjects: Vec<String> = (1..=n).map(login).collect();
    desk.write("work/list.txt", subjects.join("\n"));
    set_limits(&mut desk.server.range(), n);
    let before = others(&desk, n);
    let mut figures = Figures::of(n);

    // One in twenty goes wrong, from the first request on.
    trouble(&mut desk.server.range());
    let contain = format!("contain --subjects list.txt --since 2h --yes --output json {LIFTS}");
    let first = killed(&desk, &contain, "/lifecycle/suspend", n / 3, &mut figures);
    first.exits(-1);
    desk.oust("runs verify").exits(0);
    let resume = "runs resume --last --yes --output json";
    let second = killed(&desk, resume, "/sessions", n / 3, &mut figures);
    second.exits(-1);

    let run = desk.start(resume);
    let peak = Peak::watch(run.pid());
    let last = run.ended();
    figures.ended(peak);
    last.says("GOES ON");
    figures.read(&desk.server.range());
    figures.print();
    let report = last.json();
    let left = not_contained(&report, &desk.here());
    assert!(left.is_empty(), "{} are left: {left:#?}", left.len());
    let all = report["verdict"] == "contained";
    last.exits(if all { 0 } else { 3 });

    let range = desk.server.range();
    let open: Vec<String> = (1..=n)
        .filter(|each| *each != HAUNTED || all)
        .filter(|each| {
            let id = id(*each);
            !range.okta.is_contained(&id) || !range.okta.attacker_holds(&id).is_empty()
        })
        .map(login)
        .collect();
    assert!(open.is_empty(), "{} are open: {open:?}", open.len());
    let strangers = strangers(&range, n);
    assert!(strangers.is_empty(), "writes named others: {strangers:?}");
    drop(range);
    assert!(others(&desk, n) == before, "somebody else was touched");
    desk.oust("runs verify").exits(0);
    figures.hold();
}

/// Who is not contained, and why; but for the account in which the intruder goes on, if he gave himself
/// more in it meanwhile than consent covers: that takes a person.
fn not_contained(report: &Value, here: &Path) -> Vec<String> {
    let name = report["subjects_file"].as_str().expect("they are many");
    let file = BufReader::new(File::open(here.join(name)).unwrap());
    let all = file
        .lines()
        .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let left = all.filter(|who| who["verdict"] != "contained");
    let beyond = |who: &Value| {
        let steps = who["steps"].as_array().unwrap().iter();
        let mut open = steps
            .filter(|step| step["not_done"]["open"] == true)
            .peekable();
        let is_asked = open.peek().is_some();
        is_asked && open.all(|step| step["not_done"]["kind"] == "ceiling_passed")
    };
    left.filter(|who| who["login"] != login(HAUNTED) || !beyond(who))
        .map(|who| who.to_string())
        .collect()
}

fn login(n: usize) -> String {
    format!("crowd-{n:05}@contoso.example")
}

fn id(n: usize) -> String {
    format!("00uCrowd{n:09}5d7")
}

/// `n` whose sessions were stolen, every fifth with a factor of the intruder's, and as many others
/// as must stay as they are. He goes on in one of them.
fn company(world: World, n: usize) -> World {
    let attacker = Attacker::new(&id(HAUNTED), 5_000);
    world
        .crowd(n + OTHERS)
        .with(|okta| {
            for each in (5..=n).step_by(5) {
                okta.enrol_factor_by_hand(&id(each), "push", "Pixel 9", now_ms() - HALF_AN_HOUR_MS);
            }
        })
        .attacker(attacker)
}

fn set_limits(range: &mut Range, n: usize) {
    let (window_ms, ours) = quota(n);
    let limits = &mut range.okta.limits;
    limits.window_ms = window_ms;
    // Half of it is ours.
    let a_window = u32::try_from(2 * ours).unwrap();
    for bucket in ["api", "users/id:get", "users"] {
        limits.overrides.insert(bucket.to_owned(), a_window);
    }
    for bucket in ["logs", "apps", "groups", "oauth2/clients"] {
        limits.overrides.insert(bucket.to_owned(), a_window / 2);
    }
}

/// One request in twenty: refused for the moment, cut before or after it had its effect.
fn trouble(range: &mut Range) {
    let kinds = [
        (2, FaultKind::Internal500),
        (1, FaultKind::ReadOnly503),
        (1, FaultKind::CutBeforeEffect),
        (1, FaultKind::CutAfterEffect),
    ];
    for ((percent, kind), seed) in kinds.into_iter().zip(1..) {
        let fault = Fault {
            method: None,
            path_contains: "/api/v1/".to_owned(),
            nth: None,
            times: None,
            kind,
        };
        range.faults.add_sometimes(percent, seed, fault);
    }
}

/// Runs it until it is killed, right after the `nth` write of this path had its effect.
fn killed(desk: &Desk, words: &str, path: &str, nth: usize, figures: &mut Figures) -> Said {
    let run: Running = {
        // Nothing is answered until the fault is in place.
        let mut range = desk.server.range();
        let run = desk.start(words);
        range.faults = Default::default();
        range.faults.add(Fault {
            method: None,
            path_contains: path.to_owned(),
            nth: Some(u32::try_from(nth).unwrap()),
            times: None,
            kind: FaultKind::KillAfterEffect { pid: run.pid() },
        });
        trouble(&mut range);
        run
    };
    let peak = Peak::watch(run.pid());
    let said = run.ended();
    figures.ended(peak);
    said
}

/// The writes to accounts that were not named, whether or not they had an effect.
fn strangers(range: &Range, n: usize) -> Vec<String> {
    let named: BTreeSet<String> = (1..=n).map(id).collect();
    let told = |path: &str| {
        let (_, rest) = path.split_once("/users/")?;
        rest.split('/').next().map(str::to_owned)
    };
    let writes = range.journal.writes().into_iter();
    writes
        .filter(|write| told(&write.path).is_some_and(|who| !named.contains(&who)))
        .map(|write| format!("{} {}", write.method, write.path))
        .collect()
}

/// Everybody who is not named, as he stands.
fn others(desk: &Desk, n: usize) -> BTreeMap<String, String> {
    let range = desk.server.range();
    let named: BTreeSet<String> = (1..=n).map(id).collect();
    let ids = range.okta.users.keys().filter(|id| !named.contains(*id));
    ids.map(|id| (id.clone(), range.okta.user_digest(id)))
        .collect()
}
