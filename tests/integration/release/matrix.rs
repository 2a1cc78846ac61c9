//! Every write of a release against everything that can happen to a write, once and for good.
//!
//! In every cell: `released` is so; nobody is left with an account that is open under its old
//! password and not told as loud as can be; nobody else is touched; and once the trouble is over a
//! resume ends it well.

use std::collections::BTreeMap;

use oust::model::{Scope, Verdict};
use oust_mocks::World;
use oust_mocks::world::ALEX;

use super::story::{ALEX_LOGIN, LOOKED_AT, Story, alarm};
use crate::matrix::faults::OF_WRITES;

/// "For good" is so many matches.
const FOR_GOOD: u32 = 60;

/// Where a release plays.
#[derive(Clone, Copy)]
struct Stage {
    name: &'static str,
    world: fn() -> World,
    services: bool,
    only: &'static [&'static str],
}

const STAGES: &[Stage] = &[
    Stage {
        name: "suspended",
        world: super::world,
        services: false,
        only: &["okta"],
    },
    Stage {
        name: "quarantined",
        world: locked_out,
        services: false,
        only: &["okta"],
    },
];

const BEHIND: Stage = Stage {
    name: "behind",
    world: crate::lab::services::contoso,
    services: true,
    only: &["okta", "salesforce", "aws"],
};

/// An account that Okta does not suspend: it was quarantined alone.
fn locked_out() -> World {
    super::world().status(ALEX_LOGIN, "LOCKED_OUT")
}

impl Stage {
    async fn contained(self) -> Story {
        let tap = std::sync::Arc::new(crate::lab::NoTap);
        Story::after((self.world)(), "account-takeover", self.services, tap).await
    }

    fn scope(self) -> Scope {
        Scope {
            only: self.only.iter().map(|name| (*name).to_owned()).collect(),
            skip: Vec::new(),
        }
    }

    /// What `released` claims.
    fn truth(self, story: &Story) -> Result<(), String> {
        let status = story.status();
        let range = story.range();
        if status != "RECOVERY" {
            return Err(format!("the account is {status}"));
        }
        if range.okta.is_quarantined(ALEX) {
            return Err("he is still in the quarantine group".into());
        }
        if self.services {
            let id = oust_mocks::accounts::salesforce_id(ALEX_LOGIN);
            if range.salesforce.users[&id].is_frozen {
                return Err("he is still frozen".into());
            }
        }
        Ok(())
    }
}

/// Everybody but alex at the directory.
fn others(story: &Story) -> BTreeMap<String, String> {
    let range = story.range();
    let ids = range.okta.users.keys().filter(|id| *id != ALEX);
    ids.map(|id| (id.clone(), range.okta.user_digest(id)))
        .collect()
}

fn in_virtual_time<T>(work: impl std::future::Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work)
}

/// The writes of a release in which all goes well, as rules name them.
fn places(stage: Stage) -> Vec<String> {
    in_virtual_time(async {
        let mut story = stage.contained().await;
        let before = story.writes();
        let plan = story.plan_in(LOOKED_AT, stage.scope()).await.unwrap();
        let told = story.carry_out(plan).await;
        assert_eq!(
            told.verdict,
            Verdict::Released,
            "{}: {}",
            stage.name,
            told.screen
        );
        stage.truth(&story).unwrap();
        let mut places = story.writes_since(before);
        places.sort();
        places.dedup();
        places
    })
}

async fn cell(stage: Stage, place: &str, kind: &str, for_good: bool) -> Result<(), String> {
    let mut story = stage.contained().await;
    let plan = story.plan_in(LOOKED_AT, stage.scope()).await.unwrap();
    let before = others(&story);
    // What is asked after a `?` is no part of a rule.
    let path = place.split('?').next().unwrap();
    let rule = match for_good {
        false => format!("{path}*1={kind}"),
        true => format!("{path}*{FOR_GOOD}={kind}"),
    };
    story.faults(&rule);
    let told = story.carry_out(plan).await;
    if told.verdict == Verdict::Released {
        stage
            .truth(&story)
            .map_err(|why| format!("`released`, but {why}"))?;
    }
    // RECOVERY means that the old password is no more.
    let open = story.status() == "ACTIVE";
    if open && !alarm(&told.report, "open_with_old_password") {
        return Err(format!(
            "open with its old password, unsaid: {}",
            told.screen
        ));
    }
    if others(&story) != before {
        return Err("somebody else was touched".into());
    }
    story.faults("");
    let again = story.resume().await;
    if again.verdict != Verdict::Released {
        return Err(format!("not ended by a resume: {}", again.screen));
    }
    stage
        .truth(&story)
        .map_err(|why| format!("resumed to `released`, but {why}"))
}

fn judge(stage: Stage, only_at: Option<&[&str]>) {
    let mut broken = Vec::new();
    let mut cells = 0;
    for place in places(stage) {
        if only_at.is_some_and(|at| !at.iter().any(|system| place.starts_with(system))) {
            continue;
        }
        for trouble in OF_WRITES {
            for for_good in [false, true] {
                cells += 1;
                let came = in_virtual_time(cell(stage, &place, trouble.kind, for_good));
                if let Err(why) = came {
                    broken.push(format!(
                        "{place} × {} (for good: {for_good}): {why}",
                        trouble.kind
                    ));
                }
            }
        }
    }
    assert!(
        cells >= OF_WRITES.len() * 2,
        "{}: {cells} cells only",
        stage.name
    );
    let shown: Vec<&str> = broken.iter().take(8).map(String::as_str).collect();
    assert!(
        broken.is_empty(),
        "{}: {} of {cells}\n{}",
        stage.name,
        broken.len(),
        shown.join("\n")
    );
}

#[test]
fn every_write_at_the_directory_against_every_fault() {
    for stage in STAGES {
        judge(*stage, None);
    }
}

#[test]
fn every_write_at_a_service_against_every_fault() {
    judge(BEHIND, Some(&["salesforce", "aws"]));
}

/// What shuts him out again is written only when something failed: it fails, too.
#[test]
fn what_makes_a_failed_pair_good_against_every_fault() {
    let mut broken = Vec::new();
    for trouble in OF_WRITES {
        let came = in_virtual_time(async {
            let stage = STAGES[0];
            let mut story = stage.contained().await;
            let plan = story.plan_in(LOOKED_AT, stage.scope()).await.unwrap();
            story.faults(&format!(
                "okta POST reset_password=forbidden,okta POST lifecycle/suspend={}",
                trouble.kind
            ));
            let told = story.carry_out(plan).await;
            if told.verdict == Verdict::Released {
                return Err("`released`".to_owned());
            }
            let loud = match story.status().as_str() {
                "SUSPENDED" => {
                    alarm(&told.report, "shut_again")
                        || alarm(&told.report, "open_with_old_password")
                }
                _ => alarm(&told.report, "open_with_old_password"),
            };
            if !loud {
                return Err(format!("{}, unsaid: {}", story.status(), told.screen));
            }
            story.faults("");
            let again = story.resume().await;
            match again.verdict {
                Verdict::Released => stage.truth(&story),
                _ => Err(format!("not ended by a resume: {}", again.screen)),
            }
        });
        if let Err(why) = came {
            broken.push(format!("{}: {why}", trouble.kind));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
