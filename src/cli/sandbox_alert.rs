//! `oust sandbox alert`: what a SIEM would send, to the server of the same config.
//!
//! Signed with the secret of the sandbox's own source, so that what is tried is the whole way in.
//! Says what the server answered; what becomes of the alert, its console shows.

use clap::Args;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::args::Global;
use super::exit::{Exit, Failure};
use super::sandbox_home::SOC;
use super::{print, setup};
use crate::config::Server;
use crate::given::{Clock, Rng, SystemClock, SystemRng};
use crate::model::{Utc, hex};
use crate::report::escape::visible;
use crate::transport::{HttpWire, Wire as _, WireLimits};

/// What the alert says.
#[derive(Clone, Debug, Args)]
pub struct AlertArgs {
    /// Whom it is about
    #[arg(value_name = "LOGIN", default_value = "alex@contoso.example")]
    pub login: String,
    /// The rule that fired
    #[arg(long, value_name = "ID", default_value = "session-in-two-places")]
    pub rule: String,
}

/// Sends it.
///
/// # Errors
/// If there is no such source, or the server did not take it.
pub(super) fn alert(global: &Global, args: &AlertArgs) -> Result<Exit, Failure> {
    let config = setup::load_config(global)?;
    super::runtime(false)?.block_on(async {
        let (clock, rng) = (SystemClock::new(), SystemRng::default());
        let now = clock.now();
        let id = format!("{:016x}", rng.next());
        let body = body_of(args, &id, now);
        let signature = sign(&config.server, &body, now).await?;
        let uri = format!("http://{}/v1/alerts/{SOC}", config.server.listen);
        let request = http::Request::post(&uri)
            .header(http::header::CONTENT_TYPE, "application/json")
            .header("x-oust-signature", signature)
            .body(body)
            .expect("a socket address makes an address");
        let wire = HttpWire::new().map_err(|why| Failure::say(Exit::NotStarted, why, ""))?;
        let hint = "is `oust serve` running, with the same --config and --state?";
        let answer = wire.send(request, WireLimits::default()).await;
        let answer = answer.map_err(|error| Failure::new(Exit::NotStarted, error, hint))?;
        let status = answer.status();
        if !status.is_success() {
            let said = visible(&String::from_utf8_lossy(answer.body()));
            let what = format!("the server answered {status} {said}");
            return Err(Failure::say(Exit::NotAllGood, what, "its log says why"));
        }
        print(&format!(
            "taken: an alert about {}; what becomes of it: http://{}/alerts",
            visible(&args.login),
            config.server.listen
        ));
        Ok(Exit::Good)
    })
}

fn body_of(args: &AlertArgs, id: &str, now: Utc) -> Vec<u8> {
    let body = json!({
        "source": "sandbox", "id": id, "severity": "high", "time": now,
        "rule": { "id": args.rule, "name": "Session used from two places" },
        "subject": { "login": args.login },
    });
    body.to_string().into_bytes()
}

/// `t=SECONDS,v1=HEX`
async fn sign(server: &Server, body: &[u8], now: Utc) -> Result<String, Failure> {
    let source = server.sources.iter().find(|source| source.name == SOC);
    let secret = source.and_then(|source| source.auth.secrets.first());
    let Some(secret) = secret else {
        let what = format!("the config has no source of alerts called `{SOC}`");
        let hint = "name the config that `oust sandbox` wrote, with --config or OUST_CONFIG";
        return Err(Failure::say(Exit::Usage, what, hint));
    };
    let secret = secret.fetch(&SystemClock::new()).await;
    let secret = secret.map_err(|error| {
        let hint = error.hint().to_owned();
        Failure::new(Exit::NotStarted, error, hint)
    })?;
    let seconds = now.seconds();
    let mut signed = format!("{seconds}.").into_bytes();
    signed.extend_from_slice(body);
    let key = aws_lc_rs::hmac::Key::new(
        aws_lc_rs::hmac::HMAC_SHA256,
        secret.expose_secret().as_bytes(),
    );
    let tag = aws_lc_rs::hmac::sign(&key, &signed);
    Ok(format!("t={seconds},v1={}", hex(tag.as_ref())))
}
