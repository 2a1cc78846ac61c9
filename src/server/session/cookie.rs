//! The session's cookie: for us alone, for no script, never sent along by another site's page.

use http::{HeaderMap, HeaderValue, header};

/// Bound to this host, to https and to every path, by its name.
const BOUND: &str = "__Host-oust";
/// On a loopback address without https, where a browser refuses the other.
const LOOPBACK: &str = "oust";

fn name(https: bool) -> &'static str {
    if https { BOUND } else { LOOPBACK }
}

/// The cookie's value. Two of one name are none: somebody else set one of them.
pub(super) fn value(headers: &HeaderMap, https: bool) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter();
    let all = all.filter_map(|value| value.to_str().ok());
    let mut ours = all
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name(https))
        .map(|(_, value)| value);
    match (ours.next(), ours.next()) {
        (Some(value), None) if value.len() == 64 => Some(value),
        _ => None,
    }
}

/// Sets it.
pub(in crate::server) fn set_cookie(value: &str, https: bool) -> HeaderValue {
    header_of(value, https, "")
}

/// Takes it away.
pub(in crate::server) fn clear_cookie(https: bool) -> HeaderValue {
    header_of("", https, "; Max-Age=0")
}

fn header_of(value: &str, https: bool, more: &str) -> HeaderValue {
    let secure = if https { "; Secure" } else { "" };
    let name = name(https);
    let text = format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/{secure}{more}");
    HeaderValue::from_str(&text).expect("hex and our own words are a header")
}
