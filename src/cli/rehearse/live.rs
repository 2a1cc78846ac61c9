//! `oust rehearse --live`: contains the canary for real, measures, gives it back, and looks whether
//! it is as it was.
//!
//! One consent covers both halves: what the person is shown and agrees to says that the canary is
//! given back at once. The release is an ordinary run with guards, ledger and proofs, but for the
//! password: nobody else ever knew a canary's, and with a new one it would wait for its owner in a
//! status that cannot be suspended next quarter. That is recorded as a lifted guard.
//!
//! Whatever the containment came to, the canary is given back; only a run that its person stopped is
//! left, because what it did is not certain before it was resumed.

use std::time::Duration;

use super::{DEFAULT_PLAYBOOK, ask, open, tell};
use crate::cli::args::{Global, RehearseArgs};
use crate::cli::carry::{From, carried};
use crate::cli::contain::{ask as ask_for_consent, began, plan_failed, ready};
use crate::cli::exit::{Exit, Failure};
use crate::cli::setup::{Ledger, Workshop, checked};
use crate::cli::{notices, say, show, stop};
use crate::consent::{Asked, Consent};
use crate::engine::{
    Ended, Prepared, RehearseAsk, Rehearsed, ReleaseRequest, Snapshot, canary, is_refused,
    plan_release, rehearse as rehearse_case,
};
use crate::ledger::RunState;
use crate::model::{
    Finding, GuardName, LIVE_REHEARSAL, Lift, NewPassword, Plan, RunId, Scope, Severity, Source,
    Undo, Verdict,
};
use crate::playbook::CheckedPlaybook;
use crate::rehearsals::{Kind, Live, Measured, Rehearsal};

/// What was made on the canary so shortly before goes, as in an incident: a factor that is enrolled
/// just before the rehearsal shows whether factors can be deleted. Everything older stays.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// How often the canary is looked at afterwards, and how long is waited in between.
const LOOKS_MAX: u32 = 3;
const QUOTA_WINDOW: Duration = Duration::from_secs(61);

/// Why the password stays.
const KEEPS_PASSWORD: &str = "canary of a live rehearsal: nobody else ever knew its password";

pub(super) async fn live(global: &Global, args: &RehearseArgs) -> Result<Exit, Failure> {
    if args.go.no_ledger || args.go.emergency_ledger {
        let what = "a live rehearsal gives the canary back by the ledger";
        let hint = "leave --no-ledger and --emergency-ledger out";
        return Err(Failure::say(Exit::Usage, what, hint));
    }
    if args.go.consent.is_some() || !args.go.approval.is_empty() {
        let what = "a live rehearsal is agreed to where it is made";
        return Err(Failure::say(
            Exit::Usage,
            what,
            "type the word it asks for, or pass --yes",
        ));
    }
    ready(&args.go)?;
    let shop = Workshop::open(global, Ledger::Usual).await?;
    let kept = open(global)?;
    let Some(named) = shop.canary.clone() else {
        let what = "the config names no `canary`, and nobody else is ever contained by a rehearsal";
        let hint = "add `canary: LOGIN` of an account made for it: docs/rehearse.md";
        return Err(Failure::say(Exit::Usage, what, hint));
    };
    shop.notifier();
    shop.say_unfinished().await;
    let playbook = checked(args.playbook.as_deref().unwrap_or(DEFAULT_PLAYBOOK))?;
    let before = planned(&shop, args, &playbook, named, Kind::Live).await?;
    let Rehearsed {
        mut rehearsal,
        prepared: Prepared {
            mut plan, snapshot, ..
        },
    } = before;
    plan.case.began = Some(began(&shop));
    if let Some((why, hint)) = canary::unfit(&plan, &rehearsal) {
        return Err(Failure::say(Exit::Refused, why, hint));
    }
    say(&show::plan(global, &plan));
    for line in told_before(&plan) {
        say(&line);
    }
    let consent = ask_for_consent(&shop, &plan, plan.made_at, args.go.yes)?;
    let who = rehearsal.subject.id.clone();
    let stood = canary::standing(&shop.tools, &who).await;

    let from = From::Plan(Box::new(plan.clone()));
    let (run, ended) = carried(
        global,
        &shop,
        from,
        consent,
        snapshot,
        &args.go,
        (stop::on_ctrl_c(), None),
    )
    .await?;
    let state = run.state();
    let report = show::report(&state, true);
    notices::ended(&shop, &plan, &report, ended).await;
    if ended == Ended::Stopped {
        let what = format!(
            "stopped: the canary {} is not given back",
            rehearsal.subject.login
        );
        let hint = format!(
            "oust runs resume {run}, then oust release {run}",
            run = plan.run
        );
        return Err(Failure::say(Exit::Stopped, what, hint));
    }
    let mut findings = std::mem::take(&mut rehearsal.findings);
    findings.extend(canary::failed(&state, report.verdict == Verdict::Contained));
    let release = give_back(global, &shop, args, &plan, &state).await;
    let mut live = Live {
        run: plan.run.clone(),
        contained: report.verdict.word().to_owned(),
        release: None,
        released: String::new(),
        measured: Measured {
            first_write_ms: report.timings.first_write_ms,
            evicted_ms: report.timings.evicted_ms,
            contained_ms: report.timings.contained_ms,
            proven_ms: report.timings.proven_ms,
        },
        not_as_before: Vec::new(),
        learnt: canary::learnt(&shop.tools, &state).await,
    };
    match release {
        Ok((run, verdict)) => {
            if verdict != Verdict::Released {
                let text = format!("the release of the canary is {}", verdict.word());
                let hint = format!("oust runs show {run}, then oust runs resume {run}");
                findings.push(high("not_released", text, hint));
            }
            live.release = Some(run);
            live.released = verdict.word().to_owned();
        }
        Err(why) => {
            let hint = format!("give it back by hand: oust release {}", plan.run);
            findings.push(high(
                "not_released",
                format!("the canary was not given back: {why}"),
                hint,
            ));
        }
    }
    let again = look_again(&shop, args, &playbook, who.as_str()).await;
    let differs = match again {
        Ok(now) => {
            let stands = canary::standing(&shop.tools, &who).await;
            let taken = canary::taken(&plan);
            let since = plan.case.window.start;
            let mut differs = canary::differs(&stood, &stands, &taken, since);
            differs.extend(canary::not_given_back(&rehearsal, &now.rehearsal));
            differs
        }
        Err(failure) => {
            let why = failure
                .error
                .map_or_else(String::new, |error| format!("{error:#}"));
            vec![format!("nothing could be read again: {why}")]
        }
    };
    if !differs.is_empty() {
        let text = format!("the canary is not as it was: {}", differs.join("; "));
        findings.push(high("not_as_before", text, String::new()));
    }
    live.not_as_before = differs;
    rehearsal.verdict = Rehearsal::judge(&findings);
    rehearsal.findings = findings;
    rehearsal.live = Some(live);
    tell(global, args, &kept, &rehearsal).await
}

fn high(id: &str, text: String, hint: String) -> Finding {
    Finding {
        severity: Severity::High,
        id: id.to_owned(),
        text,
        hint,
    }
}

/// The containment as it would be now, of an account.
async fn planned(
    shop: &Workshop,
    args: &RehearseArgs,
    playbook: &CheckedPlaybook,
    who: String,
    kind: Kind,
) -> Result<Rehearsed, Failure> {
    let mut ask: RehearseAsk = ask(shop, args, who, kind);
    let now = shop.tools.clock.now();
    ask.request.window = Some((now.minus(WINDOW), None));
    ask.request.warm_writes = kind == Kind::Live;
    ask.request.reason = Some(LIVE_REHEARSAL.into());
    let rehearsed = rehearse_case(&shop.tools, playbook, &shop.guards, ask).await;
    rehearsed.map_err(plan_failed)
}

/// The same account planned anew. What was not read is asked for again after the window of a rate
/// limit: a rehearsal asks more of an org than an incident does.
async fn look_again(
    shop: &Workshop,
    args: &RehearseArgs,
    playbook: &CheckedPlaybook,
    who: &str,
) -> Result<Rehearsed, Failure> {
    let mut now = planned(shop, args, playbook, who.to_owned(), Kind::Dry).await?;
    for _ in 1..LOOKS_MAX {
        if canary::unread(&now.rehearsal).is_empty() {
            break;
        }
        say("not all systems could be read again; looking once more in a minute");
        shop.tools.clock.sleep(QUOTA_WINDOW).await;
        now = planned(shop, args, playbook, who.to_owned(), Kind::Dry).await?;
    }
    Ok(now)
}

/// What the person agrees to beside the plan.
fn told_before(plan: &Plan) -> Vec<String> {
    let mut told = vec![
        String::new(),
        "This is a rehearsal: the canary is contained for real, and given back at once; its password \
         stays."
            .to_owned(),
    ];
    let lost = plan
        .changes()
        .filter(|change| change.undo != Undo::Restores)
        .count();
    if lost > 0 {
        told.push(format!(
            "! {} above we do not undo: what they end is missing on the canary afterwards",
            crate::model::count(lost, "change")
        ));
    }
    told
}

/// The release, as an ordinary run of its own.
async fn give_back(
    global: &Global,
    shop: &Workshop,
    args: &RehearseArgs,
    plan: &Plan,
    state: &RunState,
) -> Result<(RunId, Verdict), String> {
    let run = shop.another_run();
    let by = &shop.person;
    let request = ReleaseRequest {
        run: run.clone(),
        of: plan.run.clone(),
        state,
        earlier: &[],
        younger: &[],
        scope: Scope::default(),
        lifts: vec![Lift {
            guard: GuardName::PasswordFirst,
            reason: KEEPS_PASSWORD.to_owned(),
            by: by.clone(),
        }],
        source: Source::Person(by.clone()),
        password: NewPassword::Link,
        owners: &shop.owners,
        keeps_password: true,
    };
    let release = plan_release(&shop.tools, request);
    let release = release.await.map_err(|error| error.to_string())?;
    say(&show::plan(global, &release));
    if is_refused(&release) {
        return Err(show::refused(global, &release));
    }
    let asked = Asked {
        shown_at: release.made_at,
        now: shop.tools.clock.now(),
    };
    // Agreed to with the containment: the two are one rehearsal.
    let consent = Consent::yes(&release, by, asked).map_err(|error| error.to_string())?;
    let from = From::Plan(Box::new(release));
    let carried = carried(
        global,
        shop,
        from,
        consent,
        Snapshot::default(),
        &args.go,
        (stop::on_ctrl_c(), None),
    )
    .await;
    let (run_of, ended) = carried.map_err(|failure| {
        failure
            .error
            .map_or_else(String::new, |error| format!("{error:#}"))
    })?;
    notices::ended_so(shop, &run_of.state(), ended).await;
    match ended {
        Ended::Closed(verdict) => Ok((run, verdict)),
        Ended::Stopped => Err(format!("stopped by its person: oust runs resume {run}")),
    }
}
