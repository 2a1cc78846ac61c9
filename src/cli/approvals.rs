//! `--approval FILE…`: reads signed texts and makes of them a consent, or says what is missing.

use std::path::PathBuf;

use super::contain::consent_failed;
use super::exit::{Exit, Failure};
use super::setup::Workshop;
use crate::approval::{Approvers, Signed, Vote};
use crate::consent::{Asked, Consent};
use crate::model::{Plan, RunId, Source, Utc};
use crate::yaml::bounded;

/// Texts at most, and bytes of one.
const FILES_MAX: usize = 200;
const BYTES_MAX: usize = 16 * 1024;

/// What was handed in: all about one plan, each signed by whom it says.
pub(super) struct Given {
    /// The run they are about.
    pub run: RunId,
    /// The digest they are bound to.
    pub digest: String,
    /// What was decided.
    pub votes: Vec<Vote>,
}

impl Given {
    /// By which the plan is kept that contains, or gives back.
    pub(super) fn phrase(&self, what: &str) -> String {
        format!("{what} {}", &self.digest[..8])
    }
}

/// Reads the texts and checks whose they are.
///
/// # Errors
/// [`Failure`] with exit code 4 and the name of the file that is not taken.
pub(super) fn read(files: &[PathBuf], approvers: &Approvers) -> Result<Given, Failure> {
    if files.len() > FILES_MAX {
        return Err(Failure::say(Exit::Usage, "too many approvals", ""));
    }
    let mut given: Option<Given> = None;
    for file in files {
        let refused = |why: &dyn std::fmt::Display, hint: &str| {
            let what = format!("the approval {} is refused: {why}", file.display());
            Failure::say(Exit::Refused, what, hint)
        };
        let text = bounded(file, BYTES_MAX)
            .map_err(|why| refused(&format!("it cannot be read: {why}"), "name another file"))?;
        let signed = Signed::parse(&text)
            .map_err(|why| refused(&why, "pass the file as oust approve wrote it"))?;
        let vote = signed.verify(approvers).map_err(|why| {
            let hint = "`approvers:` of the config names who may sign, and with which key";
            refused(&why, hint)
        })?;
        let claims = signed.claims();
        match &mut given {
            None => {
                given = Some(Given {
                    run: claims.run.clone(),
                    digest: claims.digest.clone(),
                    votes: vec![vote],
                });
            }
            Some(all) if all.digest != claims.digest || all.run != claims.run => {
                return Err(refused(
                    &"it is about another plan than the first",
                    "pass approvals of one plan",
                ));
            }
            Some(all) => all.votes.push(vote),
        }
    }
    given.ok_or_else(|| Failure::say(Exit::Usage, "no approval was named", ""))
}

/// That there is no such plan here.
pub(super) fn no_such_plan(given: &Given) -> Failure {
    let what = format!(
        "no stored plan is the one of run {} that was approved ({}…)",
        given.run,
        &given.digest[..8]
    );
    let hint = "carry it out where oust plan made it, or with --state of there";
    Failure::say(Exit::Refused, what, hint)
}

/// The consent that these votes are, if they are enough.
///
/// # Errors
/// [`Failure`] with exit code 4 if one does not count or is a no, 5 if more have to agree.
pub(super) fn consent(
    plan: &Plan,
    votes: &[Vote],
    shop: &Workshop,
    shown_at: Utc,
) -> Result<Consent, Failure> {
    let asked = Asked {
        shown_at,
        now: shop.tools.clock.now(),
    };
    let askers = askers(plan, &shop.person);
    let given = Consent::approved(plan, votes, &shop.approvers, &askers, asked);
    given.map_err(|error| consent_failed(&error))
}

/// Those who want it done: who planned it, and who carries it out. An alert is nobody.
pub(super) fn askers<'p>(plan: &'p Plan, person: &'p str) -> Vec<&'p str> {
    match &plan.case.source {
        Source::Person(planner) => vec![planner, person],
        _ => vec![person],
    }
}
