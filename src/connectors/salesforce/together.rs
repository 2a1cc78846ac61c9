//! Many accounts in one query, and the sessions of many in one call.
//!
//! Rows are told apart by the field that says whose they are. That an account has none is believed
//! only of an answer whose `totalSize` is the number of the rows that came, and where that is not so,
//! or a row is nobody's who was asked about, each is read alone. What revokes tokens is a secret, and
//! is never read for more than one account.
//!
//! Few accounts are asked about one by one, as if there were no others. Source: REST API, "Query"
//! [docs*]; the query stands in the address, of which no more than [`SOQL_MAX`] is used [inferred].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::Salesforce;
use super::sessions;
use super::soql::{self, is_id, quoted, short_id};
use super::voice::VOICE;
use crate::connectors::kit::{
    Gather, Glance, MOMENT, Refused, Shared, Told, Unread, account_of, lane_of, text,
};
use crate::model::{Change, Outcome, OutcomeKind};
use crate::transport::{Reader, Writer};

/// Accounts in one query at most.
const ACCOUNTS_MAX: usize = 100;

/// Names in one query at most: each stands there twice.
const NAMES_MAX: usize = 50;

/// Characters of a query.
const SOQL_MAX: usize = 6_000;

/// Subjects whose sessions are ended in one go.
const SUBJECTS_MAX: usize = 200;

/// What is asked about accounts.
pub(super) struct About {
    /// The fields.
    pub(super) select: &'static str,
    /// The object.
    pub(super) object: &'static str,
    /// The field that says whose a row is.
    pub(super) whose: &'static str,
    /// Whether there may be more rows than Salesforce lists, so that they are counted as well.
    pub(super) counted: bool,
}

/// Rows of one account, and how many there are.
pub(super) type Held = (Vec<Value>, usize);

/// What waits to be asked and done for many.
pub(super) struct Together {
    pub(super) shared: Arc<Shared>,
    accounts: Gather<String, Result<Held, Unread>>,
    names: Gather<String, Vec<Value>>,
    sessions: Gather<Vec<Change>, Vec<Outcome>>,
}

impl Default for Together {
    fn default() -> Self {
        Self {
            shared: Arc::default(),
            accounts: Gather::new(MOMENT, ACCOUNTS_MAX),
            names: Gather::new(MOMENT, NAMES_MAX),
            sessions: Gather::new(MOMENT, SUBJECTS_MAX),
        }
    }
}

impl Together {
    fn is_crowd(&self, reader: &Reader, whose: &str) -> bool {
        self.shared.is_crowd(reader.clock().elapsed(), Some(whose))
    }
}

impl About {
    /// All rows of one account, in a crowd along with those of others.
    ///
    /// # Errors
    /// What kept us from reading the whole of it.
    pub(super) async fn of(
        &self,
        salesforce: &Salesforce,
        glance: &Glance,
        account: &str,
    ) -> Result<Held, Unread> {
        let (together, reader) = (&salesforce.together, glance.reader());
        if together.is_crowd(reader, account) && is_id(account) {
            let lane = format!("{} {}", self.object, lane_of(reader));
            let send = async |accounts| self.of_all(salesforce, reader, accounts).await;
            let asked = &together.accounts;
            let told = asked.ask(reader.clock(), &lane, account.to_owned(), send);
            if let Told::Answer(held) = told.await {
                return held;
            }
        }
        self.alone(salesforce, glance, account).await
    }

    /// The same, without any others.
    ///
    /// # Errors
    /// As [`About::of`].
    pub(super) async fn alone(
        &self,
        salesforce: &Salesforce,
        glance: &Glance,
        account: &str,
    ) -> Result<Held, Unread> {
        let account = quoted(account).ok_or_else(|| Unread::NoAnswer("his id is none".into()))?;
        let Self {
            select,
            object,
            whose,
            ..
        } = self;
        let listed = format!("SELECT {select} FROM {object} WHERE {whose} = {account}");
        let rows = soql::rows(glance, &salesforce.data, &listed).await?;
        // Counted after they were listed: what ends in between, maybe by our own hand, must not look
        // like a row that is hidden.
        let number = match self.counted {
            true => {
                let number = format!("SELECT COUNT() FROM {object} WHERE {whose} = {account}");
                soql::count(glance, &salesforce.data, &number).await?
            }
            false => rows.len(),
        };
        Ok((rows, number))
    }

    async fn of_all(
        &self,
        salesforce: &Salesforce,
        reader: &Reader,
        accounts: Vec<String>,
    ) -> Result<Vec<Result<Held, Unread>>, Refused> {
        let unread = |unread: Unread| match unread {
            Unread::NoAnswer(_) => Ok(vec![Err(unread); accounts.len()]),
            Unread::Absent { .. } | Unread::Refused { .. } => Err(Refused),
        };
        if accounts.len() == 1 {
            return Err(Refused);
        }
        let different: BTreeSet<&str> = accounts.iter().map(String::as_str).collect();
        let Self {
            select,
            object,
            whose,
            ..
        } = self;
        let ids: Option<Vec<String>> = different.iter().map(|id| quoted(id)).collect();
        let those = format!("{whose} IN ({})", ids.ok_or(Refused)?.join(","));
        // One glance, and so one answer, for whoever is asked about twice.
        let glance = Glance::new(reader, &VOICE);
        let named = select.split(", ").any(|field| field == *whose);
        let named = if named {
            String::new()
        } else {
            format!(", {whose}")
        };
        let listed = format!("SELECT {select}{named} FROM {object} WHERE {those}");
        let (rows, total) = match whole(salesforce, &glance, &listed).await {
            Ok(whole) => whole,
            Err(error) => return unread(error),
        };
        let mut all = total;
        if self.counted {
            let number = format!("SELECT COUNT() FROM {object} WHERE {those}");
            all = match soql::count(&glance, &salesforce.data, &number).await {
                Ok(number) => number,
                Err(error) => return unread(error),
            };
        }
        if total != rows.len() || all > total {
            return Err(Refused);
        }
        let mut by_account: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for id in &different {
            by_account.insert(short_id(id), Vec::new());
        }
        for row in rows {
            let his = by_account.get_mut(short_id(text(&row, whose)));
            his.ok_or(Refused)?.push(row.clone());
        }
        let held = accounts.iter().map(|account| {
            let rows = by_account.get(short_id(account)).cloned();
            let rows = rows.unwrap_or_default();
            let number = rows.len();
            Ok((rows, number))
        });
        Ok(held.collect())
    }
}

/// All rows of a query, and the number that it says there are.
async fn whole(
    salesforce: &Salesforce,
    glance: &Glance,
    soql: &str,
) -> Result<(Vec<Value>, usize), Unread> {
    if soql.len() > SOQL_MAX {
        return Err(Unread::Refused {
            said: Default::default(),
            why: "too many for one query".into(),
        });
    }
    soql::rows_and_total(glance, &salesforce.data, soql).await
}

/// Accounts by user name or federation id, in a crowd along with those of others; `None` if he is
/// to be looked for alone: nobody is taken for absent because he is not in an answer for many.
pub(super) async fn by_name(
    salesforce: &Salesforce,
    reader: &Reader,
    name: &str,
) -> Option<Vec<Value>> {
    let together = &salesforce.together;
    if !together.is_crowd(reader, name) {
        return None;
    }
    let send = async |names| by_names(salesforce, reader, names).await;
    let (asked, lane) = (&together.names, lane_of(reader));
    let told = asked.ask(reader.clock(), &lane, name.to_owned(), send);
    match told.await {
        Told::Answer(rows) if !rows.is_empty() => Some(rows),
        _ => None,
    }
}

async fn by_names(
    salesforce: &Salesforce,
    reader: &Reader,
    names: Vec<String>,
) -> Result<Vec<Vec<Value>>, Refused> {
    let different: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let quoted: Option<Vec<String>> = different.iter().map(|name| quoted(name)).collect();
    let list = quoted.filter(|all| all.len() > 1).ok_or(Refused)?.join(",");
    let soql = format!(
        "SELECT Id, Username, FederationIdentifier FROM User WHERE FederationIdentifier IN ({list}) \
         OR Username IN ({list})"
    );
    let glance = Glance::new(reader, &VOICE);
    let (rows, total) = whole(salesforce, &glance, &soql)
        .await
        .map_err(|_| Refused)?;
    if total != rows.len() {
        return Err(Refused);
    }
    let is = |row: &Value, key: &str, name: &str| text(row, key).to_lowercase() == name;
    let each = names.iter().map(|name| {
        let name = name.to_lowercase();
        let his = rows
            .iter()
            .filter(|row| is(row, "Username", &name) || is(row, "FederationIdentifier", &name));
        his.cloned().collect()
    });
    Ok(each.collect())
}

/// Ends the sessions of one subject, in a crowd along with those of others; one outcome each, in
/// the same order.
pub(super) async fn delete_sessions(
    salesforce: &Salesforce,
    w: &Writer<'_>,
    batch: &[Change],
) -> Vec<Outcome> {
    let together = &salesforce.together;
    let whose = batch.first().map(account_of);
    if !whose.is_some_and(|whose| together.is_crowd(w.reader(), whose)) {
        return sessions::delete_all(salesforce, w, batch).await;
    }
    let send = async |all: Vec<Vec<Change>>| {
        let flat: Vec<Change> = all.iter().flatten().cloned().collect();
        let mut outcomes = Vec::with_capacity(flat.len());
        for chunk in flat.chunks(sessions::TOGETHER_MAX) {
            outcomes.extend(sessions::delete_all(salesforce, w, chunk).await);
        }
        let mut outcomes = outcomes.into_iter();
        let own = |own: &Vec<Change>| outcomes.by_ref().take(own.len()).collect();
        Ok(all.iter().map(own).collect())
    };
    let (clock, consent) = (w.reader().clock(), w.consent().digest());
    let told = together.sessions.ask(clock, consent, batch.to_vec(), send);
    match told.await {
        Told::Answer(outcomes) => outcomes,
        Told::Alone | Told::Unknown => {
            let why = "the call that he was part of was given up".to_owned();
            vec![Outcome::bare(OutcomeKind::InDoubt { why }); batch.len()]
        }
    }
}
