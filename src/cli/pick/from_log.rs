//! Accounts by the log: whoever did what a filter matches, or signed in from a network.
//!
//! A filter is Okta's to understand. `ip:` is ours: successful sign-ins, to Okta and through it to
//! apps, whose `client.ipAddress` lies in a network, compared here because the filter language
//! compares texts alone. Accounts are the actors that are users: who was only acted on is not
//! taken, and neither is a program.
//!
//! Needs a window: without a beginning everybody signed in from everywhere at some time.

use std::collections::HashSet;

use serde_json::Value;

use super::network::Network;
use super::{WHO_MAX, logged, too_many, unheard};
use crate::cli::exit::{Exit, Failure};
use crate::cli::say;
use crate::connector::{DirectorySystem, LogAsk, Picked};
use crate::engine::stream_log;
use crate::evidence::{Event, Filter};
use crate::model::Utc;

/// Before networks.
const NETWORKS: &str = "ip:";

/// Networks at most.
const NETWORKS_MAX: usize = 50;

/// Sign-ins that went well. Source: Okta, "Event types": the second of them is there for failed
/// ones as well.
const SIGN_INS: &str = "(eventType eq \"user.session.start\" or eventType eq \
                        \"user.authentication.sso\") and outcome.result eq \"SUCCESS\"";

/// Events that are read at most: 500 pages, some minutes of Okta's quota.
const EVENTS_MAX: usize = 500_000;

/// After so many events it is told how far it is.
const TOLD_EACH: usize = 20_000;

/// Characters of an id or login.
const NAME_MAX: usize = 200;

/// What is asked of the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A condition in Okta's own language.
    Filter(String),
    /// Who signed in from there.
    From(Vec<Network>),
}

impl Asked {
    /// Reads the option's text.
    ///
    /// # Errors
    /// [`Failure`], if it is empty or names no networks.
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let wrong = |why: String| {
            let hint = "write --from-log ip:203.0.113.0/24, or a filter as of oust logs --filter";
            Failure::say(Exit::Usage, format!("--from-log: {why}"), hint)
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(wrong("an empty filter is everybody".into()));
        }
        let Some(list) = text.strip_prefix(NETWORKS) else {
            return Ok(Self::Filter(text.to_owned()));
        };
        let networks = list.split(',').map(Network::read);
        let networks: Vec<Network> = networks.collect::<Result<_, _>>().map_err(wrong)?;
        if networks.len() > NETWORKS_MAX {
            return Err(wrong(format!("more than {NETWORKS_MAX} networks")));
        }
        Ok(Self::From(networks))
    }

    /// For people.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Filter(text) => format!("the log by `{text}`"),
            Self::From(networks) => {
                let all: Vec<String> = networks.iter().map(Network::to_string).collect();
                format!("the log, signed in from {}", all.join(" or "))
            }
        }
    }

    fn filter(&self) -> String {
        match self {
            Self::Filter(text) => text.clone(),
            Self::From(_) => SIGN_INS.to_owned(),
        }
    }

    fn holds(&self, event: Event<'_>) -> bool {
        match self {
            Self::Filter(_) => true,
            Self::From(networks) => event
                .ip()
                .is_some_and(|ip| networks.iter().any(|network| network.holds(ip))),
        }
    }

    fn option(&self) -> &'static str {
        "--from-log"
    }
}

/// The users that did it, each once, in the order they first did.
///
/// # Errors
/// [`Failure`], if there is no window, they are too many, or the log could not be read to its end.
pub(super) async fn read(
    directory: &DirectorySystem,
    asked: &Asked,
    window: Option<(Utc, Option<Utc>)>,
    now: Utc,
) -> Result<Vec<Picked>, Failure> {
    let Some((since, until)) = window else {
        return Err(Failure::say(
            Exit::Usage,
            "--from-log reads the log from a moment on",
            "say --since 09:00, which is then when the intruder came in as well",
        ));
    };
    let ask = LogAsk {
        since,
        until: Some(until.unwrap_or(now)),
        about: Vec::new(),
        filter: Some(asked.filter()),
    };
    let mut found = Found::default();
    let (read, ended) = stream_log(directory, &ask, |event| found.see(asked, event)).await;
    if let Err(why) = ended {
        let mistake = match asked {
            Asked::Filter(text) => Filter::parse(text).err(),
            Asked::From(_) => None,
        };
        let more = mistake.map_or_else(String::new, |error| format!("{error}; "));
        return Err(unheard(asked.option(), &why, &more));
    }
    if found.who.len() > WHO_MAX {
        return Err(too_many(asked.option()));
    }
    if read.events >= EVENTS_MAX {
        let what = format!("--from-log: more than {EVENTS_MAX} events; nobody was taken");
        let hint = "narrow the window, or ask for more in the filter";
        return Err(Failure::say(Exit::Usage, what, hint));
    }
    Ok(found.who)
}

/// Who was found so far.
#[derive(Default)]
struct Found {
    who: Vec<Picked>,
    seen: HashSet<String>,
    events: usize,
}

impl Found {
    /// Takes one event; `false` when there are more than can be taken.
    fn see(&mut self, asked: &Asked, event: &Value) -> bool {
        self.events += 1;
        if self.events.is_multiple_of(TOLD_EACH) {
            let (events, who) = (self.events, self.who.len());
            say(&format!(
                "  reading the log: {events} events, {who} accounts"
            ));
        }
        let event = Event(event);
        let is_user = event.0["actor"]["type"]
            .as_str()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("User"));
        if let Some(id) = event.actor().filter(|_| is_user && asked.holds(event))
            && id.chars().count() <= NAME_MAX
            && !self.seen.contains(id)
        {
            let login = event.actor_name().unwrap_or_default();
            let login: String = login.chars().take(NAME_MAX).collect();
            self.seen.insert(id.to_owned());
            self.who.push(logged(id, &login));
        }
        self.who.len() <= WHO_MAX && self.events < EVENTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(id: &str, kind: &str, ip: &str) -> Value {
        json!({
            "actor": { "id": id, "type": kind, "alternateId": format!("{id}@x") },
            "client": { "ipAddress": ip },
        })
    }

    #[test]
    fn users_are_taken_once_and_programs_and_strangers_never() {
        let asked = Asked::read("ip:203.0.113.0/24, 198.51.100.7").unwrap();
        let mut found = Found::default();
        for (id, kind, ip) in [
            ("00u1", "User", "203.0.113.9"),
            ("00u2", "User", "192.0.2.1"),
            ("0oa3", "PublicClientApp", "203.0.113.9"),
            ("00u1", "User", "203.0.113.10"),
            ("00u4", "user", "198.51.100.7"),
            ("unknown", "User", "203.0.113.9"),
        ] {
            assert!(found.see(&asked, &event(id, kind, ip)));
        }
        let ids: Vec<&str> = found.who.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["00u1", "00u4"]);
        assert_eq!(found.who[0].login, "00u1@x");
    }

    #[test]
    fn more_than_can_be_taken_stops_the_reading() {
        let asked = Asked::read("eventType pr").unwrap();
        let mut found = Found::default();
        let takes =
            |found: &mut Found, n: usize| found.see(&asked, &event(&format!("00u{n}"), "User", ""));
        for n in 0..WHO_MAX {
            assert!(takes(&mut found, n), "{n}");
        }
        assert!(
            !takes(&mut found, WHO_MAX),
            "one too many is seen, and told by the caller"
        );
        assert!(found.who.len() > WHO_MAX);
    }

    #[test]
    fn what_asks_for_everybody_is_refused() {
        for wrong in [
            "",
            "  ",
            "ip:",
            "ip:0.0.0.0/0",
            "ip:203.0.113.0/24,nonsense",
        ] {
            assert_eq!(Asked::read(wrong).unwrap_err().exit, Exit::Usage, "{wrong}");
        }
    }
}
