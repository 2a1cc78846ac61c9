//! `oust sandbox strike`: undoes a containment at the mock vendors, as an import, an administrator or
//! the intruder would. For trying out `oust watch` by hand; it can reach nothing but loopback.

use clap::{Args, ValueEnum};
use url::Url;

use super::args::Global;
use super::exit::{Exit, Failure};
use super::{print, setup};
use crate::report::escape::visible;
use crate::transport::{HttpWire, Wire as _, WireLimits};

/// Who strikes, and at whom.
#[derive(Clone, Debug, Args)]
pub struct StrikeArgs {
    /// What comes back
    #[arg(value_enum, value_name = "WHAT")]
    pub what: Strike,
    /// Whose account
    #[arg(value_name = "LOGIN", default_value = "alex@contoso.example")]
    pub login: String,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Strike {
    /// The next import of his profile's source activates him
    Import,
    /// An administrator unsuspends him
    Unsuspend,
    /// He has a new factor
    Factor,
    /// He has a new API token
    Token,
    /// His account at Microsoft 365 is enabled, with a new method
    M365,
    /// His account at Google is not suspended, with an app password
    Google,
    /// His account at Salesforce is thawed
    Salesforce,
    /// He has a new session at Slack
    Slack,
    /// He has a new credential at GitHub
    Github,
    /// Our policy is taken off the roles
    Aws,
}

/// Strikes.
///
/// # Errors
/// If the config is no sandbox's, or there is nothing to undo.
pub(super) fn strike(global: &Global, args: &StrikeArgs) -> Result<Exit, Failure> {
    let config = setup::load_config(global)?;
    let okta = config
        .connectors
        .iter()
        .find(|each| each.row.vendor.id == "okta");
    let url = okta.and_then(|each| each.settings["org_url"].as_str());
    let url = url.and_then(|text| Url::parse(text).ok());
    let is_here = |url: &Url| match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        _ => false,
    };
    let Some(url) = url.filter(|url| url.scheme() == "http" && is_here(url)) else {
        return Err(Failure::say(
            Exit::Usage,
            "the config is no sandbox's: nothing real is struck",
            "name the config that `oust sandbox` wrote, with --config or OUST_CONFIG",
        ));
    };
    let what = args.what.to_possible_value();
    let what = what.as_ref().map_or("", |value| value.get_name());
    let mut url = url;
    url.set_path("");
    if let Ok(mut path) = url.path_segments_mut() {
        path.extend([".range", "strike", what, &args.login]);
    }
    super::runtime(false)?.block_on(async {
        let wire = HttpWire::new().map_err(|why| Failure::say(Exit::NotStarted, why, ""))?;
        let request = http::Request::post(url.as_str())
            .body(Vec::new())
            .expect("an address that was parsed makes a request");
        let answer = wire.send(request, WireLimits::default()).await;
        let hint = "is `oust sandbox` running still?";
        let answer = answer.map_err(|error| Failure::new(Exit::NotStarted, error, hint))?;
        let said = visible(&String::from_utf8_lossy(answer.body()));
        if !answer.status().is_success() {
            let hint = "contain him first: oust contain";
            return Err(Failure::say(Exit::NotAllGood, said, hint));
        }
        print(&said);
        Ok(Exit::Good)
    })
}
