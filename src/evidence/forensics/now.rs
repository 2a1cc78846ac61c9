//! What a row of the timeline means now, in a few words: "still there", "alex cannot recover".

use std::collections::BTreeMap;

use super::factor_kind::FactorKind;
use super::short;
use crate::evidence::inquiry::Account;
use crate::evidence::investigation::{
    DeviceRow, FactorRow, GrantRow, Now, OauthRow, PlantedRow, TokenRow, Told, Whose,
};

/// Names of tokens by which somebody reads the log.
const READS_THE_LOG: &[&str] = &[
    "siem",
    "log",
    "splunk",
    "sentinel",
    "elastic",
    "datadog",
    "sumo",
    "panther",
    "chronicle",
    "qradar",
    "soc",
    "monitor",
    "audit",
];

/// What was found, to say what it means.
pub(super) struct Words<'w> {
    pub(super) account: &'w Account,
    pub(super) factors: &'w [FactorRow],
    pub(super) grants: [&'w Vec<GrantRow>; 3],
    pub(super) tokens: &'w [TokenRow],
    pub(super) oauth: &'w [OauthRow],
    pub(super) devices: &'w [DeviceRow],
    pub(super) planted: &'w [PlantedRow],
}

impl Words<'_> {
    /// The words, by the event that they are about.
    pub(super) fn by_event(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        let mut add = |told: &Option<Told>, word: String| {
            if let Some(told) = told
                && !told.event.is_empty()
                && !word.is_empty()
            {
                all.insert(told.event.clone(), word);
            }
        };
        for row in self.planted {
            let told = Told {
                event: row.plant.event.clone(),
                ..Told::default()
            };
            add(&Some(told), of_plant(row));
        }
        for row in self.factors {
            add(&row.enrolled, still(row.now, "still there", "gone by now"));
            add(&row.removed, self.without(row));
        }
        for row in self.grants.into_iter().flatten() {
            add(&row.given, still(row.now, "still there", "gone by now"));
        }
        for row in self.tokens {
            let made = match (row.now, &row.revoked) {
                (Now::Unread, None) => "no revocation seen".into(),
                (now, _) => still(now, "still valid", "revoked by now"),
            };
            add(&row.made, made);
            add(&row.revoked, blind(row));
        }
        for row in self.oauth {
            add(&row.given, still(row.now, "still there", "gone by now"));
        }
        for row in self.devices {
            add(&row.added, still(row.now, "still there", "gone by now"));
        }
        all
    }

    /// What somebody lost who lost a factor.
    fn without(&self, row: &FactorRow) -> String {
        let kind = |row: &FactorRow| FactorKind::named(&row.kind);
        let lost = kind(row);
        let came = row.enrolled.is_some();
        let back = self.factors.iter().any(|other| {
            other.now == Now::There && kind(other).key == lost.key && other.whose != Whose::Intruder
        });
        let who = self.account.login.split('@').next().unwrap_or_default();
        match !came && lost.recovers && !back && !who.is_empty() {
            true => format!("{} cannot recover", short(who)),
            false => String::new(),
        }
    }
}

fn still(now: Now, there: &str, gone: &str) -> String {
    match now {
        Now::There => there.into(),
        Now::Gone => gone.into(),
        Now::Unread => String::new(),
    }
}

fn of_plant(row: &PlantedRow) -> String {
    let support = row.plant.kind.starts_with("user.session.impersonation.");
    match (row.now, support) {
        (Now::Gone, true) => "over".into(),
        (_, true) => "end it".into(),
        (now, false) => still(now, "still there", "gone by now"),
    }
}

/// Whoever lived by a token that was revoked sees nothing any more.
fn blind(row: &TokenRow) -> String {
    let name = row.name.to_lowercase();
    let reads = READS_THE_LOG.iter().any(|word| name.contains(word));
    match row.whose == Whose::Intruder && row.made.as_ref().is_none_or(|made| made.event.is_empty())
    {
        true if reads => "your SIEM may be blind".into(),
        true => "what lived by it has stopped".into(),
        false => String::new(),
    }
}
