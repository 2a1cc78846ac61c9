//! Runs the Sigma rules over events, one after the other.
//!
//! The library forgets windows that have passed only when it holds too many. Here they are
//! forgotten whenever what is held has doubled since the last time, which costs no event more than
//! a constant and keeps memory within twice what the open windows need.

use std::collections::HashMap;
use std::sync::Arc;

use rsigma_eval::{
    CorrelationConfig, CorrelationEngine, CorrelationEventMode, EvaluationResult, evaluate_rule,
};

use super::view::{View, mark};
use super::{Book, GROUP_MAX, kinds};
use crate::evidence::Event;
use crate::evidence::detect::hit::{Hit, KEPT_MAX};
use crate::evidence::detect::rule::Rule;
use crate::model::Utc;

/// Groups held, of all correlations together; beyond it the stalest go.
const GROUPS_MAX: usize = 100_000;

/// Groups that are not worth sweeping for.
const SWEEP_MIN: usize = 1_000;

/// Types of events whose rules are remembered; Okta's catalogue has some 900.
const KINDS_MAX: usize = 4_000;

pub(in crate::evidence::detect) struct Watching<'d> {
    book: &'d Book,
    engine: CorrelationEngine,
    /// Correlations by their id.
    correlated: HashMap<&'d str, &'d Arc<Rule>>,
    by_kind: HashMap<String, Arc<[usize]>>,
    /// How many groups there may be before the next sweep.
    sweep_at: usize,
}

impl<'d> Watching<'d> {
    pub(in crate::evidence::detect) fn new(book: &'d Book) -> Self {
        Self::holding(book, GROUPS_MAX)
    }

    fn holding(book: &'d Book, groups_max: usize) -> Self {
        let mut engine = CorrelationEngine::new(CorrelationConfig {
            max_state_entries: groups_max,
            max_group_entries: Some(GROUP_MAX),
            correlation_event_mode: CorrelationEventMode::Refs,
            max_correlation_events: KEPT_MAX,
            ..CorrelationConfig::default()
        });
        for single in book.singles.iter().filter(|single| single.counted) {
            engine
                .add_rule(&single.sigma)
                .expect("it was compiled when it was read");
        }
        for correlated in &book.correlated {
            engine
                .add_correlation(&correlated.sigma)
                .expect("it was compiled when it was read");
        }
        let rules = book.correlated.iter().filter_map(|one| one.rule.as_ref());
        Self {
            book,
            engine,
            correlated: rules.map(|rule| (rule.id.as_str(), rule)).collect(),
            by_kind: HashMap::new(),
            sweep_at: SWEEP_MIN,
        }
    }

    /// Shows it one event. `now` is the log's time, `None` for an event that no window sees.
    pub(in crate::evidence::detect) fn see(
        &mut self,
        event: Event<'_>,
        now: Option<Utc>,
        ours: bool,
        found: &mut dyn FnMut(Hit),
    ) {
        let view = View(event.0);
        let mut counted: Vec<EvaluationResult> = Vec::new();
        for at in self.meeting(event).iter() {
            let single = &self.book.singles[*at];
            if ours && single.not_ours {
                continue;
            }
            let Some(matched) = evaluate_rule(&single.compiled, &view) else {
                continue;
            };
            if let Some(rule) = &single.rule {
                found(Hit::of(rule, event, event.published()));
            }
            if single.counted {
                counted.push(matched);
            }
        }
        if let Some(now) = now
            && !counted.is_empty()
        {
            self.count(event, &view, counted, now, found);
        }
    }

    /// Forgets every window.
    pub(in crate::evidence::detect) fn forget(&mut self) {
        self.engine.evict_expired(i64::MAX / 2);
        self.sweep_at = SWEEP_MIN;
    }

    /// How many groups are held.
    pub(in crate::evidence::detect) fn held(&self) -> usize {
        self.engine.state_count()
    }

    fn count(
        &mut self,
        event: Event<'_>,
        view: &View<'_>,
        counted: Vec<EvaluationResult>,
        now: Utc,
        found: &mut dyn FnMut(Hit),
    ) {
        if self.engine.state_count() >= self.sweep_at {
            self.engine.evict_expired(now.seconds());
            self.sweep_at = SWEEP_MIN.max(self.engine.state_count() * 2);
        }
        let all = self
            .engine
            .process_with_detections(view, counted, now.seconds());
        for one in &all {
            let (Some(body), Some(id)) = (one.as_correlation(), &one.header.rule_id) else {
                continue;
            };
            let Some(rule) = self.correlated.get(id.as_str()) else {
                continue;
            };
            // What lacks a field has nothing in common with what lacks it, too.
            if body.group_key.len() < rule.group.len() {
                continue;
            }
            let kept = body.event_refs.iter().flatten();
            let before = kept.filter_map(|kept| kept.id.as_deref()).map(mark);
            found(Hit {
                group: body.group_key.clone(),
                ..Hit::of(rule, event, event.published()).after(before)
            });
        }
    }

    /// The rules that an event of its type may match.
    fn meeting(&mut self, event: Event<'_>) -> Arc<[usize]> {
        let kind = event.kind();
        if let Some(known) = kind.and_then(|kind| self.by_kind.get(kind)) {
            return Arc::clone(known);
        }
        let singles = self.book.singles.iter().enumerate();
        let meets = singles.filter(|(_, single)| {
            (single.rule.is_some() || single.counted)
                && kind.is_none_or(|kind| kinds::may_be(&single.sigma, kind))
        });
        let all: Arc<[usize]> = meets.map(|(at, _)| at).collect();
        if let Some(kind) = kind
            && self.by_kind.len() < KINDS_MAX
        {
            self.by_kind.insert(kind.to_owned(), Arc::clone(&all));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::evidence::detect::rule::Origin;

    #[test]
    fn what_is_held_within_one_window_has_an_end() {
        let text = include_str!("../../../../config/detections/many-sessions.yml");
        let mut book = Book::default();
        assert!(book.read(Path::new("x"), text, &Origin::Shipped).is_empty());
        let mut watching = Watching::holding(&book, 100);
        for number in 0..1_000 {
            let event = json!({ "eventType": "user.session.start", "actor": { "id": number },
                "authenticationContext": { "externalSessionId": "idx1" } });
            let now = Utc::from_millis(1_000_000_000_000 + number);
            watching.see(Event(&event), Some(now), false, &mut |_| {});
            assert!(watching.held() <= 100);
        }
        assert!(watching.held() >= 90);
        watching.forget();
        assert_eq!(watching.held(), 0);
    }
}
