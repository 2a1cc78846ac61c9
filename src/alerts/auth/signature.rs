//! Signatures of a body by a shared secret: ours, with a time, and PagerDuty's, without.
//!
//! Several values of one header are alternatives: a sender that changes its secret signs with both for
//! a while. Source: PagerDuty, Webhooks v3, "Verifying signatures"; ours is our own.

use aws_lc_rs::{constant_time, hmac};
use http::HeaderName;

use super::{Digest, no, only};
use crate::alerts::{Incoming, Refused};

const OURS: HeaderName = HeaderName::from_static("x-oust-signature");
const PAGERDUTY: HeaderName = HeaderName::from_static("x-pagerduty-signature");

/// How far the time in a signature may be from ours, seconds.
const TOLERANCE: i64 = 300;

/// Signatures in one header at most.
const SIGNATURES_MAX: usize = 8;

/// Bytes of the header at most.
const HEADER_MAX: usize = 1 << 10;

/// `t=SECONDS,v1=HEX[,v1=HEX]` over the time as it is written there, a dot, and the body.
///
/// Whether it is genuine is judged before its time: only who holds the secret is told about clocks.
pub(super) fn ours(keys: &[hmac::Key], incoming: &Incoming<'_>) -> Result<(), Refused> {
    let parts = parts(incoming, &OURS)?;
    let mut times = parts.iter().filter(|(name, _)| *name == "t");
    let (Some((_, written)), None) = (times.next(), times.next()) else {
        return Err(no("its signature has not exactly one `t`"));
    };
    let time: i64 = written
        .parse()
        .ok()
        .filter(|_| written.bytes().all(|b| b.is_ascii_digit()))
        .ok_or_else(|| no("`t` of its signature is no time in seconds"))?;
    genuine(keys, &parts, &[written.as_bytes(), b".", incoming.body])?;
    let now = incoming.at.seconds();
    if now.abs_diff(time) > TOLERANCE.unsigned_abs() {
        let off = now.saturating_sub(time);
        return Err(Refused::Stale(format!("{off} s from our clock")));
    }
    Ok(())
}

/// `v1=HEX[,v1=HEX]` over the body.
///
/// There is no time in it: a request that was seen can be sent again, and is the same alert then.
pub(super) fn pagerduty(keys: &[hmac::Key], incoming: &Incoming<'_>) -> Result<(), Refused> {
    let parts = parts(incoming, &PAGERDUTY)?;
    genuine(keys, &parts, &[incoming.body])
}

/// `name=value` parts, apart by commas.
fn parts<'r>(
    incoming: &Incoming<'r>,
    name: &HeaderName,
) -> Result<Vec<(&'r str, &'r str)>, Refused> {
    let text = only(incoming, name)?;
    if text.len() > HEADER_MAX {
        return Err(no("its signature is too long"));
    }
    let parts: Option<Vec<_>> = text
        .split(',')
        .map(|part| part.trim().split_once('='))
        .collect();
    parts.ok_or_else(|| no("its signature is not made of `name=value`"))
}

/// Whether any `v1` is what any key makes of the message; every pair is compared.
fn genuine(keys: &[hmac::Key], parts: &[(&str, &str)], message: &[&[u8]]) -> Result<(), Refused> {
    let given: Vec<Digest> = parts
        .iter()
        .filter(|(name, _)| *name == "v1")
        .filter_map(|(_, value)| bytes_of(value))
        .collect();
    if given.is_empty() || given.len() > SIGNATURES_MAX {
        let why =
            format!("its signature has no `v1` of 64 hex digits, or more than {SIGNATURES_MAX}");
        return Err(no(&why));
    }
    let mut fits = false;
    for key in keys {
        let mut made = hmac::Context::with_key(key);
        for part in message {
            made.update(part);
        }
        let made = made.sign();
        for one in &given {
            fits |= constant_time::verify_slices_are_equal(made.as_ref(), one).is_ok();
        }
    }
    if fits {
        Ok(())
    } else {
        Err(no("its signature is wrong"))
    }
}

fn bytes_of(hex: &str) -> Option<Digest> {
    let digits: Option<Vec<u8>> = hex
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    let mut bytes = Digest::default();
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Some(bytes)
}
