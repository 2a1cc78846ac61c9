//! The server's log: one line an event on stderr, for people or as JSON.
//!
//! Text from outside is made visible by whoever logs it; what is written here is escaped once more.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::args::{Global, Output};
use crate::given::{Clock, SystemClock};

/// From now on what happens is written to stderr.
pub(super) fn to_stderr(global: &Global) {
    let level = match global.verbose {
        0 | 1 => "oust=info",
        _ => "oust=debug",
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .log_internal_errors(false)
        .event_format(Lines {
            json: global.output == Output::Json,
            clock: SystemClock::new(),
        });
    let _ = log.try_init();
}

struct Lines {
    json: bool,
    clock: SystemClock,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut to: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let at = self.clock.now();
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = word(*event.metadata().level());
        if !self.json {
            return writeln!(to, "{at} {level} {}", fields.message);
        }
        let mut line = serde_json::Map::new();
        line.insert("at".into(), at.to_string().into());
        line.insert("level".into(), level.into());
        line.insert("message".into(), fields.message.into());
        line.extend(fields.others);
        writeln!(to, "{}", serde_json::Value::Object(line))
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: serde_json::Map<String, serde_json::Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: serde_json::Value) {
        self.others.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.put(field, text.into());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}
