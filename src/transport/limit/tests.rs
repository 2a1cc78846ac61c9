//! Stories of a vendor's bucket in virtual time: minutes pass in no time, and work is counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;

use super::*;
use crate::given::SystemClock;
use crate::model::SystemId;

const MINUTE: u64 = 60_000;

const ALL: Bucket = Bucket {
    name: "all",
    per_minute: 100,
};

/// Numbers that repeat from run to run.
struct Seeded(AtomicU64);

impl Rng for Seeded {
    fn next(&self) -> u64 {
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        n.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
    }
}

/// A vendor whose bucket has whole minutes as windows; it tells the reset in whole seconds.
struct Vendor {
    clock: Arc<dyn Clock>,
    limit: u64,
    latency: Duration,
    used: Mutex<BTreeMap<u64, u64>>,
    refused: AtomicU64,
    at_once: Mutex<(u64, u64)>,
}

struct Reply {
    is_429: bool,
    learnt: Learnt,
}

impl Vendor {
    fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self {
            clock: Arc::new(SystemClock::new()),
            limit,
            latency: Duration::from_millis(100),
            used: Mutex::default(),
            refused: AtomicU64::new(0),
            at_once: Mutex::default(),
        })
    }

    fn budget(&self, seed: u64) -> Arc<Budget> {
        let rng = Arc::new(Seeded(AtomicU64::new(seed)));
        Arc::new(Budget::new(Arc::clone(&self.clock), rng))
    }

    fn ms(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_millis()).unwrap()
    }

    /// Counts one request; what is left, or `None` if nothing was.
    fn takes(&self) -> Option<u64> {
        let mut used = self.used.lock().unwrap();
        let used = used.entry(self.ms() / MINUTE).or_default();
        *used += 1;
        self.limit.checked_sub(*used)
    }

    async fn asked(&self) -> Reply {
        {
            let mut at_once = self.at_once.lock().unwrap();
            at_once.0 += 1;
            at_once.1 = at_once.1.max(at_once.0);
        }
        self.clock.sleep(self.latency / 2).await;
        let left = self.takes();
        let (now, second) = (self.ms(), self.ms() / 1_000);
        let reset = (now / MINUTE + 1) * 60;
        if left.is_none() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        self.clock.sleep(self.latency / 2).await;
        self.at_once.lock().unwrap().0 -= 1;
        Reply {
            is_429: left.is_none(),
            learnt: Learnt {
                limit: self.limit,
                remaining: left.unwrap_or(0),
                resets_in: Duration::from_secs(reset - second + 1),
            },
        }
    }

    fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

/// One call, repeated until it is answered, as the client does it.
async fn call(budget: &Budget, vendor: &Vendor, (rank, turn): (Rank, u32)) {
    let place = budget.place(rank, turn);
    loop {
        let permit = budget.admit(ALL, place, PATIENT).await.unwrap();
        let reply = vendor.asked().await;
        let learnt = Some(reply.learnt);
        if !reply.is_429 {
            return permit.answered(learnt);
        }
        permit.used_up(learnt, reply.learnt.resets_in);
    }
}

async fn calls(budget: &Budget, vendor: &Vendor, count: usize, rank: Rank) {
    join_all((0..count).map(|_| call(budget, vendor, (rank, 0)))).await;
}

#[tokio::test(start_paused = true)]
async fn two_thousand_calls_take_what_the_quota_takes_and_meet_no_429() {
    for rank in [Rank::Evict, Rank::Prove, Rank::Evidence] {
        let vendor = Vendor::new(100);
        let budget = vendor.budget(1);
        calls(&budget, &vendor, 2_000, rank).await;
        // The twentieth window begins after nineteen minutes; a reserve is released at its end.
        let ideal = 19 * MINUTE + if rank == Rank::Evict { 0 } else { 45_000 };
        let took = vendor.ms();
        println!("{rank:?}: {took} ms, {} 429s", vendor.refused());
        assert!(took * 95 <= ideal * 100, "{rank:?}: {took} ms");
        assert_eq!(vendor.refused(), 0, "{rank:?}");
        assert!(vendor.at_once.lock().unwrap().1 <= 30);
    }
}

#[tokio::test(start_paused = true)]
async fn another_client_eats_half_and_what_is_left_is_used_without_a_foretold_429() {
    let vendor = Vendor::new(100);
    let budget = vendor.budget(1);
    // Fifty a minute, evenly.
    let other = async {
        for _ in 0..600 {
            vendor.clock.sleep(Duration::from_millis(1_200)).await;
            vendor.takes();
        }
    };
    let ours = async {
        calls(&budget, &vendor, 500, Rank::Evict).await;
        vendor.ms()
    };
    let ((), took) = tokio::join!(other, ours);
    println!("{took} ms, {} 429s", vendor.refused());
    // We come early in each window and so get more than half; never less.
    assert!(took <= 10 * MINUTE, "{took} ms");
    assert_eq!(vendor.refused(), 0);
}

#[tokio::test(start_paused = true)]
async fn three_instances_share_ten_windows() {
    for limit in [100, 600] {
        let vendor = Vendor::new(limit);
        let budgets: Vec<_> = (0..3).map(|n| vendor.budget(n * 1_000 + 1)).collect();
        let share = usize::try_from(limit).unwrap() * 6;
        let work = budgets
            .iter()
            .map(|budget| calls(budget, &vendor, share, Rank::Evict));
        let all = async {
            join_all(work).await;
        };
        let ten = vendor.clock.sleep(Duration::from_millis(10 * MINUTE));
        select(std::pin::pin!(all), ten).await;
        let used = vendor.used.lock().unwrap();
        let got: u64 = used.range(..10).map(|(_, used)| (*used).min(limit)).sum();
        println!(
            "{limit}: {got} in ten windows, {} 429s, {used:?}",
            vendor.refused()
        );
        assert!(got * 100 >= limit * 10 * 95, "{got}");
        // They meet at the last requests of a window: 2 to 14 of them are refused, no stampede.
        assert!(vendor.refused() <= 80, "{}", vendor.refused());
    }
}

#[tokio::test(start_paused = true)]
async fn higher_ranks_and_lower_turns_go_first_whoever_came_first() {
    let vendor = Vendor::new(100);
    let budget = vendor.budget(1);
    calls(&budget, &vendor, 100, Rank::Evict).await;
    // One at a time.
    budget.lock().slots.set_limit(1);
    let order = Mutex::new(Vec::new());
    let asked = [
        (Rank::Prove, 0),
        (Rank::Evict, 2),
        (Rank::Contain, 0),
        (Rank::Evict, 1),
        (Rank::Evict, 2),
    ];
    let work = asked.iter().enumerate().map(|(n, (rank, turn))| {
        let (budget, vendor, order) = (&budget, &vendor, &order);
        async move {
            let place = budget.place(*rank, *turn);
            let permit = budget.admit(ALL, place, PATIENT).await.unwrap();
            order.lock().unwrap().push(n);
            permit.answered(Some(vendor.asked().await.learnt));
        }
    });
    join_all(work).await;
    let order = order.into_inner().unwrap();
    let woken: Vec<_> = order.iter().map(|n| asked[*n]).collect();
    assert_eq!(woken.len(), asked.len());
    let mut sorted = woken.clone();
    sorted.sort();
    assert_eq!(woken, sorted);
}

#[tokio::test(start_paused = true)]
async fn a_window_429_stops_everybody_and_a_concurrency_429_only_thins_the_rest() {
    let vendor = Vendor::new(100);
    let budget = vendor.budget(1);
    call(&budget, &vendor, (Rank::Evict, 0)).await;
    let place = || budget.place(Rank::Evict, 0);
    let one = budget.admit(ALL, place(), PATIENT).await.unwrap();
    let two = budget.admit(ALL, place(), PATIENT).await.unwrap();
    two.too_many();
    let before = budget.seen();
    assert_eq!((before[0].limit, before[0].remaining), (100, 97));
    let slots_now = budget.lock().slots.limit();
    assert_eq!(slots_now, 15);
    // It does not wait.
    drop(budget.admit(ALL, place(), PATIENT).await.unwrap());

    let wait = Duration::from_secs(20);
    one.used_up(None, wait);
    assert_eq!(budget.seen()[0].remaining, 0);
    let began = vendor.clock.elapsed();
    let brief = Duration::from_secs(2);
    assert!(budget.admit(ALL, place(), brief).await.is_none());
    assert_eq!(
        vendor.clock.elapsed(),
        began,
        "it sees at once that it is too long"
    );
    drop(budget.admit(ALL, place(), PATIENT).await.unwrap());
    let waited = vendor.clock.elapsed() - began;
    assert!(wait <= waited && waited <= wait + Duration::from_millis(JITTER_MS));

    // Another bucket never stopped, and an hour's limit is not waited out.
    let other = Bucket {
        name: "other",
        per_minute: 10,
    };
    budget
        .admit(other, place(), brief)
        .await
        .unwrap()
        .used_up(None, Duration::from_secs(120));
    assert!(budget.admit(other, place(), PATIENT).await.is_none());
    assert!(budget.admit(ALL, place(), brief).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn twenty_thousand_in_the_queue_cost_what_their_number_explains() {
    let mut each = Vec::new();
    for count in [2_000, 20_000] {
        let vendor = Vendor::new(600);
        let budget = vendor.budget(1);
        calls(&budget, &vendor, count, Rank::Evict).await;
        let work = budget.lock().work;
        println!("{count}: {work} looks and wakings");
        each.push(work / u64::try_from(count).unwrap());
    }
    assert!(each[1] <= 10, "{each:?}");
    assert!(
        each[1] <= each[0] + 1,
        "it does not grow with the queue: {each:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_leaves_no_hole() {
    let vendor = Vendor::new(100);
    let budget = vendor.budget(1);
    calls(&budget, &vendor, 100, Rank::Evict).await;
    // All of these give up: while they wait, the first of them with the alarm in his hand.
    let gone = join_all((0..50).map(|_| {
        let work = call(&budget, &vendor, (Rank::Evict, 0));
        crate::given::within(&*vendor.clock, Duration::from_secs(10), work)
    }));
    let stays = call(&budget, &vendor, (Rank::Prove, 7));
    let (gone, ()) = tokio::join!(gone, stays);
    assert!(gone.iter().all(Option::is_none));
    assert!(vendor.ms() < MINUTE + 3_000, "{}", vendor.ms());
    assert_eq!(budget.seen()[0].waiting, 0);
    // And one that was let in but never looked: its place and its quota are given back.
    let left = budget.seen()[0].remaining;
    let unseen = budget.join(ALL, budget.place(Rank::Evict, 0), PATIENT);
    assert_eq!(budget.seen()[0].remaining, left - 1);
    drop(unseen);
    assert_eq!(budget.seen()[0].remaining, left);
    assert_eq!(budget.lock().slots.taken(), 0);
}

#[tokio::test(start_paused = true)]
async fn proofs_and_evidence_leave_their_reserve_while_the_window_is_young() {
    let vendor = Vendor::new(100);
    let budget = vendor.budget(1);
    let late = calls(&budget, &vendor, 300, Rank::Evidence);
    let first = vendor.clock.sleep(Duration::from_secs(30));
    let Either::Right(((), late)) = select(Box::pin(late), first).await else {
        panic!("300 do not fit");
    };
    let seen = budget.seen();
    assert_eq!((seen[0].remaining, seen[0].waiting), (40, 240));
    // Eviction goes at once, though 240 wait.
    let began = vendor.ms();
    let now = call(&budget, &vendor, (Rank::Evict, 0));
    let Either::Left(((), late)) = select(Box::pin(now), late).await else {
        panic!("evidence is not done first");
    };
    assert_eq!(vendor.ms(), began + 100);
    let ending = vendor.clock.sleep(Duration::from_secs(28));
    let Either::Right(_) = select(late, ending).await else {
        panic!("300 do not fit");
    };
    assert_eq!(budget.seen()[0].remaining, 0, "the reserve nobody wanted");
}

#[tokio::test(start_paused = true)]
async fn the_runs_of_one_process_share_what_a_system_grants_and_no_other_systems() {
    let vendor = Vendor::new(3);
    let clock: Arc<dyn Clock> = vendor.clock.clone();
    let rng: Arc<dyn Rng> = Arc::new(Seeded(AtomicU64::new(1)));
    let shared = Budgets::default();
    let of = |system: &str| shared.of(&SystemId::new(system), &clock, &rng);
    let (one, same, other) = (of("okta"), of("okta"), of("okta:eu"));
    calls(&one, &vendor, 3, Rank::Evict).await;
    let place = |budget: &Budget| budget.place(Rank::Evict, 0);
    let brief = Duration::from_secs(2);
    // Nobody told the second run, and it sends nothing that would be refused.
    assert_eq!(same.seen()[0].remaining, 0);
    assert!(same.admit(ALL, place(&same), brief).await.is_none());
    assert!(other.admit(ALL, place(&other), brief).await.is_some());
}

#[test]
fn requests_that_overtake_each_other_are_counted_once() {
    let told = |remaining| {
        Some(Learnt {
            limit: 100,
            remaining,
            resets_in: Duration::from_secs(60),
        })
    };
    let bucket = Bucket {
        name: "api",
        per_minute: 100,
    };
    let (now, mut state) = (Duration::from_secs(1), State::new(bucket));
    let first = state.leave(now, Rank::Evict);
    state.heard(now, first, told(99), Duration::ZERO);
    state.back(first);
    // Ten leave, the last of them arrives first, and their answers come as they left.
    let sent: Vec<u64> = (0..10).map(|_| state.leave(now, Rank::Evict)).collect();
    for (place, number) in sent.iter().enumerate() {
        let left_then = 89 + u64::try_from(place).unwrap();
        state.heard(now, *number, told(left_then), Duration::ZERO);
        state.back(*number);
        let (_, remaining, _) = state.seen(now).unwrap();
        assert!(remaining <= 89, "never more than there is: {remaining}");
    }
    assert_eq!(state.seen(now).map(|(_, remaining, _)| remaining), Some(89));
}

/// A bucket that an answer to its first request told this of.
fn told(limit: u64, remaining: u64) -> State {
    let mut state = State::new(ALL);
    let first = state.leave(Duration::ZERO, Rank::Evict);
    let learnt = Learnt {
        limit,
        remaining,
        resets_in: Duration::from_secs(60),
    };
    state.heard(Duration::ZERO, first, Some(learnt), Duration::ZERO);
    state.back(first);
    state
}

#[test]
fn what_was_let_in_and_never_left_uses_nothing_up() {
    let now = Duration::from_secs(1);
    let mut state = told(100, 3);
    // Both are let in; whoever had the first was given up, the second is sent and not answered.
    let [given_up, sent] = [(); 2].map(|()| state.leave(now, Rank::Evict));
    state.take_back(given_up);
    state.back(sent);
    for left in [true, true, false] {
        let gate = state.gate(now, Rank::Evict);
        assert_eq!(gate == Gate::Open, left, "{gate:?}");
        if left {
            let number = state.leave(now, Rank::Evict);
            state.back(number);
        }
    }
    // Given up a thousand times, as when a run is paused: nothing is kept of it for ever.
    let mut state = told(100, 50);
    for _ in 0..1_000 {
        let number = state.leave(now, Rank::Evict);
        state.take_back(number);
    }
    assert_eq!(state.seen(now), Some((100, 50, Duration::from_secs(59))));
    assert_eq!(state.gate(now, Rank::Evict), Gate::Open);
}

#[test]
fn one_that_was_given_up_is_no_probe_and_hides_none() {
    let mut state = told(100, 50);
    let now = Duration::from_secs(2);
    let given_up = state.leave(now, Rank::Evict);
    state.close(now);
    state.take_back(given_up);
    let probes = std::iter::from_fn(|| {
        let is_open = state.gate(now, Rank::Evict) == Gate::Open;
        is_open.then(|| state.leave(now, Rank::Evict))
    });
    assert_eq!(probes.take(50).count(), 5, "a twentieth of the limit");
}
