//! `oust approve` and `oust deny`: a person decides about a plan.
//!
//! With a key the decision is a signed text, and nothing but this machine is needed: no Okta, no
//! chat, no server. Without one it goes to the server of `client:`, or to the desk here with the
//! secret of an issued token. What it is about is shown first, from the plan itself.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use secrecy::SecretString;

use super::approvals::askers;
use super::args::{ApproveArgs, DecideArgs, Global};
use super::carry::store_failed;
use super::exit::{Exit, Failure};
use super::{desk, print, prompt, remote, request, say, setup};
use crate::approval::{Approvers, Objection, Signed, SigningKey, Statement, Vote, weigh};
use crate::config::Client;
use crate::given::{Clock, SystemClock};
use crate::ledger::Event;
use crate::model::{Plan, RunId, Utc};
use crate::report::brief;
use crate::report::escape::visible;
use crate::transport::SecretRef;
use crate::yaml::bounded;

/// Bytes of a key file, and of a typed answer, at most.
const KEY_MAX: usize = 16 * 1024;
const WORD_MAX: u64 = 256;

/// `oust approve`.
///
/// # Errors
/// [`Failure`] if nothing was decided.
pub(super) fn approve(global: &Global, args: &ApproveArgs) -> Result<Exit, Failure> {
    if let Some(path) = &args.new_key {
        return new_key(path, args.decide.by.as_deref());
    }
    decide(global, &args.decide, true)
}

/// `oust deny`.
///
/// # Errors
/// [`Failure`] if nothing was decided.
pub(super) fn deny(global: &Global, args: &DecideArgs) -> Result<Exit, Failure> {
    decide(global, args, false)
}

fn decide(global: &Global, args: &DecideArgs, approve: bool) -> Result<Exit, Failure> {
    super::runtime(true)?.block_on(async {
        let told = Told::of(global, args)?;
        match (&args.key, &told.client) {
            (Some(key), _) => by_key(global, args, &told, key, approve).await,
            (None, Some(client)) => at_server(args, client, approve).await,
            (None, None) => at_desk(global, args, &told, approve).await,
        }
    })
}

/// What the config says; whoever signs for another machine need not have one.
struct Told {
    approvers: Approvers,
    client: Option<Client>,
}

impl Told {
    fn of(global: &Global, args: &DecideArgs) -> Result<Self, Failure> {
        match setup::load_config(global) {
            Ok(config) => Ok(Self {
                approvers: config.approvers,
                client: config.client,
            }),
            Err(_) if args.key.is_some() && args.by.is_some() => Ok(Self {
                approvers: Approvers::default(),
                client: None,
            }),
            Err(failure) => Err(failure),
        }
    }
}

async fn by_key(
    global: &Global,
    args: &DecideArgs,
    told: &Told,
    key: &Path,
    approve: bool,
) -> Result<Exit, Failure> {
    let key = read_key(key)?;
    let by = signer(args, &told.approvers, &key)?;
    let plan = match &args.request {
        Some(name) => asked_for(request::read(name)?, args)?,
        None => stored(global, named_run(args)?).await?,
    };
    let now = SystemClock::new().now();
    show(&plan);
    let statement = Statement::about(&plan, approve, &by, &args.reason, now);
    let own = own_rules(&told.approvers, &by, &key);
    let text = statement.sign(&key);
    let vote = Signed::parse(&text).and_then(|signed| signed.verify(&own));
    let vote = vote.map_err(|why| Failure::say(Exit::Usage, why, "name yourself with --by"))?;
    refuse_what_does_not_count(&plan, &vote, &own, now)?;
    sure(args, approve)?;
    match &args.out {
        None => print(text.trim_end()),
        Some(path) => {
            let made = std::fs::File::create_new(path);
            let written = made.and_then(|mut file| file.write_all(text.as_bytes()));
            written.map_err(|error| {
                let what = format!("{} cannot be written: {error}", path.display());
                Failure::say(Exit::NotStarted, what, "name a file that is not there yet")
            })?;
            say(&format!(
                "signed by {}, holds until {}: {}",
                visible(&by),
                statement.expires,
                path.display()
            ));
        }
    }
    if args.request.is_none() {
        desk::note_signed(global, &plan.run, &vote).await;
    }
    Ok(Exit::Good)
}

/// What is signed here must be what others can check: with this key, under this name.
fn own_rules(approvers: &Approvers, by: &str, key: &SigningKey) -> Approvers {
    if approvers.with_key(&key.public()).is_some() {
        return approvers.clone();
    }
    Approvers {
        needed: 1,
        people: vec![crate::approval::Approver {
            name: by.to_owned(),
            key: key.public(),
            okta_id: None,
            login: None,
        }],
    }
}

fn refuse_what_does_not_count(
    plan: &Plan,
    vote: &Vote,
    rules: &Approvers,
    now: Utc,
) -> Result<(), Failure> {
    let asks = askers(plan, "");
    let weighed = weigh(
        plan,
        std::slice::from_ref(vote),
        rules,
        &asks,
        (plan.made_at, now),
    );
    // A run of long ago may go on: what holds then is judged when it does.
    let counts = |one: &Objection| matches!(one, Objection::OldPlan { .. });
    match weighed.objections.into_iter().find(|one| !counts(one)) {
        None => Ok(()),
        Some(objection) => {
            let hint = "ask another approver";
            Err(Failure::say(Exit::Refused, objection, hint))
        }
    }
}

fn read_key(path: &Path) -> Result<SigningKey, Failure> {
    let failed = |why: &str| {
        let what = format!("the key {} is refused: {why}", path.display());
        let hint = "oust approve --new-key FILE makes one";
        Failure::say(Exit::Usage, what, hint)
    };
    if let Some(why) = SecretRef::File(path.to_owned()).exposed() {
        let hint = format!(
            "chmod 600 {}; make a new one if others had it",
            path.display()
        );
        return Err(Failure::say(Exit::Usage, why, hint));
    }
    let pem = bounded(path, KEY_MAX).map_err(|why| failed(&why))?;
    SigningKey::from_pem(&SecretString::from(pem)).map_err(|error| failed(&error.to_string()))
}

fn signer(args: &DecideArgs, approvers: &Approvers, key: &SigningKey) -> Result<String, Failure> {
    let known = approvers
        .with_key(&key.public())
        .map(|one| one.name.clone());
    match (known, &args.by) {
        (Some(known), Some(by)) if known.trim().to_lowercase() != by.trim().to_lowercase() => {
            let what = format!("this key is the one of {}", visible(&known));
            Err(Failure::say(Exit::Usage, what, "leave --by out"))
        }
        (Some(known), _) => Ok(known),
        (None, Some(by)) => Ok(by.trim().to_owned()),
        (None, None) => Err(Failure::say(
            Exit::Usage,
            "no approver of the config has this key",
            "add it to `approvers:`, or name yourself with --by as the other config does",
        )),
    }
}

fn named_run(args: &DecideArgs) -> Result<RunId, Failure> {
    let named = args.run.as_deref().map(RunId::new);
    named.ok_or_else(|| Failure::say(Exit::Usage, "no run is named", "oust approve RUN"))
}

fn asked_for(plan: Plan, args: &DecideArgs) -> Result<Plan, Failure> {
    match &args.run {
        Some(run) if plan.run.as_str() != run => {
            let what = format!("the request is about run {}", visible(plan.run.as_str()));
            Err(Failure::say(
                Exit::Refused,
                what,
                "leave RUN out, or read another",
            ))
        }
        _ => Ok(plan),
    }
}

/// The plan of a run, as it was stored for consent, or as it was begun.
async fn stored(global: &Global, run: RunId) -> Result<Plan, Failure> {
    let archive = setup::ledger_only(global)?;
    if let Some(plan) = archive.plan_of_run(&run).await.map_err(store_failed)? {
        return Ok(plan);
    }
    let records = archive.records(&run).await.map_err(store_failed)?;
    let begun = records.into_iter().find_map(|record| match record.event {
        Event::Opened { plan, .. } => Some(plan),
        _ => None,
    });
    begun.map(|plan| (*plan).clone()).ok_or_else(|| {
        Failure::say(
            Exit::NotStarted,
            format!("no plan of run {} is stored here", visible(run.as_str())),
            "read it from the text of oust plan --request, with --request FILE",
        )
    })
}

/// In plain words, on stderr: stdout is for the signed text.
fn show(plan: &Plan) {
    say(&format!(
        "run {}   plan {}",
        visible(plan.run.as_str()),
        plan.digest()
    ));
    for line in brief(plan) {
        say(&format!("  {}{}", line.kind.mark(), line.text));
    }
}

/// At a terminal a person types what he is about to do.
fn sure(args: &DecideArgs, approve: bool) -> Result<(), Failure> {
    let stdin = std::io::stdin();
    if args.yes || args.request.as_deref() == Some("-") || !stdin.is_terminal() {
        return Ok(());
    }
    let word = if approve { "approve" } else { "deny" };
    prompt(&format!("Type {word} to go on: "));
    let mut typed = String::new();
    let read = stdin.lock().take(WORD_MAX).read_line(&mut typed);
    read.map_err(|error| Failure::new(Exit::Refused, error, "nothing was signed"))?;
    if typed.trim() == word {
        return Ok(());
    }
    let what = format!(
        "`{}` is not `{word}`: nothing was decided",
        visible(typed.trim())
    );
    Err(Failure::say(
        Exit::Refused,
        what,
        "run it again when you are sure",
    ))
}

async fn at_server(args: &DecideArgs, client: &Client, approve: bool) -> Result<Exit, Failure> {
    let run = named_run(args)?;
    let server = remote::Server::open(client).await?;
    let proposal = server.proposal(&run).await?;
    for line in &proposal.lines {
        say(&format!("  {line}"));
    }
    sure(args, approve)?;
    server
        .decide(&run, &proposal.digest, &args.reason, approve)
        .await
}

async fn at_desk(
    global: &Global,
    args: &DecideArgs,
    told: &Told,
    approve: bool,
) -> Result<Exit, Failure> {
    let run = named_run(args)?;
    let plan = stored(global, run).await?;
    show(&plan);
    sure(args, approve)?;
    desk::decide(global, &plan, &told.approvers, &args.reason, approve).await
}

fn new_key(path: &Path, name: Option<&str>) -> Result<Exit, Failure> {
    let failed = |why: String| {
        let what = format!("no key was made in {}: {why}", path.display());
        Failure::say(Exit::NotStarted, what, "name a file that is not there yet")
    };
    let (key, pem) = SigningKey::generate().map_err(|error| failed(error.to_string()))?;
    let made = crate::sqlite::private_file().open(path);
    let written = made.and_then(|mut file| {
        use secrecy::ExposeSecret as _;
        file.write_all(pem.expose_secret().as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| failed(error.to_string()))?;
    say(&format!(
        "{} holds the private key: keep it to yourself. For `approvers:` of the config, under \
         `people:`, with your name and Okta id:",
        path.display()
    ));
    print(&format!(
        "- {{ name: {}, public_key: {}, okta_id: 00u… }}",
        name.map_or("YOUR NAME".into(), visible),
        key.public()
    ));
    Ok(Exit::Good)
}
