//! Sign-on decisions that let a suspected address in, and what to close.

use super::Material;
use super::seen::Seen;
use crate::evidence::holdings::ThreatConfig;
use crate::evidence::investigation::{Decision, Gap, ThreatInsight};
use crate::model::{Severity, count};

/// Addresses named at most.
const NAMED_MAX: usize = 3;

/// Decisions about this account that allowed a suspected address.
pub(super) fn allowed(m: &Material<'_>) -> Vec<Decision> {
    let of = |seen: &Seen<'_>| {
        seen.kind() == "policy.evaluate_sign_on"
            && seen.result() == "ALLOW"
            && seen.is_suspected()
            && seen.is_by(m.account)
    };
    let decision = |seen: Seen<'_>| Decision {
        at: seen.at,
        login: m.account.login.clone(),
        ip: seen.event.ip().unwrap_or_default().to_owned(),
        // Where two policies decide, the app's stands last.
        rule: seen
            .things("PolicyRule")
            .last()
            .unwrap_or_default()
            .name
            .to_owned(),
        result: seen.result().to_owned(),
        event: seen.id().to_owned(),
    };
    m.seen().filter(of).map(decision).collect()
}

/// All of it. `config` is `None` if it was not read.
#[must_use]
pub fn threat_insight(allowed: Vec<Decision>, config: Option<&ThreatConfig>) -> ThreatInsight {
    let action = config.map(|config| config.action.clone());
    let excluded = config.map_or_else(Vec::new, |config| config.excluded_zones.clone());
    ThreatInsight {
        gaps: gaps(&allowed, action.as_deref(), &excluded),
        action,
        excluded_zones: excluded,
        allowed,
    }
}

fn gaps(allowed: &[Decision], action: Option<&str>, excluded: &[String]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    if !allowed.is_empty() {
        let mut from: Vec<&str> = allowed.iter().map(|each| each.ip.as_str()).collect();
        from.retain(|ip| !ip.is_empty());
        from.sort_unstable();
        from.dedup();
        let more = from.len().saturating_sub(NAMED_MAX);
        from.truncate(NAMED_MAX);
        let more = match more {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        gaps.push(Gap {
            severity: Severity::High,
            text: format!(
                "sign-on was allowed {} from an address that the directory suspected ({}{more})",
                count(allowed.len(), "time"),
                from.join(", ")
            ),
            hint: match action {
                Some("block") => "it is blocked by now: look at who else came from there".into(),
                Some(action) => {
                    format!("ThreatInsight's action is \"{action}\": set it to \"block\"")
                }
                None => "set ThreatInsight's action to \"block\"".into(),
            },
        });
    } else if let Some(action @ ("none" | "audit")) = action {
        gaps.push(Gap {
            severity: Severity::Warning,
            text: format!("ThreatInsight's action is \"{action}\": bad addresses are let in"),
            hint: "set it to \"block\"".into(),
        });
    }
    if !excluded.is_empty() {
        gaps.push(Gap {
            severity: Severity::Warning,
            text: format!("ThreatInsight does not look at {}", excluded.join(", ")),
            hint: "take zones out that hold more than your own addresses".into(),
        });
    }
    gaps
}
