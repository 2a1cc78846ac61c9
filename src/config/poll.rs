//! `server: poll:` of the config file: which detections are looked for in the log, and how often.
//!
//! Off unless it stands there. What cannot be hooked at the directory is only found this way.

use std::time::Duration;

use crate::evidence::Detections;
use crate::evidence::detect::{Rule, Severity};
use crate::model::nearest;
use crate::yaml::{At, Diagnostic, Fields, Node, Problems, spoken};

/// How often unless it is said.
const EVERY: Duration = Duration::from_secs(30);

/// The shortest time between two looks: the log's quota is the containment's, too.
const EVERY_MIN: Duration = Duration::from_secs(10);

/// The longest.
const EVERY_MAX: Duration = Duration::from_secs(3600);

/// The severities by their words, the least first.
const SEVERITIES: [Severity; 4] = [
    Severity::Low,
    Severity::Medium,
    Severity::High,
    Severity::Critical,
];

/// How the log is polled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// How often.
    pub every: Duration,
    /// For what.
    pub detections: Polled,
}

/// Which detections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Polled {
    /// Those of this severity and worse.
    AtLeast(Severity),
    /// These, by their names.
    Named(Vec<String>),
}

impl Polled {
    /// Whether a detection is one of them.
    #[must_use]
    pub fn wants(&self, rule: &Rule) -> bool {
        match self {
            Self::AtLeast(severity) => rule.severity >= *severity,
            Self::Named(keys) => keys.contains(&rule.key),
        }
    }

    /// A name that no detection has, with the one that may be meant.
    #[must_use]
    pub fn unknown(&self, detections: &Detections) -> Option<(String, Option<String>)> {
        let Self::Named(keys) = self else {
            return None;
        };
        let known: Vec<&str> = detections.rules().map(|rule| rule.key.as_str()).collect();
        let stranger = keys.iter().find(|key| !known.contains(&key.as_str()))?;
        let meant = nearest(stranger, known.iter().copied());
        Some((stranger.clone(), meant.map(str::to_owned)))
    }
}

/// Reads `poll:` of `server:`.
pub(super) fn read(at: &At<Node>, problems: &mut Problems) -> Option<Poll> {
    let mut fields = Fields::of("`poll`", at, problems)?;
    let every = fields
        .take("every", problems)
        .map_or(Some(EVERY), |at| every(at, problems));
    let detections = match fields.take("detections", problems) {
        None => Some(Polled::AtLeast(Severity::High)),
        Some(at) => detections(at, problems),
    };
    fields.finish(problems);
    Some(Poll {
        every: every?,
        detections: detections?,
    })
}

fn every(at: &At<Node>, problems: &mut Problems) -> Option<Duration> {
    let wait = problems.duration("`every`", at, EVERY_MAX)?;
    if wait.value >= EVERY_MIN {
        return Some(wait.value);
    }
    let title = "`every` is at least 10s";
    problems.add(Diagnostic::new(wait.span, title));
    None
}

/// A severity, or a list of names.
fn detections(at: &At<Node>, problems: &mut Problems) -> Option<Polled> {
    if let Node::List(_) = &at.value {
        let names = problems.words("`detections`", at);
        if names.is_empty() {
            problems.add(Diagnostic::new(at.span.clone(), "`detections` names none"));
            return None;
        }
        return Some(Polled::Named(
            names.into_iter().map(|name| name.value).collect(),
        ));
    }
    let word = problems.text("`detections`", at, 200)?;
    let severity = SEVERITIES.iter().find(|each| each.name() == word.value);
    if severity.is_none() {
        let title = format!("{} is no severity", spoken(&word.value));
        let problem = Diagnostic::new(word.span, title);
        problems.add(problem.label("low, medium, high, critical, or a list of detections"));
    }
    severity.map(|severity| Polled::AtLeast(*severity))
}
