//! What an event says of the security of a sign-in.
//!
//! Structured members are asked first, then the texts that older orgs write. Sources: Okta API,
//! LogEvent; texts seen in published samples.

use serde_json::Value;

use crate::evidence::event::some;
use crate::evidence::{By, Event};

impl<'e> Event<'e> {
    /// The session that it belongs to.
    #[must_use]
    pub fn session(self) -> Option<&'e str> {
        some(&self.0["authenticationContext"]["externalSessionId"])
    }

    /// The session that this one was opened from.
    #[must_use]
    pub fn root_session(self) -> Option<&'e str> {
        some(&self.0["authenticationContext"]["rootSessionId"])
    }

    /// The request or job that it is part of.
    #[must_use]
    pub fn transaction(self) -> Option<&'e str> {
        some(&self.0["transaction"]["id"])
    }

    /// The API token that it was made with.
    #[must_use]
    pub fn made_with_token(self) -> Option<&'e str> {
        some(&self.0["transaction"]["detail"]["requestApiTokenId"])
    }

    /// The hash of the browser's device token.
    #[must_use]
    pub fn browser(self) -> Option<&'e str> {
        some(&self.0["debugContext"]["debugData"]["dtHash"])
    }

    /// The network, as `AS64505`.
    #[must_use]
    pub fn asn(self) -> Option<String> {
        self.key(By::Asn)
    }

    /// The result, by the directory's word.
    #[must_use]
    pub fn result(self) -> Option<&'e str> {
        some(&self.0["outcome"]["result"])
    }

    /// Whether it went as whoever tried wanted.
    #[must_use]
    pub fn succeeded(self) -> bool {
        matches!(self.result(), Some("SUCCESS" | "ALLOW"))
    }

    /// A text of the debug data.
    #[must_use]
    pub fn debug(self, name: &str) -> Option<&'e str> {
        some(&self.0["debugContext"]["debugData"][name])
    }

    /// Its targets, in no order that means anything.
    pub fn targets(self) -> impl Iterator<Item = &'e Value> {
        let targets = self.0["target"].as_array();
        targets.into_iter().flatten().filter(|t| t.is_object())
    }

    /// The first target of this type.
    #[must_use]
    pub fn target(self, kind: &str) -> Option<&'e Value> {
        self.targets().find(|target| target["type"] == *kind)
    }

    /// Which program asked, without its version: two texts that differ are two programs, or two
    /// machines.
    #[must_use]
    pub fn program(self) -> Option<String> {
        let agent = &self.0["client"]["userAgent"];
        let os = some(&agent["os"]);
        let browser = some(&agent["browser"]);
        if let (Some(os), Some(browser)) = (os, browser) {
            return Some(format!("{} {browser}", letters(os)));
        }
        let raw = some(&agent["rawUserAgent"])?;
        let words: Vec<String> = raw.split([' ', '/', ';', '(', ')']).map(letters).collect();
        Some(
            words
                .join(" ")
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
        )
    }

    /// Whether the directory suspected it when it let it in: `threatSuspected`, or a high risk.
    #[must_use]
    pub fn is_suspected(self) -> bool {
        let threat = self.debug("threatSuspected");
        threat.is_some_and(|text| text.eq_ignore_ascii_case("true")) || self.risk_is_high()
    }

    fn risk_is_high(self) -> bool {
        let level = &self.0["securityContext"]["risk"]["level"];
        if let Some(level) = some(level) {
            return level.eq_ignore_ascii_case("high");
        }
        // `{level=LOW}`, `{reasons=A, B, level=HIGH}`, `Risk{level=LOW}`: commas stand in values.
        let text = self.debug("risk").unwrap_or_default();
        let level = text
            .rsplit("level=")
            .next()
            .filter(|_| text.contains("level="));
        let word = |text: &str| text.trim_end_matches('}').trim().to_owned();
        level.is_some_and(|level| word(level).eq_ignore_ascii_case("high"))
    }
}

/// The words of a text without its numbers: a new version is no new program.
fn letters(text: &str) -> String {
    let without: String = text
        .chars()
        .filter(|c| !c.is_ascii_digit() && *c != '.' && *c != '_')
        .collect();
    without.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_high_risk_is_told_in_each_of_its_forms() {
        for (event, is) in [
            (
                json!({ "securityContext": { "risk": { "level": "HIGH" } } }),
                true,
            ),
            (
                json!({ "securityContext": { "risk": { "level": "LOW" } },
                "debugContext": { "debugData": { "risk": "{level=HIGH}" } } }),
                false,
            ),
            (
                json!({ "debugContext": { "debugData": {
                "risk": "{reasons=Anomalous Location, level=HIGH}" } } }),
                true,
            ),
            (
                json!({ "debugContext": { "debugData": { "risk": "Risk{level=LOW}" } } }),
                false,
            ),
            (
                json!({ "debugContext": { "debugData": { "risk": "{reasons=HIGH}" } } }),
                false,
            ),
            (
                json!({ "debugContext": { "debugData": { "threatSuspected": "True" } } }),
                true,
            ),
            (
                json!({ "debugContext": { "debugData": { "threatSuspected": "false" } } }),
                false,
            ),
            (json!({ "debugContext": { "debugData": null } }), false),
        ] {
            assert_eq!(Event(&event).is_suspected(), is, "{event}");
        }
    }

    #[test]
    fn a_new_version_is_the_same_program_and_a_script_is_another() {
        let of = |os: &str, browser: &str, raw: &str| {
            let event = json!({ "client": { "userAgent": {
                "os": os, "browser": browser, "rawUserAgent": raw } } });
            Event(&event).program().unwrap()
        };
        let chrome = of("Windows 10", "CHROME", "Mozilla/5.0 Chrome/131.0");
        assert_eq!(
            chrome,
            of("Windows 11", "CHROME", "Mozilla/5.0 Chrome/134.0")
        );
        assert_ne!(chrome, of("Unknown", "UNKNOWN", "python-requests/2.32.3"));
        assert_eq!(
            of("Unknown", "UNKNOWN", "python-requests/2.32.3"),
            of("", "", "python-requests/2.33.0")
        );
    }
}
