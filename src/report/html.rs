//! The report as one HTML file: no script, nothing loaded, a policy that forbids both.
//!
//! Made to be read at 03:00, printed, and read out on a call: the verdict first.

use std::fmt::Write;

use askama::Template;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::Report;
use super::view::View;

/// The only style; the policy admits it by its hash and nothing else.
const CSS: &str = include_str!("../../templates/report.css");

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    view: View,
    css: &'static str,
    policy: String,
}

/// The report as a self-contained HTML page, times in `zone`.
#[must_use]
pub fn html(report: &Report, zone: &TimeZone) -> String {
    let page = Page {
        view: View::of(report, zone),
        css: CSS,
        policy: policy(),
    };
    page.render().expect("writing to a String cannot fail")
}

fn policy() -> String {
    let hash = base64(&Sha256::digest(CSS.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

/// Standard base64 with padding, as the policy wants hashes.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .chain(std::iter::repeat(&0))
            .take(3)
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        for place in 0..4 {
            let letter = char::from(LETTERS[bits >> (18 - 6 * place) & 63]);
            let shown = if place <= group.len() { letter } else { '=' };
            text.write_char(shown)
                .expect("writing to a String cannot fail");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_the_standard_one() {
        // RFC 4648, section 10.
        for (plain, coded) in [
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
