//! What each verb is made of: plan, apply, prove and inverse side by side, one file a verb.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::Okta;
use super::answers::bounded;
use super::events::Evidence;
use super::glance::Glance;
use crate::connector::{CannotUndo, Identified, Planned, Step};
use crate::model::{
    ActionId, Applied, Case, Change, ChangeId, Found, Outcome, ProofState, Select, Skip, Target,
    Undo, Utc,
};
use crate::transport::Writer;

/// Characters of a name that somebody chose.
pub(super) const LABEL_MAX: usize = 100;

/// What a proof's read showed: the state, and by what.
pub(super) type Seen = (ProofState, String);

/// One verb.
#[async_trait]
pub(super) trait Verb: Sync {
    /// What it would change for one subject.
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned;

    /// Makes one change.
    async fn apply(&self, okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome;

    /// Reads back one change.
    async fn prove(&self, okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen;

    /// Whether the account itself, read again, proves it.
    fn is_proven_by_account(&self) -> bool {
        false
    }

    /// When the log says that one change took effect, for those that its event proves.
    async fn logged_at(&self, _e: &Evidence<'_>, _done: &Applied) -> Option<Utc> {
        None
    }

    /// The changes that undo one change.
    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo>;
}

/// What planning one step needs.
pub(super) struct Planning<'a> {
    /// The org.
    pub(super) okta: &'a Okta,
    /// Shared reads.
    pub(super) glance: &'a Glance,
    /// The step.
    pub(super) step: &'a Step,
    /// The case.
    pub(super) case: &'a Case,
    /// All who are planned for, for reads that serve several.
    pub(super) who: &'a [Identified],
}

impl Planning<'_> {
    /// A change of this step to `target`; the login goes into `before` by itself.
    pub(super) fn change(
        &self,
        who: &Identified,
        target: Target,
        sentence: String,
        before: Value,
    ) -> Change {
        let undo = super::vendor::VENDOR
            .action(self.step.action.verb())
            .map_or(Undo::Never, |action| action.undo);
        let mut state = json!({ "login": who.subject.login });
        if let (Some(state), Value::Object(more)) = (state.as_object_mut(), before) {
            state.extend(more);
        }
        Change {
            id: Change::id_of(self.step.key, &who.subject.id, &target),
            step: self.step.key,
            subject: who.subject.id.clone(),
            system: self.step.system.clone(),
            action: self.step.action.clone(),
            target,
            sentence,
            settings: self.step.settings.clone(),
            before: state,
            undo,
            made_at: None,
            found: Found::InPlan,
        }
    }

    /// Why the step's selector leaves `item` alone, and whether a person should look at it;
    /// `None` if it takes it. A thing without a date lies in no window.
    pub(super) fn not_selected(&self, item: &Value, id: &str) -> Option<(String, bool)> {
        if id.is_empty() {
            return Some(("Okta gives it no id".into(), true));
        }
        match self.step.select {
            Select::All => None,
            Select::Listed => {
                let ids = self.step.settings["ids"].as_array();
                let listed = ids.is_some_and(|ids| ids.iter().any(|each| *each == *id));
                (!listed).then(|| ("not listed".into(), false))
            }
            Select::InWindow => self.outside_window(item),
        }
    }

    /// Whether the step takes what was made in the window, and this was made before it and
    /// changed in it.
    pub(super) fn only_changed_in_window(&self, item: &Value) -> bool {
        let within = |key: &str| moment(item, key).map(|at| self.case.window.contains(at));
        self.step.select == Select::InWindow
            && within("created") == Some(false)
            && within("lastUpdated") == Some(true)
    }

    fn outside_window(&self, item: &Value) -> Option<(String, bool)> {
        let window = self.case.window;
        let within = |at: Option<Utc>| at.is_some_and(|at| window.contains(at));
        let Some(created) = moment(item, "created") else {
            return Some(("Okta gives no date".into(), true));
        };
        if window.contains(created) {
            return None;
        }
        let date = |at: Utc| at.to_string()[..10].to_owned();
        let changed = moment(item, "lastUpdated");
        Some(match changed {
            Some(changed) if within(Some(changed)) => (
                format!("from {}, but changed on {}", date(created), date(changed)),
                true,
            ),
            _ => (date(created), false),
        })
    }

    /// A word among the step's settings.
    pub(super) fn word(&self, name: &str) -> &str {
        self.step.settings[name].as_str().unwrap_or_default()
    }
}

/// A target by what Okta says of it; a label is attacker input and has no end of its own.
pub(super) fn target(kind: &str, id: &str, label: &str) -> Target {
    Target {
        kind: kind.into(),
        id: id.to_owned(),
        label: bounded(label, LABEL_MAX),
    }
}

/// A moment in an object of Okta's.
pub(super) fn moment(object: &Value, key: &str) -> Option<Utc> {
    object[key].as_str()?.parse().ok()
}

/// A flag among a change's settings, with the default that the action declares.
pub(super) fn flag(settings: &Value, name: &str, default: bool) -> bool {
    settings[name].as_bool().unwrap_or(default)
}

/// For verbs that only undo another one: a playbook cannot plan them.
pub(super) fn only_undoes(verb: &str) -> Planned {
    let why = format!("it only undoes `okta.{verb}`, by `oust release`");
    Planned::skipped(Skip::Unsupported { why })
}

/// One link of an undoing chain: `verb` on the account itself.
///
/// Its id names the verb, because the links of one chain share their target.
pub(super) fn undoing(
    done: &Change,
    verb: &str,
    sentence: &str,
    undo: Undo,
    settings: Value,
) -> Change {
    let login = super::answers::login_of(done);
    let target = Target::user(&done.subject, &login);
    let plain = Change::id_of(done.step, &done.subject, &target);
    Change {
        id: ChangeId::new(format!("{plain}/{verb}")),
        target,
        action: ActionId::new(super::vendor::VENDOR.id, verb),
        sentence: sentence.to_owned(),
        settings: settings.into(),
        before: json!({ "login": login }),
        undo,
        made_at: None,
        found: Found::InPlan,
        ..done.clone()
    }
}
