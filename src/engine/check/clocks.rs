//! Clocks: what each vendor's is ahead of ours, and whether ours is the one that is wrong.
//!
//! Tokens and proofs carry times, and vendors refuse what lies minutes apart; windows of an
//! incident are told by our clock and looked up by theirs. By how much a vendor is ahead is told
//! by the `Date` of its answers: whole seconds, cut off, so that a second behind is nothing.

use super::finding;
use super::object::SystemCheck;
use crate::model::{Finding, Severity};

/// From here on it is told.
const TOLD_MS: i64 = 10_000;

/// From here on vendors refuse what we sign: five minutes, as DPoP, AWS and others have it.
const REFUSED_MS: i64 = 300_000;

/// Two vendors whose clocks agree to so much have the same opinion of ours.
const AGREE_MS: i64 = 5_000;

/// A finding at each system whose clock is not ours; or, where two systems or more say the same
/// and none says that ours is right, one about ours.
pub(super) fn compare(systems: &mut [SystemCheck]) -> Option<Finding> {
    let told: Vec<i64> = systems
        .iter()
        .filter_map(|each| each.clock_ahead_ms)
        .collect();
    if let Some(ahead_ms) = ours(&told) {
        let text = format!(
            "the clock of this machine is {}: {} systems say so",
            apart(-ahead_ms),
            told.len()
        );
        let hint = "set it by NTP: windows are told by it, and what it signs is refused when it \
                    is five minutes wrong";
        return Some(finding(severity(ahead_ms), "our_clock", text, hint));
    }
    for system in systems {
        let Some(ahead_ms) = system.clock_ahead_ms.filter(|ms| ms.abs() >= TOLD_MS) else {
            continue;
        };
        let text = format!("its clock is {} of ours", apart(ahead_ms));
        let hint = "set the clock of this machine by NTP, or look whether a proxy rewrites `Date`";
        let found = finding(severity(ahead_ms), "clock_skew", text, hint);
        system.findings.push(found);
    }
    None
}

/// By how much everybody is ahead of us, if all agree and there are two at least.
fn ours(told: &[i64]) -> Option<i64> {
    let (first, last) = (*told.iter().min()?, *told.iter().max()?);
    let apart = first.abs().min(last.abs()) >= TOLD_MS && first.signum() == last.signum();
    (told.len() > 1 && apart && last - first <= AGREE_MS).then_some(first)
}

fn severity(ahead_ms: i64) -> Severity {
    match ahead_ms.abs() >= REFUSED_MS {
        true => Severity::High,
        false => Severity::Warning,
    }
}

/// `240 s ahead`
fn apart(ms: i64) -> String {
    let seconds = (ms.abs() + 500) / 1000;
    match ms >= 0 {
        true => format!("{seconds} s ahead"),
        false => format!("{seconds} s behind"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_vendor_that_differs_is_wrong_and_all_together_are_right() {
        assert_eq!(ours(&[-240_000, -300, -900]), None);
        assert_eq!(ours(&[-240_000]), None);
        assert_eq!(ours(&[-240_000, -240_900, -241_000]), Some(-241_000));
        assert_eq!(ours(&[240_000, -240_000]), None);
        assert_eq!(ours(&[]), None);
    }

    #[test]
    fn seconds_are_said_with_their_side() {
        assert_eq!(apart(240_400), "240 s ahead");
        assert_eq!(apart(-12_600), "13 s behind");
    }
}
