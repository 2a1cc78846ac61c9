//! From stages and steps to a workflow: what comes after what, what side by side, what on a
//! condition, and what after a failure.
//!
//! Two passes. The first nests: a stage that waits at most so long for another becomes a branch
//! beside it, systems of a parallel stage become branches. The second links from the end to the
//! beginning, so that every step knows what comes next when it is made.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::id::Ids;
use super::words::{about, command, condition, variable};
use super::{Action, reference};
use crate::model::{ActionId, StageOrder};
use crate::playbook::checked::{CheckedPlaybook, CheckedStage, CheckedStep};

/// A piece of the workflow.
enum Part<'p> {
    /// One use of an action.
    Action(&'p CheckedStep),
    /// What is done where the condition holds.
    If {
        name: String,
        condition: String,
        then: Vec<Placed<'p>>,
    },
    /// A person is asked whether a stage may go on.
    Ask { stage: &'p CheckedStage },
    /// Branches side by side; the second number is how long each waits first.
    Parallel {
        name: String,
        branches: Vec<(Vec<Placed<'p>>, Duration)>,
    },
}

/// A piece and where it stands, which its ids are made from.
struct Placed<'p> {
    place: String,
    part: Part<'p>,
}

impl Placed<'_> {
    /// Whether a failure in it ends all that follows.
    fn can_halt(&self) -> bool {
        let any = |parts: &[Placed<'_>]| parts.iter().any(Placed::can_halt);
        match &self.part {
            Part::Action(step) => step.halt_on_failure,
            Part::If { then, .. } => any(then),
            Part::Ask { .. } => false,
            Part::Parallel { branches, .. } => branches.iter().any(|(parts, _)| any(parts)),
        }
    }
}

/// All that an export needs beside the playbook's own words.
pub(super) struct Parts {
    pub(super) workflow: Map<String, Value>,
    pub(super) variables: Map<String, Value>,
    pub(super) agents: Map<String, Value>,
    pub(super) targets: Map<String, Value>,
    pub(super) techniques: BTreeSet<&'static str>,
    pub(super) activities: BTreeSet<&'static str>,
    pub(super) has_parallel: bool,
    pub(super) has_conditions: bool,
}

/// Makes a workflow.
pub(super) struct Flow<'f> {
    ids: &'f Ids,
    action: &'f dyn Fn(&CheckedStep) -> Option<&'static Action>,
    /// Actions that a later step requires: whether they were proven is kept in a variable.
    required: BTreeSet<ActionId>,
    /// Made from the end to the beginning.
    steps: Vec<(String, Value)>,
    variables: BTreeMap<String, Value>,
    targets: BTreeMap<String, Value>,
    techniques: BTreeSet<&'static str>,
    activities: BTreeSet<&'static str>,
    has_parallel: bool,
    has_conditions: bool,
}

impl<'f> Flow<'f> {
    pub(super) fn new(
        ids: &'f Ids,
        action: &'f dyn Fn(&CheckedStep) -> Option<&'static Action>,
    ) -> Self {
        Self {
            ids,
            action,
            required: BTreeSet::new(),
            steps: Vec::new(),
            variables: BTreeMap::new(),
            targets: BTreeMap::new(),
            techniques: BTreeSet::new(),
            activities: BTreeSet::new(),
            has_parallel: false,
            has_conditions: false,
        }
    }

    /// The whole workflow; gives the id of its start.
    pub(super) fn of(&mut self, playbook: &CheckedPlaybook) -> String {
        self.external(
            "subject",
            "string",
            "The account to contain: its login or immutable id.",
        );
        self.external(
            "since",
            "string",
            "When the intruder came in; what was made since then is selected by in_window.",
        );
        let steps = playbook.stages.iter().flat_map(|stage| &stage.steps);
        self.required = steps.flat_map(|step| step.requires.clone()).collect();
        let parts = self.nested(&playbook.stages);
        let end = self.end("all", "All of it was gone through.");
        let first = self.chain(&parts, &end);
        let start = self.ids.part("start", "all");
        let value = json!({ "type": "start", "name": "start", "on_completion": first });
        self.steps.push((start.clone(), value));
        start
    }

    pub(super) fn done(self) -> Parts {
        let mut steps = self.steps;
        steps.reverse();
        let agent = json!({
            "type": "individual",
            "name": "incident responder",
            "description": "Whoever carries the steps out, or a system that acts on his behalf.",
        });
        Parts {
            workflow: steps.into_iter().collect(),
            variables: self.variables.into_iter().collect(),
            agents: Map::from_iter([(self.ids.part("individual", "responder"), agent)]),
            targets: self.targets.into_iter().collect(),
            techniques: self.techniques,
            activities: self.activities,
            has_parallel: self.has_parallel,
            has_conditions: self.has_conditions,
        }
    }

    /// Stages in their order. One that waits at most so long for another stands beside it and all
    /// between, and begins after that time: never before its own, and at the latest then.
    fn nested<'p>(&mut self, stages: &'p [CheckedStage]) -> Vec<Placed<'p>> {
        // What is done so far, with the names of the stages in it.
        let mut blocks: Vec<(Vec<&str>, Vec<Placed<'p>>)> = Vec::new();
        for (number, stage) in stages.iter().enumerate() {
            let parts = self.stage(number, stage);
            let awaited = stage.after.as_deref().zip(stage.stage_wait);
            let place = awaited.and_then(|(after, wait)| {
                let at = blocks
                    .iter()
                    .position(|(names, _)| names.contains(&after))?;
                Some((at, wait))
            });
            let Some((at, wait)) = place else {
                blocks.push((vec![&stage.name], parts));
                continue;
            };
            let before: Vec<(Vec<&str>, Vec<Placed<'p>>)> = blocks.drain(at..).collect();
            let (names, before): (Vec<_>, Vec<_>) = before.into_iter().unzip();
            let mut names: Vec<&str> = names.concat();
            names.push(&stage.name);
            let parallel = Placed {
                place: format!("{number}/beside"),
                part: Part::Parallel {
                    name: format!(
                        "{}, and {} after {} s at the latest",
                        names[..names.len() - 1].join(", "),
                        stage.name,
                        wait.as_secs_f64()
                    ),
                    branches: vec![
                        (before.into_iter().flatten().collect(), Duration::ZERO),
                        (parts, wait),
                    ],
                },
            };
            blocks.push((names, vec![parallel]));
        }
        blocks.into_iter().flat_map(|(_, parts)| parts).collect()
    }

    /// A stage's steps as they stand to each other, behind a question if it asks one.
    fn stage<'p>(&mut self, number: usize, stage: &'p CheckedStage) -> Vec<Placed<'p>> {
        let steps = stage.steps.iter().enumerate();
        let steps: Vec<(&str, Placed<'p>)> = steps
            .map(|(place, step)| {
                let vendor = step.action.vendor();
                (vendor, self.step(format!("{number}/{place}"), step))
            })
            .collect();
        let parts = match stage.order {
            StageOrder::Sequential => steps.into_iter().map(|(_, part)| part).collect(),
            StageOrder::Parallel => side_by_side(number, stage, steps),
        };
        if !stage.ask {
            return parts;
        }
        let ask = Placed {
            place: format!("{number}/ask"),
            part: Part::Ask { stage },
        };
        let agreed = Placed {
            place: format!("{number}/agreed"),
            part: Part::If {
                name: format!("only if somebody agreed to {}", stage.name),
                condition: format!("{}:value = 'true'", consent(stage)),
                then: parts,
            },
        };
        vec![ask, agreed]
    }

    /// A step behind its conditions: `when:` outside, `requires:` inside.
    fn step<'p>(&mut self, place: String, step: &'p CheckedStep) -> Placed<'p> {
        let mut placed = Placed {
            place: place.clone(),
            part: Part::Action(step),
        };
        if !step.requires.is_empty() {
            let proven = step.requires.iter().map(|action| {
                let name = self.proven(action);
                format!("{name}:value = 'true'")
            });
            let condition = proven.collect::<Vec<_>>().join(" OR ");
            placed = Placed {
                place: format!("{place}/requires"),
                part: Part::If {
                    name: format!(
                        "{} only once one of what it requires is proven",
                        step.action
                    ),
                    condition,
                    then: vec![placed],
                },
            };
        }
        if let Some(when) = &step.when {
            let condition = self.when(&place, when.text());
            placed = Placed {
                place: format!("{place}/when"),
                part: Part::If {
                    name: format!("{} when {}", step.action, when.text()),
                    condition,
                    then: vec![placed],
                },
            };
        }
        placed
    }

    fn when(&mut self, place: &str, when: &str) -> String {
        let (told, fact) = match condition(when) {
            Some(told) => told,
            None => {
                let name = format!("when_{}", place.replace('/', "_"));
                let says = format!("Whether this holds of the account: {when}");
                self.external(
                    &name,
                    "bool",
                    &format!("{says}. What cannot be told counts as true."),
                );
                return format!("{}:value = 'true'", variable(&name));
            }
        };
        let (kind, says) = match fact {
            "run.subjects" => ("integer", "How many accounts are contained together."),
            "subject.status" => ("string", "The account's status at Okta, such as ACTIVE."),
            _ => (
                "bool",
                "Whether the account holds an administrator's role. What cannot be told counts as true.",
            ),
        };
        self.external(fact, kind, says);
        told
    }

    /// The variable that says whether an action is proven for the account.
    fn proven(&mut self, action: &ActionId) -> String {
        let name = variable(&format!("proven.{action}"));
        let value = json!({
            "type": "bool",
            "description": format!("Whether a read has shown {action} done."),
            "value": "false",
            "constant": false,
        });
        self.variables.insert(name.clone(), value);
        name
    }

    fn external(&mut self, fact: &str, kind: &str, says: &str) {
        let value =
            json!({ "type": kind, "description": says, "constant": false, "external": true });
        self.variables.insert(variable(fact), value);
    }

    /// Links the parts to each other and the last to `next`; gives the id of the first.
    fn chain(&mut self, parts: &[Placed<'_>], next: &str) -> String {
        let mut next = next.to_owned();
        for part in parts.iter().rev() {
            next = self.link(part, &next);
        }
        next
    }

    fn link(&mut self, placed: &Placed<'_>, next: &str) -> String {
        let place = &placed.place;
        let mut value = Map::new();
        self.after(placed, next, &mut value);
        let kind = match &placed.part {
            Part::Action(step) => {
                self.act(step, &mut value);
                "action"
            }
            Part::Ask { stage } => {
                self.ask(stage, &mut value);
                "action"
            }
            Part::If {
                name,
                condition,
                then,
            } => {
                self.has_conditions = true;
                let back = self.end(place, "Back to the condition.");
                let first = self.chain(then, &back);
                value.insert("name".into(), json!(name));
                value.insert("condition".into(), json!(condition));
                value.insert("on_true".into(), json!(first));
                "if-condition"
            }
            Part::Parallel { name, branches } => {
                self.has_parallel = true;
                let first: Vec<String> = branches
                    .iter()
                    .enumerate()
                    .map(|(number, branch)| self.branch(&format!("{place}/{number}"), branch))
                    .collect();
                value.insert("name".into(), json!(name));
                value.insert("next_steps".into(), json!(first));
                "parallel"
            }
        };
        let id = self.ids.part(kind, place);
        let mut step = Map::from_iter([("type".to_owned(), json!(kind))]);
        step.append(&mut value);
        self.steps.push((id.clone(), Value::Object(step)));
        id
    }

    /// What follows: whatever came of it, unless a failure ends the account's run.
    fn after(&mut self, placed: &Placed<'_>, next: &str, value: &mut Map<String, Value>) {
        if !placed.can_halt() {
            value.insert("on_completion".into(), json!(next));
            return;
        }
        let says = "It failed: nothing more is done for this account.";
        let halted = self.end(&format!("{}/halted", placed.place), says);
        value.insert("on_success".into(), json!(next));
        value.insert("on_failure".into(), json!(halted));
    }

    fn branch(&mut self, place: &str, (parts, wait): &(Vec<Placed<'_>>, Duration)) -> String {
        let back = self.end(place, "The end of this branch.");
        let first = self.chain(parts, &back);
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let mut made = self.steps.iter_mut();
        if let Some((_, step)) = made.find(|(id, _)| *id == first && wait > 0) {
            step["delay"] = json!(wait);
        }
        first
    }

    fn act(&mut self, step: &CheckedStep, value: &mut Map<String, Value>) {
        let action = (self.action)(step);
        let vendor = step.action.vendor();
        let target = self.ids.part("security-category", vendor);
        let says = "The service's sign-in, sessions and credentials.";
        self.targets.insert(
            target.clone(),
            json!({
                "type": "security-category", "name": vendor, "description": says,
                "category": ["aaa"],
            }),
        );
        let techniques: Vec<&'static str> = action
            .iter()
            .flat_map(|action| action.attack.iter().chain(action.d3fend))
            .copied()
            .collect();
        self.techniques.extend(&techniques);
        let activity = activity(action);
        self.activities.insert(activity);
        let timeout = u64::try_from(step.timeout.as_millis()).unwrap_or(u64::MAX);
        let mut put = |key: &str, told: Value| value.insert(key.to_owned(), told);
        put("name", json!(step.action.to_string()));
        put("description", json!(about(step, action)));
        if !techniques.is_empty() {
            let each = techniques.iter().map(|id| reference(id));
            put("external_references", Value::Array(each.collect()));
        }
        put("timeout", json!(timeout));
        put(
            "commands",
            json!([{
                "type": "manual", "command": command(step, action), "playbook_activity": activity,
            }]),
        );
        put("agent", json!(self.ids.part("individual", "responder")));
        put("targets", json!([target]));
        put("in_args", json!([variable("subject"), variable("since")]));
        if self.required.contains(&step.action) {
            let name = variable(&format!("proven.{}", step.action));
            put("out_args", json!([name]));
        }
    }

    fn ask(&mut self, stage: &CheckedStage, value: &mut Map<String, Value>) {
        let name = consent(stage);
        self.variables.insert(
            name.clone(),
            json!({
                "type": "bool", "value": "false", "constant": false,
                "description": format!("Whether somebody agreed to the stage {}.", stage.name),
            }),
        );
        self.activities.insert("identify-steps");
        let says = format!(
            "Show what the stage {} would do to __subject__:value, and ask whether to do it",
            stage.name
        );
        value.insert("name".into(), json!(format!("ask before {}", stage.name)));
        value.insert(
            "commands".into(),
            json!([{
                "type": "manual", "command": says, "playbook_activity": "identify-steps",
            }]),
        );
        value.insert(
            "agent".into(),
            json!(self.ids.part("individual", "responder")),
        );
        value.insert("in_args".into(), json!([variable("subject")]));
        value.insert("out_args".into(), json!([name]));
    }

    fn end(&mut self, place: &str, says: &str) -> String {
        let id = self.ids.part("end", place);
        let value = json!({ "type": "end", "description": says });
        self.steps.push((id.clone(), value));
        id
    }
}

/// The variable that says whether a stage was agreed to.
fn consent(stage: &CheckedStage) -> String {
    variable(&format!("consent.{}", stage.name))
}

/// Systems beside each other, each system's steps in their order. One system alone is no branch.
fn side_by_side<'p>(
    number: usize,
    stage: &'p CheckedStage,
    steps: Vec<(&str, Placed<'p>)>,
) -> Vec<Placed<'p>> {
    let mut branches: Vec<(&str, Vec<Placed<'p>>)> = Vec::new();
    for (vendor, part) in steps {
        match branches.iter_mut().find(|(known, _)| *known == vendor) {
            Some((_, parts)) => parts.push(part),
            None => branches.push((vendor, vec![part])),
        }
    }
    if branches.len() < 2 {
        return branches.into_iter().flat_map(|(_, parts)| parts).collect();
    }
    let branches = branches.into_iter();
    vec![Placed {
        place: format!("{number}/parallel"),
        part: Part::Parallel {
            name: format!("{}: systems side by side", stage.name),
            branches: branches.map(|(_, parts)| (parts, Duration::ZERO)).collect(),
        },
    }]
}

/// What a step does, by the standard's vocabulary (section 3.1.2).
fn activity(action: Option<&'static Action>) -> &'static str {
    let is = |id: &str| action.is_some_and(|action| action.d3fend.contains(&id));
    if is("D3-AL") || is("D3-NTF") || is("D3-UAP") {
        "restrict-access"
    } else if is("D3-ST") || is("D3-CR") {
        "eliminate-risk"
    } else {
        "configure-systems"
    }
}
