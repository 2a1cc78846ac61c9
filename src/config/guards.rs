//! `guards:` of the config file.

use std::sync::LazyLock;

use super::DEFAULT;
use crate::yaml::{At, Diagnostic, Fields, Node, Problems, normalised, parse, spoken};

/// What refuses a step before the first write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guards {
    /// Immutable ids of accounts never to touch.
    pub protected: Vec<String>,
    /// Subjects in one run.
    pub cap_run: u32,
    /// Subjects in any 60 minutes.
    pub cap_hour: u32,
    /// Automatic runs of one source in any 60 minutes.
    pub cap_source: u32,
    /// Subjects in any 60 minutes, in percent of `active_users`.
    pub cap_percent: u32,
    /// How many people use the directory; `None` is unknown, and the percentage is not asked.
    pub active_users: Option<u32>,
}

/// As the shipped file has it.
impl Default for Guards {
    fn default() -> Self {
        static SHIPPED: LazyLock<Guards> = LazyLock::new(|| {
            let text = normalised(DEFAULT);
            let tree = parse(&text, DEFAULT.len()).expect("the shipped config is YAML");
            let mut problems = Problems::default();
            let mut fields = Fields::of("the config", &tree, &mut problems)
                .expect("the shipped config is a map");
            let guards = fields
                .take("guards", &mut problems)
                .expect("the shipped config has guards");
            let nothing = Guards {
                protected: Vec::new(),
                cap_run: 0,
                cap_hour: 0,
                cap_source: 0,
                cap_percent: 0,
                active_users: None,
            };
            over(nothing, guards, &mut problems)
        });
        SHIPPED.clone()
    }
}

/// Reads the guards; what is left out is as shipped.
pub(super) fn read(at: &At<Node>, problems: &mut Problems) -> Guards {
    over(Guards::default(), at, problems)
}

fn over(mut guards: Guards, at: &At<Node>, problems: &mut Problems) -> Guards {
    let Some(mut fields) = Fields::of("`guards`", at, problems) else {
        return guards;
    };
    if let Some(at) = fields.take("protected", problems) {
        guards.protected = protected(at, problems);
    }
    let mut count = |key: &'static str, most: u64, problems: &mut Problems| {
        let at = fields.take(key, problems)?;
        let count = problems.count(&format!("`{key}`"), at, 1, most)?;
        u32::try_from(count).ok()
    };
    let most = u64::from(u32::MAX);
    let run = count("cap_run", most, problems);
    let hour = count("cap_hour", most, problems);
    let source = count("cap_source", most, problems);
    let percent = count("cap_percent", 100, problems);
    let users = count("active_users", most, problems);
    fields.finish(problems);
    guards.cap_run = run.unwrap_or(guards.cap_run);
    guards.cap_hour = hour.unwrap_or(guards.cap_hour);
    guards.cap_source = source.unwrap_or(guards.cap_source);
    guards.cap_percent = percent.unwrap_or(guards.cap_percent);
    guards.active_users = users.or(guards.active_users);
    guards
}

/// Ids, and only ids: a login here would protect nobody, since nothing is compared with it.
fn protected(at: &At<Node>, problems: &mut Problems) -> Vec<String> {
    if let Node::List(items) = &at.value
        && items.is_empty()
    {
        return Vec::new();
    }
    let mut ids = Vec::new();
    for id in problems.words("`protected`", at) {
        if id.value.contains(|c: char| c == '@' || c.is_whitespace()) {
            let title = format!("{} is no id", spoken(&id.value));
            let problem = Diagnostic::new(id.span, title);
            problems.add(problem.label("write the account's immutable id: a login can be renamed"));
        } else {
            ids.push(id.value);
        }
    }
    ids
}
