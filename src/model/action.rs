//! What an action declares about itself, for docs, grants, plan screen, prover and verdict.

use serde::{Deserialize, Serialize};

use super::ActionId;

/// A vendor as the register knows it.
#[derive(Clone, Copy, Debug)]
pub struct Vendor {
    /// Id, file name, mock file name, settings key: one word.
    pub id: &'static str,
    /// All it can do.
    pub actions: &'static [Action],
    /// Catalogue names of the directory's apps that sign people in here.
    pub apps: &'static [&'static str],
    /// What a release is made of: for each verb that is undone, the verbs of its chain.
    pub undone_by: &'static [(&'static str, &'static [&'static str])],
}

impl Vendor {
    /// The action with this verb.
    #[must_use]
    pub fn action(&self, verb: &str) -> Option<&'static Action> {
        self.actions.iter().find(|action| action.verb == verb)
    }

    /// The actions that a release of this verb is made of; none if it is not undone.
    pub fn undoing(&self, verb: &str) -> impl Iterator<Item = &'static Action> {
        let chains = self
            .undone_by
            .iter()
            .filter(move |(undone, _)| *undone == verb);
        chains
            .flat_map(|(_, by)| by.iter())
            .filter_map(|by| self.action(by))
    }
}

/// One thing a vendor can do to one account.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// `verb_object`, without the vendor.
    pub verb: &'static str,
    /// One line for people: what it does.
    pub does: &'static str,
    /// Permissions for the writes, in the vendor's words.
    pub needs: &'static [&'static str],
    /// Permissions for planning and proving.
    pub reads: &'static [&'static str],
    /// Settings it takes.
    pub settings: &'static [Setting],
    /// What undoing it means.
    pub undo: Undo,
    /// How it is proven.
    pub proof: Provable,
    /// Sending it again harms nobody, so that a call in doubt may be repeated unread.
    pub repeatable: bool,
    /// Its part in evicting the subject from the directory.
    pub evicts: Evicts,
    /// MITRE ATT&CK techniques it answers.
    pub attack: &'static [&'static str],
    /// MITRE D3FEND techniques it is.
    pub d3fend: &'static [&'static str],
    /// What else it touches; empty if nothing.
    pub collateral: &'static str,
    /// What still works after it was done, and until when; empty if nothing.
    pub residual: &'static [Left],
}

/// Something that still works after an action was done.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// What, in a few words.
    pub what: &'static str,
    /// When it ends.
    pub ends: Ends,
}

/// When something ends that an action does not end.
#[derive(Clone, Copy, Debug)]
pub enum Ends {
    /// By itself, at most so many minutes after the call.
    Minutes(u32),
    /// By itself, at a moment that nobody tells: "they expire".
    ByItself(&'static str),
    /// When somebody does this: "somebody looks at them".
    ByPerson(&'static str),
}

impl Left {
    /// All of it in words: "tokens of apps until they expire".
    #[must_use]
    pub fn sentence(&self) -> String {
        format!("{} until {}", self.what, self.ends.words())
    }
}

impl Ends {
    /// What follows the word "until".
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Minutes(minutes) => format!("{minutes} minutes after the call at the latest"),
            Self::ByItself(words) | Self::ByPerson(words) => words.into(),
        }
    }
}

/// One setting of an action.
#[derive(Clone, Copy, Debug)]
pub enum Setting {
    /// `name: true | false`, with its default.
    Flag(&'static str, bool),
    /// `name: one of these words`; the first is the default.
    Word(&'static str, &'static [&'static str]),
    /// `name: [id, …]`, used with `select: listed`.
    List(&'static str),
}

impl Setting {
    /// The key as written in a playbook.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Flag(name, _) | Self::Word(name, _) | Self::List(name) => name,
        }
    }
}

/// What undoing an action means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// The inverse restores what was.
    Restores,
    /// The person does it again himself (signs in, enrols).
    PersonRedoes,
    /// Gone for good.
    Never,
}

/// An action's part in evicting a subject from the directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evicts {
    /// None.
    #[default]
    No,
    /// It ends what is signed in.
    Clears,
    /// It keeps the subject from signing in again.
    Locks,
}

/// How an action can be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provable {
    /// By reading the state back.
    ByRead,
    /// By an event; without one in time it is unverifiable, for this reason.
    ByEvent(&'static str),
    /// Never, for this reason.
    Unverifiable(&'static str),
}

impl Action {
    /// Its full name at `vendor`.
    #[must_use]
    pub fn id(&self, vendor: &str) -> ActionId {
        ActionId::new(vendor, self.verb)
    }
}

/// The word among `known` that `word` most likely meant: few edits away, else none.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (edits(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 2.max(candidate.len() / 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance, by characters.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let swap = corner + usize::from(a != *b);
            corner = row[j + 1];
            row[j + 1] = swap.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_word_that_was_meant_and_nonsense_finds_none() {
        let known = ["clear_sessions", "suspend_user"];
        assert_eq!(nearest("clear_session", known), Some("clear_sessions"));
        assert_eq!(nearest("xyzzy", known), None);
    }
}
