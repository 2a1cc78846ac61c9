//! What is left of it, matter by matter; what was the person's before is told in one line.

use jiff::tz::TimeZone;

use super::{LINES_MAX, line, more};
use crate::evidence::investigation::{
    FactorFate, FactorRow, Fired, GrantRow, Now, PlantedRow, ReachedApp, SubjectFindings, TokenRow,
    Told, Whose,
};
use crate::model::Utc;
use crate::report::text::{Ink, Page, clock, count, moment};

/// Shows them.
pub(super) fn show(page: &mut Page, subject: &SubjectFindings, asked: bool, zone: &TimeZone) {
    let teller = Teller {
        subject,
        asked,
        zone,
    };
    let mut sections: Vec<(&str, Vec<String>)> = vec![
        (
            "planted",
            told(&subject.planted, |row| Some(teller.plant(row))),
        ),
        ("factors", told(&subject.factors, |row| teller.factor(row))),
        (
            "API tokens",
            told(&subject.api_tokens, |row| teller.token(row)),
        ),
        ("apps", told(&subject.assignments, |row| teller.grant(row))),
        ("groups", told(&subject.groups, |row| teller.grant(row))),
        (
            "admin roles",
            told(&subject.admin_roles, |row| teller.grant(row)),
        ),
        (
            "opened",
            told(&subject.impact, |row| Some(teller.reached(row))),
        ),
        (
            "detections",
            told(&subject.detections, |row| Some(teller.fired(row))),
        ),
    ];
    sections.insert(6, ("consents", teller.consents()));
    sections.insert(7, ("devices", teller.devices()));
    sections.insert(8, ("linked", teller.idps()));
    for (head, lines) in sections {
        for (place, text) in lines.iter().take(LINES_MAX).enumerate() {
            line(page, if place == 0 { head } else { "" }, Ink::Plain, text);
        }
        more(page, lines.len());
    }
    let kept = teller.kept();
    if !kept.is_empty() {
        line(page, "kept", Ink::Dim, &kept.join(", "));
    }
}

fn told<T>(rows: &[T], each: impl Fn(&T) -> Option<String>) -> Vec<String> {
    rows.iter().filter_map(each).collect()
}

struct Teller<'t> {
    subject: &'t SubjectFindings,
    /// Whether anybody was asked what is there now.
    asked: bool,
    zone: &'t TimeZone,
}

impl Teller<'_> {
    /// The time of day where it is the day the rest is about, else the date too.
    fn at(&self, at: Utc) -> String {
        let about = self
            .subject
            .intruder
            .start
            .or(self.subject.intruder.log_read_until);
        let day = |at: Utc| moment(at, self.zone)[..10].to_owned();
        match about.is_some_and(|about| day(about) == day(at)) {
            true => clock(at, self.zone),
            false => moment(at, self.zone)[..16].to_owned(),
        }
    }

    /// "enrolled 13:58:06 by priya@…"
    fn did(&self, verb: &str, told: Option<&Told>) -> Option<String> {
        let told = told?;
        let at = told
            .at
            .map_or_else(String::new, |at| format!(" {}", self.at(at)));
        let by = match told.by.as_str() {
            "" => String::new(),
            by if by.eq_ignore_ascii_case(&self.subject.login) => String::new(),
            by => format!(" by {by}"),
        };
        Some(format!("{verb}{at}{by}"))
    }

    fn plant(&self, row: &PlantedRow) -> String {
        let plant = &row.plant;
        let name = match plant.name.as_str() {
            "" => String::new(),
            name if plant.what.contains(name) => String::new(),
            name => format!(" {name}"),
        };
        let remedy = match (&plant.remedy, row.now) {
            (Some(action), now) if now != Now::Gone => format!("; `{action}` takes it away"),
            _ => String::new(),
        };
        let by = match plant.by.eq_ignore_ascii_case(&self.subject.login) || plant.by.is_empty() {
            true => String::new(),
            false => format!(" by {}", plant.by),
        };
        // What was taken away is damage: that it is gone is no comfort.
        let now = match plant.kind.ends_with(".revoke") {
            true => String::new(),
            false => is(row.now),
        };
        let at = self.at(plant.at);
        format!("{}{name} {at}{by}{now}{remedy}", plant.what)
    }

    fn factor(&self, row: &FactorRow) -> Option<String> {
        if row.whose == Whose::Own && row.would != FactorFate::Suspect && row.removed.is_none() {
            return None;
        }
        let did = [
            self.did("enrolled", row.enrolled.as_ref()),
            self.did("changed", row.changed.as_ref()),
            self.did("removed", row.removed.as_ref()),
        ];
        let would = match row.would {
            FactorFate::Deleted => ", would be deleted",
            FactorFate::Suspect => ", would stay: look at it",
            FactorFate::Kept => ", would stay",
            FactorFate::Nothing | FactorFate::Unknown => "",
        };
        let now = if row.removed.is_some() {
            String::new()
        } else {
            is(row.now)
        };
        Some(format!(
            "{}{}{now}{would}",
            named(&row.kind, &row.name),
            join(did)
        ))
    }

    fn token(&self, row: &TokenRow) -> Option<String> {
        if row.whose == Whose::Own && row.revoked.is_none() && row.used == 0 {
            return None;
        }
        let network = match row.network.as_str() {
            "" => None,
            network => Some(format!("from {}", network.to_lowercase())),
        };
        let used = match (row.used, row.last_used) {
            (0, _) => None,
            (n, Some(last)) => Some(format!("used {}, last {}", count(n, "time"), self.at(last))),
            (n, None) => Some(format!("used {}", count(n, "time"))),
        };
        let did = [
            self.did("made", row.made.as_ref()),
            network,
            used,
            self.did("revoked", row.revoked.as_ref()),
        ];
        let now = if row.revoked.is_some() {
            String::new()
        } else {
            is(row.now)
        };
        Some(
            format!("{} {}{}{now}", row.name, row.id, join(did))
                .trim()
                .to_owned(),
        )
    }

    fn grant(&self, row: &GrantRow) -> Option<String> {
        let did = [
            self.did("given", row.given.as_ref()),
            self.did("taken", row.taken.as_ref()),
        ];
        let by = match row.scope.as_str() {
            "group" => ", by a group",
            _ => "",
        };
        Some(format!(
            "{}{}{by}{}{}",
            row.name,
            join(did),
            is(row.now),
            whose(row.whose)
        ))
    }

    fn consents(&self) -> Vec<String> {
        let rows = self.subject.oauth_grants.iter();
        let rows = rows.filter(|row| row.whose != Whose::Own);
        rows.map(|row| {
            let did = [self.did("given", row.given.as_ref())];
            let scopes = match &row.scopes[..] {
                [] => String::new(),
                scopes => format!(" ({})", scopes.join(" ")),
            };
            format!(
                "{}{}{scopes}{}{}",
                row.name,
                join(did),
                is(row.now),
                whose(row.whose)
            )
        })
        .collect()
    }

    fn devices(&self) -> Vec<String> {
        let rows = self.subject.devices.iter();
        let rows = rows.filter(|row| row.whose != Whose::Own);
        rows.map(|row| {
            let did = [
                Some(row.platform.to_lowercase()).filter(|text| !text.is_empty()),
                self.did("added", row.added.as_ref()),
                Some(row.status.clone()).filter(|text| !text.is_empty()),
            ];
            format!(
                "{}{}{}{}",
                row.name,
                join(did),
                is(row.now),
                whose(row.whose)
            )
        })
        .collect()
    }

    fn idps(&self) -> Vec<String> {
        let rows = self.subject.idps.iter();
        rows.map(|row| {
            let did = [
                Some(row.kind.clone()).filter(|text| !text.is_empty()),
                self.did("made", row.made.as_ref()),
            ];
            format!("{}{}{}", row.name, join(did), whose(row.whose))
        })
        .collect()
    }

    fn reached(&self, row: &ReachedApp) -> String {
        let times = if row.times > 1 {
            format!(", {} times", row.times)
        } else {
            String::new()
        };
        let at = row
            .first
            .map_or_else(String::new, |at| format!(" {}", self.at(at)));
        let cut = match (&row.systems[..], row.owner.as_str(), row.own_app) {
            (_, _, true) => "; ends with the eviction".to_owned(),
            ([], "", _) if !self.asked => String::new(),
            ([], "", _) => "; no system of ours cuts it".to_owned(),
            ([], owner, _) => format!("; no system of ours cuts it: tell {owner}"),
            (systems, ..) => format!("; cut by {}", systems.join(", ")),
        };
        format!("{}{at}{times}{cut}", row.name)
    }

    fn fired(&self, row: &Fired) -> String {
        let times = if row.times > 1 {
            format!(", {} times", row.times)
        } else {
            String::new()
        };
        let at = row
            .first
            .map_or_else(String::new, |at| format!(" {}", self.at(at)));
        format!("{} ({}){at}{times}", row.title, row.severity)
    }

    /// Factors and tokens of before, for one line.
    fn kept(&self) -> Vec<String> {
        let factors = self.subject.factors.iter().filter(|row| {
            row.whose == Whose::Own && row.removed.is_none() && row.would != FactorFate::Suspect
        });
        factors
            .map(|row| {
                let at = row.enrolled.as_ref().and_then(|told| told.at);
                let date = at.map_or_else(String::new, |at| {
                    format!(" ({})", &moment(at, self.zone)[..10])
                });
                format!("{}{date}", named(&row.kind, &row.name))
            })
            .collect()
    }
}

fn named(kind: &str, name: &str) -> String {
    match name {
        "" => kind.to_owned(),
        name => format!("{kind} \"{name}\""),
    }
}

fn join<const N: usize>(parts: [Option<String>; N]) -> String {
    parts
        .into_iter()
        .flatten()
        .map(|part| format!(", {part}"))
        .collect()
}

fn is(now: Now) -> String {
    match now {
        Now::There => ", still there",
        Now::Gone => ", gone by now",
        Now::Unread => "",
    }
    .to_owned()
}

fn whose(whose: Whose) -> &'static str {
    match whose {
        Whose::Intruder => ", the intruder's",
        Whose::Own => "",
        Whose::Other => ", by others",
        Whose::Oust => ", ours",
        Whose::Unclear => ", unclear whose",
    }
}
