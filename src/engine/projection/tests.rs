//! What binds: a quota, the pace of answers, the order.

use super::course::{Ask, Course, Leg, OfSystem, Row, Serves, Stage, Step, System};
use super::sim::{Outcome, run};
use super::window::{Bucket, WINDOW_MS};

const ANSWER_MS: u64 = 100;

/// Everybody at one system: in the first stage each gets so many writes, and nothing else.
fn course(subjects: usize, batches: u16, bucket: Bucket) -> Course {
    let row = Row {
        batches,
        again: false,
        ..Row::default()
    };
    Course {
        subjects,
        is_crowd: true,
        systems: vec![System {
            answer_ms: ANSWER_MS,
            at_once: 30,
        }],
        buckets: vec![OfSystem { system: 0, bucket }],
        stages: vec![Stage {
            firsts: vec![0],
            ..Stage::default()
        }],
        legs: vec![Leg {
            steps: vec![0],
            places: 64,
            ..Leg::default()
        }],
        steps: vec![Step {
            evicts: true,
            send: vec![alone(0)],
            rows: vec![row; subjects],
            ..Step::default()
        }],
        ..Course::default()
    }
}

/// A request for one.
fn alone(bucket: usize) -> Ask {
    let serves = Serves::One;
    Ask { bucket, serves }
}

/// A second stage after the first, at this system.
fn then(course: &mut Course, step: Step) {
    course.steps.push(step);
    course.legs.push(Leg {
        stage: 1,
        steps: vec![1],
        places: 128,
        ..Leg::default()
    });
    course.stages.push(Stage {
        firsts: vec![1],
        after: Some(0),
        ..Stage::default()
    });
}

fn outcome(course: &Course) -> Outcome {
    run(course).unwrap()
}

fn all(moments: &[Option<u64>]) -> u64 {
    moments.iter().map(|at| at.unwrap()).max().unwrap()
}

#[test]
fn where_no_quota_binds_a_chain_takes_its_answers_and_the_wire_its_places() {
    let ample = || Bucket::told(100_000, 100_000, 0);
    assert_eq!(all(&outcome(&course(1, 3, ample())).evicted), 3 * ANSWER_MS);
    // Thirty at once: ninety take three times as long.
    assert_eq!(
        all(&outcome(&course(90, 1, ample())).evicted),
        3 * ANSWER_MS
    );
    assert_eq!(outcome(&course(90, 1, ample())).buckets[0].waited_ms, 0);
}

#[test]
fn where_a_quota_binds_its_windows_count() {
    let out = outcome(&course(250, 1, Bucket::told(100, 100, 0)));
    let soon = |who: usize| out.evicted[who].unwrap();
    assert!(soon(99) < 1_000);
    // The next hundred leaves when the window has reset, and not before.
    assert!((WINDOW_MS..WINDOW_MS + 3_000).contains(&soon(100)));
    assert!((2 * WINDOW_MS..2 * WINDOW_MS + 6_000).contains(&soon(249)));
    assert_eq!(out.buckets[0].requests, 250);
    assert!(out.buckets[0].waited_ms > 2 * WINDOW_MS - 5_000);
}

#[test]
fn what_the_last_answer_left_is_used_and_its_reset_awaited() {
    let out = outcome(&course(3, 1, Bucket::told(100, 1, 10_000)));
    assert_eq!(out.evicted[0], Some(ANSWER_MS));
    for who in [1, 2] {
        let at = out.evicted[who].unwrap();
        assert!((10_000..11_000).contains(&at), "{at}");
    }
    // A reset that has passed says that all is there again.
    let full = outcome(&course(3, 1, Bucket::told(100, 1, 0)));
    assert_eq!(all(&full.evicted), ANSWER_MS);
    // One that is far away is an hour's: the window after it is one, too.
    let hours = outcome(&course(150, 1, Bucket::told(100, 0, 600_000)));
    let last = all(&hours.evicted);
    assert!((600_000 + 3_600_000..4_210_000).contains(&last), "{last}");
}

#[test]
fn without_a_word_on_the_quota_the_documented_pace_is_kept() {
    let out = outcome(&course(130, 1, Bucket::paced(60)));
    assert!(out.evicted[59].unwrap() < 1_000);
    let last = all(&out.evicted);
    assert!((69_000..72_000).contains(&last), "{last}");
}

#[test]
fn a_bucket_that_is_used_up_holds_up_no_other() {
    let mut two = course(50, 1, Bucket::told(10, 10, 0));
    two.buckets.push(OfSystem {
        system: 0,
        bucket: Bucket::told(1_000, 1_000, 0),
    });
    // The second half of them writes elsewhere.
    for who in 25..50 {
        two.steps[0].rows[who] = Row::default();
    }
    let mut elsewhere = two.steps[0].clone();
    elsewhere.send = vec![alone(1)];
    for who in 0..50 {
        let row = &mut elsewhere.rows[who];
        row.batches = u16::from(who >= 25);
    }
    two.steps.push(elsewhere);
    two.legs[0].steps.push(1);
    let out = outcome(&two);
    assert!((25..50).all(|who| out.evicted[who].unwrap() < 1_000));
    assert!(out.evicted[24].unwrap() > 2 * WINDOW_MS);
    assert_eq!(out.buckets[1].waited_ms, 0);
}

#[test]
fn the_order_of_the_case_is_the_order_of_the_evictions_and_they_go_before_the_rest() {
    let mut two = course(200, 1, Bucket::told(60, 60, 0));
    let rest = Step {
        evicts: false,
        ..two.steps[0].clone()
    };
    then(&mut two, rest);
    let out = outcome(&two);
    assert!(out.evicted.is_sorted());
    // Two hundred need four windows, and get them although the rest waits for the same.
    let last = all(&out.evicted);
    assert!(
        (3 * WINDOW_MS..3 * WINDOW_MS + 6_000).contains(&last),
        "{last}"
    );
    assert!(all(&out.contained) > 6 * WINDOW_MS);
}

#[test]
fn where_suspensions_go_first_everybody_is_locked_before_anybody_is_cleared() {
    let in_turn = |behind: bool| {
        let mut two = course(200, 1, Bucket::told(60, 60, 0));
        two.steps[0].evicts = false;
        let clear = Step {
            evicts: true,
            ..two.steps[0].clone()
        };
        two.steps.push(clear);
        match behind {
            false => two.legs[0].steps.push(1),
            true => {
                two.legs[0].next = Some(1);
                two.legs.push(Leg {
                    steps: vec![1],
                    places: 64,
                    behind,
                    ..Leg::default()
                });
            }
        }
        outcome(&two)
    };
    let (each, first) = (in_turn(false), in_turn(true));
    // Four hundred requests take seven windows, whoever goes first.
    assert!(all(&each.evicted).abs_diff(all(&first.evicted)) < 2_000);
    assert!(all(&first.evicted) > 6 * WINDOW_MS);
    let soonest = |out: &Outcome| out.evicted.iter().flatten().min().copied().unwrap();
    assert!(soonest(&each) < 1_000);
    // Two hundred are locked in the fourth window; nobody is cleared before.
    assert!(soonest(&first) > 3 * WINDOW_MS, "{}", soonest(&first));
    assert!(first.evicted.is_sorted());
}

#[test]
fn one_read_proves_many_and_the_next_one_takes_a_breath() {
    let mut proven = course(120, 1, Bucket::told(10_000, 10_000, 0));
    proven.buckets.push(OfSystem {
        system: 0,
        bucket: Bucket::told(60, 60, 0),
    });
    let ask = |serves| Ask { bucket: 1, serves };
    proven.steps[0].prove = vec![vec![ask(Serves::Many(50))]];
    let out = outcome(&proven);
    // What was answered first is a page, the rest after a breath are three.
    assert_eq!(out.buckets[1].requests, 1 + 119_u64.div_ceil(50));
    assert!(all(&out.contained) > 2_000);
    assert!(all(&out.contained) < 3_000);

    // Read one by one, the quota of the reads binds.
    proven.steps[0].prove = vec![vec![ask(Serves::One)]];
    let out = outcome(&proven);
    assert_eq!(out.buckets[1].requests, 120);
    assert!(all(&out.contained) > WINDOW_MS);
}

#[test]
fn a_list_of_all_is_read_once_for_all_who_wait_for_it() {
    let mut shared = course(100, 0, Bucket::told(10_000, 10_000, 0));
    let serves = Serves::All { lane: 0, page: 1 };
    shared.steps[0].again = vec![vec![Ask { bucket: 0, serves }]];
    for row in &mut shared.steps[0].rows {
        row.again = true;
    }
    let out = outcome(&shared);
    // Sixty-four have a place at first, and one read; the others come later.
    assert_eq!(out.buckets[0].requests, 2);
    assert_eq!(all(&out.contained), 2 * ANSWER_MS);
}

#[test]
fn so_many_who_come_within_a_moment_share_a_request_and_wait_for_none_that_is_under_way() {
    let mut batched = course(200, 1, Bucket::told(10_000, 10_000, 0));
    batched.steps[0].send[0].serves = Serves::Together { lane: 0, each: 20 };
    let out = outcome(&batched);
    // Sixty-four have a place: three full batches at once, and four when the moment is over. Those
    // who come for the first sixty are three more, and so on.
    assert!(
        (200_u64.div_ceil(20)..=13).contains(&out.buckets[0].requests),
        "{}",
        out.buckets[0].requests
    );
    assert_eq!(out.evicted[0], Some(ANSWER_MS));
    // Whoever is alone waits a moment in vain.
    let mut alone = course(1, 1, Bucket::told(10, 10, 0));
    alone.steps[0].send[0].serves = Serves::Together { lane: 0, each: 20 };
    assert_eq!(outcome(&alone).evicted[0], Some(ANSWER_MS + 50));
}

#[test]
fn what_is_read_back_change_by_change_is_as_many_requests() {
    let mut each = course(10, 1, Bucket::told(10_000, 10_000, 0));
    each.steps[0].prove = vec![vec![Ask {
        bucket: 0,
        serves: Serves::Each,
    }]];
    for row in &mut each.steps[0].rows {
        row.changes = 3;
    }
    assert_eq!(outcome(&each).buckets[0].requests, 10 + 30);
}

#[test]
fn one_write_for_all_whose_turn_has_come_is_one_request() {
    let mut bulk = course(200, 1, Bucket::told(10, 10, 0));
    bulk.steps[0].send[0].serves = Serves::All {
        lane: 0,
        page: usize::MAX,
    };
    let out = outcome(&bulk);
    assert_eq!(out.buckets[0].requests, 200_u64.div_ceil(64));
    assert_eq!(all(&out.evicted), 4 * ANSWER_MS);
}

#[test]
fn who_waits_for_a_proof_goes_on_when_it_is_there() {
    let mut waits = course(2, 1, Bucket::told(10_000, 10_000, 0));
    let ask = Ask {
        bucket: 0,
        serves: Serves::One,
    };
    waits.steps[0].prove = vec![vec![ask]];
    // The second has nothing that could be proven: he is not kept.
    waits.steps[0].rows[1] = Row::default();
    let rest = Step {
        evicts: false,
        rows: vec![
            Row {
                batches: 1,
                again: false,
                ..Row::default()
            };
            2
        ],
        prove: Vec::new(),
        ..waits.steps[0].clone()
    };
    then(&mut waits, rest);
    waits.legs[1].awaits = vec![0];
    waits.is_crowd = false;
    let out = outcome(&waits);
    // Written at once, and settled when the call that reads back is over.
    assert_eq!(out.contained[1], Some(2 * ANSWER_MS));
    // Written, read back, written.
    assert_eq!(out.contained[0], Some(3 * ANSWER_MS));
}

#[test]
fn a_few_wait_with_what_follows_as_long_as_the_playbook_says() {
    let mut few = course(1, 1, Bucket::told(10, 10, 0));
    let rest = few.steps[0].clone();
    then(&mut few, rest.clone());
    few.stages.push(Stage {
        firsts: vec![2],
        after: Some(1),
        wait_ms: Some(10_000),
    });
    few.steps.push(rest);
    few.legs.push(Leg {
        stage: 2,
        steps: vec![2],
        places: 128,
        ..Leg::default()
    });
    // The stage that it follows hangs for a long time.
    few.steps[1].rows[0].batches = 200;
    few.buckets[0].bucket = Bucket::told(1_000, 1_000, 0);
    few.is_crowd = false;
    let writes = |course: &Course| outcome(course).contained[0].unwrap();
    assert_eq!(writes(&few), 201 * ANSWER_MS);
    few.steps[1].rows[0].batches = 1;
    assert_eq!(writes(&few), 3 * ANSWER_MS);
}

#[test]
fn the_last_look_reads_once_more_and_is_no_part_of_containment() {
    let mut looks = course(100, 1, Bucket::told(10_000, 10_000, 0));
    looks.buckets.push(OfSystem {
        system: 0,
        bucket: Bucket::told(60, 60, 0),
    });
    let ask = |serves| vec![vec![Ask { bucket: 1, serves }]];
    looks.steps[0].again = ask(Serves::One);
    looks.steps[0].prove = ask(Serves::Many(100));
    looks.looked_at = vec![0];
    looks.locks = vec![0];
    looks.signs = Some(1);
    for row in &mut looks.steps[0].rows {
        row.again = true;
    }
    let out = outcome(&looks);
    // Read again by each beside the write and at the end; what is proven and the lock, a page or
    // two each; the log.
    let reads = out.buckets[1].requests;
    assert!((204..=206).contains(&reads), "{reads}");
    // Where what was done is listed still, it is proven once more.
    looks.read_back = vec![0];
    assert_eq!(outcome(&looks).buckets[1].requests, reads + 1);
    assert!(out.ended > all(&out.contained) + WINDOW_MS / 2);
}

#[test]
fn the_same_course_takes_the_same_time() {
    let many = course(500, 2, Bucket::told(100, 30, 20_000));
    assert_eq!(outcome(&many), outcome(&many));
}

#[test]
fn twenty_thousand_at_ten_systems_come_to_an_end_with_every_request_counted() {
    let subjects = 20_000;
    let mut many = course(subjects, 2, Bucket::told(600, 600, 0));
    let ask = |bucket| Ask {
        bucket,
        serves: Serves::One,
    };
    let row = Row {
        batches: 1,
        again: true,
        ..Row::default()
    };
    let mut firsts = Vec::new();
    for system in 1..10 {
        many.systems.push(System {
            answer_ms: 3 * ANSWER_MS,
            at_once: 30,
        });
        let bucket = Bucket::told(1_200, 1_200, 0);
        many.buckets.push(OfSystem { system, bucket });
        many.steps.push(Step {
            system,
            again: vec![vec![ask(system)]],
            send: vec![ask(system)],
            prove: vec![vec![ask(system)]],
            rows: vec![row; subjects],
            ..Step::default()
        });
        firsts.push(many.legs.len());
        many.legs.push(Leg {
            stage: 1,
            steps: vec![system],
            places: 128,
            ..Leg::default()
        });
    }
    many.stages.push(Stage {
        firsts,
        after: Some(0),
        ..Stage::default()
    });
    let out = outcome(&many);
    let used: Vec<u64> = out.buckets.iter().map(|used| used.requests).collect();
    assert_eq!(used[0], 40_000);
    assert!(used[1..].iter().all(|requests| *requests == 60_000));
    // Forty thousand at six hundred a minute; services follow each at once.
    let hour = 60 * WINDOW_MS;
    assert!((hour..hour + 10 * WINDOW_MS).contains(&all(&out.evicted)));
    assert!(all(&out.contained) < all(&out.evicted) + 10 * WINDOW_MS);
}
