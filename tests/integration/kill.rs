//! The process is killed, at every point where it matters, and `runs resume` ends what it began.
//!
//! A recording run enumerates the points; then each is one story: contain, be killed there,
//! resume, and ask the mocks whether it is over. *Network points* are before each write's
//! effect, after it without an answer, and after its answer. *Store points* are before and
//! after each commit of the ledger; no release build has them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use oust_mocks::{Fault, FaultKind};

use crate::cli::desk::{ALEX_LOGIN, Desk};

const CONTAIN: &str = "contain alex@contoso.example --since 2h --yes";

/// Stories told at the same time: they mostly wait.
const AT_ONCE: usize = 4;

/// Tells `points` stories, several at once; prints how many there were.
#[expect(clippy::print_stdout, reason = "how many there were is the result")]
fn each(what: &str, points: usize, story: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let point = next.fetch_add(1, Ordering::Relaxed);
                    if point >= points {
                        return;
                    }
                    let told = std::panic::AssertUnwindSafe(|| story(point));
                    if std::panic::catch_unwind(told).is_err() {
                        failed.lock().unwrap().push(point + 1);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    println!("{what} {} of {points}", points - failed.len());
    assert!(failed.is_empty(), "{what} that went wrong: {failed:?}");
}

/// What an undisturbed run sends: method and path of every write, in order.
type Usual = Vec<(String, String)>;

/// What a person does after the process died: look, and go on.
fn go_on(desk: &Desk, usual: &Usual) {
    let died_at = desk.server.range().journal.entries().len();
    let list = desk.oust("runs list");
    list.exits(0);
    let resumed = if list.out.trim().is_empty() {
        // It died before the run was opened: nothing can have left.
        desk.saw_no_writes();
        desk.oust(&format!("{CONTAIN} --output json"))
    } else {
        desk.oust("runs resume --last --yes --output json")
    };
    resumed.exits(0);
    assert_eq!(resumed.json()["verdict"], "contained");
    desk.is_contained();
    desk.oust("runs verify").exits(0);
    nothing_is_repeated(desk, died_at, usual);
}

/// Nothing tells at once whether these were carried out (Microsoft's replicas lag, GitHub queues, a
/// revocation endpoint tells nothing at all):
/// once more is the way to be sure, and meant.
const TO_BE_SURE: &[&str] = &[
    "/sessions",
    "/revokeSignInSessions",
    "/signOut",
    "/invalidate",
    "/revoke",
    "/personal-access-tokens",
    "/global-token-revocation",
];

/// Fails if a write that had its effect before the death was sent more often than a run that
/// nobody disturbs sends it.
fn nothing_is_repeated(desk: &Desk, died_at: usize, usual: &Usual) {
    let range = desk.server.range();
    let entries = range.journal.entries();
    for write in entries[..died_at].iter().filter(|entry| entry.effective) {
        let sent = entries
            .iter()
            .filter(|entry| is_the_same(entry, write))
            .count();
        let needed = usual
            .iter()
            .filter(|(method, path)| *method == write.method && *path == write.path)
            .count();
        assert!(
            sent <= needed || TO_BE_SURE.iter().any(|end| write.path.ends_with(end)),
            "{} {} was sent {sent} times; the process died after request {died_at}:\n{}",
            write.method,
            write.path,
            range.journal.lines()
        );
    }
}

/// Which token is revoked and which role is written to stands in the body: there a request is told by
/// its effect, which each of them has once.
fn is_the_same(entry: &oust_mocks::Entry, write: &oust_mocks::Entry) -> bool {
    let mut bodies = ["/oauth2/revoke", "/iam/PutRolePolicy"].iter();
    let by_effect = bodies.any(|end| write.path.ends_with(end));
    let same = entry.method == write.method && entry.path == write.path;
    same && (!by_effect || entry.effective)
}

/// A run that nobody disturbs.
fn usual(desk: &Desk) -> Usual {
    desk.oust(CONTAIN).exits(0);
    let range = desk.server.range();
    let writes = range.journal.writes();
    assert!(writes.len() >= 8, "{}", range.journal.lines());
    let told = |entry: &&oust_mocks::Entry| (entry.method.clone(), entry.path.clone());
    writes.iter().map(told).collect()
}

/// Which of the requests that this part of a path fits the `n`th write is, from 1: that is how
/// a fault counts.
fn nth(usual: &Usual, n: usize) -> u32 {
    let (method, path) = &usual[n];
    let fits = usual[..n]
        .iter()
        .filter(|(m, p)| m == method && p.contains(path));
    u32::try_from(fits.count()).unwrap() + 1
}

#[test]
fn at_every_network_point_resume_ends_contained() {
    at_every_network_point("network points", Desk::contoso, |_| {});
}

#[test]
fn at_every_network_point_with_services_resume_ends_contained_everywhere() {
    let what = "network points with services";
    at_every_network_point(what, Desk::with_services, |desk| {
        let holds = desk.server.range().holds(ALEX_LOGIN);
        assert!(holds.is_empty(), "he holds {holds:?}");
    });
}

fn at_every_network_point(what: &str, desk: fn() -> Desk, and: fn(&Desk)) {
    let usual = usual(&desk());
    each(what, usual.len() * 3, |point| {
        let (method, path) = &usual[point / 3];
        let desk = desk();
        let run = {
            // Nothing is answered until the fault is in place.
            let mut range = desk.server.range();
            let run = desk.start(CONTAIN);
            let pid = run.pid();
            range.faults.add(Fault {
                method: Some(method.clone()),
                path_contains: path.clone(),
                nth: Some(nth(&usual, point / 3)),
                times: None,
                kind: match point % 3 {
                    0 => FaultKind::KillBefore { pid },
                    1 => FaultKind::KillAfterEffect { pid },
                    _ => FaultKind::KillAfterAnswer { pid },
                },
            });
            run
        };
        run.ended().exits(-1);
        desk.server.range().faults.clear();
        go_on(&desk, &usual);
        and(&desk);
    });
}

#[cfg(debug_assertions)]
mod store {
    use super::{CONTAIN, each, go_on, usual};
    use crate::cli::desk::{Desk, Said};

    /// What the points are called.
    const NAMES: [&str; 2] = ["before_commit", "after_commit"];

    /// How many points a run passed, as it recorded them.
    fn points_of(desk: &Desk) -> usize {
        let list = std::fs::read_to_string(desk.at("points")).unwrap();
        list.lines().count()
    }

    fn contain(desk: &Desk, kill_at: Option<usize>) -> Said {
        let words: Vec<&str> = CONTAIN.split(' ').collect();
        let mut command = desk.command(&words);
        command.env("OUST_KILL_RECORD", desk.at("points"));
        if let Some(point) = kill_at {
            command.env("OUST_KILL_STORE", point.to_string());
        }
        Said::of(command.output().unwrap(), &words)
    }

    /// How many points any run passes: commits that meet are made as one, so the number varies
    /// by one or two.
    fn recorded() -> usize {
        let count = |_| {
            let desk = Desk::contoso();
            contain(&desk, None).exits(0);
            let list = std::fs::read_to_string(desk.at("points")).unwrap();
            for name in NAMES {
                assert!(list.contains(name), "no run passes `{name}`");
            }
            points_of(&desk)
        };
        (0..5).map(count).min().expect("there are five recordings")
    }

    #[test]
    fn at_every_store_point_resume_ends_contained() {
        let points = recorded();
        assert!(points >= 20, "{points}");
        let usual = usual(&Desk::contoso());
        each("store points", points, |point| {
            let reached = (0..10).any(|_| {
                let desk = Desk::contoso();
                let said = contain(&desk, Some(point + 1));
                let killed = said.code == -1;
                assert_eq!(killed, points_of(&desk) == point + 1, "it passed and lived");
                go_on(&desk, &usual);
                killed
            });
            assert!(reached, "no run reached point {}", point + 1);
        });
    }
}

/// The program panics by a fault of its own: it still ends with an exit code that is true, and
/// says the way on.
#[cfg(debug_assertions)]
mod panics {
    use super::{CONTAIN, each, go_on, usual};
    use crate::cli::desk::{Desk, Said};

    /// Contains with a panic at one point; `where_to` is the name of its kind.
    fn contain(desk: &Desk, where_to: &str, point: usize) -> Said {
        let words: Vec<&str> = CONTAIN.split(' ').collect();
        let mut command = desk.command(&words);
        command.env(where_to, point.to_string());
        Said::of(command.output().unwrap(), &words)
    }

    /// How many events an undisturbed run has; the next one may have a few more or less.
    fn events() -> usize {
        let desk = Desk::contoso();
        desk.oust(CONTAIN).exits(0);
        let export = desk.oust("runs export --last --records");
        export.out.lines().count()
    }

    #[test]
    fn at_every_event_the_exit_code_is_6_once_a_write_may_have_left_and_1_before() {
        let usual = usual(&Desk::contoso());
        let codes = std::sync::Mutex::new(std::collections::BTreeSet::new());
        let events = events();
        assert!(events >= 30, "{events}");
        each("panics", events, |point| {
            let desk = Desk::contoso();
            let said = contain(&desk, "OUST_KILL_PANIC", point + 1);
            codes.lock().unwrap().insert(said.code);
            let wrote = !desk.server.range().journal.writes().is_empty();
            match said.code {
                6 => {
                    let list = desk.oust("runs list");
                    let run = list.out.split_whitespace().next().unwrap();
                    said.says("a fault of its own")
                        .hints(&format!("oust runs resume {run}"));
                }
                1 => {
                    assert!(!wrote, "{}", desk.journal());
                    said.says("nothing was written").hints("oust ");
                }
                // It had ended before.
                0 => assert!(point > events / 2),
                _ => panic!("{} after writes: {wrote}\n{}", said.code, said.err),
            }
            go_on(&desk, &usual);
        });
        let codes: Vec<i32> = codes.into_inner().unwrap().into_iter().collect();
        assert!(codes.ends_with(&[1, 6]), "{codes:?}");
    }

    #[test]
    fn a_ledger_thread_that_panics_does_not_save_the_intruder() {
        for point in [1, 5, 9, 15] {
            let desk = Desk::contoso();
            let said = contain(&desk, "OUST_KILL_THREAD", point);
            let wrote = !desk.server.range().journal.writes().is_empty();
            if wrote {
                assert!(matches!(said.code, 0 | 3), "{}: {}", said.code, said.err);
                desk.is_contained();
                said.says("the thread that owns it has stopped");
            } else {
                said.exits(1).hints("");
            }
        }
    }
}
