//! `oust contain` and `oust plan`: plan, guard, ask, carry out, report.
//!
//! The two are one program; `plan` stops before asking. What is asked, and what answers it,
//! is decided here; what a consent covers is not (`model::plan`, `consent`).

use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::agree::{agree, no_longer, same_playbook};
use super::args::{CaseArgs, ContainArgs, Global, GoArgs, Output};
use super::carry::{From, carry_out, prove_for, store_failed};
use super::exit::{Exit, Failure};
use super::setup::{Ledger, Workshop, checked};
use super::{approvals, pick, print, request, say, show, watch, when};
use crate::approval::{Approvers, Objection};
use crate::connector::{ResolveError, System};
use crate::consent::{Asked, Consent, ConsentError};
use crate::engine::{PlanError, PlanRequest, Prepared, Projection, plan as plan_case, project};
use crate::model::{Began, Chosen, GuardName, Lift, Plan, Scope, Source, SystemId, Utc, nearest};
use crate::playbook::CheckedPlaybook;
use crate::report::escape::visible;
use crate::report::{brief_difference, prompt_line};

/// Bytes of a typed answer at most.
const WORD_MAX: u64 = 4096;

/// The playbook when none is named.
const DEFAULT_PLAYBOOK: &str = "account-takeover";

/// How long a plan that is to be carried out waits for the services once the directory's part
/// is ready: a hanging service must not shield the intruder.
const GRACE: Duration = Duration::from_secs(1);

/// The same for a plan that is only looked at.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same for a plan that nobody looks at before it is carried out: services are read while
/// Okta is written to.
const NONE: Duration = Duration::ZERO;

/// Above this many subjects services are planned in bulk, which needs the moment.
const AHEAD_MAX: usize = 20;

/// What becomes of a plan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// It is looked at.
    Look,
    /// A person reads it and agrees.
    Ask,
    /// It was agreed to beforehand.
    Write,
}

impl Next {
    /// How long a plan of so many subjects waits for the services.
    fn grace(self, services: &[System], subjects: usize) -> Duration {
        // Which of a vendor's systems somebody uses is weighed once all of them have answered.
        let mut vendors = BTreeSet::new();
        let one_each = services.iter().all(|each| vendors.insert(each.id.vendor()));
        match self {
            Self::Look => PATIENCE,
            Self::Write if one_each && subjects <= AHEAD_MAX => NONE,
            Self::Ask | Self::Write => GRACE,
        }
    }
}

/// `oust plan`: reads only; stores the plan and prints its phrase.
///
/// # Errors
/// [`Failure`] if there is no plan.
pub(super) fn plan(
    global: &Global,
    args: &CaseArgs,
    request: Option<&Path>,
) -> Result<Exit, Failure> {
    super::runtime(true)?.block_on(async {
        let shop = Workshop::open(global, Ledger::Usual).await?;
        shop.say_unfinished().await;
        let prepared = prepare(&shop, args, Next::Look).await?;
        shop.tools
            .store
            .save_plan(&prepared.plan)
            .await
            .map_err(store_failed)?;
        if let Some(path) = request {
            request::write(&prepared.plan, path)?;
        }
        let predicted = predicted(&shop, &prepared.plan);
        match global.output {
            Output::Json => print(&show::planned_json(&prepared.plan, predicted)),
            Output::Human => {
                print(&show::plan(global, &prepared.plan));
                if let Some(predicted) = &predicted {
                    print(&show::predicted(global, predicted));
                }
                print(&next_command(&prepared.plan, &shop.approvers));
            }
        }
        Ok(if stopping_guard(&prepared.plan).is_some() {
            Exit::Refused
        } else {
            Exit::Good
        })
    })
}

/// What carrying out a plan for many would take. Of a few it is over before it is read, and what
/// a guard refuses takes no time.
fn predicted(shop: &Workshop, plan: &Plan) -> Option<Projection> {
    let is_told = plan.case.subjects.len() > AHEAD_MAX && stopping_guard(plan).is_none();
    is_told.then(|| project(&shop.tools, plan)).flatten()
}

fn next_command(plan: &Plan, approvers: &Approvers) -> String {
    if let Some(next) = stopping_guard(plan) {
        return format!("a guard refuses this: {next}");
    }
    let phrase = plan.phrase();
    let own = format!("to carry it out within 15 minutes:\n  oust contain --consent \"{phrase}\"");
    if approvers.people.is_empty() {
        return own;
    }
    let people = approvers.people.iter();
    let names: Vec<String> = people.map(|one| visible(&one.name)).collect();
    format!(
        "{own}\nor within 4 hours, once {} of {} agreed, each by\n  oust approve {} --key FILE --out \
         FILE\nwith what they signed:\n  oust contain --approval FILE…",
        approvers.needed,
        names.join(", "),
        plan.run,
    )
}

/// `oust contain`.
///
/// # Errors
/// [`Failure`] with the exit code of what stopped it.
pub(super) fn contain(global: &Global, args: &ContainArgs) -> Result<Exit, Failure> {
    if args.dry_run {
        return plan(global, &args.case, None);
    }
    ready(&args.go)?;
    if args.go.consent.is_some() || !args.go.approval.is_empty() {
        pick::none_beside_a_plan(&args.case.pick)?;
    }
    let terms = args.watch.as_deref().map(watch::Terms::for_contain);
    let terms = terms.transpose()?;
    super::runtime(true)?.block_on(async {
        let ledger = Ledger::of(&args.go);
        let shop = Workshop::open(global, ledger).await?;
        // Their secrets are fetched while the plan is made.
        shop.notifier();
        shop.say_unfinished().await;
        let (prepared, consent) = match (&args.go.consent, &args.go.approval[..]) {
            (Some(phrase), _) => stored(global, &shop, &args.case, phrase).await?,
            (None, []) => fresh(global, &shop, args).await?,
            (None, files) => approved(global, &shop, &args.case, files).await?,
        };
        let Prepared { plan, snapshot, .. } = prepared;
        let Some(terms) = terms else {
            let from = From::Plan(Box::new(plan));
            return carry_out(global, &shop, from, consent, snapshot, &args.go, None).await;
        };
        watch::after(global, &shop, (plan, snapshot), consent, &args.go, terms).await
    })
}

/// What can be told before anything is opened. Without a terminal, somebody must have agreed
/// already.
pub(super) fn ready(go: &GoArgs) -> Result<(), Failure> {
    prove_for(go)?;
    let agreed = go.yes || go.consent.is_some() || !go.approval.is_empty();
    if agreed || std::io::stdin().is_terminal() {
        return Ok(());
    }
    let hint = "pass --yes, --consent with the phrase of `oust plan`, or --approval with what others \
                signed";
    Err(Failure::say(
        Exit::Usage,
        "there is no terminal to ask at",
        hint,
    ))
}

async fn prepare(shop: &Workshop, args: &CaseArgs, next: Next) -> Result<Prepared, Failure> {
    let now = shop.tools.clock.now();
    let window = when::window(
        args.since.as_deref(),
        args.until.as_deref(),
        now,
        &jiff::tz::TimeZone::system(),
    );
    let window = window.map_err(|why| Failure::say(Exit::Usage, why, ""))?;
    let playbook = checked(args.playbook.as_deref().unwrap_or(DEFAULT_PLAYBOOK))?;
    let mut chosen = pick::chosen(shop, args, window, now).await?;
    let request = asked(shop, args, next, window, &chosen)?;
    let prepared = plan_case(&shop.tools, &playbook, &shop.guards, request).await;
    let mut prepared = prepared.map_err(plan_failed)?;
    chosen.settle(&prepared.gone, prepared.plan.case.subjects.len());
    prepared.plan.findings.extend(chosen.finding);
    prepared.plan.call(&shop.owners);
    prepared.plan.case.began = Some(began(shop));
    Ok(prepared)
}

/// What is planned.
fn asked(
    shop: &Workshop,
    args: &CaseArgs,
    next: Next,
    window: Option<(Utc, Option<Utc>)>,
    who: &pick::Chosen,
) -> Result<PlanRequest, Failure> {
    Ok(PlanRequest {
        run: shop.run.clone(),
        grace: next.grace(&shop.tools.services, who.who.len()),
        who: who.who.clone(),
        may_be_gone: who.logged.keys().cloned().collect(),
        roles: who.roles.clone(),
        window,
        case_id: args.case.clone(),
        reason: args.reason.clone(),
        source: Source::Person(shop.person.clone()),
        scope: Scope {
            only: args.only.clone(),
            skip: args.skip.clone(),
        },
        lifts: lifts(&args.lift, &shop.person)?,
        warm_writes: next != Next::Look,
        identities: chosen(&args.identity)?,
        found: Vec::new(),
    })
}

/// From when on times count: the command was given.
pub(super) fn began(shop: &Workshop) -> Began {
    Began {
        at: shop.began,
        event_time: None,
    }
}

/// `LOGIN=SYSTEM=ID`
fn chosen(given: &[String]) -> Result<Vec<Chosen>, Failure> {
    let one = |text: &String| {
        let mut parts = text.rsplitn(3, '=');
        let (id, system, who) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = [id, system, who].iter().all(|part| !part.is_empty());
        whole.then(|| Chosen {
            who: who.to_owned(),
            system: SystemId::new(system),
            id: id.to_owned(),
        })
    };
    let wrong = |text: &String| {
        let what = format!("`--identity {text}` does not say whose account is which");
        let hint = "write --identity LOGIN=SYSTEM=ID, such as alex@example.com=slack=U024BE7LH";
        Failure::say(Exit::Usage, what, hint)
    };
    given
        .iter()
        .map(|text| one(text).ok_or_else(|| wrong(text)))
        .collect()
}

/// The guards that a person lifts, each for a reason.
///
/// # Errors
/// [`Failure`] for a guard that there is not, or one without a reason.
pub(super) fn lifts(given: &[String], by: &str) -> Result<Vec<Lift>, Failure> {
    let words = || GuardName::ALL.map(GuardName::word);
    given
        .iter()
        .map(|text| {
            let (name, reason) = text.split_once('=').unwrap_or((text, ""));
            let guard = GuardName::ALL
                .into_iter()
                .find(|guard| guard.word() == name);
            let Some(guard) = guard else {
                let meant = nearest(name, words()).map(|word| format!("did you mean `{word}`? "));
                let hint = format!(
                    "{}guards: {}",
                    meant.unwrap_or_default(),
                    words().join(", ")
                );
                return Err(Failure::say(
                    Exit::Usage,
                    format!("no guard is called `{name}`"),
                    hint,
                ));
            };
            if reason.trim().is_empty() {
                let what = format!("--lift {name} needs a reason");
                let hint = format!("write --lift {name}=REASON: it goes into the record");
                return Err(Failure::say(Exit::Usage, what, hint));
            }
            Ok(Lift {
                guard,
                reason: reason.trim().to_owned(),
                by: by.to_owned(),
            })
        })
        .collect()
}

pub(super) fn plan_failed(error: PlanError) -> Failure {
    let exit = match &error {
        PlanError::Nobody
        | PlanError::NoSuchSystem(_)
        | PlanError::NoSuchPlace { .. }
        | PlanError::NotAtPlace { .. }
        | PlanError::NoSuchIdentity { .. } => Exit::Usage,
        PlanError::Subject(_) | PlanError::Org(_) => Exit::NotStarted,
    };
    let hint = error.hint();
    Failure::new(exit, error, hint)
}

/// A plan made now, shown and agreed to.
async fn fresh(
    global: &Global,
    shop: &Workshop,
    args: &ContainArgs,
) -> Result<(Prepared, Consent), Failure> {
    let next = if args.go.yes { Next::Write } else { Next::Ask };
    let prepared = prepare(shop, &args.case, next).await?;
    say(&show::plan(global, &prepared.plan));
    // It is for whoever decides: who has decided already is not kept waiting for it.
    let undecided = !args.go.yes;
    if let Some(predicted) = undecided.then(|| predicted(shop, &prepared.plan)).flatten() {
        say(&show::predicted(global, &predicted));
    }
    refuse_if_guarded(global, &prepared.plan)?;
    let consent = ask(shop, &prepared.plan, prepared.plan.made_at, args.go.yes)?;
    Ok((prepared, consent))
}

pub(super) fn stopping_guard(plan: &Plan) -> Option<&str> {
    plan.guards
        .iter()
        .filter(|guard| guard.stops_run())
        .find_map(|guard| match &guard.reply {
            crate::model::GuardReply::RefusesRun { next, .. } => Some(next.as_str()),
            _ => None,
        })
}

fn refuse_if_guarded(global: &Global, plan: &Plan) -> Result<(), Failure> {
    if stopping_guard(plan).is_none() {
        return Ok(());
    }
    say(&show::refused(global, plan));
    if global.output == Output::Json {
        print(&show::planned_json(plan, None));
    }
    Err(Failure::told(Exit::Refused))
}

/// Asks at the terminal, unless `--yes` answered already.
pub(super) fn ask(
    shop: &Workshop,
    plan: &Plan,
    shown_at: Utc,
    yes: bool,
) -> Result<Consent, Failure> {
    let by = &shop.person;
    let asked = || Asked {
        shown_at,
        now: shop.tools.clock.now(),
    };
    let given = if yes {
        Consent::yes(plan, by, asked())
    } else {
        super::prompt(&prompt_line(plan));
        let mut word = String::new();
        let read = std::io::stdin().lock().take(WORD_MAX).read_line(&mut word);
        read.map_err(|error| Failure::new(Exit::Refused, error, "nothing was written"))?;
        Consent::typed(plan, &word, by, asked())
    };
    given.map_err(|error| consent_failed(&error))
}

pub(super) fn consent_failed(error: &ConsentError) -> Failure {
    let exit = match error {
        ConsentError::Unapproved { .. } => Exit::Waiting,
        _ => Exit::Refused,
    };
    let hint = match error {
        ConsentError::Unapproved { .. } => {
            "each of them runs oust approve RUN --key FILE; pass every file with --approval"
        }
        ConsentError::Objected(Objection::OldPlan { .. } | Objection::Expired { .. }) => {
            "oust plan makes a new plan, to be approved anew"
        }
        ConsentError::Objected(_) => "leave that approval out, or get it from somebody else",
        ConsentError::Denied { .. } => "talk to whoever denied it, then plan again",
        ConsentError::Mistyped { .. } => "run it again when you are sure",
        ConsentError::Foreign { .. } | ConsentError::Stale { .. } => {
            "oust plan makes a new plan and prints its phrase"
        }
        ConsentError::NotStanding { .. }
        | ConsentError::NotRecorded
        | ConsentError::OtherPlan
        | ConsentError::Spent
        | ConsentError::Over { .. } => "a person agrees to it: oust runs resume, or oust plan",
    };
    Failure::say(exit, error, hint)
}

/// The stored plan of a phrase, if nothing it binds has changed since.
async fn stored(
    global: &Global,
    shop: &Workshop,
    args: &CaseArgs,
    phrase: &str,
) -> Result<(Prepared, Consent), Failure> {
    let plan = shop
        .tools
        .store
        .plan(phrase.trim())
        .await
        .map_err(store_failed)?;
    let Some(plan) = plan else {
        let what = format!("no stored plan has the phrase `{}`", phrase.trim());
        return Err(Failure::say(
            Exit::Refused,
            what,
            "oust plan prints a plan's phrase",
        ));
    };
    if let Some(of) = &plan.gives_back {
        let what = format!("that plan gives back what {of} took: it contains nobody");
        let hint = format!("oust release --consent \"{}\"", phrase.trim());
        return Err(Failure::say(Exit::Refused, what, hint));
    }
    let asked = Asked {
        shown_at: plan.made_at,
        now: shop.tools.clock.now(),
    };
    let consent = Consent::phrase(&plan, phrase, &shop.person, asked);
    let consent = consent.map_err(|error| consent_failed(&error))?;
    hold(global, shop, args, plan, consent).await
}

/// The stored plan that signed texts approve, if enough of them do and nothing it binds has
/// changed since.
async fn approved(
    global: &Global,
    shop: &Workshop,
    args: &CaseArgs,
    files: &[PathBuf],
) -> Result<(Prepared, Consent), Failure> {
    let given = approvals::read(files, &shop.approvers)?;
    let store = &shop.tools.store;
    let plan = store
        .plan(&given.phrase("contain"))
        .await
        .map_err(store_failed)?;
    let Some(plan) = plan.filter(|plan| plan.digest() == given.digest) else {
        return Err(approvals::no_such_plan(&given));
    };
    let consent = approvals::consent(&plan, &given.votes, shop, plan.made_at)?;
    hold(global, shop, args, plan, consent).await
}

/// A stored plan that was agreed to, if the arguments mean it and nothing it binds has changed.
async fn hold(
    global: &Global,
    shop: &Workshop,
    args: &CaseArgs,
    mut plan: Plan,
    consent: Consent,
) -> Result<(Prepared, Consent), Failure> {
    agree(args, &plan)?;
    if matches!(plan.case.source, Source::Person(_)) {
        // The plan may be minutes old: this is the command that contains.
        plan.case.began = Some(began(shop));
    }
    let playbook = same_playbook(args.playbook.as_deref(), &plan)?;
    let now = again(shop, &plan, &playbook).await?;
    let differs = plan.differs_from(&now.plan);
    if !differs.is_empty() {
        return Err(no_longer(&differs.join("; ")));
    }
    say(&show::plan(global, &plan));
    for line in brief_difference(&plan, &now.plan) {
        say(&format!(
            "{}{} (since the plan)",
            line.kind.mark(),
            line.text
        ));
    }
    refuse_if_guarded(global, &plan)?;
    Ok((
        Prepared {
            plan,
            snapshot: now.snapshot,
            gone: now.gone,
        },
        consent,
    ))
}

/// The same case planned again, to see whether what the consent binds has changed.
async fn again(
    shop: &Workshop,
    plan: &Plan,
    playbook: &CheckedPlaybook,
) -> Result<Prepared, Failure> {
    let request = PlanRequest::again(plan, GRACE);
    let planned = plan_case(&shop.tools, playbook, &shop.guards, request).await;
    planned.map_err(|error| match error {
        PlanError::Subject(
            gone @ (ResolveError::Stranger { .. } | ResolveError::Several { .. }),
        ) => no_longer(&gone.to_string()),
        other => plan_failed(other),
    })
}
