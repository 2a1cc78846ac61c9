//! From text to a playbook that can run: every name resolved, every default filled in.
//!
//! Finds all mistakes it can, not the first. Knows actions by what their vendors declare;
//! whether a vendor is configured is not its question, so that one playbook serves everybody.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::checked::{CheckedPlaybook, CheckedStage, CheckedStep};
use super::condition::{Condition, KNOWN, Refused};
use super::schema::{self, Playbook, Stage, Step};
use super::settings;
use crate::model::{Action, ActionId, PlaybookRef, Role, Vendor, hex, nearest};
use crate::yaml::{At, Diagnostic, Diagnostics, Problems, Span, normalised, parse, spoken};

/// The largest playbook that is read.
pub(super) const BYTES_MAX: usize = 256 * 1024;
const TIMEOUT: Duration = Duration::from_secs(60);

/// Checks the text of a playbook against what `vendors` can do.
///
/// `file` is only how it is named in messages. The digest of the result is that of the text
/// without byte order mark and with `\n` line ends, so that one edit on Windows changes
/// nothing that people consented to.
///
/// # Errors
/// All mistakes found, each with its place, the reason and the nearest name.
pub fn check(
    file: &str,
    text: &str,
    vendors: &[&'static Vendor],
) -> Result<CheckedPlaybook, Diagnostics> {
    let text = normalised(text);
    let tree = parse(&text, BYTES_MAX).map_err(|one| Diagnostics::new(file, &text, vec![one]))?;
    let mut problems = Problems::default();
    let playbook = schema::read(&tree, &mut problems);
    let checked =
        playbook.map(|playbook| Checker::new(vendors, &text, &mut problems).playbook(&playbook));
    match checked {
        Some(checked) if problems.is_empty() => Ok(checked),
        _ => Err(Diagnostics::new(file, &text, problems.into_list())),
    }
}

struct Checker<'c> {
    vendors: &'c [&'static Vendor],
    text: &'c str,
    problems: &'c mut Problems,
    /// Actions of the steps so far, in order.
    before: Vec<ActionId>,
}

impl<'c> Checker<'c> {
    fn new(vendors: &'c [&'static Vendor], text: &'c str, problems: &'c mut Problems) -> Self {
        Self {
            vendors,
            text,
            problems,
            before: Vec::new(),
        }
    }

    fn playbook(mut self, playbook: &Playbook) -> CheckedPlaybook {
        let said = |at: &Option<At<String>>| at.as_ref().map(|at| at.value.clone());
        let name = said(&playbook.name).unwrap_or_default();
        let names: Vec<&At<String>> = playbook
            .stages
            .iter()
            .filter_map(|stage| stage.name.as_ref())
            .collect();
        self.no_two_alike(&names);
        let stages = playbook
            .stages
            .iter()
            .map(|stage| self.stage(stage, &names))
            .collect();
        CheckedPlaybook {
            reference: PlaybookRef {
                title: said(&playbook.title).unwrap_or_else(|| name.clone()),
                name,
                digest: hex(&Sha256::digest(self.text.as_bytes())),
            },
            description: said(&playbook.description).unwrap_or_default(),
            stages,
        }
    }

    fn no_two_alike(&mut self, names: &[&At<String>]) {
        for (i, name) in names.iter().enumerate() {
            if names[..i].iter().any(|earlier| earlier.value == name.value) {
                let title = format!("two stages are called {}", spoken(&name.value));
                self.problems.add(Diagnostic::new(name.span.clone(), title));
            }
        }
    }

    fn stage(&mut self, stage: &Stage, names: &[&At<String>]) -> CheckedStage {
        if let Some(after) = &stage.after {
            self.after(after, stage.name.as_ref(), names);
        }
        if let (Some(wait), None) = (&stage.stage_wait, &stage.after) {
            self.problems.add(
                Diagnostic::new(wait.span.clone(), "`stage_wait` without `after`")
                    .label("there is no stage to wait for"),
            );
        }
        let steps = stage
            .steps
            .iter()
            .filter_map(|step| self.step(step))
            .collect();
        CheckedStage {
            name: stage
                .name
                .as_ref()
                .map(|at| at.value.clone())
                .unwrap_or_default(),
            after: stage.after.as_ref().map(|at| at.value.clone()),
            stage_wait: stage.stage_wait.as_ref().map(|at| at.value),
            order: stage.order.unwrap_or_default(),
            ask: stage.ask.unwrap_or_default(),
            steps,
        }
    }

    /// `after` must name a stage above, which is also what keeps stages from waiting in a ring.
    fn after(&mut self, after: &At<String>, own: Option<&At<String>>, names: &[&At<String>]) {
        let stands = |name: &&&At<String>| name.span.start < after.span.start;
        let own_span = own.map(|own| &own.span);
        let mut above = names
            .iter()
            .filter(stands)
            .filter(|name| Some(&name.span) != own_span);
        if above.clone().any(|name| name.value == after.value) {
            return;
        }
        let spot = Diagnostic::new(after.span.clone(), "");
        let name = spoken(&after.value);
        let (title, problem) = if own.is_some_and(|own| own.value == after.value) {
            (format!("stage {name} waits for itself"), spot)
        } else if names.iter().any(|other| other.value == after.value) {
            let spot = spot.label("a stage waits for one above it; move it up");
            (
                format!("stage {name} stands below the one that waits for it"),
                spot,
            )
        } else if above.clone().next().is_none() {
            let spot = spot.label("nothing stands above it: leave `after` out");
            (format!("there is no stage {name}"), spot)
        } else {
            let known: Vec<&str> = above.by_ref().map(|name| name.value.as_str()).collect();
            (
                format!("there is no stage {name}"),
                spot.nearest(&after.value, known),
            )
        };
        self.problems.add(Diagnostic { title, ..problem });
    }

    fn step(&mut self, step: &Step) -> Option<CheckedStep> {
        let requires = self.requires(step.requires.as_deref().unwrap_or_default());
        let when = step.when.as_ref().and_then(|when| self.when(when));
        let roles = self.roles(step.roles.as_deref());
        let named = step.action.as_ref()?;
        let (vendor, action) = self.action(&named.name)?;
        let id = action.id(vendor.id);
        let at = self.systems(step.at.as_deref().unwrap_or_default(), vendor);
        self.before.push(id.clone());
        let settings = settings::check(&id, action, named, self.problems)?;
        Some(CheckedStep {
            action: id,
            select: settings.select,
            settings: settings.filled.into(),
            when,
            at,
            roles,
            requires,
            optional: step.optional.unwrap_or_default(),
            halt_on_failure: step.on_failure.unwrap_or_default(),
            timeout: step.timeout.as_ref().map_or(TIMEOUT, |at| at.value),
        })
    }

    fn action(&mut self, name: &At<String>) -> Option<(&'static Vendor, &'static Action)> {
        let spot = |title: String| Diagnostic::new(name.span.clone(), title);
        let Ok(id) = name.value.parse::<ActionId>() else {
            let title = format!("{} is no action", spoken(&name.value));
            self.problems
                .add(spot(title).label("an action is `vendor.verb_object`"));
            return None;
        };
        let Some(vendor) = self.vendors.iter().find(|vendor| vendor.id == id.vendor()) else {
            let title = format!("there is no vendor {}", spoken(id.vendor()));
            let known: Vec<&str> = self.vendors.iter().map(|vendor| vendor.id).collect();
            self.problems
                .add(match nearest(id.vendor(), known.iter().copied()) {
                    Some(vendor) => meant(spot(title), vendor, id.verb()),
                    None => spot(title).help(format!("known here: {}", known.join(", "))),
                });
            return None;
        };
        let action = vendor.action(id.verb());
        if action.is_none() {
            let title = format!("{} has no action {}", vendor.id, spoken(id.verb()));
            let known: Vec<&str> = vendor.actions.iter().map(|action| action.verb).collect();
            self.problems
                .add(match nearest(id.verb(), known.iter().copied()) {
                    Some(verb) => meant(spot(title), vendor.id, verb),
                    None => spot(title).help(format!("known here: {}", known.join(", "))),
                });
        }
        action.map(|action| (*vendor, action))
    }

    /// Each must be an action of a step above: anything else is never proven in time.
    fn requires(&mut self, named: &[At<String>]) -> Vec<ActionId> {
        let mut requires = Vec::new();
        for name in named {
            if let Some(id) = self.before.iter().find(|id| id.to_string() == name.value) {
                requires.push(id.clone());
                continue;
            }
            let spot = name.clone();
            if let Some((vendor, action)) = self.action(&spot) {
                let id = action.id(vendor.id);
                self.problems.add(
                    Diagnostic::new(spot.span, format!("no step above does `{id}`"))
                        .label("so it can never be proven before this one"),
                );
            }
        }
        requires
    }

    fn when(&mut self, when: &At<String>) -> Option<Condition> {
        let refused = match Condition::new(&when.value) {
            Ok(condition) => return Some(condition),
            Err(refused) => refused,
        };
        self.problems.add(match refused {
            Refused::Language(why) => {
                Diagnostic::new(when.span.clone(), "`when` cannot be understood").label(why)
            }
            Refused::NoQuestion(why) => {
                Diagnostic::new(when.span.clone(), "`when` is no yes-or-no question").label(why)
            }
            Refused::Unknown(name) => {
                let title = format!("a condition cannot speak of {}", spoken(&name));
                let problem = Diagnostic::new(self.within(when, &name), title)
                    .help(format!("it may speak of {}", KNOWN.join(", ")));
                match nearest_fact(&name) {
                    Some(fact) => problem.label(format!("did you mean `{fact}`?")),
                    None => problem,
                }
            }
        });
        None
    }

    /// Where a name stands in a condition.
    fn within(&self, when: &At<String>, name: &str) -> Span {
        let found = self
            .text
            .get(when.span.clone())
            .and_then(|text| text.find(name));
        found.map_or(when.span.clone(), |at| {
            let start = when.span.start + at;
            start..start + name.len()
        })
    }

    fn roles(&mut self, named: Option<&[At<String>]>) -> Vec<Role> {
        const WORDS: [&str; 4] = ["compromised", "granter", "impersonator", "impersonated"];
        let Some(named) = named else {
            return vec![Role::default()];
        };
        let mut roles = Vec::new();
        for name in named {
            match name.value.as_str() {
                "compromised" => roles.push(Role::Compromised),
                "granter" => roles.push(Role::Granter),
                "impersonator" => roles.push(Role::Impersonator),
                "impersonated" => roles.push(Role::Impersonated),
                other => {
                    let title = format!("there is no role {}", spoken(other));
                    let problem = Diagnostic::new(name.span.clone(), title);
                    self.problems.add(problem.nearest(other, WORDS));
                }
            }
        }
        roles
    }

    /// A system is the vendor, or `vendor:name`.
    fn systems(&mut self, named: &[At<String>], vendor: &'static Vendor) -> Vec<String> {
        let mut systems = Vec::new();
        for name in named {
            let (left, right) = name.value.split_once(':').unwrap_or((&name.value, "-"));
            if left == vendor.id && !right.is_empty() {
                systems.push(name.value.clone());
            } else {
                let title = format!("{} is no system of {}", spoken(&name.value), vendor.id);
                let label = format!("write `{0}` or `{0}:NAME`", vendor.id);
                self.problems
                    .add(Diagnostic::new(name.span.clone(), title).label(label));
            }
        }
        systems
    }
}

fn meant(problem: Diagnostic, vendor: &str, verb: &str) -> Diagnostic {
    problem.label(format!("did you mean `{vendor}.{verb}`?"))
}

/// The fact that was meant: compared by its own name where the part before the dot is right.
fn nearest_fact(name: &str) -> Option<&'static str> {
    let Some(own) = name.strip_prefix("subject.") else {
        return nearest(name, KNOWN);
    };
    let facts = KNOWN
        .iter()
        .filter_map(|fact| Some((*fact, fact.strip_prefix("subject.")?)));
    let near = nearest(own, facts.clone().map(|(_, own)| own))?;
    facts
        .into_iter()
        .find(|(_, own)| *own == near)
        .map(|(fact, _)| fact)
}
