//! `when:`: a yes-or-no question about one subject, checked once, compiled once.
//!
//! The language is minijinja's expressions without filters, tests and functions. It may
//! speak of ids, roles, apps, groups, status and the number of subjects, never of free text:
//! a person writes his own display name, and must not choose what is done to him.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, LazyLock};

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Expression, UndefinedBehavior, context};

use crate::model::{AppAccount, Role, Subject, Tri, UserId};

/// All that a condition may speak of.
pub(super) const KNOWN: [&str; 7] = [
    "run.subjects",
    "subject.id",
    "subject.status",
    "subject.privileged",
    "subject.roles",
    "subject.groups",
    "subject.apps",
];

/// Steps of evaluation after which a condition is given up.
const FUEL: u64 = 10_000;

static LANGUAGE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut language = Environment::empty();
    language.set_undefined_behavior(UndefinedBehavior::Strict);
    language.set_fuel(Some(FUEL));
    language
});

/// A `when:`, checked and compiled.
#[derive(Clone)]
pub struct Condition {
    text: String,
    expression: Arc<Expression<'static, 'static>>,
    /// The names in it, each of [`KNOWN`].
    speaks_of: BTreeSet<String>,
}

/// What a condition may speak of: ids, roles, apps, groups, status, the number of subjects.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The subject.
    pub subject: &'a Subject,
    /// How many there are.
    pub subjects: usize,
}

/// What came of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// It cannot be told, and then counts as true: why.
    Untold(String),
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It does not compile, or asks for more than the language has.
    Language(String),
    /// It speaks of something that no condition may speak of.
    Unknown(String),
    /// Its answer is no yes or no.
    NoQuestion(String),
}

impl Condition {
    /// Checks and compiles a text.
    ///
    /// # Errors
    /// [`Refused`] says why it is no condition.
    pub(super) fn new(text: &str) -> Result<Self, Refused> {
        let expression = LANGUAGE
            .compile_expression_owned(text.to_owned())
            .map_err(|error| Refused::Language(reason(&error)))?;
        if let Some(extra) = beyond_the_language(text) {
            return Err(Refused::Language(extra));
        }
        let speaks_of: BTreeSet<String> =
            expression.undeclared_variables(true).into_iter().collect();
        let mut unknown = speaks_of.iter();
        if let Some(name) = unknown.find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(Refused::Unknown(name.clone()));
        }
        let condition = Self {
            text: text.to_owned(),
            expression: Arc::new(expression),
            speaks_of,
        };
        condition.asks_yes_or_no()?;
        Ok(condition)
    }

    /// As written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it speaks of this: `subject.apps`.
    #[must_use]
    pub fn speaks_of(&self, name: &str) -> bool {
        self.speaks_of.contains(name)
    }

    /// Whether it holds for a subject.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> Holds {
        match self.eval(facts) {
            Ok(value) if value.kind() == ValueKind::Bool && value.is_true() => Holds::Yes,
            Ok(value) if value.kind() == ValueKind::Bool => Holds::No,
            Ok(value) if value.is_undefined() => {
                Holds::Untold("what it asks for was not read".into())
            }
            Ok(value) => Holds::Untold(format!("its answer is {}, no yes or no", value.kind())),
            Err(error) if error.kind() == minijinja::ErrorKind::UndefinedError => {
                Holds::Untold("what it asks for was not read".into())
            }
            Err(error) => Holds::Untold(reason(&error)),
        }
    }

    fn eval(&self, facts: &Facts<'_>) -> Result<Value, minijinja::Error> {
        let who = facts.subject;
        let list = |items: Option<&[String]>| match items {
            Some(items) => items.iter().map(String::as_str).collect(),
            None => Value::UNDEFINED,
        };
        let privileged = match who.privileged {
            Tri::Yes => Value::from(true),
            Tri::No => Value::from(false),
            Tri::Unread => Value::UNDEFINED,
        };
        // Roles are empty when unread; only `privileged` tells the two apart.
        let roles = (who.privileged != Tri::Unread).then_some(who.roles.as_slice());
        let subject = context! {
            id => who.id.as_str(), status => &who.status, privileged, roles => list(roles),
            groups => list(who.groups.as_deref()), apps => list(who.apps().as_deref()),
        };
        let run = context! { subjects => facts.subjects };
        self.expression.eval(context! { subject, run })
    }

    /// Asks it of four accounts with nothing unread: each answer must be yes or no.
    fn asks_yes_or_no(&self) -> Result<(), Refused> {
        for (privileged, subjects) in [
            (Tri::Yes, 1),
            (Tri::Yes, 1_000),
            (Tri::No, 1),
            (Tri::No, 1_000),
        ] {
            let facts = Facts {
                subject: &nobody(privileged),
                subjects,
            };
            match self.eval(&facts) {
                Ok(value) if value.kind() == ValueKind::Bool => {}
                Ok(value) => {
                    let kind = value.kind();
                    return Err(Refused::NoQuestion(format!("its answer is a {kind}")));
                }
                Err(error) => return Err(Refused::NoQuestion(reason(&error))),
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.text).finish()
    }
}

/// An account that does not exist, with everything about it read.
fn nobody(privileged: Tri) -> Subject {
    Subject {
        id: UserId::new("00u"),
        login: String::new(),
        role: Role::Compromised,
        status: "ACTIVE".into(),
        privileged,
        roles: vec!["SUPER_ADMIN".into()],
        groups: Some(vec!["00g".into()]),
        accounts: Some(vec![AppAccount {
            name: "app".into(),
            ..AppAccount::default()
        }]),
        mastered_by: String::new(),
        changed_at: None,
        last_login: None,
    }
}

fn reason(error: &minijinja::Error) -> String {
    let reason = error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned);
    reason.replace("in expression", "in it")
}

/// What the text uses that conditions do not have: filters, tests, calls. They compile, and
/// would fail only when asked.
fn beyond_the_language(text: &str) -> Option<String> {
    const BEFORE_BRACKET: [&str; 6] = ["and", "or", "not", "in", "if", "else"];
    let tokens = tokens(text);
    let mut before = "";
    for token in &tokens {
        let called = before.ends_with(|c: char| c.is_alphanumeric() || "_)]".contains(c))
            && !BEFORE_BRACKET.contains(&before);
        match token.as_str() {
            "|" => return Some("a condition has no filters (`|`)".into()),
            "is" => return Some("a condition has no tests (`is …`)".into()),
            "(" if called => return Some(format!("a condition has no functions (`{before}(…)`)")),
            other => before = other,
        }
    }
    None
}

/// Words and single signs; a quoted text is one `'`.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let part_of_word = c.is_alphanumeric() || c == '_';
        match tokens.last_mut() {
            Some(word) if in_word && part_of_word => word.push(c),
            _ if c.is_whitespace() => {}
            _ if c == '\'' || c == '"' => {
                skip_quoted(c, &mut chars);
                tokens.push("'".into());
            }
            _ => tokens.push(c.into()),
        }
        in_word = part_of_word;
    }
    tokens
}

fn skip_quoted(quote: char, chars: &mut std::str::Chars<'_>) {
    while let Some(c) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == quote {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str, who: &Subject) -> Holds {
        let condition = Condition::new(text).unwrap();
        condition.holds(&Facts {
            subject: who,
            subjects: 3,
        })
    }

    #[test]
    fn what_was_not_read_is_untold_however_it_is_asked_for() {
        let mut who = nobody(Tri::Unread);
        who.roles.clear();
        who.groups = None;
        for text in [
            "subject.privileged",
            "not subject.privileged",
            "subject.privileged == false",
            "subject.privileged != true",
            "'00g' in subject.groups",
            "'00g' not in subject.groups",
            "subject.groups == []",
            "'SUPER_ADMIN' in subject.roles",
            "run.subjects < 20 and subject.privileged",
        ] {
            assert!(matches!(asked(text, &who), Holds::Untold(_)), "{text}");
        }
    }

    #[test]
    fn what_decides_without_the_unread_part_is_told() {
        let who = nobody(Tri::Unread);
        assert_eq!(
            asked("run.subjects > 20 and subject.privileged", &who),
            Holds::No
        );
        assert_eq!(
            asked("run.subjects < 20 or subject.privileged", &who),
            Holds::Yes
        );
    }

    #[test]
    fn words_in_quotes_are_words_and_no_filters() {
        let who = nobody(Tri::No);
        assert_eq!(
            asked(
                r#"subject.status not in ['a | b', "it is (x)", 'o\'k']"#,
                &who
            ),
            Holds::Yes
        );
        assert_eq!(
            asked("(subject.status) in ('ACTIVE', 'SUSPENDED')", &who),
            Holds::Yes
        );
    }

    #[test]
    fn whatever_would_never_be_a_yes_or_no_is_refused() {
        for text in [
            "subject.status",
            "subject.roles",
            "run.subjects",
            "subject.privileged and subject.roles",
            "subject.login == 'a'",
            "subject['login'] == 'a'",
            "subject",
            "(subject if subject.privileged else run).login == 'a'",
            "subject.roles[7] == 'x'",
            "subject.status | upper == 'A'",
            "subject.status.lower() == 'active'",
            "range(10) == []",
            "run.subjects is odd",
            "run.subjects +",
            "1 == 1 }} {{ 2",
            "",
        ] {
            assert!(Condition::new(text).is_err(), "{text}");
        }
    }
}
