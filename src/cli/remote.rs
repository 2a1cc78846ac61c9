//! The server of `client:`, asked by commands instead of the local state.
//!
//! Only what people need at a distance: runs, decisions, freeze and thaw. Containing is never asked
//! of it: that works here, with the server down. What is shown of a plan before somebody approves is
//! computed here from the plan that the server sent, and so is the digest that he approves.

use std::sync::Arc;

use http::{Method, Request, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::print;
use super::setup::TOOL;
use super::told::Told;
use crate::config::Client;
use crate::given::{Clock, SystemClock};
use crate::ledger::RunRow;
use crate::model::{Plan, RunId};
use crate::report::escape::{harmless_json, visible};
use crate::report::{Report, brief};
use crate::transport::{HttpWire, Wire, WireLimits};

/// A server, signed in to.
pub(super) struct Server {
    wire: Told<HttpWire>,
    base: String,
    token: SecretString,
}

/// What waits there, as it is shown and approved.
pub(super) struct Waiting {
    /// The plan's digest, computed here.
    pub digest: String,
    /// What it is about.
    pub lines: Vec<String>,
}

impl Server {
    /// Fetches the token; asks nothing yet.
    ///
    /// # Errors
    /// [`Failure`] if there is none.
    pub(super) async fn open(client: &Client) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let token = client.token.fetch(&*clock).await;
        let token = token.map_err(|error| {
            let hint = "oust token add NAME, at the server, gives one out";
            Failure::new(Exit::Usage, error, hint)
        })?;
        let wire = HttpWire::new();
        let wire =
            wire.map_err(|why| Failure::say(Exit::NotStarted, why, "install the CA certificates"))?;
        Ok(Self {
            wire: Told { wire, clock },
            base: client.url.as_str().trim_end_matches('/').to_owned(),
            token,
        })
    }

    /// Runs, the newest first.
    ///
    /// # Errors
    /// [`Failure`] if it does not answer them.
    pub(super) async fn runs(&self) -> Result<Vec<RunRow>, Failure> {
        let answer = self.ask(Method::GET, "/v1/runs", None).await?;
        let rows = answer.get("runs").and_then(Value::as_array).cloned();
        let rows = rows.unwrap_or_default().into_iter().map(row);
        rows.collect::<Result<_, _>>()
            .map_err(|error| not_understood(&error))
    }

    /// One run's report, as JSON.
    ///
    /// # Errors
    /// [`Failure`] if it does not answer one.
    pub(super) async fn run(&self, run: &RunId) -> Result<Value, Failure> {
        self.ask(Method::GET, &format!("/v1/runs/{}", segment(run)), None)
            .await
    }

    /// A proposal with its plan.
    ///
    /// # Errors
    /// [`Failure`] if there is none, or the plan is not the one that it says.
    pub(super) async fn proposal(&self, run: &RunId) -> Result<Waiting, Failure> {
        let path = format!("/v1/proposals/{}", segment(run));
        let answer = self.ask(Method::GET, &path, None).await?;
        let plan = answer.get("plan").cloned().unwrap_or(Value::Null);
        let plan: Plan = serde_json::from_value(plan).map_err(|error| not_understood(&error))?;
        if plan.run != *run {
            return Err(Failure::say(
                Exit::Refused,
                "the server sent the plan of another run",
                "",
            ));
        }
        let lines = brief(&plan).into_iter();
        let lines = lines.map(|line| format!("{}{}", line.kind.mark(), line.text));
        Ok(Waiting {
            digest: plan.digest(),
            lines: lines.collect(),
        })
    }

    /// Decides there.
    ///
    /// # Errors
    /// [`Failure`] if it is not taken.
    pub(super) async fn decide(
        &self,
        run: &RunId,
        digest: &str,
        reason: &str,
        approve: bool,
    ) -> Result<Exit, Failure> {
        let (verb, done) = if approve {
            ("approve", "approved")
        } else {
            ("deny", "denied")
        };
        let path = format!("/v1/proposals/{}/{verb}", segment(run));
        let body = json!({ "digest": digest, "reason": reason });
        let answer = self.ask(Method::POST, &path, Some(body)).await?;
        let state = answer.get("state").and_then(Value::as_str).unwrap_or("");
        print(&format!("{done}; run {run} is {}", visible(state)));
        Ok(Exit::Good)
    }

    /// Freezes automatic runs for a reason, or thaws them.
    ///
    /// # Errors
    /// [`Failure`] if it is not taken.
    pub(super) async fn freeze(&self, reason: Option<&str>) -> Result<Exit, Failure> {
        let path = if reason.is_some() {
            "/v1/freeze"
        } else {
            "/v1/thaw"
        };
        let reason_or_how = match reason {
            None | Some("") => "from the command line",
            Some(reason) => reason,
        };
        let body = json!({ "reason": reason_or_how });
        self.ask(Method::POST, path, Some(body)).await?;
        print(match reason {
            Some(_) => "automatic runs are frozen at the server; oust thaw ends it",
            None => "automatic runs go on at the server",
        });
        Ok(Exit::Good)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let mut bearer =
            http::HeaderValue::try_from(format!("Bearer {}", self.token.expose_secret()))
                .map_err(|_| Failure::say(Exit::Usage, "the token of `client:` is none", ""))?;
        bearer.set_sensitive(true);
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, bearer)
            .header(header::USER_AGENT, TOOL)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .body(
                body.map(|body| body.to_string().into_bytes())
                    .unwrap_or_default(),
            );
        let request = request.map_err(|_| Failure::say(Exit::Usage, "no such address", ""))?;
        let answer = self.wire.send(request, WireLimits::default()).await;
        let answer = answer.map_err(|error| {
            let what = format!("the server at {} cannot be asked: {error}", self.base);
            let hint = "oust approve RUN --key FILE and oust contain work without it; for the local \
                        state, name a config without `client:`";
            Failure::say(Exit::NotStarted, what, hint)
        })?;
        let status = answer.status();
        let said: Result<Value, _> = serde_json::from_slice(answer.body());
        if status.is_success() {
            return said.map_err(|error| not_understood(&error));
        }
        Err(refused(status.as_u16(), &said.unwrap_or(Value::Null)))
    }
}

/// A run as the server lists it: as the ledger does, but for the name of its id.
fn row(mut row: Value) -> Result<RunRow, serde_json::Error> {
    if let Some(row) = row.as_object_mut() {
        let id = row.remove("run").unwrap_or(Value::Null);
        row.insert("id".into(), id);
    }
    serde_json::from_value(row)
}

/// What the server says of it (RFC 9457: `detail`; and ours: `next`).
fn refused(status: u16, problem: &Value) -> Failure {
    let word = |key: &str| problem.get(key).and_then(Value::as_str).unwrap_or("");
    let detail = match word("detail") {
        "" => format!("the server answered {status}"),
        detail => format!("the server answered {status}: {}", visible(detail)),
    };
    let exit = match status {
        401 | 403 | 409 => Exit::Refused,
        400 | 422 => Exit::Usage,
        _ => Exit::NotStarted,
    };
    Failure::say(exit, detail, visible(word("next")))
}

fn not_understood(error: &serde_json::Error) -> Failure {
    let what = format!("the server's answer is not understood: {error}");
    Failure::say(
        Exit::NotStarted,
        what,
        "is `client:` `url` an oust of this version?",
    )
}

/// An id as one segment of a path, whatever is in it.
fn segment(run: &RunId) -> String {
    let text = run.as_str();
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%5F", "_")
}

/// A run's report out of its JSON.
///
/// # Errors
/// [`Failure`] if it is none.
pub(super) fn report(found: Value) -> Result<Report, Failure> {
    serde_json::from_value(found).map_err(|error| not_understood(&error))
}

/// JSON of a server for a terminal or a pipe.
pub(super) fn shown(value: &Value) -> String {
    harmless_json(&value.to_string())
}
