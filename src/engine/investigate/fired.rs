//! What the detections find among one account's events.
//!
//! A detection is a reason to look: it says nothing of whose an event is. Every event goes to all
//! of them, in order; a hit that names other accounts alone is theirs.

use std::collections::BTreeMap;

use crate::evidence::Event;
use crate::evidence::detect::{Detections, Hit};
use crate::evidence::inquiry::Account;
use crate::evidence::investigation::Fired;

/// Keys of the detections that an event set off, by the event's id.
pub(super) type ByEvent = BTreeMap<String, Vec<String>>;

/// The detections that fired, the loudest first, and what set them off.
pub(super) fn run(
    detections: &Detections,
    ours: &[String],
    account: &Account,
    events: &[Event<'_>],
) -> (Vec<Fired>, ByEvent) {
    let (mut fired, mut by_event) = (Vec::new(), ByEvent::new());
    let mut watch = detections.watch().ignoring(ours.iter().cloned());
    for event in events {
        watch.see(*event, &mut |hit| {
            if is_of(&hit, account) {
                note(&mut fired, &mut by_event, &hit);
            }
        });
    }
    fired.sort_by_key(|(loud, each): &(_, Fired)| (std::cmp::Reverse(*loud), each.first));
    (fired.into_iter().map(|(_, each)| each).collect(), by_event)
}

fn is_of(hit: &Hit, account: &Account) -> bool {
    let mut users = hit.users().peekable();
    users.peek().is_none() || users.any(|id| id == account.id.as_str())
}

type Loud = crate::evidence::detect::Severity;

fn note(fired: &mut Vec<(Loud, Fired)>, by_event: &mut ByEvent, hit: &Hit) {
    let rule = &hit.rule;
    for event in &hit.events {
        let keys = by_event.entry(event.clone()).or_default();
        if !keys.contains(&rule.key) {
            keys.push(rule.key.clone());
        }
    }
    if let Some((_, known)) = fired.iter_mut().find(|(_, each)| each.id == rule.id) {
        known.times += 1;
        known.last = known.last.max(hit.at);
        return;
    }
    fired.push((
        rule.severity,
        Fired {
            key: rule.key.clone(),
            id: rule.id.clone(),
            title: rule.title.clone(),
            severity: rule.severity.name().to_owned(),
            attack: rule.attack.clone(),
            false_positives: rule.false_positives.clone(),
            leads_to: rule.leads_to.clone(),
            times: 1,
            first: hit.at,
            last: hit.at,
            events: hit.events.clone(),
        },
    ));
}
