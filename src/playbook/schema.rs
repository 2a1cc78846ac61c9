//! The shape of a playbook file, read from its tree; and the JSON Schema of that shape.
//!
//! What is here is only shape: which keys there are and what kind of value each takes.
//! Whether the names mean something is [`check`](super::check)'s to say. A part that could
//! not be read is `None`, with a problem noted, so that the rest is still looked at.

use std::time::Duration;

use schemars::JsonSchema;

use crate::model::StageOrder;
use crate::yaml::{At, Diagnostic, Fields, Node, Problems, Span, spoken};

/// The only version of the format so far.
pub(super) const VERSION: &str = "oust/v1";
/// Stages in a playbook.
pub(super) const STAGES_MAX: usize = 32;
/// Steps in a stage.
pub(super) const STEPS_MAX: usize = 100;
/// The longest a step or a stage may wait.
const WAIT_MAX: Duration = Duration::from_secs(10 * 60);
const TITLE_CHARS_MAX: usize = 200;
const DESCRIPTION_CHARS_MAX: usize = 2_000;
const WHEN_CHARS_MAX: usize = 1_000;

/// What to do when an account is taken over, in order.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "`playbook` is read for its value and kept for the schema"
)]
pub(super) struct Playbook {
    /// The version of this format.
    #[schemars(required, extend("const" = VERSION))]
    pub(super) playbook: Option<At<String>>,
    /// What it is called on the command line.
    #[schemars(required, regex(pattern = r"^[a-z][a-z0-9_-]{0,63}$"))]
    pub(super) name: Option<At<String>>,
    /// What it is for, in a few words.
    #[schemars(length(min = 1, max = TITLE_CHARS_MAX))]
    pub(super) title: Option<At<String>>,
    /// What it does, in a sentence or two.
    #[schemars(length(min = 1, max = DESCRIPTION_CHARS_MAX))]
    pub(super) description: Option<At<String>>,
    /// Its parts, in order.
    #[schemars(length(min = 1, max = STAGES_MAX))]
    pub(super) stages: Vec<Stage>,
}

/// One part of a playbook.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Stage {
    /// Its name; no other stage has it.
    #[schemars(required, regex(pattern = r"^[a-z][a-z0-9_-]{0,63}$"))]
    pub(super) name: Option<At<String>>,
    /// The earlier stage it waits for.
    pub(super) after: Option<At<String>>,
    /// How long after the subject's eviction it waits for that stage at most: `10s`.
    #[schemars(with = "Option<Wait>")]
    pub(super) stage_wait: Option<At<Duration>>,
    /// `parallel`: systems side by side, steps of one system one after the other.
    #[schemars(with = "Option<Order>")]
    pub(super) order: Option<StageOrder>,
    /// Whether it needs a consent of its own; off in automatic runs.
    pub(super) ask: Option<bool>,
    /// What it does, in order.
    #[schemars(length(min = 1, max = STEPS_MAX))]
    pub(super) steps: Vec<Step>,
}

/// One use of an action: the key with the dot names it, its map is the settings.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Step {
    /// The action and its settings; `None` if not exactly one was named.
    #[schemars(skip)]
    pub(super) action: Option<Use>,
    /// When it applies, by `run.subjects` and `subject.id`, `.status`, `.privileged`,
    /// `.roles`, `.groups`, `.apps`. What cannot be told counts as true, and is said.
    #[schemars(length(min = 1, max = WHEN_CHARS_MAX))]
    pub(super) when: Option<At<String>>,
    /// To which roles it applies; `compromised` if not said.
    #[schemars(rename = "for", with = "Option<OneOrMany<RoleWord>>")]
    pub(super) roles: Option<Vec<At<String>>>,
    /// At which of the vendor's systems; all if not said.
    #[schemars(with = "Option<OneOrMany<String>>")]
    pub(super) at: Option<Vec<At<String>>>,
    /// Earlier actions of which one must be proven for the subject first.
    #[schemars(with = "Option<OneOrMany<String>>")]
    pub(super) requires: Option<Vec<At<String>>>,
    /// Whether its absence leaves a residual instead of a failure.
    pub(super) optional: Option<bool>,
    /// `halt`: its failure ends the run for that subject.
    #[schemars(with = "Option<Failure>")]
    pub(super) on_failure: Option<bool>,
    /// How long it may take: `60s` if not said.
    #[schemars(with = "Option<Wait>")]
    pub(super) timeout: Option<At<Duration>>,
}

/// An action as named, with its settings as written.
#[derive(Debug)]
pub(super) struct Use {
    /// `vendor.verb_object`
    pub(super) name: At<String>,
    /// A map, or nothing.
    pub(super) settings: Option<At<Node>>,
}

/// A duration: `500ms`, `10s` or `2m`.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "only its schema is used")]
struct Wait(#[schemars(regex(pattern = r"^[0-9]*[1-9][0-9]*(ms|s|m)$"))] String);

#[derive(JsonSchema)]
#[schemars(inline, rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Order {
    Sequential,
    Parallel,
}

#[derive(JsonSchema)]
#[schemars(inline, rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Failure {
    Continue,
    Halt,
}

#[derive(JsonSchema)]
#[schemars(inline, rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum RoleWord {
    Compromised,
    Granter,
    Impersonator,
    Impersonated,
}

// No doc comment: it would take the place of the field's own in the schema.
#[derive(JsonSchema)]
#[schemars(inline, untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum OneOrMany<T> {
    One(T),
    Many(#[schemars(length(min = 1), extend("uniqueItems" = true))] Vec<T>),
}

/// Reads a playbook's shape; what is wrong is noted and left out.
pub(super) fn read(tree: &At<Node>, problems: &mut Problems) -> Option<Playbook> {
    let mut fields = Fields::of("a playbook", tree, problems)?;
    let playbook = version(&mut fields, problems);
    let name = name("a playbook", &mut fields, problems);
    let title = fields
        .take("title", problems)
        .and_then(|at| problems.prose("`title`", at, TITLE_CHARS_MAX));
    let description = fields
        .take("description", problems)
        .and_then(|at| problems.prose("`description`", at, DESCRIPTION_CHARS_MAX));
    let stages = items("a playbook", "stages", STAGES_MAX, &mut fields, problems);
    fields.finish(problems);
    let stages = stages.iter().filter_map(|at| stage(at, problems)).collect();
    Some(Playbook {
        playbook,
        name,
        title,
        description,
        stages,
    })
}

fn version(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<At<String>> {
    if !fields.has("playbook") {
        fields.missing("playbook", problems);
    }
    let at = fields.take("playbook", problems)?;
    let version = problems.text("`playbook`", at, 40)?;
    if version.value != VERSION {
        let title = format!("{} is no version of the format", spoken(&version.value));
        let problem = Diagnostic::new(version.span.clone(), title);
        problems.add(problem.label(format!("this program reads `{VERSION}`")));
    }
    Some(version)
}

/// A name: lower case, so that it is typed the same everywhere.
fn name(what: &str, fields: &mut Fields<'_>, problems: &mut Problems) -> Option<At<String>> {
    if !fields.has("name") {
        fields.missing("name", problems);
    }
    let at = fields.take("name", problems)?;
    let name = problems.text("`name`", at, 200)?;
    let fits = name.value.len() <= 64
        && name.value.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .value
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c));
    if fits {
        return Some(name);
    }
    let title = format!("{} cannot be the name of {what}", spoken(&name.value));
    problems.add(
        Diagnostic::new(name.span, title)
            .label("lower-case letters, digits, `-` and `_`, at most 64, a letter first"),
    );
    None
}

/// The items of a list that must not be empty.
fn items<'n>(
    what: &str,
    key: &'static str,
    most: usize,
    fields: &mut Fields<'n>,
    problems: &mut Problems,
) -> &'n [At<Node>] {
    if !fields.has(key) {
        fields.missing(key, problems);
    }
    let Some(at) = fields.take(key, problems) else {
        return &[];
    };
    let wrong = match &at.value {
        Node::List(items) if items.is_empty() => format!("{what} needs at least one of `{key}`"),
        Node::List(items) if items.len() > most => format!("{what} has at most {most} `{key}`"),
        Node::List(items) => return items,
        other => format!("`{key}` is a list, and this is {}", other.kind()),
    };
    problems.add(Diagnostic::new(at.span.clone(), wrong));
    &[]
}

fn stage(at: &At<Node>, problems: &mut Problems) -> Option<Stage> {
    let mut fields = Fields::of("a stage", at, problems)?;
    let name = name("a stage", &mut fields, problems);
    let after = fields
        .take("after", problems)
        .and_then(|at| problems.text("`after`", at, 64));
    let stage_wait = fields
        .take("stage_wait", problems)
        .and_then(|at| problems.duration("`stage_wait`", at, WAIT_MAX));
    let order = fields
        .take("order", problems)
        .and_then(|at| problems.word("`order`", at, &["sequential", "parallel"]))
        .map(|word| match word {
            "parallel" => StageOrder::Parallel,
            _ => StageOrder::Sequential,
        });
    let ask = fields
        .take("ask", problems)
        .and_then(|at| problems.flag("`ask`", at));
    let steps = items("a stage", "steps", STEPS_MAX, &mut fields, problems);
    fields.finish(problems);
    let steps = steps.iter().filter_map(|at| step(at, problems)).collect();
    Some(Stage {
        name,
        after,
        stage_wait,
        order,
        ask,
        steps,
    })
}

fn step(at: &At<Node>, problems: &mut Problems) -> Option<Step> {
    if let Node::Text(action) = &at.value {
        return Some(Step::bare(action, &at.span));
    }
    let mut fields = Fields::of("a step", at, problems)?;
    let action = action(&mut fields, problems);
    let when = fields
        .take("when", problems)
        .and_then(|at| problems.prose("`when`", at, WHEN_CHARS_MAX));
    let mut words = |key: &'static str, problems: &mut Problems| {
        fields
            .take(key, problems)
            .map(|at| problems.words(&format!("`{key}`"), at))
    };
    let roles = words("for", problems);
    let systems = words("at", problems);
    let requires = words("requires", problems);
    let optional = fields
        .take("optional", problems)
        .and_then(|at| problems.flag("`optional`", at));
    let on_failure = fields
        .take("on_failure", problems)
        .and_then(|at| problems.word("`on_failure`", at, &["continue", "halt"]))
        .map(|word| word == "halt");
    let timeout = fields
        .take("timeout", problems)
        .and_then(|at| problems.duration("`timeout`", at, WAIT_MAX));
    fields.finish(problems);
    Some(Step {
        action,
        when,
        roles,
        at: systems,
        requires,
        optional,
        on_failure,
        timeout,
    })
}

/// The one key with a dot.
fn action(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Use> {
    let span = fields.span();
    let named = fields.take_all(|key| key.contains('.'));
    let mut named = named.into_iter();
    let Some((name, settings)) = named.next() else {
        problems.add(
            Diagnostic::new(span, "a step names no action")
                .label("one key is `vendor.verb_object`, such as `okta.suspend_user`"),
        );
        return None;
    };
    let mut one = true;
    for (extra, _) in named {
        let title = format!(
            "a step names one action, and {} is a second",
            spoken(&extra.value)
        );
        let problem = Diagnostic::new(extra.span.clone(), title);
        problems.add(problem.label("begin a new step with `- `"));
        one = false;
    }
    one.then(|| Use {
        name: name.clone(),
        settings: (settings.value != Node::Null).then(|| settings.clone()),
    })
}

impl Step {
    /// A step that is only the action's name.
    fn bare(action: &str, span: &Span) -> Self {
        let name = At {
            value: action.to_owned(),
            span: span.clone(),
        };
        Self {
            action: Some(Use {
                name,
                settings: None,
            }),
            when: None,
            roles: None,
            at: None,
            requires: None,
            optional: None,
            on_failure: None,
            timeout: None,
        }
    }
}
