//! `revoke_oauth_tokens`: what apps hold to act in the account's name, app by app.
//!
//! Oddities: a row of `OauthToken` cannot be deleted, has no id (it is always null) and no date. What
//! revokes it is its `DeleteToken`, a secret, which is read just before and goes nowhere but into
//! the revocation; its `AccessToken`, which is the refresh token itself, is never selected. So a
//! change is an app, as far as the rows are all shown: Salesforce lists 2,500 at most. Above that one
//! change stands for them all, and is made in rounds until none is left.
//! Source: OauthToken, "Revoke OAuth Tokens" [docs].

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::Salesforce;
use super::rights::{CUSTOMIZE_APPLICATION, Sight, sight};
use super::soql::{self, quoted};
use super::together::About;
use super::token::REVOKE;
use super::vendor::VENDOR;
use super::voice::{VOICE, why};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::connectors::kit::{
    Glance, Planning, Seen, Sent, Unread, Verb, account_of, change, send, target, text,
};
use crate::model::{Applied, Change, Outcome, OutcomeKind, ProofState, Receipt, Skip, count};
use crate::transport::{Path, Reader, Write, Writer};

/// Rows that Salesforce lists at most.
const LISTED_MAX: usize = 2_500;

/// Rounds of what is listed; a person has never had so many.
const ROUNDS_MAX: usize = 20;

/// Revocations at the same time.
const AT_ONCE: usize = 8;

/// Traces of one change that are kept.
const RECEIPTS_MAX: usize = 10;

/// The kind of a target that is an app; that of all of them is `user`.
const APP: &str = "app";

pub(super) struct RevokeOauthTokens;

#[async_trait]
impl Verb<Salesforce> for RevokeOauthTokens {
    async fn plan(&self, p: &Planning<'_, Salesforce>, who: &Identified) -> Planned {
        let (number, rows) = match held(p.service, p.glance, &who.id).await {
            Ok(held) => held,
            Err(unread) => return Planned::skipped(Skip::Unread { why: why(&unread) }),
        };
        if number == 0 && rows.is_empty() {
            return Planned::skipped(none(p).await);
        }
        let changes = if number > rows.len() {
            vec![all(p, who, number)]
        } else {
            let apps = by_app(&rows).into_iter();
            apps.map(|(app, rows)| one(p, who, &app, &rows)).collect()
        };
        Planned {
            changes,
            notes: p.service.notes(p.glance.reader()),
            ..Planned::default()
        }
    }

    async fn apply(&self, salesforce: &Salesforce, w: &Writer<'_>, change: &Change) -> Outcome {
        let batch = std::slice::from_ref(change);
        let mut outcomes = revoke_all(salesforce, w, batch).await;
        outcomes.remove(0)
    }

    async fn prove(&self, salesforce: &Salesforce, glance: &Glance, done: &Applied) -> Seen {
        let account = account_of(&done.change);
        let (number, rows) = match held(salesforce, glance, account).await {
            Ok(held) => held,
            Err(unread) => return (ProofState::Pending, why(&unread)),
        };
        let his = rows.iter().filter(|row| is_of(&done.change, row)).count();
        if his > 0 {
            return (
                ProofState::Refuted,
                format!("{} still listed", count(his, "token")),
            );
        }
        if number > rows.len() {
            let how = format!("Salesforce lists {} of {number} tokens", rows.len());
            return (ProofState::Pending, how);
        }
        match sight(salesforce, glance, CUSTOMIZE_APPLICATION).await {
            Sight::Blind(why) => (ProofState::Pending, why),
            Sight::Clear | Sight::Unknown(_) => (
                ProofState::Proven,
                match number {
                    0 => "no token is left".into(),
                    n => format!("not among {} listed", count(n, "token")),
                },
            ),
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("lets the app in again".into()))
    }
}

/// How many tokens there are, and those that are listed, without anything secret.
async fn held(
    salesforce: &Salesforce,
    glance: &Glance,
    account: &str,
) -> Result<(usize, Vec<Value>), Unread> {
    let (rows, number) = TOKENS.of(salesforce, glance, account).await?;
    Ok((number, rows))
}

const TOKENS: About = About {
    select: "AppName, AppMenuItemId, LastUsedDate, UseCount",
    object: "OauthToken",
    whose: "UserId",
    counted: true,
};

fn whose(account: &str) -> Result<String, Unread> {
    let account = quoted(account).ok_or_else(|| Unread::NoAnswer("his id is none".into()))?;
    Ok(format!("UserId = {account}"))
}

/// Why there is no token, if that can be believed.
async fn none(p: &Planning<'_, Salesforce>) -> Skip {
    match sight(p.service, p.glance, CUSTOMIZE_APPLICATION).await {
        Sight::Blind(why) | Sight::Unknown(why) => Skip::Unread { why },
        Sight::Clear => Skip::NothingSelected {
            why: "no app holds a token".into(),
        },
    }
}

/// What tells apps apart: the id of the app's menu item, or its name where it has none.
fn app_of(row: &Value) -> &str {
    match (text(row, "AppMenuItemId"), text(row, "AppName")) {
        ("", "") => "unnamed",
        ("", name) => name,
        (id, _) => id,
    }
}

fn by_app(rows: &[Value]) -> BTreeMap<String, Vec<&Value>> {
    let mut apps: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for row in rows {
        apps.entry(app_of(row).to_owned()).or_default().push(row);
    }
    apps
}

/// Whether a change is about a row.
fn is_of(change: &Change, row: &Value) -> bool {
    change.target.kind != APP || change.target.id == app_of(row)
}

fn one(p: &Planning<'_, Salesforce>, who: &Identified, app: &str, rows: &[&Value]) -> Change {
    let name = rows.first().map_or("", |row| text(row, "AppName"));
    let target = target(APP, app, if name.is_empty() { app } else { name });
    let used = rows.iter().map(|row| text(row, "LastUsedDate")).max();
    let number = count(rows.len(), "token");
    let sentence = format!("revoke {number} of app {}", target.label);
    let before = json!({ "tokens": rows.len(), "last_used": used.filter(|at| !at.is_empty()) });
    change(&VENDOR, p.step, who, target, sentence, before)
}

fn all(p: &Planning<'_, Salesforce>, who: &Identified, number: usize) -> Change {
    let target = target("user", &who.id, &who.subject.login);
    let sentence = format!("revoke all {number} tokens of apps, of which not all are listed");
    let before = json!({ "tokens": number });
    change(&VENDOR, p.step, who, target, sentence, before)
}

/// Revokes what the changes of one batch, all of one account, stand for.
pub(super) async fn revoke_all(
    salesforce: &Salesforce,
    w: &Writer<'_>,
    batch: &[Change],
) -> Vec<Outcome> {
    let mut tallies: Vec<Tally> = batch.iter().map(|_| Tally::default()).collect();
    let account = batch.first().map_or("", account_of);
    for _ in 0..ROUNDS_MAX {
        let (listed, secrets) = match secrets(salesforce, w.reader(), account, batch).await {
            Ok(secrets) => secrets,
            Err(unread) => {
                for tally in &mut tallies {
                    tally.unread(&unread);
                }
                break;
            }
        };
        let each: Vec<BoxFuture<'_, (usize, Outcome)>> = secrets
            .into_iter()
            .map(|(place, secret)| {
                let revoked = async move { (place, revoke(w, &batch[place], secret).await) };
                Box::pin(revoked) as BoxFuture<'_, (usize, Outcome)>
            })
            .collect();
        let mut answers = stream::iter(each).buffered(AT_ONCE);
        let mut fewer = false;
        while let Some((place, outcome)) = answers.next().await {
            fewer |= outcome.kind == OutcomeKind::Done;
            tallies[place].add(outcome);
        }
        // A shorter list was whole; one that nothing went from would be the same again.
        if listed < LISTED_MAX || !fewer {
            break;
        }
    }
    tallies.into_iter().map(Tally::outcome).collect()
}

/// What revokes the tokens of a batch, each with the place of its change, and how many were
/// listed. The list is dropped as soon as the secrets are out of it.
async fn secrets(
    salesforce: &Salesforce,
    reader: &Reader,
    account: &str,
    batch: &[Change],
) -> Result<(usize, Vec<(usize, Option<SecretString>)>), Unread> {
    let glance = Glance::new(reader, &VOICE);
    let soql = format!(
        "SELECT AppName, AppMenuItemId, DeleteToken FROM OauthToken WHERE {}",
        whose(account)?
    );
    let rows = soql::rows(&glance, &salesforce.data, &soql).await?;
    let listed = rows.len();
    let wanted = rows.into_iter().filter_map(|row| {
        let place = batch.iter().position(|change| is_of(change, &row))?;
        let secret = Some(text(&row, "DeleteToken")).filter(|secret| !secret.is_empty());
        Some((place, secret.map(SecretString::from)))
    });
    Ok((listed, wanted.collect()))
}

async fn revoke(w: &Writer<'_>, change: &Change, secret: Option<SecretString>) -> Outcome {
    let Some(secret) = secret else {
        return Outcome::bare(OutcomeKind::Failed {
            why: "Salesforce does not show what revokes a token of his (DeleteToken)".into(),
            hint: format!(
                "grant {} to the integration user; then `oust runs resume`",
                VOICE.needs(change)
            ),
        });
    };
    let write = Write::post(Path::new(REVOKE)).form(vec![("token".into(), secret)]);
    let sent: Sent = send(w, &write).await;
    // `invalid_token`: it was revoked before; the count tells whether that is so.
    VOICE.outcome(change, sent, true)
}

/// What became of the tokens of one change.
#[derive(Default)]
struct Tally {
    done: usize,
    gone: usize,
    failed: Option<OutcomeKind>,
    failures: usize,
    doubt: Option<OutcomeKind>,
    receipts: Vec<Receipt>,
}

impl Tally {
    fn add(&mut self, outcome: Outcome) {
        if self.receipts.len() < RECEIPTS_MAX {
            self.receipts.extend(outcome.receipts);
        }
        match outcome.kind {
            OutcomeKind::Done | OutcomeKind::Accepted => self.done += 1,
            OutcomeKind::AlreadyDone => self.gone += 1,
            doubt @ OutcomeKind::InDoubt { .. } => self.doubt = Some(doubt),
            failed @ OutcomeKind::Failed { .. } => {
                self.failures += 1;
                self.failed.get_or_insert(failed);
            }
        }
    }

    /// The list could not be read: whatever is on it stays.
    fn unread(&mut self, unread: &Unread) {
        self.add(Outcome::bare(OutcomeKind::Failed {
            why: format!("his tokens could not be read: {}", why(unread)),
            hint: "`oust runs resume` tries again".into(),
        }));
    }

    /// What may have happened comes first, because it is read back; then what did not.
    fn outcome(self) -> Outcome {
        let all = self.done + self.gone + self.failures;
        let kind = match (self.doubt, self.failed) {
            (Some(doubt), _) => doubt,
            (None, Some(OutcomeKind::Failed { why, hint })) if all > self.failures => {
                OutcomeKind::Failed {
                    why: format!("{} of {all} tokens were not revoked: {why}", self.failures),
                    hint,
                }
            }
            (None, Some(failed)) => failed,
            (None, None) if self.done > 0 => OutcomeKind::Done,
            (None, None) => OutcomeKind::AlreadyDone,
        };
        Outcome {
            kind,
            receipts: self.receipts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(why: &str) -> Outcome {
        Outcome::bare(OutcomeKind::Failed {
            why: why.into(),
            hint: String::new(),
        })
    }

    #[test]
    fn what_is_in_doubt_is_read_back_and_a_part_is_no_whole() {
        let mut tally = Tally::default();
        assert_eq!(Tally::default().outcome().kind, OutcomeKind::AlreadyDone);
        tally.add(Outcome::bare(OutcomeKind::Done));
        tally.add(failed("503"));
        let OutcomeKind::Failed { why, .. } = tally.outcome().kind else {
            panic!("a part is no whole")
        };
        assert_eq!(why, "1 of 2 tokens were not revoked: 503");
        let mut tally = Tally::default();
        tally.add(failed("503"));
        tally.add(Outcome::bare(OutcomeKind::InDoubt { why: "cut".into() }));
        assert!(matches!(tally.outcome().kind, OutcomeKind::InDoubt { .. }));
    }

    #[test]
    fn apps_are_told_apart_by_their_menu_item_or_their_name() {
        let row =
            |name: &str, item: Option<&str>| json!({ "AppName": name, "AppMenuItemId": item });
        let rows = [
            row("Loader", Some("0DS1")),
            row("Loader", Some("0DS2")),
            row("Mobile", None),
            row("Mobile", None),
        ];
        let apps = by_app(&rows);
        let sizes: Vec<(&str, usize)> = apps
            .iter()
            .map(|(app, rows)| (app.as_str(), rows.len()))
            .collect();
        assert_eq!(sizes, [("0DS1", 1), ("0DS2", 1), ("Mobile", 2)]);
    }
}
