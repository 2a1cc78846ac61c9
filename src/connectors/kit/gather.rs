//! One request for what several subjects ask for within a moment.
//!
//! Each subject is worked on by himself, so that their requests come one by one. Whoever comes first
//! waits a moment, then sends for all that came meanwhile; when as many wait as one request may carry,
//! it leaves at once. Everybody gets his own answer: what is wrong with one is not the others' affair,
//! and where the whole is refused without effect each is told to ask alone.
//!
//! Nobody is lost with somebody else: if he who was to send is given up before it left, the next one
//! sends, for him too; if after, nobody knows what came of it, and everybody is told just that. What
//! nobody waits for any more is not sent by those who come later: they may be of another run. It is
//! not kept either.
//!
//! Knows no vendor and no transport: what is sent, and what an answer means, is the caller's.

use std::collections::BTreeMap;
use std::mem::replace;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::select;
use tokio::sync::Notify;

use crate::given::Clock;

/// What came of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connectors) enum Told<O> {
    /// It was answered.
    Answer(O),
    /// The whole was refused without effect: ask for it alone.
    Alone,
    /// It left, and no answer names it: it may have happened.
    Unknown,
}

/// The vendor takes no such request, or not with these items: it had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::connectors) struct Refused;

/// Who waits to be sent, by lane. Only what may stand in one request goes by one lane.
pub(in crate::connectors) struct Gather<I, O> {
    moment: Duration,
    items_max: usize,
    open: Mutex<BTreeMap<String, Arc<Round<I, O>>>>,
}

/// The items that one request stands for.
struct Round<I, O> {
    began: Duration,
    /// Whoever holds it sends; whoever gets it later finds his answer.
    turn: tokio::sync::Mutex<()>,
    full: Notify,
    state: Mutex<State<I, O>>,
}

enum State<I, O> {
    Open(Vec<I>),
    /// It left, and nothing came back yet.
    Left,
    /// By place; each is taken once.
    Told(Vec<Told<O>>),
}

impl<I, O> Gather<I, O> {
    /// Waits `moment` for others, of whom `items_max` go together.
    pub(in crate::connectors) fn new(moment: Duration, items_max: usize) -> Self {
        Self {
            moment,
            items_max: items_max.max(1),
            open: Mutex::default(),
        }
    }

    /// Asks for `item` along with others of its lane. `send` is called for one of them, with the
    /// items of all; it answers each in the same order, and whom it leaves out nobody knows about.
    pub(in crate::connectors) async fn ask(
        &self,
        clock: &dyn Clock,
        lane: &str,
        item: I,
        send: impl AsyncFnOnce(Vec<I>) -> Result<Vec<O>, Refused>,
    ) -> Told<O> {
        let (round, place) = self.join(clock.elapsed(), lane, item);
        let seat = Seat::new(self, lane, round);
        let round = seat.round();
        let _turn = round.turn.lock().await;
        if let Some(told) = round.told(place) {
            return told;
        }
        let waited = clock.elapsed().saturating_sub(round.began);
        let left = self.moment.saturating_sub(waited);
        if !round.is_full(self.items_max) && !left.is_zero() {
            select(clock.sleep(left), Box::pin(round.full.notified())).await;
        }
        self.close(lane, round);
        let items = round.leaves();
        let count = items.len();
        let answers = send(items).await;
        round.hears(count, answers);
        round.told(place).unwrap_or(Told::Unknown)
    }

    /// Joins the round that is open, or opens one.
    fn join(&self, now: Duration, lane: &str, item: I) -> (Arc<Round<I, O>>, usize) {
        let mut open = self.open();
        let known = open
            .get(lane)
            .filter(|round| !round.is_full(self.items_max));
        let round = known.map_or_else(|| Arc::new(Round::begun(now)), Arc::clone);
        let place = round.take(item);
        if round.is_full(self.items_max) {
            round.full.notify_one();
        }
        open.insert(lane.to_owned(), Arc::clone(&round));
        (round, place)
    }

    /// Nobody joins this round any more.
    fn close(&self, lane: &str, round: &Arc<Round<I, O>>) {
        let mut open = self.open();
        if open.get(lane).is_some_and(|each| Arc::ptr_eq(each, round)) {
            open.remove(lane);
        }
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Round<I, O>>>> {
        self.open
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

/// Somebody in a round. The last one to get up before it left takes it away.
struct Seat<'a, I, O> {
    gather: &'a Gather<I, O>,
    lane: &'a str,
    round: Option<Arc<Round<I, O>>>,
}

impl<'a, I, O> Seat<'a, I, O> {
    fn new(gather: &'a Gather<I, O>, lane: &'a str, round: Arc<Round<I, O>>) -> Self {
        Self {
            gather,
            lane,
            round: Some(round),
        }
    }

    fn round(&self) -> &Arc<Round<I, O>> {
        self.round
            .as_ref()
            .expect("it is held until the seat is dropped")
    }
}

impl<I, O> Drop for Seat<'_, I, O> {
    fn drop(&mut self) {
        let mut open = self.gather.open();
        // Within the lock, so that of two who get up at once one is the last.
        drop(self.round.take());
        let is_left = |round: &Arc<Round<I, O>>| Arc::strong_count(round) == 1;
        if open.get(self.lane).is_some_and(is_left) {
            open.remove(self.lane);
        }
    }
}

impl<I, O> Round<I, O> {
    fn begun(now: Duration) -> Self {
        Self {
            began: now,
            turn: tokio::sync::Mutex::default(),
            full: Notify::new(),
            state: Mutex::new(State::Open(Vec::new())),
        }
    }

    /// Takes an item in; the result is its place.
    fn take(&self, item: I) -> usize {
        match &mut *self.state() {
            State::Open(items) => {
                items.push(item);
                items.len() - 1
            }
            // One that has left is closed before: nobody joins it.
            State::Left | State::Told(_) => usize::MAX,
        }
    }

    fn is_full(&self, items_max: usize) -> bool {
        match &*self.state() {
            State::Open(items) => items.len() >= items_max,
            State::Left | State::Told(_) => true,
        }
    }

    /// What came of the item at this place; `None` while it waits to be sent.
    fn told(&self, place: usize) -> Option<Told<O>> {
        match &mut *self.state() {
            State::Open(_) => None,
            // Whoever sent it was given up, or he would hold the turn.
            State::Left => Some(Told::Unknown),
            State::Told(told) => Some(match told.get_mut(place) {
                Some(told) => replace(told, Told::Unknown),
                None => Told::Unknown,
            }),
        }
    }

    fn leaves(&self) -> Vec<I> {
        match replace(&mut *self.state(), State::Left) {
            State::Open(items) => items,
            State::Left | State::Told(_) => Vec::new(),
        }
    }

    fn hears(&self, count: usize, answers: Result<Vec<O>, Refused>) {
        let told = match answers {
            Ok(answers) => answers.into_iter().map(Told::Answer).collect(),
            Err(Refused) => std::iter::repeat_with(|| Told::Alone).take(count).collect(),
        };
        *self.state() = State::Told(told);
    }

    fn state(&self) -> MutexGuard<'_, State<I, O>> {
        self.state
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::{join_all, pending};

    use super::*;
    use crate::given::SystemClock;

    const MOMENT: Duration = Duration::from_millis(100);

    /// What was sent, and when.
    type Sent = Mutex<Vec<(Duration, Vec<u32>)>>;

    struct Desk {
        clock: SystemClock,
        gather: Gather<u32, String>,
        sent: Sent,
    }

    impl Desk {
        fn new(items_max: usize) -> Self {
            Self {
                clock: SystemClock::new(),
                gather: Gather::new(MOMENT, items_max),
                sent: Sent::default(),
            }
        }

        async fn ask(&self, item: u32) -> Told<String> {
            let send = async |items: Vec<u32>| {
                let answers = items.iter().map(|item| format!("told {item}")).collect();
                self.leaves(items);
                Ok(answers)
            };
            self.gather.ask(&self.clock, "lane", item, send).await
        }

        /// Asks, and loses the answer on its way: whoever waits for it waits for ever.
        async fn ask_in_vain(&self, item: u32) -> Told<String> {
            let send = async |items: Vec<u32>| {
                self.leaves(items);
                pending().await
            };
            self.gather.ask(&self.clock, "lane", item, send).await
        }

        fn leaves(&self, items: Vec<u32>) {
            self.sent
                .lock()
                .unwrap()
                .push((self.clock.elapsed(), items));
        }

        fn sent(&self) -> Vec<(u64, Vec<u32>)> {
            let sent = self.sent.lock().unwrap();
            let ms = |at: Duration| u64::try_from(at.as_millis()).unwrap();
            sent.iter()
                .map(|(at, items)| (ms(*at), items.clone()))
                .collect()
        }
    }

    fn told(item: u32) -> Told<String> {
        Told::Answer(format!("told {item}"))
    }

    #[tokio::test(start_paused = true)]
    async fn a_lone_one_leaves_after_the_moment_and_a_full_one_at_once() {
        let desk = Desk::new(3);
        assert_eq!(desk.ask(1).await, told(1));
        assert_eq!(desk.sent(), [(100, vec![1])]);

        let answers = join_all((2..=5).map(|item| desk.ask(item))).await;
        assert_eq!(answers, [told(2), told(3), told(4), told(5)]);
        let (full, rest) = (vec![2, 3, 4], vec![5]);
        assert_eq!(desk.sent()[1..], [(100, full), (200, rest)]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_within_the_moment_goes_along_and_who_comes_later_does_not() {
        let desk = Desk::new(20);
        let later = |after, item| {
            let desk = &desk;
            async move {
                desk.clock.sleep(Duration::from_millis(after)).await;
                desk.ask(item).await
            }
        };
        let answers = join_all([later(0, 1), later(60, 2), later(130, 3)]).await;
        assert_eq!(answers, [told(1), told(2), told(3)]);
        assert_eq!(desk.sent(), [(100, vec![1, 2]), (230, vec![3])]);
    }

    #[tokio::test(start_paused = true)]
    async fn lanes_do_not_mix() {
        let desk = Desk::new(20);
        let ask = |lane: &'static str, item| {
            let desk = &desk;
            async move {
                let send = async |items: Vec<u32>| {
                    desk.leaves(items.clone());
                    Ok(items.iter().map(ToString::to_string).collect())
                };
                desk.gather.ask(&desk.clock, lane, item, send).await
            }
        };
        join_all([ask("a", 1), ask("b", 2), ask("a", 3)]).await;
        let mut sent = desk.sent();
        sent.sort();
        assert_eq!(sent, [(100, vec![1, 3]), (100, vec![2])]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_wrong_with_one_is_his_alone() {
        let clock = SystemClock::new();
        let gather: Gather<u32, Result<u32, &str>> = Gather::new(MOMENT, 20);
        let each = (1..=3).map(|item| {
            gather.ask(&clock, "", item, async |items| {
                let answer = |item| {
                    if item == 2 {
                        Err("no such one")
                    } else {
                        Ok(item)
                    }
                };
                Ok(items.into_iter().map(answer).collect())
            })
        });
        let expected = [Ok(1), Err("no such one"), Ok(3)].map(Told::Answer);
        assert_eq!(join_all(each).await, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_as_a_whole_is_asked_for_by_each_alone() {
        let clock = SystemClock::new();
        let gather: Gather<u32, ()> = Gather::new(MOMENT, 20);
        let each = (1..=3).map(|item| gather.ask(&clock, "", item, async |_| Err(Refused)));
        assert_eq!(
            join_all(each).await,
            [Told::Alone, Told::Alone, Told::Alone]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn whom_an_answer_leaves_out_nobody_knows_about() {
        let clock = SystemClock::new();
        let gather: Gather<u32, u32> = Gather::new(MOMENT, 20);
        let each = (1..=3).map(|item| {
            gather.ask(&clock, "", item, async |mut items: Vec<u32>| {
                items.truncate(1);
                Ok(items)
            })
        });
        let expected = [Told::Answer(1), Told::Unknown, Told::Unknown];
        assert_eq!(join_all(each).await, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_given_up_before_it_left_is_sent_with_the_others() {
        let desk = Desk::new(20);
        let first = async {
            let short = desk.clock.sleep(Duration::from_millis(50));
            select(Box::pin(desk.ask(1)), short).await;
        };
        let (_, second) = tokio::join!(first, desk.ask(2));
        assert_eq!(second, told(2));
        assert_eq!(desk.sent(), [(100, vec![1, 2])]);
    }

    #[tokio::test(start_paused = true)]
    async fn of_what_was_cut_off_after_it_left_nobody_says_that_it_is_done() {
        let desk = Desk::new(20);
        let first = async {
            let long = desk.clock.sleep(Duration::from_millis(500));
            select(Box::pin(desk.ask_in_vain(1)), long).await;
        };
        let (_, second, third) = tokio::join!(first, desk.ask(2), desk.ask(3));
        assert_eq!([second, third], [Told::Unknown, Told::Unknown]);
        // It is not sent again either: that is for him to decide who reads it back.
        assert_eq!(desk.sent(), [(100, vec![1, 2, 3])]);
        assert_eq!(desk.ask(4).await, told(4));
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_waits_for_any_more_is_not_sent_later() {
        let desk = Desk::new(20);
        let short = desk.clock.sleep(Duration::from_millis(50));
        select(Box::pin(desk.ask(1)), short).await;
        desk.clock.sleep(Duration::from_secs(600)).await;
        assert_eq!(desk.ask(2).await, told(2));
        assert_eq!(desk.sent(), [(600_150, vec![2])]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_waits_for_any_more_is_not_kept() {
        let desk = Desk::new(20);
        let kept = || desk.gather.open().len();
        let short = desk.clock.sleep(Duration::from_millis(50));
        let two = join_all([desk.ask(1), desk.ask(2)]);
        let (_, one) = tokio::join!(select(Box::pin(two), short), async {
            let shorter = desk.clock.sleep(Duration::from_millis(20));
            select(Box::pin(desk.ask(3)), shorter).await;
            kept()
        });
        assert_eq!(one, 1, "two others are in it still");
        assert_eq!(kept(), 0);

        // Nor is one that was given up after it left, or that was answered.
        let long = desk.clock.sleep(Duration::from_millis(500));
        select(Box::pin(desk.ask_in_vain(4)), long).await;
        assert_eq!(desk.ask(5).await, told(5));
        assert_eq!(kept(), 0);
    }
}
