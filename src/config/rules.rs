//! `rules:` of the config file: what becomes of an alert that the log confirms.
//!
//! A rule is known by source and id: two vendors use one id. The first that fits decides. What
//! holds where none fits is written here, and `config/oust.yaml` says so.

use std::path::Path;
use std::sync::Arc;

use crate::connectors::Row;
use crate::model::{Alert, Role, Vendor};
use crate::playbook::{CheckedPlaybook, FindError, find, shipped};
use crate::yaml::{At, Diagnostic, Fields, Node, Problems, spoken};

/// Entries at most.
const RULES_MAX: usize = 1_000;

/// Characters of a source, a rule's id and a playbook's name at most.
const CHARS_MAX: usize = 400;

/// Whatever is not said otherwise.
const ANY: &str = "*";

/// The playbook where none is named.
const DEFAULT_PLAYBOOK: &str = "account-takeover";

/// The parts by their words.
const ROLES: [(&str, Role); 4] = [
    ("compromised", Role::Compromised),
    ("granter", Role::Granter),
    ("impersonator", Role::Impersonator),
    ("impersonated", Role::Impersonated),
];

/// What holds where nothing is said: source's kind, rule, playbook, whether it is about support
/// access. The first two are the rules Okta User Session Impersonation and Multiple Okta Sessions
/// Detected for a Single User of Elastic; the third is Okta Impersonation of Datadog.
const BUILT_IN: [(&str, &str, &str, bool); 5] = [
    (
        "elastic",
        "cdbebdc1-dc97-43c6-a538-f26a20c0a911",
        "support-impersonation",
        true,
    ),
    (
        "elastic",
        "621e92b6-7e54-11ee-bdc0-f661ea17fbcd",
        DEFAULT_PLAYBOOK,
        false,
    ),
    ("datadog", "0fx-z3l-ggi", "support-impersonation", true),
    (
        "poll",
        "support-impersonation",
        "support-impersonation",
        true,
    ),
    (ANY, ANY, DEFAULT_PLAYBOOK, false),
];

/// How far an alert may go by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlertMode {
    /// It is recorded.
    Observe,
    /// A plan waits for somebody to approve it.
    #[default]
    Propose,
    /// It is carried out.
    Contain,
}

impl AlertMode {
    /// Its word in the file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Propose => "propose",
            Self::Contain => "contain",
        }
    }
}

/// One rule.
#[derive(Clone, Debug)]
pub struct RuleRow {
    /// A source's name, its kind, or `*`.
    pub source: String,
    /// The sender's id of the rule, or `*`.
    pub rule: String,
    /// What is done.
    pub playbook: Arc<CheckedPlaybook>,
    /// How far it goes.
    pub mode: AlertMode,
    /// The part of whoever did it, if it is not that of the compromised.
    pub actor: Option<Role>,
    /// The part of whom it was done to.
    pub target: Option<Role>,
}

impl RuleRow {
    /// Its name, as it stands under what it agrees to.
    #[must_use]
    pub fn name(&self) -> String {
        format!("rule {}/{}: {}", self.source, self.rule, self.mode.word())
    }

    /// Whether it tells actor and target apart.
    #[must_use]
    pub fn has_roles(&self) -> bool {
        self.actor.is_some() || self.target.is_some()
    }

    fn fits(&self, alert: &Alert, kind: &str) -> bool {
        let source = self.source.as_str();
        let is_source = source == ANY || source == alert.source || source == kind;
        is_source && (self.rule == ANY || self.rule == alert.rule.id)
    }
}

/// All of them, in order.
#[derive(Clone, Debug, Default)]
pub struct AlertRules(Vec<RuleRow>);

impl AlertRules {
    /// These, and after them what holds where nothing is said. A built-in rule whose playbook these
    /// vendors cannot carry out is an error: nothing may be left without an answer.
    ///
    /// # Errors
    /// [`FindError`] of a shipped playbook.
    pub fn complete(mut self, vendors: &[&'static Vendor]) -> Result<Self, FindError> {
        for (source, rule, playbook, support) in BUILT_IN {
            self.0.push(RuleRow {
                source: source.to_owned(),
                rule: rule.to_owned(),
                playbook: Arc::new(find(playbook, vendors)?),
                mode: AlertMode::Propose,
                actor: support.then_some(Role::Granter),
                target: support.then_some(Role::Impersonated),
            });
        }
        Ok(self)
    }

    /// The rule for an alert of a source of this kind.
    #[must_use]
    pub fn of(&self, alert: &Alert, kind: &str) -> Option<&RuleRow> {
        self.0.iter().find(|row| row.fits(alert, kind))
    }

    /// All of them, in order.
    pub fn rows(&self) -> impl Iterator<Item = &RuleRow> {
        self.0.iter()
    }
}

/// Reads the list.
pub(super) fn read(
    fields: &mut Fields<'_>,
    file: &str,
    rows: &[Row],
    problems: &mut Problems,
) -> AlertRules {
    let Some(at) = fields.take("rules", problems) else {
        return AlertRules::default();
    };
    let entries = match &at.value {
        Node::List(entries) if entries.len() <= RULES_MAX => entries,
        Node::List(_) => {
            let title = format!("more than {RULES_MAX} rules");
            problems.add(Diagnostic::new(at.span.clone(), title));
            return AlertRules::default();
        }
        _ => {
            let title =
                "`rules` is a list: `- { source: NAME, rule: ID, playbook: NAME, mode: MODE }`";
            problems.add(Diagnostic::new(at.span.clone(), title));
            return AlertRules::default();
        }
    };
    let vendors: Vec<&'static Vendor> = rows.iter().map(|row| row.vendor).collect();
    let home = Path::new(file).parent().unwrap_or(Path::new(""));
    let read = entries
        .iter()
        .filter_map(|entry| rule(entry, home, &vendors, problems));
    AlertRules(read.collect())
}

fn rule(
    entry: &At<Node>,
    home: &Path,
    vendors: &[&'static Vendor],
    problems: &mut Problems,
) -> Option<RuleRow> {
    let mut fields = Fields::of("a rule", entry, problems)?;
    let mut needed = |key: &'static str, problems: &mut Problems| {
        let Some(at) = fields.take(key, problems) else {
            let title = format!("a rule needs `{key}`");
            let problem = Diagnostic::new(entry.span.clone(), title);
            problems.add(problem.label("`'*'` is any"));
            return None;
        };
        problems.text(&format!("`{key}`"), at, CHARS_MAX)
    };
    let (source, rule) = (needed("source", problems), needed("rule", problems));
    let mode = match fields.take("mode", problems) {
        None => Some(AlertMode::default()),
        Some(at) => mode(at, problems),
    };
    let playbook = match fields.take("playbook", problems) {
        None => find(DEFAULT_PLAYBOOK, vendors)
            .map_err(|why| unfit(&entry.span, &why, problems))
            .ok(),
        Some(at) => playbook(at, home, vendors, problems),
    };
    let (actor, target) = match fields.take("roles", problems) {
        None => (None, None),
        Some(at) => roles(at, problems)?,
    };
    fields.finish(problems);
    Some(RuleRow {
        source: source?.value,
        rule: rule?.value,
        playbook: Arc::new(playbook?),
        mode: mode?,
        actor,
        target,
    })
}

fn mode(at: &At<Node>, problems: &mut Problems) -> Option<AlertMode> {
    let word = problems.word("`mode`", at, &["observe", "propose", "contain"])?;
    Some(match word {
        "observe" => AlertMode::Observe,
        "contain" => AlertMode::Contain,
        _ => AlertMode::Propose,
    })
}

/// A shipped playbook, or a file relative to the config.
fn playbook(
    at: &At<Node>,
    home: &Path,
    vendors: &[&'static Vendor],
    problems: &mut Problems,
) -> Option<CheckedPlaybook> {
    let name = problems.text("`playbook`", at, CHARS_MAX)?;
    let is_shipped = shipped().iter().any(|(known, _)| *known == name.value);
    let extension = Path::new(&name.value).extension();
    let is_file = name.value.contains(std::path::is_separator) || extension.is_some();
    let place = if is_shipped || !is_file {
        name.value
    } else {
        home.join(&name.value).display().to_string()
    };
    match find(&place, vendors) {
        Ok(playbook) => Some(playbook),
        Err(why) => {
            unfit(&name.span, &why, problems);
            None
        }
    }
}

fn unfit(span: &crate::yaml::Span, why: &FindError, problems: &mut Problems) {
    let text = why.to_string();
    let first = text.lines().next().unwrap_or_default();
    problems.add(Diagnostic::new(span.clone(), first).label(why.hint()));
}

type Roles = (Option<Role>, Option<Role>);

fn roles(at: &At<Node>, problems: &mut Problems) -> Option<Roles> {
    let mut fields = Fields::of("`roles`", at, problems)?;
    let mut role = |key: &'static str, problems: &mut Problems| {
        let at = fields.take(key, problems)?;
        let words = ROLES.map(|(word, _)| word);
        let word = problems.word(&format!("`{key}`"), at, &words)?;
        ROLES
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, role)| *role)
    };
    let both = (role("actor", problems), role("target", problems));
    fields.finish(problems);
    if both == (None, None) {
        let title = format!("`roles` names nobody: {}", spoken("actor, target"));
        problems.add(Diagnostic::new(at.span.clone(), title));
    }
    Some(both)
}
