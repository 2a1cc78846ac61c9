//! Sigma rules, with correlations. Nothing outside this folder names the library that runs them.
//!
//! [`Book`] holds the rules that were read and found sound; [`Watching`] runs them over events.
//!
//! The library matches one rule against one event, and keeps the windows of correlations. What is
//! ours: which rules an event meets at all ([`kinds`]), how a field is looked up ([`view`]), when
//! windows that have passed are forgotten, and what is told of a rule that does not hold
//! ([`read`]).

mod about;
mod kinds;
mod read;
mod view;
mod watching;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rsigma_eval::{CompiledRule, compile_rule};
use rsigma_parser::{CorrelationRule, SigmaRule};

pub(super) use watching::Watching;

use super::problem::{Document, RuleProblem, documents, in_a_line};
use super::rule::{Origin, Rule};

/// Events of one group that a window keeps; a rule that needs more of them never fires.
const GROUP_MAX: usize = 1_000;

/// Rules that were read.
#[derive(Default)]
pub(super) struct Book {
    singles: Vec<Single>,
    correlated: Vec<Correlated>,
    /// Which rule has this id or name.
    names: HashMap<String, Named>,
}

/// A rule about a single event.
struct Single {
    sigma: SigmaRule,
    compiled: CompiledRule,
    /// `None` if only correlations ask for it.
    rule: Option<Arc<Rule>>,
    not_ours: bool,
    /// Whether a correlation asks for it.
    counted: bool,
}

/// A rule about several.
struct Correlated {
    sigma: CorrelationRule,
    /// `None` if only other correlations ask for it.
    rule: Option<Arc<Rule>>,
}

#[derive(Clone, Copy)]
enum Named {
    Single(usize),
    Correlated(usize),
}

impl Book {
    /// Reads the rules of one file; those that do not hold are told, the others are kept.
    pub(super) fn read(&mut self, file: &Path, text: &str, origin: &Origin) -> Vec<RuleProblem> {
        let mut problems = Vec::new();
        let mut documents = documents(text);
        let mut read = Vec::new();
        documents.retain(|document| match read::rule(document.text) {
            Ok(rule) => {
                read.push(rule);
                true
            }
            Err(why) => {
                problems.push(told(file, *document, &why));
                false
            }
        });
        let parts = read::parts(&read);
        for (document, rule) in documents.iter().zip(read) {
            if let Err(why) = self.add(rule, &parts, origin) {
                problems.push(told(file, *document, &why));
            }
        }
        problems.sort_by_key(|problem| problem.line);
        problems
    }

    /// The rules that find something by themselves.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        let singles = self.singles.iter().filter_map(|one| one.rule.as_ref());
        singles.chain(self.correlated.iter().filter_map(|one| one.rule.as_ref()))
    }

    fn add(&mut self, read: read::Read, parts: &[String], origin: &Origin) -> Result<(), String> {
        let names = read.names()?;
        if let Some(taken) = names.iter().find(|name| self.names.contains_key(*name)) {
            return Err(format!("another rule is called '{taken}' already"));
        }
        let is_part = names.iter().any(|name| parts.contains(name));
        let named = match read {
            read::Read::Single(sigma, oust) => {
                let compiled = compile_rule(&sigma).map_err(|error| error.to_string())?;
                let rule = (!is_part).then(|| about::single(&sigma, &oust, origin));
                self.singles.push(Single {
                    sigma: *sigma,
                    compiled,
                    rule: rule.map(Arc::new),
                    not_ours: oust.not_ours,
                    counted: false,
                });
                Named::Single(self.singles.len() - 1)
            }
            read::Read::Correlated(sigma, oust) => {
                let kinds = self.asked_for(&sigma)?;
                let rule = (!is_part).then(|| about::correlated(&sigma, &oust, kinds, origin));
                self.correlated.push(Correlated {
                    sigma: *sigma,
                    rule: rule.map(Arc::new),
                });
                Named::Correlated(self.correlated.len() - 1)
            }
        };
        self.names
            .extend(names.into_iter().map(|name| (name, named)));
        Ok(())
    }

    /// Notes that a correlation counts these rules; which `eventType`s they are about.
    fn asked_for(&mut self, sigma: &CorrelationRule) -> Result<Vec<String>, String> {
        let mut kinds = Vec::new();
        let mut any = false;
        for name in &sigma.rules {
            let Some(named) = self.names.get(name) else {
                return Err(format!(
                    "it counts '{name}', and no sound rule of this name or id stands before it"
                ));
            };
            let of = match *named {
                Named::Single(at) => {
                    self.singles[at].counted = true;
                    kinds::written(&self.singles[at].sigma)
                }
                Named::Correlated(at) => self.correlated[at]
                    .rule
                    .as_ref()
                    .map_or_else(Vec::new, |rule| rule.kinds.clone()),
            };
            any |= of.is_empty();
            kinds.extend(of);
        }
        kinds.sort();
        kinds.dedup();
        Ok(if any { Vec::new() } else { kinds })
    }
}

fn told(file: &Path, document: Document<'_>, why: &str) -> RuleProblem {
    let (line, column) = document.place(why);
    RuleProblem {
        file: file.to_path_buf(),
        line,
        column,
        why: in_a_line(why),
    }
}
