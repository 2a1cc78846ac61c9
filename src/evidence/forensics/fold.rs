//! Which events are one row of the timeline, and what the row says.

use std::collections::BTreeMap;
use std::time::Duration;

use super::seen::Seen;
use super::sentence::Speaker;
use super::short;
use crate::evidence::event::By;
use crate::evidence::investigation::Moment;
use crate::model::{Tri, Utc};

/// Apps opened one after the other are one visit, until a silence of this length.
const VISIT: Duration = Duration::from_secs(10 * 60);

/// The steps of one sign-in lie as close together as this.
const SIGN_IN: Duration = Duration::from_secs(5 * 60);

/// Names told in one row.
const NAMES_MAX: usize = 12;

/// Steps of a sign-in.
const SIGNS_IN: &[&str] = &[
    "policy.evaluate_sign_on",
    "system.push.send_factor_verify_push",
    "system.sms.send_factor_verify_message",
    "system.voice.send_mfa_challenge_call",
    "user.authentication.auth_via_mfa",
    "user.authentication.auth_via_IDP",
    "user.authentication.auth_via_AD_agent",
    "user.authentication.auth_via_LDAP_agent",
    "user.authentication.verify",
    "user.session.start",
];

/// What one event is to a timeline.
pub(super) enum Step {
    /// A step of a sign-in.
    SignIn,
    /// An app was opened, or its policy let it be.
    Opens(String),
    /// Anything else, in a sentence.
    Other(String),
}

impl Step {
    pub(super) fn of(seen: Seen<'_>, speaker: &Speaker<'_>) -> Self {
        let kind = seen.kind();
        let app = || {
            seen.thing("AppInstance")
                .map(|app| short(app.name))
                .filter(|name| !name.is_empty())
        };
        let opens = matches!(
            kind,
            "user.authentication.sso" | "user.session.access_admin_app"
        );
        if opens
            && !seen.event.failed()
            && let Some(app) = app()
        {
            return Self::Opens(app);
        }
        // A policy that lets an app be opened is the same visit; at a sign-in it is a step of it.
        if kind == "policy.evaluate_sign_on"
            && seen.result() == "ALLOW"
            && let Some(app) = app()
        {
            return Self::Opens(app);
        }
        match SIGNS_IN.contains(&kind) {
            true => Self::SignIn,
            false => Self::Other(speaker.say(seen)),
        }
    }
}

/// What a row is made of so far.
enum Made {
    SignIn(SignIn),
    Opens(Vec<String>, usize),
    Other,
}

/// A sign-in, as far as it came.
#[derive(Default)]
struct SignIn {
    started: bool,
    allowed: bool,
    failed: usize,
    new_device: bool,
    /// From where somebody answered the second factor, and by what.
    answered: Option<(String, bool)>,
    ip: String,
}

/// A row that is being made.
pub(super) struct Row {
    pub(super) moment: Moment,
    made: Made,
    moved: &'static str,
    /// Ids of all its events.
    events: Vec<String>,
}

impl Row {
    pub(super) fn new(seen: Seen<'_>, step: Step, moved: &'static str) -> Self {
        let made = match &step {
            Step::SignIn => Made::SignIn(SignIn::default()),
            Step::Opens(app) => Made::Opens(vec![app.clone()], 0),
            Step::Other(_) => Made::Other,
        };
        let what = match step {
            Step::Other(what) => what,
            Step::SignIn | Step::Opens(_) => String::new(),
        };
        let mut row = Self {
            moment: moment(seen, what),
            made,
            moved,
            events: vec![seen.id().to_owned()],
        };
        if let Made::SignIn(sign_in) = &mut row.made {
            sign_in.note(seen);
        }
        row
    }

    /// Takes the event into the row, if it is part of the same thing.
    pub(super) fn take(&mut self, seen: Seen<'_>, step: &Step) -> bool {
        if !self.belongs(seen, step) {
            return false;
        }
        match (&mut self.made, step) {
            (Made::SignIn(sign_in), _) => {
                sign_in.note(seen);
                if seen.kind() == "user.session.start" || !sign_in.started {
                    self.become_event(seen);
                }
            }
            (Made::Opens(apps, more), Step::Opens(app)) => {
                if apps.contains(app) {
                    // Told already.
                } else if apps.len() < NAMES_MAX {
                    apps.push(app.clone());
                } else {
                    *more += 1;
                }
            }
            _ => {}
        }
        self.moment.events += 1;
        self.moment.until = self.moment.until.max(seen.at);
        self.events.push(seen.id().to_owned());
        true
    }

    /// The event that stands for the row.
    fn become_event(&mut self, seen: Seen<'_>) {
        let m = moment(seen, String::new());
        // A phone's answer comes from where the phone is.
        if seen.kind() != "user.authentication.auth_via_mfa" {
            (self.moment.ip, self.moment.asn, self.moment.proxy) = (m.ip, m.asn, m.proxy);
        }
        (self.moment.kind, self.moment.result, self.moment.event) = (m.kind, m.result, m.event);
    }

    fn belongs(&self, seen: Seen<'_>, step: &Step) -> bool {
        let row = &self.moment;
        let actor = seen.event.actor_name().unwrap_or_default();
        let alike = row.session == seen.session() && row.token == seen.token();
        let near = |within: Duration| {
            let last = row.until.or(row.at);
            last.zip(seen.at)
                .is_some_and(|(last, at)| at.since(last) <= within)
        };
        match (&self.made, step) {
            (Made::SignIn(sign_in), Step::SignIn) => {
                let from = !row.session.is_empty() || seen.event.ip() == Some(sign_in.ip.as_str());
                !sign_in.started && alike && row.actor == actor && from && near(SIGN_IN)
            }
            // The app's own policy stands between the factor and the session's start.
            (Made::SignIn(sign_in), Step::Opens(_)) => {
                let decides = seen.kind() == "policy.evaluate_sign_on";
                decides && !sign_in.started && alike && !row.session.is_empty() && near(SIGN_IN)
            }
            (Made::Opens(..), Step::Opens(_)) => {
                let from = row.ip == seen.event.ip().unwrap_or_default();
                alike && row.actor == actor && from && near(VISIT)
            }
            (Made::Other, Step::Other(what)) => {
                let from = row.ip == seen.event.ip().unwrap_or_default();
                alike
                    && from
                    && row.actor == actor
                    && row.what == *what
                    && row.result == seen.result()
            }
            _ => false,
        }
    }

    pub(super) fn detected(&mut self, keys: Option<&Vec<String>>) {
        for key in keys.into_iter().flatten() {
            if !self.moment.detections.contains(key) {
                self.moment.detections.push(key.clone());
            }
        }
    }

    /// Writes the sentence, once all of its events are in.
    pub(super) fn settle(&mut self) {
        let what = match &self.made {
            Made::Other => std::mem::take(&mut self.moment.what),
            Made::Opens(apps, 0) => format!("opened {}", apps.join(", ")),
            Made::Opens(apps, more) => format!("opened {} and {more} more", apps.join(", ")),
            Made::SignIn(sign_in) => sign_in.say(),
        };
        self.moment.what = match self.moved {
            "" => what,
            moved => format!("{moved}: {what}"),
        };
        if self.moment.events == 1 || self.moment.until == self.moment.at {
            self.moment.until = None;
        }
    }

    /// Adds what it means now.
    pub(super) fn say_now(&mut self, by_event: &BTreeMap<String, String>) {
        let mut words: Vec<&str> = Vec::new();
        for event in self.events.iter().filter(|event| !event.is_empty()) {
            if let Some(word) = by_event.get(event)
                && !words.contains(&word.as_str())
            {
                words.push(word);
            }
        }
        self.moment.now = words.join("; ");
    }
}

impl SignIn {
    fn note(&mut self, seen: Seen<'_>) {
        let ip = seen.event.ip().unwrap_or_default();
        match seen.kind() {
            "user.authentication.auth_via_mfa" if !seen.event.failed() => {
                let push = seen.debug("factor") == Some("OKTA_VERIFY_PUSH");
                self.answered = Some((ip.to_owned(), push));
            }
            "user.session.start" if !seen.event.failed() => self.started = true,
            "policy.evaluate_sign_on" if seen.result() == "ALLOW" => self.allowed = true,
            _ => {}
        }
        self.failed += usize::from(seen.event.failed());
        self.new_device |= seen.is_new("New Device");
        if self.ip.is_empty() || self.started {
            ip.clone_into(&mut self.ip);
        }
    }

    fn say(&self) -> String {
        let mut said = match (self.started, self.allowed, self.failed) {
            (true, ..) => "signed in".to_owned(),
            (_, true, _) => "was let in by the sign-on policy".to_owned(),
            (_, _, 0) => "began to sign in".to_owned(),
            (_, _, 1) => "failed to sign in".to_owned(),
            (_, _, n) => format!("failed to sign in, {n} times"),
        };
        if self.new_device {
            said.push_str(", new device");
        }
        if let Some((ip, push)) = &self.answered
            && *ip != self.ip
            && !ip.is_empty()
        {
            let how = if *push {
                "push approved"
            } else {
                "second factor given"
            };
            said.push_str(&format!("; {how} from {ip}"));
        }
        said
    }
}

fn moment(seen: Seen<'_>, what: String) -> Moment {
    let event = seen.event;
    Moment {
        at: seen.at,
        until: None::<Utc>,
        whose: seen.whose,
        what,
        now: String::new(),
        kind: seen.kind().to_owned(),
        result: seen.result().to_owned(),
        actor: event.actor_name().unwrap_or_default().to_owned(),
        ip: event.ip().unwrap_or_default().to_owned(),
        asn: event.key(By::Asn).unwrap_or_default(),
        proxy: match event.is_proxy() {
            Some(true) => Tri::Yes,
            Some(false) => Tri::No,
            None => Tri::Unread,
        },
        session: seen.session(),
        token: seen.token().to_owned(),
        detections: Vec::new(),
        event: seen.id().to_owned(),
        events: 1,
    }
}
