//! The org's API tokens, looked at one by one: whose rights each has, from where it may be used,
//! when it was, and whether anybody stands behind it.
//!
//! A token survives password, factors and sessions, and its rights are its owner's: it is where
//! intruders stay. Proposes; writes nothing and can write nothing.

use std::time::Duration;

use super::finding;
use crate::connector::{OrgToken, TokenOwner};
use crate::model::{Finding, Severity, Utc, count};
use crate::rehearsals::{ReviewedToken, TokenReview};

/// Unused for so long, a token is worth a question.
const IDLE: Duration = Duration::from_secs(14 * 24 * 3600);

/// Usable from everywhere.
const ANYWHERE: &str = "ANYWHERE";

/// Everything the org would give away with it.
const SUPER: &str = "SUPER_ADMIN";

/// Looks at each, the worst first.
pub(super) fn review(tokens: Vec<OrgToken>, now: Utc) -> TokenReview {
    let mut tokens: Vec<ReviewedToken> = tokens
        .into_iter()
        .map(|token| looked_at(token, now))
        .collect();
    tokens.sort_by(|a, b| {
        let rank = |token: &ReviewedToken| std::cmp::Reverse(token.concerns.len());
        (rank(a), &a.name, &a.id).cmp(&(rank(b), &b.name, &b.id))
    });
    TokenReview {
        tokens,
        unread: String::new(),
    }
}

fn looked_at(token: OrgToken, now: Utc) -> ReviewedToken {
    let mut concerns = Vec::new();
    let mut proposals: Vec<&str> = Vec::new();
    let mut login = String::new();
    match &token.owned_by {
        TokenOwner::Gone => {
            concerns.push("its owner does not exist".to_owned());
            proposals.push("revoke it");
        }
        TokenOwner::Unread { why } => concerns.push(format!("its owner was not read: {why}")),
        TokenOwner::Known {
            login: name,
            status,
            roles,
        } => {
            login.clone_from(name);
            if status != "ACTIVE" {
                concerns.push(format!("its owner is {status}"));
                proposals.push("revoke it, or make it anew for who needs it");
            }
            match roles {
                None => concerns.push("its owner's roles were not read".to_owned()),
                Some(roles) if roles.iter().any(|role| role == SUPER) => {
                    concerns.push("it has a super administrator's rights".to_owned());
                    proposals.push("make it anew for a service account with a role of its own");
                }
                Some(_) => {}
            }
        }
    }
    if token.network == ANYWHERE {
        concerns.push("it can be used from anywhere".to_owned());
        proposals.push("bind it to a network zone");
    }
    let used = token.last_used.or(token.created);
    if let Some(idle) = used.map(|at| now.since(at)).filter(|idle| *idle > IDLE) {
        let days = usize::try_from(idle.as_secs() / 86_400).unwrap_or(usize::MAX);
        concerns.push(format!("not used for {}", count(days, "day")));
        proposals.push("ask whether anybody needs it");
    }
    ReviewedToken {
        id: token.id,
        name: token.name,
        owner: token.owner,
        login,
        agent: token.agent.unwrap_or_default(),
        concerns,
        proposal: proposals.join("; "),
        last_used: token.last_used,
    }
}

/// What the review found, counted; the tokens themselves are in the rehearsal.
pub(super) fn findings(review: &TokenReview) -> Vec<Finding> {
    if !review.unread.is_empty() {
        let text = format!("the org's API tokens were not read: {}", review.unread);
        let hint = "grant okta.apiTokens.read and the role SUPER_ADMIN";
        return vec![finding(
            Severity::Warning,
            "tokens_unread".into(),
            text,
            hint,
        )];
    }
    let orphans = review
        .tokens
        .iter()
        .filter(|token| {
            let mut concerns = token.concerns.iter();
            concerns.any(|concern| concern.starts_with("its owner "))
        })
        .count();
    let one = (orphans > 0).then(|| {
        let text = format!(
            "{} of the org without a proper owner",
            count(orphans, "API token")
        );
        finding(Severity::Warning, "tokens_orphaned".into(), text, "")
    });
    one.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UserId;

    const NOW: i64 = 1_773_154_800_000;

    fn token(owned_by: TokenOwner, network: &str, idle_days: u64) -> OrgToken {
        let now = Utc::from_millis(NOW);
        OrgToken {
            id: "00T1".into(),
            name: "ci".into(),
            owner: UserId::new("00u1"),
            owned_by,
            network: network.into(),
            agent: None,
            created: None,
            last_used: Some(now.minus(Duration::from_secs(idle_days * 86_400))),
        }
    }

    fn known(status: &str, roles: &[&str]) -> TokenOwner {
        TokenOwner::Known {
            login: "ci@contoso.example".into(),
            status: status.into(),
            roles: Some(roles.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn each_concern_has_its_words_and_a_sound_token_has_none() {
        let concerns = |token| looked_at(token, Utc::from_millis(NOW)).concerns;
        let sound = token(known("ACTIVE", &["READ_ONLY_ADMIN"]), "ZONES", 1);
        assert_eq!(concerns(sound), Vec::<String>::new());
        let worst = token(known("DEPROVISIONED", &["SUPER_ADMIN"]), "ANYWHERE", 20);
        assert_eq!(
            concerns(worst),
            [
                "its owner is DEPROVISIONED",
                "it has a super administrator's rights",
                "it can be used from anywhere",
                "not used for 20 days",
            ]
        );
        let orphan = token(TokenOwner::Gone, "ZONES", 1);
        assert_eq!(concerns(orphan), ["its owner does not exist"]);
    }
}
