//! `oust release`: plan, guard, ask, carry out: gives back what a run took.
//!
//! Which run, and what else the ledger says of its accounts, is found out here; what is given back
//! is not (`engine::release`). The link for a new password goes where this command was told and
//! nowhere else. Never carried out by a machine alone: there is no standing consent to it.

use std::path::Path;
use std::sync::Arc;

use super::args::{Global, GoArgs, Output, Password, ReleaseArgs};
use super::carry::{From, carry_out, store_failed};
use super::contain::{ask, consent_failed, lifts, ready};
use super::exit::{Exit, Failure};
use super::runs::no_such_run;
use super::secrets::Secrets;
use super::setup::{Ledger, Workshop};
use super::{approvals, print, say, show};
use crate::consent::{Asked, Consent};
use crate::engine::{ReleaseError, ReleaseRequest, Snapshot, Younger, is_refused, plan_release};
use crate::ledger::{Archive, Mode, RunRow, RunState};
use crate::model::{NewPassword, Plan, RunId, Scope, Source, UserId};

/// Gives back what a run took.
///
/// # Errors
/// [`Failure`] with the exit code of what stopped it.
pub(super) fn release(global: &Global, args: &ReleaseArgs) -> Result<Exit, Failure> {
    if args.go.no_ledger || args.go.emergency_ledger {
        let what = "a release reads in the ledger what is to be given back";
        let hint = "leave --no-ledger and --emergency-ledger out";
        return Err(Failure::say(Exit::Usage, what, hint));
    }
    if !args.dry_run {
        ready(&args.go)?;
    }
    super::runtime(true)?.block_on(async {
        let shop = Workshop::open(global, Ledger::Usual).await?;
        verify(&*shop.archive).await?;
        let stored = stored(&shop, args).await?;
        let of = match &stored {
            Some((plan, _)) => given_back(plan, args)?,
            None => which(&*shop.archive, args).await?,
        };
        let past = Past::read(&*shop.archive, &of).await?;
        if args.dry_run {
            let plan = past.plan(&shop, of, args, how(args.password)).await?;
            return look(global, &shop, &plan).await;
        }
        shop.notifier();
        let (plan, consent) = match stored {
            None => {
                let plan = past.plan(&shop, of, args, how(args.password)).await?;
                say(&show::plan(global, &plan));
                refuse(global, &plan)?;
                // Told before anybody agrees: a link that has nowhere to go would be lost.
                let secrets = secrets(&shop, &plan, args.secrets.as_deref())?;
                let asked = ask(&shop, &plan, plan.made_at, args.go.yes);
                let consent = asked.inspect_err(|_| {
                    if let Some(secrets) = &secrets {
                        secrets.discard();
                    }
                })?;
                return go(global, &shop, plan, consent, secrets, &args.go).await;
            }
            Some((plan, consent)) => {
                let now = past.plan_again(&shop, &plan).await?;
                hold(&plan, &now)?;
                say(&show::plan(global, &plan));
                refuse(global, &now)?;
                (plan, consent)
            }
        };
        let secrets = secrets(&shop, &plan, args.secrets.as_deref())?;
        go(global, &shop, plan, consent, secrets, &args.go).await
    })
}

async fn go(
    global: &Global,
    shop: &Workshop,
    plan: Plan,
    consent: Consent,
    secrets: Option<Arc<Secrets>>,
    args: &GoArgs,
) -> Result<Exit, Failure> {
    let from = From::Plan(Box::new(plan));
    carry_out(
        global,
        shop,
        from,
        consent,
        Snapshot::default(),
        args,
        secrets,
    )
    .await
}

/// Shows what it would do, stores that, and says how to go on.
async fn look(global: &Global, shop: &Workshop, plan: &Plan) -> Result<Exit, Failure> {
    shop.tools
        .store
        .save_plan(plan)
        .await
        .map_err(store_failed)?;
    let refused = is_refused(plan);
    match global.output {
        Output::Json => print(&show::planned_json(plan, None)),
        Output::Human => {
            print(&show::plan(global, plan));
            print(&match refused {
                true => show::refused(global, plan),
                false => format!(
                    "to carry it out within 15 minutes:\n  oust release --consent \"{}\"",
                    plan.phrase()
                ),
            });
        }
    }
    Ok(if refused { Exit::Refused } else { Exit::Good })
}

/// Nothing is given back on the word of a record that somebody may have changed.
async fn verify(archive: &dyn Archive) -> Result<(), Failure> {
    let verified = archive.verify(None).await.map_err(store_failed)?;
    if verified.is_good() {
        return Ok(());
    }
    let what = format!(
        "the ledger does not verify, and what a release gives back stands there: {}",
        verified.sentence()
    );
    let hint =
        "find out who changed it; what to give back has to be found in the vendors' own logs";
    Err(Failure::say(Exit::NotAllGood, what, hint))
}

/// The run that is asked for.
async fn which(archive: &dyn Archive, args: &ReleaseArgs) -> Result<RunId, Failure> {
    if let Some(id) = &args.run {
        return Ok(RunId::new(id.clone()));
    }
    let runs = archive.runs().await.map_err(store_failed)?;
    let newest = runs.into_iter().find(|run| run.gives_back.is_none());
    newest
        .map(|run| run.id)
        .ok_or_else(|| Failure::say(Exit::NotStarted, "there are no runs to give back yet", ""))
}

fn how(password: Password) -> NewPassword {
    match password {
        Password::Link => NewPassword::Link,
        Password::Temp => NewPassword::Temporary,
        Password::Mail => NewPassword::Mail,
    }
}

/// Where link or password go, if this plan brings one forth.
pub(super) fn secrets(
    shop: &Workshop,
    plan: &Plan,
    file: Option<&Path>,
) -> Result<Option<Arc<Secrets>>, Failure> {
    match password_of(shop, plan) {
        None | Some(NewPassword::Mail) => Ok(None),
        Some(NewPassword::Link | NewPassword::Temporary) => {
            Secrets::open(file).map(Arc::new).map(Some)
        }
    }
}

/// How a plan brings the person to a new password; `None` if it has no password step.
fn password_of(shop: &Workshop, plan: &Plan) -> Option<NewPassword> {
    let directory = &shop.tools.directory.directory;
    let is = |how: NewPassword| {
        plan.changes().any(|change| {
            let made = directory.password_step(change, how);
            made.is_some_and(|made| {
                (&made.action, &made.settings) == (&change.action, &change.settings)
            })
        })
    };
    [NewPassword::Link, NewPassword::Temporary, NewPassword::Mail]
        .into_iter()
        .find(|how| is(*how))
}

/// What the ledger says of a run and of its accounts since.
struct Past {
    state: RunState,
    earlier: Vec<RunState>,
    younger: Vec<Younger>,
}

impl Past {
    async fn read(archive: &dyn Archive, of: &RunId) -> Result<Self, Failure> {
        let state = archive.state(of).await.map_err(store_failed)?;
        if state.head.is_none() {
            return Err(no_such_run(of));
        }
        let rows = archive.runs().await.map_err(store_failed)?;
        let mut earlier = Vec::new();
        for row in rows
            .iter()
            .filter(|row| row.gives_back.as_ref() == Some(of))
        {
            let release = archive.state(&row.id).await.map_err(store_failed)?;
            // One that never wrote has done nothing, and never will.
            if release.wrote() || release.closed_at.is_none() {
                earlier.push(release);
            }
        }
        earlier.reverse();
        let younger = younger(archive, of, &state, &rows).await?;
        Ok(Self {
            state,
            earlier,
            younger,
        })
    }

    async fn plan(
        &self,
        shop: &Workshop,
        of: RunId,
        args: &ReleaseArgs,
        password: NewPassword,
    ) -> Result<Plan, Failure> {
        let request = ReleaseRequest {
            run: shop.run.clone(),
            of,
            state: &self.state,
            earlier: &self.earlier,
            younger: &self.younger,
            scope: Scope {
                only: args.only.clone(),
                skip: args.skip.clone(),
            },
            lifts: lifts(&args.lift, &shop.person)?,
            source: Source::Person(shop.person.clone()),
            password,
            owners: &shop.owners,
            keeps_password: false,
        };
        self.planned(shop, request).await
    }

    /// A stored plan once more, to see whether what was agreed to has changed.
    async fn plan_again(&self, shop: &Workshop, plan: &Plan) -> Result<Plan, Failure> {
        let lifted = plan.guards.iter().filter_map(|guard| guard.lifted.clone());
        let request = ReleaseRequest {
            run: plan.run.clone(),
            of: plan.gives_back.clone().unwrap_or_else(|| plan.run.clone()),
            state: &self.state,
            earlier: &self.earlier,
            younger: &self.younger,
            scope: plan.scope.clone(),
            lifts: lifted.collect(),
            source: plan.case.source.clone(),
            password: password_of(shop, plan).unwrap_or(NewPassword::Link),
            owners: &shop.owners,
            keeps_password: false,
        };
        self.planned(shop, request).await
    }

    async fn planned(&self, shop: &Workshop, request: ReleaseRequest<'_>) -> Result<Plan, Failure> {
        let mut plan = plan_release(&shop.tools, request)
            .await
            .map_err(not_planned)?;
        plan.call(&shop.owners);
        Ok(plan)
    }
}

fn not_planned(error: ReleaseError) -> Failure {
    let exit = match error {
        ReleaseError::NoSuchSystem(_) => Exit::Usage,
        _ => Exit::NotStarted,
    };
    let hint = error.hint();
    Failure::new(exit, error, hint)
}

/// Younger runs that contain one of the accounts and were not given back whole. All are looked
/// into: over the one that was left out somebody would be let in.
async fn younger(
    archive: &dyn Archive,
    of: &RunId,
    state: &RunState,
    rows: &[RunRow],
) -> Result<Vec<Younger>, Failure> {
    let Some((plan, opened)) = state.plan.as_ref().zip(state.opened_at) else {
        return Ok(Vec::new());
    };
    let mine: Vec<&UserId> = plan.case.subjects.iter().map(|who| &who.id).collect();
    let is_younger = |row: &&RunRow| {
        let after = row.opened_at > opened && row.id != *of;
        after && row.gives_back.is_none() && row.wrote
    };
    let mut younger = Vec::new();
    for row in rows.iter().filter(is_younger) {
        if is_given_back(archive, &row.id, rows).await? {
            continue;
        }
        let other = archive.state(&row.id).await.map_err(store_failed)?;
        let subjects = other.plan.iter().flat_map(|plan| &plan.case.subjects);
        let same: Vec<UserId> = subjects
            .map(|who| who.id.clone())
            .filter(|id| mine.contains(&id))
            .collect();
        if !same.is_empty() {
            younger.push(Younger {
                run: row.id.clone(),
                subjects: same,
            });
        }
    }
    younger.reverse();
    Ok(younger)
}

/// A release that was left unfinished is not gone on with over the head of a run that has contained
/// one of its accounts since.
///
/// # Errors
/// [`Failure`] that names that run.
pub(super) async fn refuse_if_contained_again(
    archive: &dyn Archive,
    release: &RunId,
    state: &RunState,
) -> Result<(), Failure> {
    let rows = archive.runs().await.map_err(store_failed)?;
    let younger = younger(archive, release, state, &rows).await?;
    let Some(last) = younger.last() else {
        return Ok(());
    };
    let what = format!(
        "{release} gives an account back that {} has contained since: it is not gone on with",
        last.run
    );
    let hint = format!(
        "what {} took is given back by oust release {}",
        last.run, last.run
    );
    Err(Failure::say(Exit::Refused, what, hint))
}

/// Whether a release gave all of it back, no system left out.
async fn is_given_back(
    archive: &dyn Archive,
    run: &RunId,
    rows: &[RunRow],
) -> Result<bool, Failure> {
    let good = rows.iter().filter(|row| {
        row.gives_back.as_ref() == Some(run) && row.verdict.as_deref() == Some("released")
    });
    for row in good {
        let state = archive.state(&row.id).await.map_err(store_failed)?;
        let whole = state
            .plan
            .as_ref()
            .is_some_and(|plan| plan.left_out.is_empty());
        if whole && state.mode == Some(Mode::Release) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Refused by a guard as a whole, or because nothing is left that none refuses.
fn refuse(global: &Global, plan: &Plan) -> Result<(), Failure> {
    if !is_refused(plan) {
        return Ok(());
    }
    say(&show::refused(global, plan));
    if global.output == Output::Json {
        print(&show::planned_json(plan, None));
    }
    Err(Failure::told(Exit::Refused))
}

/// The stored plan that was agreed to beforehand, if one was.
async fn stored(shop: &Workshop, args: &ReleaseArgs) -> Result<Option<(Plan, Consent)>, Failure> {
    let now = shop.tools.clock.now();
    let store = &shop.tools.store;
    if let Some(phrase) = &args.go.consent {
        let plan = store.plan(phrase.trim()).await.map_err(store_failed)?;
        let Some(plan) = plan else {
            let what = format!("no stored plan has the phrase `{}`", phrase.trim());
            let hint = "oust release RUN --dry-run prints a plan's phrase";
            return Err(Failure::say(Exit::Refused, what, hint));
        };
        let asked = Asked {
            shown_at: plan.made_at,
            now,
        };
        let consent = Consent::phrase(&plan, phrase, &shop.person, asked);
        let consent = consent.map_err(|error| consent_failed(&error))?;
        return Ok(Some((plan, consent)));
    }
    if args.go.approval.is_empty() {
        return Ok(None);
    }
    let given = approvals::read(&args.go.approval, &shop.approvers)?;
    let plan = store
        .plan(&given.phrase("release"))
        .await
        .map_err(store_failed)?;
    let Some(plan) = plan.filter(|plan| plan.digest() == given.digest) else {
        return Err(approvals::no_such_plan(&given));
    };
    let consent = approvals::consent(&plan, &given.votes, shop, plan.made_at)?;
    Ok(Some((plan, consent)))
}

/// The run that a stored plan gives back; what else is given must agree with it.
fn given_back(plan: &Plan, args: &ReleaseArgs) -> Result<RunId, Failure> {
    let Some(of) = &plan.gives_back else {
        let what = "that plan contains: it gives nothing back";
        let hint = format!("oust contain --consent \"{}\"", plan.phrase());
        return Err(Failure::say(Exit::Refused, what, hint));
    };
    let differs = |given: &[String], planned: &[String]| {
        let mut given: Vec<&String> = given.iter().collect();
        let mut planned: Vec<&String> = planned.iter().collect();
        given.sort();
        planned.sort();
        !given.is_empty() && given != planned
    };
    let lifted = |text: &String| {
        let name = text.split('=').next().unwrap_or_default();
        let mut guards = plan.guards.iter();
        guards.any(|guard| guard.name.word() == name && guard.lifted.is_some())
    };
    let told = [
        (
            args.run.as_ref().is_some_and(|run| run != of.as_str()),
            "the run",
        ),
        (args.last, "--last"),
        (differs(&args.only, &plan.scope.only), "--only"),
        (differs(&args.skip, &plan.scope.skip), "--skip"),
        (!args.lift.iter().all(lifted), "--lift"),
    ];
    match told.into_iter().find(|(disagrees, _)| *disagrees) {
        None => Ok(of.clone()),
        Some((_, what)) => Err(Failure::say(
            Exit::Refused,
            format!("{what} does not agree with the stored plan"),
            "leave it out, or plan again",
        )),
    }
}

/// A stored plan, if nothing that was agreed to has changed.
fn hold(plan: &Plan, now: &Plan) -> Result<(), Failure> {
    let mut differs = plan.differs_from(now);
    for one in &mut differs {
        if one.contains("playbook") {
            "what can be given back has changed".clone_into(one);
        }
    }
    if differs.is_empty() {
        return Ok(());
    }
    let what = format!("the plan no longer holds: {}", differs.join("; "));
    let hint = "oust release RUN --dry-run makes a new plan";
    Err(Failure::say(Exit::Refused, what, hint))
}
