//! The command line as people type it.

mod check;
mod pick;
mod rehearse;
mod release;
mod watch;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use check::CheckArgs;
pub use pick::PickArgs;
pub use rehearse::RehearseArgs;
pub use release::{Password, ReleaseArgs};
pub use watch::WatchArgs;

/// The kill switch of an Okta incident: contains a stolen account, and proves it.
#[derive(Debug, Parser)]
#[command(
    name = "oust",
    version,
    propagate_version = false,
    max_term_width = 100
)]
#[command(
    after_help = "Exit codes: 0 all good · 1 could not start · 2 usage, config or playbook · \
3 not all good · 4 refused, nothing written · 5 waiting for approval · 6 stopped with writes made: resume it.\n\
Try it on nothing real: oust sandbox drill"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// For every command.
    #[command(flatten, next_help_heading = "For every command")]
    pub global: Global,
}

/// For every command.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// The config file [default: oust/oust.yaml in the user's config directory]
    #[arg(long, global = true, value_name = "FILE", env = "OUST_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where ledger and plans are kept [default: oust in the user's state directory]
    #[arg(long, global = true, value_name = "DIR", env = "OUST_STATE")]
    pub state: Option<PathBuf>,
    /// What goes to stdout: text for people, or one JSON report
    #[arg(
        long, global = true, value_enum, default_value_t = Output::Human,
        value_name = "human|json", hide_possible_values = true
    )]
    pub output: Output,
    /// No colour, and plain lines instead of a live tree
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Tell on stderr which files are used; twice for every request and its answer
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// What goes to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Text for people.
    Human,
    /// One JSON report.
    Json,
}

/// What a person needs at 03:00.
const CONTAIN_EXAMPLES: &str = "\
Shows what it would do and asks; nothing is written before the answer.
  oust contain alex@contoso.example --since 13:30 --case INC-2231
  oust contain --subjects list.txt --since 2h --yes
  oust contain --group 00g1emaKYZTWRYYRRTSK --since 2h        all members
  oust contain --from-log ip:203.0.113.0/24 --since 09:00     who signed in from there
  oust contain --consent \"contain 7c3fa901\"     the plan that `oust plan` stored";

/// How a second person agrees.
const APPROVE_EXAMPLES: &str = "\
  oust approve --new-key ana.pem --by 'Ana Duarte'   once: makes a key, prints the line for the config
  oust approve r_01a2 --key ana.pem --out ana.txt    signs; needs neither Okta nor a server
  oust approve --request plan.txt --key ana.pem      the same on another machine
  oust contain --approval ana.txt --approval ben.txt carries it out
  oust approve r_01a2                                at the server of `client:`";

/// What is asked of a log most often.
const LOGS_EXAMPLES: &str = "\
  oust logs alex@contoso.example --since 2h > alex.jsonl      one event a line, as Okta has it
  oust logs alex@contoso.example --since 2h --settle 15m      and what arrived late at the end
  oust logs --since 7d --to org.jsonl                         stopped? the same again goes on
  oust logs alex@contoso.example --since 2h --by session      whose session is which
  oust logs --log alex.jsonl --by ip                          the same of saved events";

/// What is done with evidence.
const EXPORT_EXAMPLES: &str = "\
  oust runs export --last                     asks Okta for the events about the accounts
  oust runs export --last --log org.jsonl     takes them from what `oust logs --to` kept
  tar xzf oust-RUN-evidence.tar.gz; cd oust-RUN-evidence; sha256sum -c SHA256SUMS";

/// What is asked when somebody looks odd.
const INVESTIGATE_EXAMPLES: &str = "\
Exits 0 if everything was read and nobody is confirmed to be in there, else 3.
  oust investigate alex@contoso.example                       the last 7 days of the live log
  oust investigate alex@contoso.example --since 90d --report . for the file
  oust investigate --session idxz0xpMH0Qn-snfAELRg_KLd        one session and all of its root
  oust investigate alex@contoso.example --log alex.jsonl      saved events; asks nobody";

/// How a server is set up.
const SERVE_EXAMPLES: &str = "\
  oust serve --check                        config, secrets, certificate and port, and ends
  oust serve --print-template elastic       what to paste at the sender
  oust serve --role receive                 takes alerts, and can reach no vendor";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Throw the intruder out of these accounts, and prove it
    #[command(after_help = CONTAIN_EXAMPLES)]
    Contain(ContainArgs),
    /// The same without its second half: reads only, stores the plan, prints its phrase
    Plan(PlanArgs),
    /// Agree to a plan that waits: with your own key, or at the server
    #[command(after_help = APPROVE_EXAMPLES)]
    Approve(ApproveArgs),
    /// Say no to a plan that waits
    Deny(DecideArgs),
    /// Stop automatic runs, until somebody thaws them; what people begin goes on
    Freeze {
        /// Why, for the record
        #[arg(value_name = "REASON", default_value = "")]
        reason: String,
    },
    /// Let automatic runs go on
    Thaw,
    /// Tokens for console and API: give them out, list them, take them back
    #[command(subcommand)]
    Token(TokenCommand),
    /// The System Log's events as they are, or counted by what holds them together; reads only
    #[command(after_help = LOGS_EXAMPLES)]
    Logs(LogsArgs),
    /// Whether somebody else is in an account: since when, what he did, what is left; reads only
    #[command(after_help = INVESTIGATE_EXAMPLES)]
    Investigate(InvestigateArgs),
    /// What would stop us tonight, and what each system has to be granted; reads only
    #[command(after_help = check::EXAMPLES)]
    Check(CheckArgs),
    /// The containment as a dry run, with what it would take: every quarter, with the owners
    #[command(after_help = rehearse::EXAMPLES)]
    Rehearse(RehearseArgs),
    /// Read for hours whether a run still holds, and contain again where it does not
    #[command(after_help = watch::EXAMPLES)]
    Watch(WatchArgs),
    /// Give back what a run took: only what it changed, and only if unchanged since
    #[command(after_help = release::EXAMPLES)]
    Release(ReleaseArgs),
    /// Take alerts, look into them, and let people decide about them
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServeArgs),
    /// Look at runs, go on with one, check the ledger
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Look at playbooks and check your own
    #[command(subcommand)]
    Playbook(PlaybookCommand),
    /// Try it on nothing real: mock vendors on loopback, with an attacker who fights back
    #[cfg(feature = "sandbox")]
    Sandbox(super::sandbox::SandboxArgs),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// How to serve.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// Open everything as the server would, say what is wrong, and end
    #[arg(long)]
    pub check: bool,
    /// Take alerts, work on them, or both; two processes under two users are safer than one
    #[arg(
        long, value_enum, default_value_t = Role::Both,
        value_name = "receive|work|both", hide_possible_values = true
    )]
    pub role: Role,
    /// Print what to set up at a sender of this kind: elastic, datadog, splunk and others
    #[arg(long, value_name = "SOURCE", conflicts_with_all = ["check", "role"])]
    pub print_template: Option<String>,
}

/// Which half of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Takes alerts into the inbox.
    Receive,
    /// Takes them from there; console and API.
    Work,
    /// Both.
    Both,
}

/// Which events, from where, in which form.
#[derive(Clone, Debug, Args)]
pub struct LogsArgs {
    /// Only what this account did and what was done to it: login or Okta id
    #[arg(value_name = "LOGIN|ID")]
    pub who: Option<String>,
    /// From when on: 2h, 13:30, 2026-03-10 13:30, RFC 3339
    #[arg(long, value_name = "TIME", required_unless_present_any = ["log", "to"])]
    pub since: Option<String>,
    /// Until when [default: now]
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// A condition in Okta's filter language, such as 'eventType eq "user.session.start"'; of saved
    /// events, any member can be asked for
    #[arg(long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// Go on with what happens from now on, until you stop it
    #[arg(long, conflicts_with_all = ["until", "by", "log"])]
    pub follow: bool,
    /// Count events instead: how many, whose, from when to when
    #[arg(
        long,
        value_enum,
        value_name = "session|ip|asn|device|token",
        hide_possible_values = true
    )]
    pub by: Option<By>,
    /// Wait so long after the window's end, then read its end again: events can arrive late
    #[arg(long, value_name = "DURATION", conflicts_with_all = ["follow", "log"])]
    pub settle: Option<String>,
    /// Add the events to this file; run again, it goes on where the file ends, and cuts off a line
    /// that a crash has torn
    #[arg(long, value_name = "FILE", conflicts_with_all = ["by", "log"])]
    pub to: Option<String>,
    /// Read saved events instead: one a line, as they are, gzip or zstd; `-` reads stdin
    #[arg(long, value_name = "FILE|-")]
    pub log: Option<String>,
}

/// Whom to look into.
#[derive(Clone, Debug, Args)]
pub struct InvestigateArgs {
    /// Logins or Okta ids; may be left out where a session, token or support access is named
    #[arg(
        value_name = "LOGIN|ID",
        required_unless_present_any = ["session", "token", "impersonation"]
    )]
    pub who: Vec<String>,
    /// From when on: 2h, 13:30, 2026-03-10 13:30, RFC 3339 [default: 7 days; of a file, all]
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Until when [default: now]
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Read saved events instead: one a line, as they are, gzip or zstd; `-` reads stdin. Okta is
    /// then asked what is left only if --config or OUST_CONFIG names a config
    #[arg(long, value_name = "FILE|-")]
    pub log: Option<String>,
    /// Only what was done in this session and in all that share its root
    #[arg(long, value_name = "ID", group = "only")]
    pub session: Option<String>,
    /// Only what was done with this API token, and to it
    #[arg(long, value_name = "ID", group = "only")]
    pub token: Option<String>,
    /// Only what Okta support access did, from this event of it on until its end
    #[arg(long, value_name = "EVENT", group = "only")]
    pub impersonation: Option<String>,
    /// Write it there as well, as JSON, Markdown and HTML
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
}

/// What events are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The session they belong to.
    Session,
    /// The address they came from.
    Ip,
    /// The network of that address.
    Asn,
    /// The browser or device.
    Device,
    /// The API token that they were made with, or are about.
    Token,
}

/// What to contain.
#[derive(Clone, Debug, Args)]
pub struct CaseArgs {
    /// Logins or Okta ids
    #[arg(value_name = "LOGIN|ID")]
    pub who: Vec<String>,
    /// More of them, one a line, or LOGIN,ROLE; `-` reads stdin
    #[arg(long, value_name = "FILE|-")]
    pub subjects: Option<String>,
    /// Or by what they have in common.
    #[command(flatten)]
    pub pick: PickArgs,
    /// Somebody with another part than `compromised`: granter, impersonator, impersonated
    #[arg(long, value_name = "LOGIN=ROLE")]
    pub role: Vec<String>,
    /// When the intruder came in: 2h, 13:30, 2026-03-10 13:30, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// When he was last in [default: now]
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Which playbook: a shipped name or a file [default: account-takeover]
    #[arg(long, value_name = "NAME|FILE")]
    pub playbook: Option<String>,
    /// The ticket, for the record
    #[arg(long, value_name = "ID")]
    pub case: Option<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Only these systems
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    pub only: Vec<String>,
    /// All but these systems
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Lift a guard, for a reason that is recorded
    #[arg(long, value_name = "GUARD=REASON")]
    pub lift: Vec<String>,
    /// Whose account is his at a service, where that is contested or not unique: by its id there
    #[arg(long, value_name = "LOGIN=SYSTEM=ID")]
    pub identity: Vec<String>,
}

/// A plan to make.
#[derive(Clone, Debug, Args)]
pub struct PlanArgs {
    /// What to contain.
    #[command(flatten)]
    pub case: CaseArgs,
    /// Write it as a request for approval as well: a text that `oust approve --request` reads
    /// elsewhere
    #[arg(long, value_name = "FILE")]
    pub request: Option<PathBuf>,
}

/// How somebody decides about a plan.
#[derive(Clone, Debug, Args)]
pub struct DecideArgs {
    /// The run that it would be
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Sign with this Ed25519 key (PKCS#8 PEM); Okta, chat and server may all be down
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Read the plan from the text that `oust plan --request` wrote; `-` reads stdin
    #[arg(long, value_name = "FILE|-", requires = "key")]
    pub request: Option<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// Where the signed text goes [default: stdout]
    #[arg(long, value_name = "FILE", requires = "key")]
    pub out: Option<PathBuf>,
    /// Your name in `approvers:`, where no config here knows your key
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// The same, or how to get a key.
#[derive(Clone, Debug, Args)]
pub struct ApproveArgs {
    /// How.
    #[command(flatten)]
    pub decide: DecideArgs,
    /// Make a key, keep it in this file, and print the line for `approvers:`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["run", "key", "request"])]
    pub new_key: Option<PathBuf>,
}

/// Tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Give one out; it is printed once and kept nowhere
    Add {
        /// Whose: the name that stands under what he does
        name: String,
        /// What it lets him do; each may do what those before it may
        #[arg(
            long, value_enum, default_value_t = TokenRole::Viewer,
            value_name = "viewer|responder|approver|admin", hide_possible_values = true
        )]
        role: TokenRole,
        /// How long it holds
        #[arg(long, value_name = "DURATION", default_value = "90d")]
        expires: String,
        /// His own Okta id: he decides nothing about himself
        #[arg(long, value_name = "ID")]
        okta_id: Option<String>,
    },
    /// All of them
    List,
    /// Take one back, and end what began with it
    Revoke {
        /// Its id: t_…
        id: String,
    },
}

/// What a token lets somebody do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TokenRole {
    /// Look.
    Viewer,
    /// Plan, look into, freeze.
    Responder,
    /// Approve and deny.
    Approver,
    /// Thaw; give out and take back tokens.
    Admin,
}

/// How to contain.
#[derive(Clone, Debug, Args)]
pub struct ContainArgs {
    /// What to contain.
    #[command(flatten)]
    pub case: CaseArgs,
    /// How it is agreed to and recorded.
    #[command(flatten)]
    pub go: GoArgs,
    /// Stop after planning: the same as `oust plan`
    #[arg(long, conflicts_with_all = ["yes", "consent", "approval"])]
    pub dry_run: bool,
    /// Then watch for so long whether it holds, as `oust watch` does
    #[arg(long, value_name = "DURATION", conflicts_with_all = ["dry_run", "no_ledger"])]
    pub watch: Option<String>,
}

/// How a run is agreed to and recorded.
#[derive(Clone, Debug, Args)]
pub struct GoArgs {
    /// Do not ask: agree to whatever the plan says, within the guards
    #[arg(long, conflicts_with = "consent")]
    pub yes: bool,
    /// Carry out the stored plan of this phrase
    #[arg(long, value_name = "PHRASE")]
    pub consent: Option<String>,
    /// Carry out the stored plan that this signed text approves; one for each approver
    #[arg(long, value_name = "FILE", conflicts_with_all = ["yes", "consent"])]
    pub approval: Vec<PathBuf>,
    /// Wait at most this long for proofs
    #[arg(long, value_name = "DURATION")]
    pub prove_for: Option<String>,
    /// Where the report's files go
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub report: PathBuf,
    /// If the ledger cannot be opened, take a fresh one elsewhere
    #[arg(long, conflicts_with = "no_ledger")]
    pub emergency_ledger: bool,
    /// Record to stderr only: no resume, no release
    #[arg(long)]
    pub no_ledger: bool,
}

/// Runs.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// All runs, the newest first
    List,
    /// One run's report, from the ledger
    Show(WhichRun),
    /// Go on with a stopped run, or retry what is open in a closed one
    Resume {
        /// Which.
        #[command(flatten)]
        which: WhichRun,
        /// Of a release: where link or temporary password goes instead of the terminal
        #[arg(long, value_name = "FILE")]
        secrets: Option<PathBuf>,
        /// How it is agreed to.
        #[command(flatten)]
        go: GoArgs,
    },
    /// Ask the process that works on a run to pause it; `runs resume` goes on
    Pause(WhichRun),
    /// Read the vendors again: is it still so?
    Prove(WhichRun),
    /// Check the ledger's chain
    Verify {
        /// A head from any report: `SEQ:HASH`; catches a cut end
        #[arg(long, value_name = "SEQ:HASH")]
        head: Option<String>,
    },
    /// One run's evidence as one file that others can check: ledger, plan, report, events
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(ExportArgs),
    /// How long runs took: alert or command, first write, evicted, contained, proven
    Stats(StatsArgs),
    /// Drop the contents of old closed runs; the chain still verifies
    Purge {
        /// Older than this: 365d
        #[arg(long, value_name = "AGE")]
        older_than: String,
    },
}

/// Which runs are counted.
#[derive(Clone, Debug, Args)]
pub struct StatsArgs {
    /// Only runs that began since then: 90d, a date
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only runs of this playbook
    #[arg(long, value_name = "NAME")]
    pub playbook: Option<String>,
}

/// How a run is handed on.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// Which.
    #[command(flatten)]
    pub which: WhichRun,
    /// Where it goes: a file that is not there yet, or a directory [default: oust-RUN-evidence.tar.gz]
    #[arg(long, value_name = "FILE|DIR", conflicts_with = "records")]
    pub to: Option<PathBuf>,
    /// Take the System Log's events from this file of saved ones, not from the live log
    #[arg(long, value_name = "FILE", conflicts_with_all = ["offline", "records"])]
    pub log: Option<String>,
    /// Ask nobody: leave the events out, which the manifest then says
    #[arg(long, conflicts_with = "records")]
    pub offline: bool,
    /// Only print the ledger's records, one JSON line each
    #[arg(long)]
    pub records: bool,
}

/// A run.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct WhichRun {
    /// Its id
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// The newest
    #[arg(long)]
    pub last: bool,
}

/// Playbooks.
#[derive(Debug, Subcommand)]
pub enum PlaybookCommand {
    /// The shipped ones
    List,
    /// One, as text
    Show {
        /// A shipped name or a file
        name: String,
    },
    /// Check files: every mistake with its line and column
    Check {
        /// Shipped names or files
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// The JSON Schema of the format, for editors
    Schema,
    /// One in another format, for tools that know that
    Export {
        /// A shipped name or a file
        name: String,
        /// Which format
        #[arg(long, value_enum, default_value_t = PlaybookFormat::Cacao, value_name = "cacao", hide_possible_values = true)]
        format: PlaybookFormat,
    },
}

/// What a playbook is exported as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlaybookFormat {
    /// OASIS CACAO Security Playbooks 2.0.
    Cacao,
}
