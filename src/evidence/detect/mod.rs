//! Detections: rules that are shown every event of the log, and tell what they find.
//!
//! A detection is a Sigma rule, shipped in `config/detections/` or a user's, or code of the same
//! shape for what Sigma cannot express (`native`). [`Detections`] holds them, loaded and checked;
//! a [`Watch`] shows them one event after the other and forgets what no open window needs.
//!
//! Detects, and concludes nothing: a [`Hit`] is a reason to look, never to act. Does not know
//! where events come from, nor whether it has seen one before ([`Recent`](super::Recent) does).
//! Every field is attacker input; no rule may make an event cost much more than another.

mod fields;
mod hit;
mod native;
mod order;
mod problem;
mod rule;
mod shipped;
mod sigma;
mod user;

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use hit::Hit;
pub use order::LATE_MAX;
pub use problem::RuleProblem;
pub use rule::{Origin, Rule, Severity};

use super::Event;
use native::{Native, Running, Seen};
use order::{Order, Place};
use sigma::{Book, Watching};

/// All detections.
pub struct Detections {
    book: Book,
    natives: Vec<(Arc<Rule>, Native)>,
}

impl Detections {
    /// Those that come with the program.
    ///
    /// # Panics
    /// If a shipped rule does not hold, which a test says first.
    #[must_use]
    pub fn shipped() -> Self {
        let mut book = Book::default();
        for (name, text) in shipped::FILES {
            let wrong = book.read(Path::new(name), text, &Origin::Shipped);
            assert!(wrong.is_empty(), "a shipped rule does not hold: {wrong:?}");
        }
        let natives = native::ALL.iter();
        Self {
            book,
            natives: natives.map(|one| (Arc::new((one.rule)()), *one)).collect(),
        }
    }

    /// Those, and every `*.yml` and `*.yaml` below `dir`. A rule that does not hold is told, and
    /// the others run.
    ///
    /// # Errors
    /// If the directory or a file in it cannot be read.
    pub fn with(dir: &Path) -> io::Result<(Self, Vec<RuleProblem>)> {
        let mut all = Self::shipped();
        let mut problems = Vec::new();
        for file in user::files(dir)? {
            let text = user::text(&file)?;
            let origin = Origin::User(file.clone());
            problems.extend(all.book.read(&file, &text, &origin));
        }
        Ok((all, problems))
    }

    /// Every detection that can find something.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        let natives = self.natives.iter().map(|(rule, _)| rule);
        self.book.rules().chain(natives).map(AsRef::as_ref)
    }

    /// Begins with nothing seen.
    #[must_use]
    pub fn watch(&self) -> Watch<'_> {
        let natives = self.natives.iter();
        Watch {
            sigma: Watching::new(&self.book),
            natives: natives
                .map(|(rule, native)| (native.start)(Arc::clone(rule)))
                .collect(),
            order: Order::default(),
            ours: HashSet::new(),
        }
    }
}

/// Detections at work. Events are best shown in the order in which they happened
/// ([`LATE_MAX`] says how late one may be); one that is shown twice counts twice.
pub struct Watch<'d> {
    sigma: Watching<'d>,
    natives: Vec<Box<dyn Running>>,
    order: Order,
    ours: HashSet<String>,
}

impl Watch<'_> {
    /// Our own ids at the directory, as actor: what they did is passed over by the detections
    /// that containing somebody would set off, and by no others. A user agent proves nothing.
    #[must_use]
    pub fn ignoring(mut self, ids: impl IntoIterator<Item = String>) -> Self {
        self.ours.extend(ids);
        self
    }

    /// Shows one event to every detection that it may matter to.
    pub fn see(&mut self, event: Event<'_>, hit: &mut dyn FnMut(Hit)) {
        let ours = event.actor().is_some_and(|id| self.ours.contains(id));
        let now = match self.order.place(event.published()) {
            Place::Now(now) => Some(now),
            Place::Late => None,
            Place::Afresh(now) => {
                self.forget();
                Some(now)
            }
        };
        let mut hits = Vec::new();
        self.sigma
            .see(event, now, ours, &mut |found| hits.push(found));
        if let Some(now) = now {
            let kind = event.kind().unwrap_or_default();
            self.see_native(Seen { event, kind, now }, &mut hits);
        }
        hits.into_iter().for_each(hit);
    }

    /// Events that came too late, or without a time, for the detections that count. Those of
    /// single events saw them.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.order.late
    }

    /// How many groups of events are held: what memory grows with.
    #[must_use]
    pub fn held(&self) -> usize {
        self.sigma.held() + self.natives.iter().map(|one| one.held()).sum::<usize>()
    }

    fn see_native(&mut self, seen: Seen<'_>, hits: &mut Vec<Hit>) {
        for native in &mut self.natives {
            native.see(seen, &mut |found| hits.push(found));
        }
        let mut more = Vec::new();
        for hit in hits.iter() {
            for native in &mut self.natives {
                native.heard(hit, seen, &mut |found| more.push(found));
            }
        }
        hits.append(&mut more);
    }

    fn forget(&mut self) {
        self.sigma.forget();
        for native in &mut self.natives {
            native.forget();
        }
    }
}
