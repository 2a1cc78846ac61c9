//! `clear_sessions`: ends every Okta session, revokes OAuth tokens, forgets devices.
//!
//! Oddity: Okta's defaults differ by engine (`oauthTokens` false everywhere, `forgetDevices`
//! true on Identity Engine only), so both are always sent. Sessions at apps live on; the JWTs
//! that apps check themselves live until they end. Source: Okta API, "Revoke all user sessions".

use async_trait::async_trait;
use serde_json::json;

use super::Okta;
use super::answers::{outcome, send};
use super::events::Evidence;
use super::verb::{Planning, Seen, Verb, flag};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{Applied, Change, Outcome, Target, Utc};
use crate::transport::{Path, Write, Writer};

/// What a clear leaves in the log.
const EVENT: &[&str] = &["user.session.clear"];

pub(super) struct ClearSessions;

#[async_trait]
impl Verb for ClearSessions {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let settings = &p.step.settings;
        let mut parts = vec!["end all Okta sessions"];
        if flag(settings, "oauth_tokens", true) {
            parts.push("revoke OAuth tokens");
        }
        if flag(settings, "forget_devices", true) {
            parts.push("forget remembered devices");
        }
        let target = Target::user(&who.subject.id, &who.subject.login);
        let before = json!({ "status": who.subject.status });
        Planned::one(p.change(who, target, parts.join(", "), before))
    }

    async fn apply(&self, _okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let yes_no = |name| flag(&change.settings, name, true).to_string();
        let path = Path::new("/api/v1/users")
            .seg(change.subject.as_str())
            .then("/sessions")
            .query("oauthTokens", yes_no("oauth_tokens"))
            .query("forgetDevices", yes_no("forget_devices"));
        outcome(change, send(w, &Write::delete(path)).await, false)
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        e.of_our_call(EVENT, done).await
    }

    async fn logged_at(&self, e: &Evidence<'_>, done: &Applied) -> Option<Utc> {
        e.logged_at(EVENT, done).await
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::PersonRedoes("signs in again".into()))
    }
}
