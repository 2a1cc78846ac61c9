//! The signed text: what a person signs, in a form that people can read aloud and no machine can
//! read in two ways.
//!
//! Eleven lines in a fixed order, each `key: value`, and the signature over every byte before its
//! own line. The first line says what the key was used for. There is one way to write a statement
//! and no other is read: a text that is not, byte for byte, what its own values are written as is
//! refused, before and apart from the signature.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{APPROVAL_FOR, Approvers, SigningKey, Vote};
use crate::model::{Plan, RunId, Utc};

/// Bytes of a text at most.
pub(super) const BYTES_MAX: usize = 16 * 1024;

/// Characters of a name, and of a reason, at most.
pub(super) const NAME_MAX: usize = 100;
const REASON_MAX: usize = 400;

/// Accounts that are named one by one; the digest binds the others.
const NAMED_MAX: usize = 30;

const FIRST: &str = "oust approval, version 1";

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// To do it, or not to.
    pub approve: bool,
    /// Which run it would be.
    pub run: RunId,
    /// The plan's digest.
    pub digest: String,
    /// The org, for people: id and host.
    pub org: String,
    /// The accounts, for people: how many, and which.
    pub subjects: String,
    /// Who signs.
    pub by: String,
    /// When.
    pub at: Utc,
    /// Until when it holds.
    pub expires: Utc,
    /// Why; may be empty.
    pub reason: String,
}

impl Statement {
    /// What `by` says about a plan, cleaned of what cannot stand on one line.
    #[must_use]
    pub fn about(plan: &Plan, approve: bool, by: &str, reason: &str, at: Utc) -> Self {
        let line = |text: &str, most: usize| -> String {
            let kept = text.chars().map(|c| if is_plain(c) { c } else { ' ' });
            let kept: String = kept.collect();
            let words: Vec<&str> = kept.split_whitespace().collect();
            let short: String = words.join(" ").chars().take(most).collect();
            short.trim_end().to_owned()
        };
        Self {
            approve,
            run: plan.run.clone(),
            digest: plan.digest(),
            org: org_of(plan),
            subjects: subjects_of(plan),
            by: line(by, NAME_MAX),
            at,
            expires: at.plus(APPROVAL_FOR),
            reason: line(reason, REASON_MAX),
        }
    }

    /// Whether it says of this plan what its text says: run, digest, org and accounts.
    #[must_use]
    pub fn is_about(&self, plan: &Plan) -> bool {
        self.run == plan.run
            && self.digest == plan.digest()
            && self.org == org_of(plan)
            && self.subjects == subjects_of(plan)
    }

    /// The bytes that are signed.
    fn body(&self) -> String {
        let decision = if self.approve { "approve" } else { "deny" };
        let mut text = format!("{FIRST}\n");
        let rows: [(&str, &dyn std::fmt::Display); 9] = [
            ("decision", &decision),
            ("run", &self.run),
            ("plan", &self.digest),
            ("org", &self.org),
            ("subjects", &self.subjects),
            ("by", &self.by),
            ("at", &self.at),
            ("expires", &self.expires),
            ("reason", &self.reason),
        ];
        for (key, value) in rows {
            let value = value.to_string();
            let gap = if value.is_empty() { "" } else { " " };
            writeln!(text, "{key}:{gap}{value}").expect("writing to a String cannot fail");
        }
        text
    }

    /// The whole text.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        let body = self.body();
        let signature = STANDARD.encode(key.sign(body.as_bytes()));
        format!("{body}signature: {signature}\n")
    }
}

/// A text as it was handed in: well-formed, its signature not yet believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    statement: Statement,
    signature: Vec<u8>,
    text: String,
}

/// Why a text is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// More than it can be.
    #[error("it is longer than {BYTES_MAX} bytes")]
    TooLong,
    /// It is not of the form.
    #[error("line {line} is not `{wanted}`")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What should stand there.
        wanted: &'static str,
    },
    /// It is of the form, and not as oust writes it.
    #[error("it is not written as oust writes it: it was changed on its way")]
    Rewritten,
    /// It holds longer than any may.
    #[error("it would hold for more than 4 hours")]
    TooLate,
    /// Nobody of that name may sign.
    #[error("nobody of `approvers` is called `{by}`")]
    Stranger {
        /// The name in it.
        by: String,
    },
    /// The signature is not his.
    #[error("its signature is not by the key of {by}")]
    Forged {
        /// The name in it.
        by: String,
    },
}

impl Signed {
    /// Reads a text; nothing in it is believed before [`Signed::verify`].
    ///
    /// # Errors
    /// [`FormError`].
    pub fn parse(text: &str) -> Result<Self, FormError> {
        if text.len() > BYTES_MAX {
            return Err(FormError::TooLong);
        }
        // An editor or a mail adds or takes the last line's end: it is not signed.
        let text = format!("{}\n", text.trim_end_matches(['\n', ' ']));
        let mut lines = Lines::of(&text);
        lines.is(FIRST)?;
        let approve = match lines.value("decision")? {
            "approve" => true,
            "deny" => false,
            _ => return Err(lines.wrong("decision: approve or deny")),
        };
        let run = lines.value("run")?.to_owned();
        let digest = lines.value("plan")?.to_owned();
        if digest.len() != 64 || !digest.bytes().all(|c| c.is_ascii_hexdigit()) {
            return Err(lines.wrong("plan: 64 hex digits"));
        }
        let org = lines.value("org")?.to_owned();
        let subjects = lines.value("subjects")?.to_owned();
        let by = lines.value("by")?.to_owned();
        let at = lines.moment("at")?;
        let expires = lines.moment("expires")?;
        let reason = lines.value("reason")?.to_owned();
        let signature = STANDARD.decode(lines.value("signature")?);
        let signature = signature.map_err(|_| lines.wrong("signature: base64"))?;
        lines.end()?;
        if expires > at.plus(APPROVAL_FOR) {
            return Err(FormError::TooLate);
        }
        let statement = Statement {
            approve,
            run: RunId::new(run),
            digest,
            org,
            subjects,
            by,
            at,
            expires,
            reason,
        };
        let whole = format!(
            "{}signature: {}\n",
            statement.body(),
            STANDARD.encode(&signature)
        );
        if whole != text || !statement.body().chars().all(|c| c == '\n' || is_plain(c)) {
            return Err(FormError::Rewritten);
        }
        Ok(Self {
            statement,
            signature,
            text,
        })
    }

    /// What it says, which may be a lie.
    #[must_use]
    pub fn claims(&self) -> &Statement {
        &self.statement
    }

    /// Checks whose signature it is. Whether it counts for a plan is [`weigh`](super::weigh)'s.
    ///
    /// # Errors
    /// [`FormError::Stranger`], [`FormError::Forged`].
    pub fn verify(&self, rules: &Approvers) -> Result<Vote, FormError> {
        let said = &self.statement;
        let by = said.by.clone();
        let Some(person) = rules.named(&by) else {
            return Err(FormError::Stranger { by });
        };
        if !person.key.made(said.body().as_bytes(), &self.signature) {
            return Err(FormError::Forged { by });
        }
        Ok(Vote {
            by: person.name.clone(),
            okta_id: person.okta_id.clone(),
            login: person.login.clone(),
            approve: said.approve,
            run: said.run.clone(),
            digest: said.digest.clone(),
            at: said.at,
            expires: said.expires,
            how: "key".into(),
            reason: said.reason.clone(),
            signed: Some(self.text.clone()),
        })
    }
}

struct Lines<'t> {
    left: std::str::Split<'t, char>,
    line: usize,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        Self {
            left: text.split('\n'),
            line: 0,
        }
    }

    fn wrong(&self, wanted: &'static str) -> FormError {
        FormError::Line {
            line: self.line,
            wanted,
        }
    }

    fn next(&mut self) -> &'t str {
        self.line += 1;
        self.left.next().unwrap_or_default()
    }

    fn is(&mut self, wanted: &'static str) -> Result<(), FormError> {
        if self.next() == wanted {
            return Ok(());
        }
        Err(self.wrong(wanted))
    }

    fn value(&mut self, key: &'static str) -> Result<&'t str, FormError> {
        let line = self.next();
        let rest = line
            .strip_prefix(key)
            .and_then(|rest| rest.strip_prefix(':'));
        let rest = rest.ok_or_else(|| self.wrong(key))?;
        Ok(rest.strip_prefix(' ').unwrap_or(rest))
    }

    fn moment(&mut self, key: &'static str) -> Result<Utc, FormError> {
        let text = self.value(key)?;
        text.parse().map_err(|_| self.wrong(key))
    }

    fn end(&mut self) -> Result<(), FormError> {
        self.is("")?;
        match self.left.next() {
            None => Ok(()),
            Some(_) => {
                self.line += 1;
                Err(self.wrong("the end"))
            }
        }
    }
}

/// Whether a character can stand in a line that somebody reads: it shows, and moves nothing.
fn is_plain(c: char) -> bool {
    let turns = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{061c}' | '\u{00ad}' | '\u{180e}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !turns
}

fn org_of(plan: &Plan) -> String {
    with_name(&plan.org_id, &plan.org)
}

fn subjects_of(plan: &Plan) -> String {
    let all = &plan.case.subjects;
    let named = all.iter().take(NAMED_MAX);
    let mut each: Vec<String> = named
        .map(|who| with_name(who.id.as_str(), &who.login))
        .collect();
    if all.len() > NAMED_MAX {
        each.push(format!("and {} more", all.len() - NAMED_MAX));
    }
    format!("{}: {}", all.len(), each.join(", "))
}

/// An id and its name, which is left out if it could be taken for anything else.
fn with_name(id: &str, name: &str) -> String {
    let clean = |text: &str, most: usize| {
        let harmless = |c: char| c.is_ascii_alphanumeric() || "@._-+':".contains(c);
        !text.is_empty() && text.len() <= most && text.chars().all(harmless)
    };
    let id = if clean(id, 128) { id } else { "?" };
    if clean(name, 128) {
        format!("{name} ({id})")
    } else {
        format!("({id})")
    }
}

/// How far clocks may be apart.
pub(super) const SKEW: Duration = Duration::from_secs(2 * 60);
