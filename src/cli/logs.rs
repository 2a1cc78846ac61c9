//! `oust logs`: the System Log's events as they are, or counted by what holds them together.
//!
//! From the live directory or from what somebody saved, to the same end. Events go to stdout one a
//! line, or to a file that is gone on with; everything that is said about them to stderr. Reads only.

mod sink;
mod table;

use std::path::Path;
use std::time::Duration;

use self::sink::Sink;
use super::args::{Global, LogsArgs};
use super::exit::{Exit, Failure};
use super::{runtime, say, setup, when};
use crate::connector::{DirectorySystem, LogAsk, Unheard};
use crate::engine::{LogRead, settle_log, stream_log_beside};
use crate::evidence::{Event, Filter, FilterError, Kept, KeptError, Line, Recent, Saved};
use crate::given::{Clock as _, SystemClock};
use crate::model::{UserId, Utc, count};
use crate::report::escape::visible;
use crate::transport::Reader;

/// How long Okta keeps events. Source: Okta API, "System Log", data retention.
const KEPT_DAYS: u64 = 90;

/// How long an event may take until it can be read. Okta names no figure ("rare but possible"); its
/// advice to read a window again is ours to put a number on.
const LATE: Duration = Duration::from_secs(15 * 60);

/// Lines that are no events and are told one by one; the others are counted.
const TOLD_MAX: usize = 5;

type Asked = Option<(Utc, Option<Utc>)>;

/// Reads and prints.
///
/// # Errors
/// [`Failure`], if there is nothing to read or it could not be read to the end.
pub(super) fn logs(global: &Global, args: &LogsArgs) -> Result<Exit, Failure> {
    let now = SystemClock::new().now();
    let zone = jiff::tz::TimeZone::system();
    let asked = when::window(args.since.as_deref(), args.until.as_deref(), now, &zone)
        .map_err(|why| Failure::say(Exit::Usage, why, ""))?;
    match &args.log {
        Some(file) => saved(global, file, args, asked),
        None => live(global, args, asked, now),
    }
}

/// What is asked of the live log, and what is known of the answer already.
struct Live {
    ask: LogAsk,
    sink: Sink,
    recent: Recent,
    began: Utc,
    settle: Option<Duration>,
    file: Option<String>,
}

fn live(global: &Global, args: &LogsArgs, asked: Asked, now: Utc) -> Result<Exit, Failure> {
    let settle = args.settle.as_deref().map(settling).transpose()?;
    let directory = setup::directory(global)?;
    runtime(false)?.block_on(async {
        let about = match &args.who {
            Some(who) => vec![resolve(&directory, who).await?],
            None => Vec::new(),
        };
        let Some(mut live) = opened(args, asked, about, settle, now)? else {
            return Ok(Exit::Good);
        };
        tell_retention(&live.ask, now);
        let exit = live.read(&directory, args).await;
        if let (
            Err(Failure {
                exit: Exit::NotStarted,
                ..
            }),
            Sink::Counted(_),
        ) = (&exit, &live.sink)
        {
            // Nothing was counted.
            return exit;
        }
        let kept = live.sink.end(global).map_err(|error| {
            let hint = "mend that and run it again: it goes on where the file ends";
            let file = live.file.unwrap_or_default();
            Failure::say(Exit::NotAllGood, format!("{file}: {error}"), hint)
        });
        kept.and(exit)
    })
}

fn settling(text: &str) -> Result<Duration, Failure> {
    when::duration(text).ok_or_else(|| {
        let what = format!("--settle `{text}` is no duration");
        Failure::say(Exit::Usage, what, "write 15m")
    })
}

/// Everything ready to ask; `None` if the file holds all of it.
fn opened(
    args: &LogsArgs,
    asked: Asked,
    about: Vec<UserId>,
    settle: Option<Duration>,
    now: Utc,
) -> Result<Option<Live>, Failure> {
    let mut since = asked.map(|(since, _)| since);
    let until = asked.and_then(|(_, until)| until).unwrap_or(now);
    let (mut sink, mut recent) = (Sink::of(args.by), Recent::default());
    if let Some(file) = &args.to {
        let kept = keep(file, about.first(), settle.unwrap_or(LATE))?;
        tell_held(file, &kept);
        if let Some(from) = kept.goes_on_from() {
            since = Some(from);
            recent = kept.recent();
        }
        sink = Sink::File(Box::new(kept), None);
    }
    let Some(since) = since else {
        return Err(Failure::say(
            Exit::Usage,
            "the live log is read from a moment on",
            "say --since 2h, or --log FILE for saved events",
        ));
    };
    if since >= until && !args.follow {
        say("it reaches beyond --until already: nothing to read");
        return Ok(None);
    }
    let ask = LogAsk {
        since,
        until: (!args.follow).then_some(until),
        about,
        filter: args.filter.clone(),
    };
    Ok(Some(Live {
        ask,
        sink,
        recent,
        began: now,
        settle,
        file: args.to.as_deref().map(visible),
    }))
}

fn keep(file: &str, about: Option<&UserId>, overlap: Duration) -> Result<Kept, Failure> {
    let belongs = |event: Event<'_>| about.is_none_or(|who| event.is_about(who.as_str()));
    Kept::open(Path::new(file), overlap, belongs).map_err(|error| {
        let hint = match error {
            KeptError::Busy => "wait for it, or name another file",
            KeptError::Foreign(_) | KeptError::Form(_) => "name another file",
            KeptError::File(_) => "",
        };
        Failure::say(Exit::NotStarted, format!("--to {file}: {error}"), hint)
    })
}

fn tell_held(file: &str, kept: &Kept) {
    let (file, held) = (visible(file), &kept.held);
    if held.torn > 0 {
        let torn = held.torn;
        say(&format!(
            "! {file} ended in a torn line: {torn} bytes of it are cut off, and read again"
        ));
    }
    if held.odd > 0 {
        let odd = usize::try_from(held.odd).unwrap_or(usize::MAX);
        say(&format!(
            "! {file} holds {} that are no events: left alone",
            count(odd, "line")
        ));
    }
    if let (Some(first), Some(last), Some(from)) = (held.first, held.last, kept.goes_on_from()) {
        let events = usize::try_from(held.events).unwrap_or(usize::MAX);
        say(&format!(
            "{file} holds {}, from {first} to {last}: goes on there, reading again from {from} for \
             what came late",
            count(events, "event")
        ));
    }
}

fn tell_retention(ask: &LogAsk, now: Utc) {
    let oldest = now.minus(Duration::from_secs(KEPT_DAYS * 86_400));
    if ask.until.is_some_and(|until| until <= oldest) {
        say(&format!(
            "! Okta keeps {KEPT_DAYS} days, and all of this window is older than {oldest}: that nothing \
             is found says nothing; ask whoever saved the log"
        ));
    } else if ask.since < oldest {
        say(&format!(
            "! Okta keeps {KEPT_DAYS} days: what is older than {oldest} is not there any more"
        ));
    }
}

impl Live {
    async fn read(
        &mut self,
        directory: &DirectorySystem,
        args: &LogsArgs,
    ) -> Result<Exit, Failure> {
        let Self {
            ask, sink, recent, ..
        } = self;
        let take = |event: &serde_json::Value| {
            // While we follow, nobody should wait for a piece to fill.
            sink.take(event) && (!args.follow || sink.flush())
        };
        let (read, ended) = stream_log_beside(directory, ask, recent, take).await;
        self.sink.flush();
        self.ended(&read, ended, args)?;
        if args.follow {
            return Ok(Exit::Good);
        }
        match self.settle {
            Some(settle) => self.settle(directory, settle, args).await,
            None => {
                self.tell_late();
                Ok(Exit::Good)
            }
        }
    }

    /// Says what was read, or how to go on after what stopped it.
    fn ended(
        &self,
        read: &LogRead,
        ended: Result<(), Unheard>,
        args: &LogsArgs,
    ) -> Result<(), Failure> {
        let until = read.until.map(|at| format!(", the latest of {at}"));
        let to = self.file.as_ref().map(|file| format!(", added to {file}"));
        let told = format!(
            "{}{}{}",
            count(read.events, "event"),
            until.unwrap_or_default(),
            to.unwrap_or_default()
        );
        let Err(unheard) = ended else {
            say(&told);
            return Ok(());
        };
        let mut hint = unheard.hint();
        if let Some(error) = args
            .filter
            .as_deref()
            .and_then(|text| Filter::parse(text).err())
        {
            hint = format!("--filter, {error}; {hint}");
        }
        if self.file.is_some() {
            hint.push_str("; then run it again: it goes on where the file ends");
        } else if let Some(at) = read.until {
            hint = format!("{hint}; then go on with --since {at}: an event or two may come twice");
        }
        let exit = match read.events {
            0 => Exit::NotStarted,
            _ => Exit::NotAllGood,
        };
        Err(Failure::say(exit, format!("{unheard}, after {told}"), hint))
    }

    /// Whether something may be missing, and how to have it.
    fn tell_late(&self) {
        let recent = self
            .ask
            .until
            .is_some_and(|until| until.plus(LATE) > self.began);
        if recent {
            say(
                "  events of the last 15 minutes may still arrive: --settle 15m waits and reads them",
            );
        }
    }

    /// Waits, and reads the window's end again.
    async fn settle(
        &mut self,
        directory: &DirectorySystem,
        settle: Duration,
        args: &LogsArgs,
    ) -> Result<Exit, Failure> {
        let Self {
            ask,
            sink,
            recent,
            began,
            ..
        } = self;
        let ready = ask
            .until
            .map(|until| until.plus(settle))
            .filter(|ready| *ready > *began);
        let Some(ready) = ready else {
            say("  the window had settled before it was read");
            return Ok(Exit::Good);
        };
        say(&format!(
            "  waiting until {ready} for what arrives late; Ctrl-C ends it with what there is"
        ));
        let again = settle_log(directory, ask, *began, settle, recent, |event| {
            sink.take(event)
        });
        let (read, ended) = tokio::select! {
            again = again => again,
            _ = tokio::signal::ctrl_c() => {
                say("! stopped before the window settled: something may be missing at its end");
                return Ok(Exit::NotAllGood);
            }
        };
        say("  read again:");
        self.ended(&read, ended, args)?;
        Ok(Exit::Good)
    }
}

async fn resolve(directory: &DirectorySystem, who: &str) -> Result<UserId, Failure> {
    let reader = Reader::new(directory.system.client.clone());
    let found = directory.directory.resolve(&reader, who).await;
    found.map(|subject| subject.id).map_err(|error| {
        let hint = error.hint();
        Failure::new(Exit::NotStarted, error, hint)
    })
}

fn saved(global: &Global, file: &str, args: &LogsArgs, asked: Asked) -> Result<Exit, Failure> {
    let filter = args.filter.as_deref().map(filter).transpose()?;
    let mut sink = Sink::of(args.by);
    let lines = Saved::open(file).map_err(|error| {
        Failure::new(
            Exit::NotStarted,
            error,
            "name a file of events, one a line, as it is, gzip or zstd; - reads stdin",
        )
    })?;
    let mut recent = Recent::default();
    let (mut events, mut odd, mut cut) = (0, 0, false);
    for line in lines {
        match line {
            Line::Event(event) => {
                let wanted = is_wanted(Event(&event), args.who.as_deref(), asked)
                    && filter
                        .as_ref()
                        .is_none_or(|filter| filter.holds(Event(&event)));
                if !recent.is_new(Event(&event).uuid()) || !wanted {
                    continue;
                }
                events += 1;
                if !sink.take(&event) {
                    break;
                }
            }
            Line::Odd { number, why } => {
                odd += 1;
                if odd <= TOLD_MAX {
                    say(&format!("! line {number} {}: passed over", visible(&why)));
                }
            }
            Line::Cut { number, why } => {
                cut = true;
                say(&format!(
                    "! it breaks off in line {number} ({}): what comes after is lost",
                    visible(&why)
                ));
            }
        }
    }
    if odd > TOLD_MAX {
        say(&format!("! {} passed over in all", count(odd, "line")));
    }
    // Events go to stdout, which has no trouble of its own to tell.
    let _ = sink.end(global);
    say(&count(events, "event"));
    Ok(if odd == 0 && !cut {
        Exit::Good
    } else {
        Exit::NotAllGood
    })
}

/// Whether a saved event is asked for. One without a time is in every window: nobody can say that
/// it is not.
fn is_wanted(event: Event<'_>, who: Option<&str>, asked: Asked) -> bool {
    let about = who.is_none_or(|who| event.is_about(who));
    let inside = match (asked, event.published()) {
        (Some((since, until)), Some(at)) => at >= since && until.is_none_or(|until| at < until),
        _ => true,
    };
    about && inside
}

/// A filter as a person typed it; a mistake is shown where it is.
fn filter(text: &str) -> Result<Filter, Failure> {
    Filter::parse(text).map_err(|error: FilterError| {
        let hint = "write for example eventType eq \"user.session.start\" and client.ipAddress pr";
        Failure::say(Exit::Usage, format!("--filter, {error}"), hint)
    })
}
