//! `oust sandbox`: the mock vendors on loopback, to learn and rehearse on.
//!
//! The mocks run as a child process with throwaway keys; this process writes a config for them
//! and says what to try. `drill` runs the real `contain` as a second child against them, while
//! the attacker fights back, and then asks the mocks what he still holds. The only file that
//! names the mocks; nothing here can make a writer.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::args::Global;
use super::exit::{Exit, Failure};
use super::sandbox_alert::{self, AlertArgs};
use super::sandbox_home::{Home, ToldService};
use super::sandbox_strike::{self, StrikeArgs};
use super::{print, say};
use crate::model::count;

/// How the sandbox behaves.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SandboxArgs {
    /// What to run.
    #[command(subcommand)]
    pub command: Option<SandboxCommand>,
    /// How the mocks behave.
    #[command(flatten)]
    pub mocks: MockArgs,
    /// Where config, key and state go [default: a new directory for temporary files]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// How the mocks behave.
#[derive(Clone, Debug, Args)]
pub struct MockArgs {
    /// An attacker who signs in again, enrols factors and mints tokens while he can
    #[arg(long)]
    pub attacker: bool,
    /// How long every answer takes
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub latency_ms: u64,
    /// Faults, such as `POST suspend#1=cut_after_effect`
    #[arg(long, value_name = "LIST", default_value = "")]
    pub faults: String,
    /// The port; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
}

/// What to run in the sandbox.
#[derive(Clone, Debug, Subcommand)]
pub enum SandboxCommand {
    /// The main job, for real, against the mocks: contains alex while the attacker fights back
    Drill(DrillArgs),
    /// Sends an alert about alex to `oust serve`, as a SIEM would
    Alert(AlertArgs),
    /// Undoes what was contained, as an import, an administrator or the intruder would
    Strike(StrikeArgs),
    /// The mocks themselves, told about on stdout
    #[command(hide = true)]
    Serve(MockArgs),
}

/// How the drill runs.
#[derive(Clone, Debug, Args)]
pub struct DrillArgs {
    /// How long every answer takes
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub latency_ms: u64,
    /// Faults, such as `POST suspend#1=cut_after_effect`
    #[arg(long, value_name = "LIST", default_value = "")]
    pub faults: String,
    /// Where the report's files go
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub report: PathBuf,
}

/// Runs the sandbox, the drill or the mocks.
///
/// # Errors
/// If the mocks cannot be started.
pub fn run(global: &Global, args: &SandboxArgs) -> Result<Exit, Failure> {
    match &args.command {
        Some(SandboxCommand::Serve(mocks)) => serve(mocks),
        Some(SandboxCommand::Drill(drill)) => run_drill(drill),
        Some(SandboxCommand::Alert(args)) => sandbox_alert::alert(global, args),
        Some(SandboxCommand::Strike(args)) => sandbox_strike::strike(global, args),
        None => stay(args),
    }
}

/// What the mocks tell about themselves, one JSON line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) url: String,
    pub(super) client_id: String,
    pub(super) reader_client_id: String,
    pub(super) private_key_pem: String,
    pub(super) kid: String,
    pub(super) quarantine_group: String,
    pub(super) victim: String,
    /// The services behind Okta.
    pub(super) services: Vec<ToldService>,
}

/// What the mocks know to be true, one JSON line for each line on their stdin.
#[derive(Debug, Serialize, Deserialize)]
struct Truth {
    holds: Vec<String>,
    moves: std::collections::BTreeMap<String, u32>,
}

fn serve(args: &MockArgs) -> Result<Exit, Failure> {
    let runtime = super::runtime(false)?;
    runtime.block_on(async {
        let options = oust_mocks::SandboxOptions {
            port: args.port,
            latency_ms: args.latency_ms,
            attacker: args.attacker,
            faults: args.faults.clone(),
            seed: 0,
            without: unreachable(),
        };
        let open = oust_mocks::serve(options).await;
        let open = open.map_err(|error| Failure::new(Exit::Usage, error, ""))?;
        let told = Told {
            url: open.server.url(),
            client_id: open.client_id.clone(),
            reader_client_id: open.reader_client_id.clone(),
            private_key_pem: open.private_key_pem.clone(),
            kid: open.kid.clone(),
            quarantine_group: open.quarantine_group.clone(),
            victim: open.victim.clone(),
            services: services_of(&open),
        };
        print(&serde_json::to_string(&told).expect("plain text always serialises"));
        // Lives as long as its parent holds stdin open.
        let (ask, mut asked) = tokio::sync::mpsc::channel::<()>(1);
        std::thread::spawn(move || {
            for _line in std::io::stdin().lock().lines().map_while(Result::ok) {
                if ask.blocking_send(()).is_err() {
                    return;
                }
            }
        });
        while asked.recv().await.is_some() {
            let truth = truth_of(&open);
            print(&serde_json::to_string(&truth).expect("plain text always serialises"));
        }
        Ok(Exit::Good)
    })
}

/// The mock services that no connector reaches.
fn unreachable() -> Vec<String> {
    let services = oust_mocks::range::SYSTEMS[1..].iter();
    services
        .filter(|system| {
            !crate::connectors::REGISTER
                .iter()
                .any(|row| row.vendor.id == **system)
        })
        .map(|system| (*system).to_owned())
        .collect()
}

/// The connectors that reach the mock services, with their secrets apart.
fn services_of(open: &oust_mocks::Sandbox) -> Vec<ToldService> {
    let oust_mocks::Sandbox {
        m365,
        google,
        slack,
        salesforce,
        github,
        gtr,
        aws,
        ..
    } = open;
    vec![
        ToldService::new(
            json!({
                "vendor": "m365", "tenant": m365.tenant, "client_id": m365.client_id,
                "login_url": m365.login_url, "graph_url": m365.graph_url,
            }),
            &[("client_secret", &m365.secret)],
        ),
        ToldService::new(
            json!({
                "vendor": "google", "client_email": google.service_account,
                "key_id": google.key_id, "admin": google.admin,
                "api_url": google.api_url, "token_url": google.token_url,
            }),
            &[("private_key", &google.private_key_pem)],
        ),
        ToldService::new(
            json!({
                "vendor": "salesforce", "client_id": salesforce.client_id,
                "username": salesforce.username, "instance_url": salesforce.instance_url,
                "login_url": salesforce.login_url,
            }),
            &[("private_key", &salesforce.private_key_pem)],
        ),
        ToldService::new(
            json!({ "vendor": "slack", "api_url": slack.api_url, "scim_url": slack.scim_url }),
            &[("token", &slack.token)],
        ),
        ToldService::new(
            json!({
                "vendor": "github", "org": github.org, "app_id": github.app_id,
                "api_url": github.api_url, "graphql_url": github.graphql_url,
            }),
            &[("private_key", &github.private_key_pem)],
        ),
        ToldService::new(
            json!({
                "vendor": "gtr", "url": gtr.url, "format": "opaque",
                "auth": { "issuer": gtr.issuer, "key_id": gtr.key_id },
            }),
            &[("auth.private_key", &gtr.private_key_pem)],
        )
        .reached_by(&gtr.app),
        ToldService::new(
            accounts_of(aws),
            &[
                ("auth.access_key_id", &aws.access_key_id),
                ("auth.secret_access_key", &aws.secret_access_key),
            ],
        ),
    ]
}

/// Two accounts and the Identity Center: three systems.
fn accounts_of(aws: &oust_mocks::sandbox::AwsAccess) -> serde_json::Value {
    let accounts = aws.accounts.iter();
    let accounts: Vec<serde_json::Value> = accounts
        .map(|(id, role)| json!({ "id": id, "role_arn": role }))
        .collect();
    let url = |service: &str| format!("{}/{service}", aws.url);
    json!({
        "vendor": "aws", "auth": {}, "accounts": accounts,
        "identity_center": { "role_arn": aws.management_role }, "scp": aws.scp,
        "iam_url": url("iam"), "sts_url": url("sts"), "cloudtrail_url": url("cloudtrail"),
        "sso_admin_url": url("sso"), "identitystore_url": url("identitystore"),
        "organizations_url": url("organizations"),
    })
}

fn truth_of(open: &oust_mocks::Sandbox) -> Truth {
    let range = open.server.range();
    let holds = range.holds(&open.victim);
    let moves = range.attacker.as_ref().map(|attacker| {
        attacker
            .moves
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    });
    Truth {
        holds,
        moves: moves.unwrap_or_default(),
    }
}

/// The mocks as a child process; killed when dropped.
struct Mocks {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    told: Told,
}

impl Mocks {
    fn start(args: &MockArgs) -> Result<Self, Failure> {
        let mut command = this_program()?;
        command.args([
            "sandbox",
            "serve",
            "--latency-ms",
            &args.latency_ms.to_string(),
        ]);
        command.args(["--port", &args.port.to_string()]);
        if args.attacker {
            command.arg("--attacker");
        }
        if !args.faults.is_empty() {
            command.args(["--faults", &args.faults]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| not_started(&error))?;
        let stdin = child.stdin.take().expect("stdin is piped");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let told = read_line(&mut stdout)?;
        Ok(Self {
            child,
            stdin,
            stdout,
            told,
        })
    }

    fn truth(&mut self) -> Result<Truth, Failure> {
        writeln!(self.stdin, "truth").map_err(|error| not_started(&error))?;
        read_line(&mut self.stdout)
    }
}

impl Drop for Mocks {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_line<T: serde::de::DeserializeOwned>(from: &mut impl BufRead) -> Result<T, Failure> {
    let mut line = String::new();
    from.read_line(&mut line)
        .map_err(|error| not_started(&error))?;
    serde_json::from_str(&line).map_err(|_| {
        let hint = "what the mocks said on stderr stands above";
        Failure::say(Exit::NotStarted, "the mock vendors did not start", hint)
    })
}

fn not_started(error: &std::io::Error) -> Failure {
    Failure::say(
        Exit::NotStarted,
        format!("the mock vendors cannot be started: {error}"),
        "",
    )
}

fn this_program() -> Result<Command, Failure> {
    let path = std::env::current_exe().map_err(|error| not_started(&error))?;
    Ok(Command::new(path))
}

/// Starts the mocks, says what to try, and stays until Ctrl-C.
fn stay(args: &SandboxArgs) -> Result<Exit, Failure> {
    let mocks = Mocks::start(&args.mocks)?;
    let home = Home::lay(args.dir.as_deref(), &mocks.told)?;
    let (config, state) = (home.config.display(), home.state.display());
    let victim = &mocks.told.victim;
    let settings = format!("--config {config} --state {state}");
    print(&format!(
        "Mock vendors at {} (Ctrl-C ends them). Nothing here is real.\n\
         {victim} was taken over 78 minutes ago. Try, in another terminal:\n\n  \
         export OUST_CONFIG={config} OUST_STATE={state}\n  \
         oust plan {victim} --since 2h\n  \
         oust contain {victim} --since 2h\n  \
         oust runs list\n\n\
         or in one line: oust contain {victim} --since 2h --yes {settings}\n\n\
         What was contained comes back; watch it, and strike in another terminal:\n\n  \
         oust watch --last --for 30m --yes\n  \
         oust sandbox strike import           (or: unsuspend, slack, aws; --help has them all)\n\n\
         From alert to containment, with the same two variables, each in a terminal of its own:\n\n  \
         oust token add you --role approver   (prints what you sign in with)\n  \
         oust serve                           (then open what it says in a browser)\n  \
         oust sandbox alert                   (what a SIEM would send)",
        mocks.told.url,
    ));
    let runtime = super::runtime(false)?;
    runtime.block_on(async {
        let mut asked = super::stop::on_ctrl_c();
        let _ = asked.changed().await;
    });
    Ok(Exit::Good)
}

fn run_drill(args: &DrillArgs) -> Result<Exit, Failure> {
    let mut mocks = Mocks::start(&MockArgs {
        attacker: true,
        latency_ms: args.latency_ms,
        faults: args.faults.clone(),
        port: 0,
    })?;
    let home = Home::lay(None, &mocks.told)?;
    let victim = mocks.told.victim.clone();
    let before = mocks.truth()?;
    say("Drill on mock vendors: nothing here is real, everything else is.");
    say(&format!(
        "before: the intruder holds {} of {victim}",
        count(before.holds.len(), "thing")
    ));
    say(&format!(
        "$ oust contain {victim} --since 2h --case DRILL --yes\n"
    ));
    let mut contain = this_program()?;
    contain.args([
        "contain", &victim, "--since", "2h", "--case", "DRILL", "--yes",
    ]);
    contain
        .arg("--config")
        .arg(&home.config)
        .arg("--state")
        .arg(&home.state);
    contain.arg("--report").arg(&args.report);
    let ended = contain.status().map_err(|error| not_started(&error))?;
    let after = mocks.truth()?;
    say("");
    tell(&after);
    home.remove();
    let good = ended.success() && after.holds.is_empty();
    Ok(if good { Exit::Good } else { Exit::NotAllGood })
}

fn tell(after: &Truth) {
    let moves =
        |name: &str, unit: &str| count(after.moves.get(name).copied().unwrap_or(0) as usize, unit);
    say(&format!(
        "the intruder meanwhile: signed in {}, enrolled {}, minted {}, was refused {}",
        moves("sign_in", "time"),
        moves("enrol_factor", "factor"),
        moves("mint_token", "token"),
        moves("refused", "time"),
    ));
    if after.holds.is_empty() {
        say("the mock vendors' own word: he holds nothing any more");
    } else {
        say(&format!(
            "the mock vendors' own word: he still holds {}",
            after.holds.join(", ")
        ));
    }
}
