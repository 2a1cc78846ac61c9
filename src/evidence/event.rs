//! What one event says, if it says it.
//!
//! Every member of an event may be null, absent, or the text "null" or "unknown": each question
//! here answers `None` then. Shapes: Okta API, LogEvent; texts seen in published samples.

use serde_json::Value;

use crate::model::Utc;

/// Texts that stand for nothing.
const NOTHING: [&str; 3] = ["", "null", "unknown"];

/// Kinds of actors that are nobody: an address that was blocked, and the directory itself.
const NOBODY: [&str; 2] = ["IP address", "SystemPrincipal"];

/// One event, as the JSON that it is.
#[derive(Clone, Copy, Debug)]
pub struct Event<'e>(pub &'e Value);

/// What holds events together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The session they belong to.
    Session,
    /// The address they came from.
    Ip,
    /// The network that the address belongs to.
    Asn,
    /// The browser or device.
    Device,
    /// The API token that they were made with, or are about.
    Token,
}

impl By {
    /// Its name, for people and scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Ip => "ip",
            Self::Asn => "asn",
            Self::Device => "device",
            Self::Token => "token",
        }
    }
}

impl<'e> Event<'e> {
    /// Its id, by which two copies are one.
    #[must_use]
    pub fn uuid(self) -> Option<&'e str> {
        some(&self.0["uuid"])
    }

    /// When it was published, if that is a time.
    #[must_use]
    pub fn published(self) -> Option<Utc> {
        moment(some(&self.0["published"])?)
    }

    /// `user.session.start`, …
    #[must_use]
    pub fn kind(self) -> Option<&'e str> {
        some(&self.0["eventType"])
    }

    /// Who did it: his id. An address or the directory itself is nobody.
    #[must_use]
    pub fn actor(self) -> Option<&'e str> {
        let actor = &self.0["actor"];
        let is_nobody = some(&actor["type"]).is_some_and(|kind| {
            let mut nobody = NOBODY.iter();
            nobody.any(|no| kind.eq_ignore_ascii_case(no))
        });
        some(&actor["id"]).filter(|_| !is_nobody)
    }

    /// Who did it, as people call him.
    #[must_use]
    pub fn actor_name(self) -> Option<&'e str> {
        let actor = &self.0["actor"];
        some(&actor["alternateId"]).or_else(|| some(&actor["displayName"]))
    }

    /// Whether it went wrong for whoever tried.
    #[must_use]
    pub fn failed(self) -> bool {
        matches!(
            self.0["outcome"]["result"].as_str(),
            Some("FAILURE" | "DENY" | "ABANDONED" | "UNANSWERED" | "RATE_LIMIT")
        )
    }

    /// Whether it came through a proxy, if that is said.
    #[must_use]
    pub fn is_proxy(self) -> Option<bool> {
        match &self.0["securityContext"]["isProxy"] {
            Value::Bool(is) => Some(*is),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// The address it came from.
    #[must_use]
    pub fn ip(self) -> Option<&'e str> {
        some(&self.0["client"]["ipAddress"])
    }

    /// The browser or program that it came from, as it calls itself.
    #[must_use]
    pub fn agent(self) -> Option<&'e str> {
        some(&self.0["client"]["userAgent"]["rawUserAgent"])
    }

    /// The operating system that it came from.
    #[must_use]
    pub fn os(self) -> Option<&'e str> {
        some(&self.0["client"]["userAgent"]["os"])
    }

    /// The browser, by its short name.
    #[must_use]
    pub fn browser_name(self) -> Option<&'e str> {
        some(&self.0["client"]["userAgent"]["browser"])
    }

    /// Whose network that is, for people.
    #[must_use]
    pub fn network(self) -> Option<&'e str> {
        let context = &self.0["securityContext"];
        some(&context["asOrg"]).or_else(|| some(&context["isp"]))
    }

    /// Whether somebody with this id or login is its actor or one of its targets.
    #[must_use]
    pub fn is_about(self, who: &str) -> bool {
        let targets = self.0["target"].as_array();
        let mut parts = std::iter::once(&self.0["actor"]).chain(targets.into_iter().flatten());
        parts.any(|part| {
            part["id"] == *who
                || some(&part["alternateId"]).is_some_and(|name| name.eq_ignore_ascii_case(who))
        })
    }

    /// What it has in common with others of its group; `None` if it belongs to none.
    #[must_use]
    pub fn key(self, by: By) -> Option<String> {
        let security = &self.0["securityContext"];
        match by {
            By::Session => {
                some(&self.0["authenticationContext"]["externalSessionId"]).map(str::to_owned)
            }
            By::Ip => self.ip().map(str::to_owned),
            By::Asn => match &security["asNumber"] {
                Value::Number(number) => Some(format!("AS{number}")),
                other => some(other).map(|text| format!("AS{}", text.trim_start_matches("AS"))),
            },
            By::Device => some(&self.0["debugContext"]["debugData"]["dtHash"])
                .or_else(|| some(&self.0["device"]["id"]))
                .map(str::to_owned),
            By::Token => some(&self.0["transaction"]["detail"]["requestApiTokenId"])
                .or_else(|| self.target_of("Token"))
                .map(str::to_owned),
        }
    }

    fn target_of(self, kind: &str) -> Option<&'e str> {
        let mut targets = self.0["target"].as_array()?.iter();
        some(&targets.find(|target| target["type"] == *kind)?["id"])
    }
}

/// A moment as events have it. Without a zone it is UTC's.
pub(super) fn moment(text: &str) -> Option<Utc> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

/// A text, unless it stands for nothing.
pub(super) fn some(value: &Value) -> Option<&str> {
    let text = value.as_str()?.trim();
    let is_nothing = NOTHING.iter().any(|no| text.eq_ignore_ascii_case(no));
    (!is_nothing).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ALL: [By; 5] = [By::Session, By::Ip, By::Asn, By::Device, By::Token];

    #[test]
    fn an_event_without_anything_answers_nothing_and_breaks_nothing() {
        for empty in [
            json!({}),
            json!({ "target": null, "actor": null, "client": null, "outcome": null }),
            json!([]),
            json!({
                "client": { "ipAddress": "null" }, "securityContext": { "asNumber": null },
                "authenticationContext": { "externalSessionId": "unknown" }, "target": [null],
            }),
        ] {
            let event = Event(&empty);
            assert!(ALL.iter().all(|by| event.key(*by).is_none()), "{empty}");
            assert_eq!((event.published(), event.is_proxy()), (None, None));
            assert!(!event.failed() && !event.is_about("alex@contoso.example"));
        }
    }

    #[test]
    fn an_address_and_the_directory_itself_are_nobody() {
        let actor = |kind: &str, id: &str| {
            let event = json!({ "actor": { "id": id, "type": kind, "alternateId": "x" } });
            Event(&event).actor().map(str::to_owned)
        };
        assert_eq!(actor("IP address", "203.0.113.66"), None);
        assert_eq!(actor("SystemPrincipal", "system@okta.com"), None);
        assert_eq!(actor("User", "00u1").as_deref(), Some("00u1"));
        assert_eq!(actor("PublicClientApp", "0oa1").as_deref(), Some("0oa1"));
    }

    #[test]
    fn a_time_may_lack_zone_and_fraction() {
        let at = |text: &str| Event(&json!({ "published": text })).published().unwrap();
        assert_eq!(at("2026-03-10T13:41:02"), at("2026-03-10T13:41:02.000Z"));
        assert_eq!(
            at("2026-03-10T14:41:02+01:00"),
            at("2026-03-10T13:41:02.000Z")
        );
    }

    #[test]
    fn a_token_is_told_by_use_and_by_what_is_done_to_it() {
        let used = json!({ "transaction": { "detail": { "requestApiTokenId": "00T1" } } });
        let made = json!({ "target": [{ "type": "User", "id": "00u1" },
            { "type": "Token", "id": "00T1" }] });
        for event in [used, made] {
            assert_eq!(Event(&event).key(By::Token).as_deref(), Some("00T1"));
        }
    }

    #[test]
    fn people_are_told_by_id_and_login_and_not_by_half_of_one() {
        let event = json!({
            "actor": { "id": "00u1", "alternateId": "Alex@Contoso.example" },
            "target": [{ "id": "00u2", "alternateId": "kim@contoso.example" }],
        });
        let event = Event(&event);
        for who in [
            "00u1",
            "alex@contoso.example",
            "00u2",
            "KIM@contoso.example",
        ] {
            assert!(event.is_about(who), "{who}");
        }
        assert!(!event.is_about("alex") && !event.is_about("00u"));
    }
}
