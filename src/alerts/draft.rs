//! An alert in the making: takes what has the right shape, each once and not too much of it, and says
//! what is missing when nobody could be named.

use crate::model::{Alert, AlertRule, Hinted, Part, UserId, Utc, Weight};

use super::{json, shapes};

/// People in one alert at most; one that names more names nobody.
const SUBJECTS_MAX: usize = 50;

/// Entries of any other list at most.
const LIST_MAX: usize = 100;

/// Nobody in an org, by the login that events have for them.
const NOBODY: &[&str] = &["system@okta.com"];

/// An alert in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    alert: Alert,
    crowded: bool,
}

impl Draft {
    /// Of the source `name`.
    pub(super) fn new(name: &str) -> Self {
        let source = name.to_owned();
        let alert = Alert {
            source,
            ..Alert::default()
        };
        Self {
            alert,
            crowded: false,
        }
    }

    /// The rule that fired.
    pub(super) fn rule(&mut self, id: Option<&str>, name: Option<&str>) {
        self.alert.rule = AlertRule {
            id: id.and_then(shapes::word).unwrap_or_default(),
            name: name.map(shapes::name).unwrap_or_default(),
        };
    }

    /// How bad the sender says it is.
    pub(super) fn severity(&mut self, word: Option<&str>) {
        let word = word.filter(|word| word.len() <= 40);
        self.alert.severity = word.unwrap_or_default().to_lowercase();
    }

    /// When it happened.
    pub(super) fn time(&mut self, at: Option<Utc>) {
        self.alert.event_time = at;
    }

    /// The time it speaks of; one that ends before it begins is none.
    pub(super) fn window(&mut self, from: Option<Utc>, until: Option<Utc>) {
        self.alert.window = from
            .filter(|from| until.is_none_or(|until| *from <= until))
            .map(|from| (from, until));
    }

    /// That it is no reason to do anything by itself.
    pub(super) fn informational(&mut self) {
        self.alert.weight = Weight::Informational;
    }

    /// Where the sender shows it.
    pub(super) fn link(&mut self, url: Option<&str>) {
        self.alert.link = url.and_then(shapes::link);
    }

    /// Somebody, by an id and a login that belong together. What is no id or no login is not taken.
    pub(super) fn subject(&mut self, id: Option<&str>, login: Option<&str>, part: Part) {
        let id = id.filter(|id| shapes::is_user_id(id));
        let login = login.filter(|login| shapes::is_login(login));
        let login = login.filter(|login| !NOBODY.iter().any(|no| no.eq_ignore_ascii_case(login)));
        if id.is_none() && login.is_none() {
            return;
        }
        let is_same = |known: &&mut Hinted| match (id, &known.okta_id) {
            (Some(id), Some(theirs)) => theirs.as_str() == id,
            (None, None) => known.login.as_deref() == login,
            // Seen by an id once and by the login alone now, or the other way round.
            _ => login.is_some() && known.login.as_deref() == login,
        };
        if let Some(known) = self.alert.subjects.iter_mut().find(is_same) {
            known.okta_id = known.okta_id.take().or_else(|| id.map(UserId::new));
            known.login = known.login.take().or_else(|| login.map(str::to_owned));
            if known.part == Part::Unknown {
                known.part = part;
            }
            return;
        }
        if self.alert.subjects.len() == SUBJECTS_MAX {
            self.crowded = true;
            return;
        }
        self.alert.subjects.push(Hinted {
            okta_id: id.map(UserId::new),
            login: login.map(str::to_owned),
            part,
        });
    }

    /// Ids and logins that were found in two places: one of each belong together, several do not.
    pub(super) fn subjects(&mut self, ids: &[String], logins: &[String], part: Part) {
        let ids: Vec<&String> = ids.iter().filter(|id| shapes::is_user_id(id)).collect();
        let logins: Vec<&String> = logins.iter().filter(|one| shapes::is_login(one)).collect();
        if let ([id], [login]) = (&*ids, &*logins) {
            return self.subject(Some(id), Some(login), part);
        }
        for id in &ids {
            self.subject(Some(id), None, part);
        }
        // Whose login is whose cannot be told; with ids there, they are all that is needed.
        if ids.is_empty() {
            for login in logins {
                self.subject(None, Some(login), part);
            }
        }
    }

    /// Events of the directory.
    pub(super) fn events<T: AsRef<str>>(&mut self, ids: impl IntoIterator<Item = T>) {
        let ids = ids.into_iter().filter_map(|id| {
            let id = id.as_ref();
            shapes::is_event_id(id).then(|| id.to_owned())
        });
        put(&mut self.alert.events, ids);
    }

    /// Sessions.
    pub(super) fn sessions<T: AsRef<str>>(&mut self, ids: impl IntoIterator<Item = T>) {
        let ids = ids.into_iter().filter_map(|id| {
            let id = id.as_ref();
            shapes::is_session(id).then(|| id.to_owned())
        });
        put(&mut self.alert.sessions, ids);
    }

    /// Addresses.
    pub(super) fn ips<T: AsRef<str>>(&mut self, ips: impl IntoIterator<Item = T>) {
        let ips = ips.into_iter().filter_map(|ip| shapes::ip(ip.as_ref()));
        put(&mut self.alert.ips, ips);
    }

    /// Networks.
    pub(super) fn asns<T: AsRef<str>>(&mut self, asns: impl IntoIterator<Item = T>) {
        let asns = asns.into_iter().filter_map(|asn| shapes::asn(asn.as_ref()));
        put(&mut self.alert.asns, asns);
    }

    /// API tokens.
    pub(super) fn tokens<T: AsRef<str>>(&mut self, ids: impl IntoIterator<Item = T>) {
        let ids = ids.into_iter().filter_map(|id| {
            let id = id.as_ref();
            shapes::is_token_id(id).then(|| id.to_owned())
        });
        put(&mut self.alert.token_ids, ids);
    }

    /// Who did it where that is no person, such as an app with a token of its own.
    pub(super) fn clients<T: AsRef<str>>(&mut self, ids: impl IntoIterator<Item = T>) {
        let ids = ids.into_iter().filter_map(|id| shapes::word(id.as_ref()));
        put(&mut self.alert.clients, ids);
    }

    /// How the programs that did it call themselves.
    pub(super) fn agents<T: AsRef<str>>(&mut self, agents: impl IntoIterator<Item = T>) {
        let agents = agents.into_iter().map(|agent| shapes::name(agent.as_ref()));
        put(&mut self.alert.agents, agents);
    }

    /// Done: `key` makes two of them one, `missing` says what to look up if nobody is named.
    pub(super) fn done(mut self, key: &str, missing: &str) -> Alert {
        self.alert.dedupe_key = short_key(key);
        if self.crowded {
            self.alert.subjects.clear();
            let why = format!("it names more than {SUBJECTS_MAX} people");
            self.alert.needs_lookup = Some(why);
        } else if self.alert.subjects.is_empty() {
            self.alert.needs_lookup = Some(missing.to_owned());
        }
        self.alert
    }
}

/// Whether a program says that it is us. Anybody can say so: a reason to look, never to look away.
pub(super) fn says_it_is_us(alert: &Alert) -> bool {
    alert.agents.iter().any(|agent| agent.starts_with("oust/"))
}

fn put(list: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for one in more {
        if list.len() == LIST_MAX {
            return;
        }
        if !list.contains(&one) {
            list.push(one);
        }
    }
}

/// A key as it is, or its digest where it is long: what is cut could be another's.
fn short_key(key: &str) -> String {
    let plain = key.len() <= 200 && key.chars().all(|c| c.is_ascii_graphic());
    if plain && !key.is_empty() {
        key.to_owned()
    } else {
        json::digest(key.as_bytes())
    }
}
