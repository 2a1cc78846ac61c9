//! What stops with the account: agents, automation by his API tokens, clients by his consents, and
//! what only his admin roles let be done.
//!
//! A directory tells of no app who owns it, so that what he alone administrates cannot be read: his
//! roles are named instead, and somebody has to know.

use super::finding;
use crate::connector::AgentToken;
use crate::evidence::holdings::Holdings;
use crate::model::{Finding, Severity};
use crate::rehearsals::Stops;

/// All of it, and what could not be read.
pub(super) fn of(
    holdings: &Holdings,
    agents: Result<Vec<Vec<AgentToken>>, String>,
) -> (Vec<Stops>, Vec<Finding>) {
    let mut all = Vec::new();
    let mut unread: Vec<String> = holdings.unread.clone();
    let agents = agents.unwrap_or_else(|why| {
        unread.push(format!("agents: {why}"));
        Vec::new()
    });
    let agents: Vec<AgentToken> = agents.into_iter().flatten().collect();
    for agent in &agents {
        all.push(Stops {
            kind: "agent".into(),
            id: agent.id.clone(),
            name: agent.name.clone(),
            why: format!(
                "{} \"{}\" lives by his token: suspending him can stop it",
                agent.kind, agent.name
            ),
        });
    }
    let his = holdings.api_tokens.iter().flatten();
    let his = his.filter(|token| token.is_his);
    for token in his.filter(|token| !agents.iter().any(|agent| agent.id == token.id)) {
        all.push(Stops {
            kind: "api_token".into(),
            id: token.id.clone(),
            name: token.name.clone(),
            why: format!("API token \"{}\": whatever uses it stops", token.name),
        });
    }
    for client in holdings.clients.iter().flatten() {
        let name = match &client.name[..] {
            "" => client.id.as_str(),
            name => name,
        };
        all.push(Stops {
            kind: "oauth_client".into(),
            id: client.id.clone(),
            name: name.to_owned(),
            why: format!("\"{name}\" acts by his consent: it has to be given again"),
        });
    }
    for role in holdings.roles.iter().flatten() {
        all.push(Stops {
            kind: "admin_role".into(),
            id: role.id.clone(),
            name: role.name.clone(),
            why: format!(
                "he is {}: what he alone administrates nobody does meanwhile",
                role.name.to_lowercase()
            ),
        });
    }
    let unread = unread.into_iter().enumerate().map(|(place, why)| {
        let id = format!("stops_unread:{place}");
        let text = format!("what stops with him is not all known: {why}");
        finding(Severity::Warning, id, text, "")
    });
    (all, unread.collect())
}
