//! The desk here: decisions with an issued token, `oust freeze` and `thaw`, `oust token`.
//!
//! Whoever can write its file could do all of this without us; the file is its owner's alone. A
//! decision still needs a token, so that two of one shell are not two approvers.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::approvals::askers;
use super::args::{Global, Output, TokenCommand, TokenRole};
use super::exit::{Exit, Failure};
use super::{print, remote, say, setup, when};
use crate::approval::{Approvers, Vote, weigh};
use crate::desk::{
    Audited, Decision, Desk, Frozen, Power, ProposalState, SqliteDesk, Token, Wanted, holder,
};
use crate::given::{Clock, SystemClock};
use crate::model::{Plan, RunId, Utc};
use crate::report::escape::visible;
use crate::sqlite::FileError;

/// Where the secret of a token is looked for.
const TOKEN: &str = "OUST_TOKEN";

fn open(global: &Global) -> Result<SqliteDesk, Failure> {
    let path = SqliteDesk::beside(&setup::ledger_path(global)?);
    let desk = SqliteDesk::open(&path).map_err(failed)?;
    for note in desk.notes() {
        say(&format!(
            "! {}\n hint: {}",
            visible(&note.text),
            visible(&note.hint)
        ));
    }
    Ok(desk)
}

fn failed(error: FileError) -> Failure {
    let hint = "name another directory with --state; with --key no desk is needed to approve";
    Failure::new(Exit::NotStarted, error, hint)
}

/// Leaves a signed decision at the desk as well, if the proposal is there: a server then sees it.
pub(super) async fn note_signed(global: &Global, run: &RunId, vote: &Vote) {
    let Ok(ledger) = setup::ledger_path(global) else {
        return;
    };
    let path = SqliteDesk::beside(&ledger);
    if !path.exists() {
        return;
    }
    let noted = async {
        let desk = SqliteDesk::open(&path)?;
        if desk.proposal(run).await?.is_none() {
            return Ok(None);
        }
        let noted = desk.decide(run, &Decision::of(vote)).await?;
        let what = format!("{} {run}, signed", verb(vote.approves()));
        audit(&desk, vote.by(), what, vote.at()).await?;
        Ok::<_, FileError>(Some(noted))
    };
    match noted.await {
        Ok(None) => {}
        Ok(Some(true)) => say("the server here has it too"),
        Ok(Some(false)) => say("! the server here did not take it: it was decided already"),
        Err(error) => say(&format!(
            "! the desk here could not take it: {}",
            visible(&error.to_string())
        )),
    }
}

fn verb(approve: bool) -> &'static str {
    if approve { "approved" } else { "denied" }
}

async fn audit(desk: &dyn Desk, by: &str, what: String, at: Utc) -> Result<(), FileError> {
    let by = by.to_owned();
    desk.audit(&Audited { at, by, what }).await
}

/// Decides about a proposal with the token in the environment.
///
/// # Errors
/// [`Failure`] if there is no token, no such proposal, or he may not.
pub(super) async fn decide(
    global: &Global,
    plan: &Plan,
    rules: &Approvers,
    reason: &str,
    approve: bool,
) -> Result<Exit, Failure> {
    let desk = open(global)?;
    let now = SystemClock::new().now();
    let who = signed_in(&desk, now).await?;
    let proposal = desk.proposal(&plan.run).await.map_err(failed)?;
    let waits = proposal.filter(|one| one.state == ProposalState::Waiting);
    let Some(proposal) = waits.filter(|one| one.digest == plan.digest()) else {
        let what = format!("run {} waits for nobody's approval here", plan.run);
        return Err(Failure::say(
            Exit::Refused,
            what,
            "oust approve RUN --key FILE signs it",
        ));
    };
    let decision = Decision {
        by: who.name.clone(),
        okta_id: who.okta_id.clone(),
        approve,
        digest: proposal.digest.clone(),
        at: now,
        how: "cli".into(),
        reason: reason.to_owned(),
        signed: None,
    };
    let vote = decision
        .vote(&plan.run, rules)
        .map_err(|why| Failure::say(Exit::Refused, why, ""))?;
    let asks = askers(plan, "");
    let weighed = weigh(plan, &[vote], rules, &asks, (plan.made_at, now));
    if let Some(objection) = weighed.objections.into_iter().next() {
        return Err(Failure::say(
            Exit::Refused,
            objection,
            "ask another approver",
        ));
    }
    if !desk.decide(&plan.run, &decision).await.map_err(failed)? {
        let what = format!(
            "{} decided already, or it waits no longer",
            visible(&who.name)
        );
        return Err(Failure::say(
            Exit::Refused,
            what,
            "oust runs show tells what became of it",
        ));
    }
    let what = format!("{} {}", verb(approve), plan.run);
    audit(&desk, &who.name, what, now).await.map_err(failed)?;
    print(&format!("{} by {}", verb(approve), visible(&who.name)));
    Ok(Exit::Good)
}

async fn signed_in(desk: &dyn Desk, now: Utc) -> Result<Token, Failure> {
    let given = std::env::var(TOKEN).ok().filter(|text| !text.is_empty());
    let Some(given) = given else {
        let what = format!("neither a key nor a server nor {TOKEN} says who decides");
        let hint = "oust approve RUN --key FILE; or set `client:` in the config";
        return Err(Failure::say(Exit::Usage, what, hint));
    };
    let found = holder(desk, &SecretString::from(given), now).await;
    match found.map_err(failed)? {
        Some(token) if token.power >= Power::Approver => Ok(token),
        Some(_) => Err(Failure::say(
            Exit::Refused,
            "this token may not approve",
            "oust token add NAME --role approver gives one out that may",
        )),
        None => Err(Failure::say(
            Exit::Refused,
            format!("{TOKEN} holds no token that is known here"),
            "",
        )),
    }
}

/// `oust freeze`: at the server of `client:`, else at the desk here.
///
/// # Errors
/// [`Failure`] if it is not durable.
pub(super) fn freeze(global: &Global, reason: &str) -> Result<Exit, Failure> {
    set_frozen(global, Some(reason))
}

/// `oust thaw`.
///
/// # Errors
/// [`Failure`] if it is not durable.
pub(super) fn thaw(global: &Global) -> Result<Exit, Failure> {
    set_frozen(global, None)
}

fn set_frozen(global: &Global, reason: Option<&str>) -> Result<Exit, Failure> {
    super::runtime(true)?.block_on(async {
        // Freezing must work without a config that can be read.
        let client = setup::load_config(global)
            .ok()
            .and_then(|config| config.client);
        if let Some(client) = client {
            return remote::Server::open(&client).await?.freeze(reason).await;
        }
        let desk = open(global)?;
        let (by, at) = (setup::person(), SystemClock::new().now());
        let frozen = reason.map(|reason| Frozen {
            by: by.clone(),
            reason: reason.to_owned(),
            at,
        });
        desk.set_frozen(frozen.as_ref()).await.map_err(failed)?;
        if reason.is_none() {
            // Who thaws has looked: the hour's runs are not held against their sources any more.
            desk.clear_automatic(None).await.map_err(failed)?;
        }
        let what = match reason {
            Some("") => "froze automatic runs".to_owned(),
            Some(reason) => format!("froze automatic runs: {reason}"),
            None => "thawed automatic runs".to_owned(),
        };
        audit(&desk, &by, what, at).await.map_err(failed)?;
        print(match reason {
            Some(_) => "automatic runs are frozen; what people begin goes on. oust thaw ends it",
            None => "automatic runs go on; what sources had begun within the hour is forgotten",
        });
        Ok(Exit::Good)
    })
}

/// `oust token`.
///
/// # Errors
/// [`Failure`] if it is not durable.
pub(super) fn token(global: &Global, command: &TokenCommand) -> Result<Exit, Failure> {
    super::runtime(true)?.block_on(async {
        let desk = open(global)?;
        match command {
            TokenCommand::Add {
                name,
                role,
                expires,
                okta_id,
            } => {
                let holds = when::duration(expires).filter(|time| *time > Duration::ZERO);
                let holds = holds.ok_or_else(|| {
                    let what = format!("--expires `{}` is no duration", visible(expires));
                    Failure::say(Exit::Usage, what, "write 90d; at most 366d")
                })?;
                add(&desk, name, power(*role), holds, okta_id.as_deref()).await
            }
            TokenCommand::List => list(global, &desk).await,
            TokenCommand::Revoke { id } => revoke(&desk, id).await,
        }
    })
}

fn power(role: TokenRole) -> Power {
    match role {
        TokenRole::Viewer => Power::Viewer,
        TokenRole::Responder => Power::Responder,
        TokenRole::Approver => Power::Approver,
        TokenRole::Admin => Power::Admin,
    }
}

async fn add(
    desk: &dyn Desk,
    name: &str,
    power: Power,
    holds: Duration,
    okta_id: Option<&str>,
) -> Result<Exit, Failure> {
    let usable = |text: &str| {
        let length = text.chars().count();
        (1..=100).contains(&length) && visible(text) == text && text.trim() == text
    };
    if !usable(name) || okta_id.is_some_and(|id| !usable(id)) {
        let what = "a name and an Okta id are 1 to 100 characters on one line";
        return Err(Failure::say(Exit::Usage, what, ""));
    }
    let now = SystemClock::new().now();
    let wanted = Wanted {
        name: name.to_owned(),
        okta_id: okta_id.map(str::to_owned),
        power,
        made_at: now,
        expires_at: now.plus(holds),
    };
    let made = Token::issue(wanted);
    let (token, secret) = made.map_err(|why| Failure::say(Exit::NotStarted, why, ""))?;
    desk.add_token(&token).await.map_err(failed)?;
    let what = format!("gave out token {} ({}) to {name}", token.id, word(power));
    audit(desk, &setup::person(), what, now)
        .await
        .map_err(failed)?;
    say(&format!(
        "token {} of {name}, {}, until {}; it is shown this once:",
        token.id,
        word(power),
        token.expires_at
    ));
    print(secret.expose_secret());
    Ok(Exit::Good)
}

fn word(power: Power) -> &'static str {
    match power {
        Power::Viewer => "viewer",
        Power::Responder => "responder",
        Power::Approver => "approver",
        Power::Admin => "admin",
    }
}

async fn list(global: &Global, desk: &dyn Desk) -> Result<Exit, Failure> {
    let tokens = desk.tokens().await.map_err(failed)?;
    let now = SystemClock::new().now();
    if global.output == Output::Json {
        let each = tokens.iter().map(|token| {
            serde_json::json!({
                "id": token.id, "name": token.name, "okta_id": token.okta_id,
                "role": word(token.power), "made_at": token.made_at,
                "expires_at": token.expires_at, "revoked_at": token.revoked_at,
                "used_at": token.used_at,
            })
        });
        print(&serde_json::Value::from_iter(each).to_string());
        return Ok(Exit::Good);
    }
    if tokens.is_empty() {
        say("no tokens were given out");
    }
    for token in tokens {
        let stands = match token.revoked_at {
            Some(at) => format!("taken back {at}"),
            None if token.holds(now) => format!("until {}", token.expires_at),
            None => format!("expired {}", token.expires_at),
        };
        let used = token
            .used_at
            .map_or("never used".into(), |at| format!("used {at}"));
        let (id, name, role) = (&token.id, visible(&token.name), word(token.power));
        print(&format!("{id}  {role:<9}  {name:<24}  {stands}  {used}"));
    }
    Ok(Exit::Good)
}

async fn revoke(desk: &dyn Desk, id: &str) -> Result<Exit, Failure> {
    let now = SystemClock::new().now();
    if !desk.revoke_token(id, now).await.map_err(failed)? {
        let what = format!("there is no token {}", visible(id));
        return Err(Failure::say(
            Exit::NotStarted,
            what,
            "oust token list names them all",
        ));
    }
    let what = format!("took back token {id}");
    audit(desk, &setup::person(), what, now)
        .await
        .map_err(failed)?;
    print(&format!(
        "{id} is taken back, and whoever was signed in with it is signed out"
    ));
    Ok(Exit::Good)
}
