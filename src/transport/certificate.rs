//! When a certificate ends: all that is ever read of X.509 here.
//!
//! Nothing is verified: whoever trusts a certificate does that. Walks DER (RFC 5280, `Certificate`)
//! as far as `notAfter`, every length being held to what is there; whatever does not look like one
//! has no end. Time zones other than Z do not occur (RFC 5280, 4.1.2.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::model::Utc;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// When the first certificate of a PEM text stops being valid; `None` if it cannot be told.
#[must_use]
pub fn ends_at(pem: &str) -> Option<Utc> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let text: String = body.split_whitespace().collect();
    not_after(&STANDARD.decode(text).ok()?)
}

fn not_after(der: &[u8]) -> Option<Utc> {
    let (certificate, _) = of_kind(der, SEQUENCE)?;
    let (mut rest, _) = of_kind(certificate, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = value(rest)?.2;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        rest = value(rest)?.2;
    }
    let (validity, _) = of_kind(rest, SEQUENCE)?;
    let (_, _, after) = value(validity)?;
    let (kind, text, _) = value(after)?;
    time(kind, std::str::from_utf8(text).ok()?)
}

/// Tag, content, and what follows.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short if short < 0x80 => (usize::from(short), rest),
        long => {
            let digits = usize::from(long & 0x7f);
            if !(1..=4).contains(&digits) || rest.len() < digits {
                return None;
            }
            let (digits, rest) = rest.split_at(digits);
            let length = digits
                .iter()
                .fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit));
            (length, rest)
        }
    };
    if rest.len() < length {
        return None;
    }
    let (content, rest) = rest.split_at(length);
    Some((tag, content, rest))
}

fn of_kind(der: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = value(der)?;
    (tag == kind).then_some((content, rest))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn time(kind: u8, text: &str) -> Option<Utc> {
    let text = text.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match kind {
        UTC_TIME if text.len() == 12 => {
            let short: i32 = text[..2].parse().ok()?;
            (if short < 50 { 2000 } else { 1900 } + short, &text[2..])
        }
        GENERALIZED_TIME if text.len() == 14 => (text[..4].parse().ok()?, &text[4..]),
        _ => return None,
    };
    let part = |at: usize| &rest[at..at + 2];
    let written = format!(
        "{year:04}-{}-{}T{}:{}:{}Z",
        part(0),
        part(2),
        part(4),
        part(6),
        part(8)
    );
    written.parse::<jiff::Timestamp>().ok().map(Utc::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_time_are_read_and_others_are_not() {
        let said = |kind, text| time(kind, text).map(|at| at.to_string());
        let end = Some("2031-02-03T04:05:06.000Z".to_owned());
        assert_eq!(said(UTC_TIME, "310203040506Z"), end);
        assert_eq!(said(GENERALIZED_TIME, "20310203040506Z"), end);
        for bad in [
            "310203040506",
            "31020304050Z",
            "3102030405+6Z",
            "319903040506Z",
            "",
        ] {
            assert_eq!(said(UTC_TIME, bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_cut_or_lies_about_its_length_has_no_end() {
        for der in [
            &[][..],
            &[0x30],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x02, 0x30, 0x00],
            &[0x30, 0x05, 0x30, 0x7f, 1, 2, 3],
        ] {
            assert_eq!(not_after(der), None, "{der:?}");
        }
        assert_eq!(
            ends_at("-----BEGIN CERTIFICATE-----\n%%\n-----END CERTIFICATE-----"),
            None
        );
        assert_eq!(ends_at("hello"), None);
    }
}
