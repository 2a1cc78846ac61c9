//! What a text must look like to be an id, a login, an address. What does not is not taken, and never
//! mended: a cut id is somebody else's.

use std::net::IpAddr;

use crate::model::Utc;

/// Characters of a login at most (Okta API, user profile: `login`).
const LOGIN_MAX: usize = 100;

/// Characters of a name or a title at most.
const NAME_MAX: usize = 300;

/// Whether it is the id of a user at Okta: `00u` and 17 letters or digits.
///
/// Okta calls ids opaque; that users' begin so is a habit that holds in every published sample, and
/// the only way to tell an id from a login where a sender mixes them.
pub(super) fn is_user_id(text: &str) -> bool {
    is_okta_id(text, "00u")
}

/// Whether it is the id of an API token: `00T` and 17 letters or digits.
pub(super) fn is_token_id(text: &str) -> bool {
    is_okta_id(text, "00T")
}

fn is_okta_id(text: &str, begins: &str) -> bool {
    text.len() == 20 && text.starts_with(begins) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Whether it is a login to the letter. It must be of the form `name@domain`: a shorter one may be the
/// beginning of several people's.
pub(super) fn is_login(text: &str) -> bool {
    let Some((name, domain)) = text.split_once('@') else {
        return false;
    };
    // Letters of any script, and no character that is not seen or that turns the text around.
    let local = |c: char| c.is_alphanumeric() || "._-+'!#$^~".contains(c);
    let host = |c: char| c.is_alphanumeric() || ".-".contains(c);
    text.chars().count() <= LOGIN_MAX
        && !name.is_empty()
        && !domain.is_empty()
        && name.chars().all(local)
        && domain.chars().all(host)
}

/// An address in its one form.
pub(super) fn ip(text: &str) -> Option<String> {
    let ip: IpAddr = text.trim().parse().ok()?;
    Some(ip.to_canonical().to_string())
}

/// A network: `AS64505`, from that or the number alone.
pub(super) fn asn(text: &str) -> Option<String> {
    let digits = text.trim_start_matches(['A', 'S', 'a', 's']);
    let number: u32 = digits.parse().ok()?;
    (number > 0).then(|| format!("AS{number}"))
}

/// Whether it may be the id of a session.
pub(super) fn is_session(text: &str) -> bool {
    (8..=100).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b))
}

/// Whether it is the id of an event: 36 characters, as a UUID is written.
pub(super) fn is_event_id(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// A moment: RFC 3339, or seconds or milliseconds since 1970. Before 2000 or after 2200 is none.
pub(super) fn moment(text: &str) -> Option<Utc> {
    let text = text.trim();
    if text.len() > 40 {
        return None;
    }
    let number = text.parse::<f64>().ok().filter(|n| n.is_finite());
    let at = match number {
        // No sender is so far ahead that its seconds, or so far behind that its milliseconds, cross.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounded, and its range is checked below"
        )]
        Some(n) if n.abs() > 1e11 => Utc::from_millis(n.round() as i64),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "at most 1e14, and its range is checked below"
        )]
        Some(n) => Utc::from_millis((n * 1e3).round() as i64),
        None => text.parse().or_else(|_| format!("{text}Z").parse()).ok()?,
    };
    (946_684_800_000..7_258_118_400_000)
        .contains(&at.millis())
        .then_some(at)
}

/// A name for people, cut where it is too long.
pub(super) fn name(text: &str) -> String {
    let mut short: String = text.chars().take(NAME_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// An identifier of the sender's, such as a rule's; none if it is too long to be one.
pub(super) fn word(text: &str) -> Option<String> {
    let fits = !text.is_empty() && text.chars().count() <= NAME_MAX;
    fits.then(|| text.to_owned())
}

/// A page of the sender's.
pub(super) fn link(text: &str) -> Option<String> {
    let web = text.starts_with("https://") || text.starts_with("http://");
    let fits = web && text.len() <= 2_000 && text.chars().all(|c| c.is_ascii_graphic());
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_login_is_none() {
        for yes in [
            "alex@contoso.example",
            "o'neil+x@contoso.example",
            "jürgen@müller.example",
        ] {
            assert!(is_login(yes), "{yes}");
        }
        for no in [
            "alex",
            "@contoso.example",
            "alex@",
            "a@b@c",
            "alex@contoso.example,kim@contoso.example",
            "alex @contoso.example",
            "*@contoso.example",
            "",
            "al\u{202e}ex@x",
            "alex\u{200b}@contoso.example",
            "alex@contoso.example\u{feff}",
            "a@b\n",
        ] {
            assert!(!is_login(no), "{no:?}");
        }
        assert!(!is_login(&format!("{}@b", "a".repeat(100))));
    }

    #[test]
    fn ids_are_taken_whole_or_not_at_all() {
        assert!(is_user_id("00ujkPI1q4Pa7UeFg5d7"));
        for no in [
            "00ujkPI1q4Pa7UeFg5d",
            "00ujkPI1q4Pa7UeFg5d77",
            "00TjkPI1q4Pa7UeFg5d7",
            "00ujkPI1q4Pa7UeFg5d/",
        ] {
            assert!(!is_user_id(no), "{no}");
        }
        assert!(is_event_id("a772989b-1a2d-42f8-b518-c86df8523e63"));
        assert!(!is_event_id("c1f0a2d4e6b8907a5c3e1f2d4b6a8c0e1d3f5b79"));
    }

    #[test]
    fn a_moment_may_be_counted_in_seconds_or_milliseconds() {
        for text in [
            "2026-03-10T14:42:33.749Z",
            "2026-03-10T14:42:33.749",
            "2026-03-10T15:42:33.749+01:00",
            "1773153753.749",
            "1773153753749",
        ] {
            let at = moment(text).map(|at| at.to_string());
            assert_eq!(at.as_deref(), Some("2026-03-10T14:42:33.749Z"), "{text}");
        }
        for no in [
            "",
            "yesterday",
            "0",
            "-1",
            "1e300",
            "NaN",
            "inf",
            "99999999999999999999",
        ] {
            assert_eq!(moment(no), None, "{no}");
        }
    }

    #[test]
    fn addresses_have_one_form() {
        assert_eq!(ip("::ffff:203.0.113.66").as_deref(), Some("203.0.113.66"));
        assert_eq!(ip("203.0.113.66:443"), None);
        assert_eq!(asn("64505").as_deref(), Some("AS64505"));
        assert_eq!(asn("AS64507").as_deref(), Some("AS64507"));
        assert_eq!(asn("ASSET"), None);
    }
}
