//! What a request must be before anybody is asked who he is: to us by our own name, and not from
//! another site's page.
//!
//! The first keeps out a page that was rebound to our address, the second a form that another site
//! sends in somebody's name. Each form carries a secret of its session besides (`Who::is_own_form`).

use http::{HeaderMap, Uri, header};

/// The host that a request names, without its port.
fn host_of<'r>(headers: &'r HeaderMap, uri: &'r Uri) -> Option<&'r str> {
    let mut all = headers.get_all(header::HOST).iter();
    match (all.next(), all.next()) {
        (Some(host), None) => Some(without_port(host.to_str().ok()?)),
        (None, _) => Some(without_port(uri.authority()?.as_str())),
        _ => None,
    }
}

/// Whether a request calls us by a name that is not ours.
pub(in crate::server) fn foreign_host(headers: &HeaderMap, uri: &Uri, hosts: &[String]) -> bool {
    host_of(headers, uri).is_none_or(|named| {
        let mut ours = hosts.iter();
        !ours.any(|host| without_brackets(host).eq_ignore_ascii_case(without_brackets(named)))
    })
}

/// Whether a request that changes something comes from another site's page. What is no browser says
/// neither, and has no cookie that somebody else could use.
pub(in crate::server) fn foreign_page(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site");
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return true;
    }
    let Some(origin) = text("origin") else {
        return false;
    };
    // Our pages send no referrer, and a browser then names no origin either; it still says, in words
    // that no page can choose, whose page it was.
    if origin == "null" && site.is_some() {
        return false;
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.or_else(|| uri.authority().map(|authority| authority.as_str()));
    let named = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    match (named, host) {
        (Some(named), Some(host)) => !named.eq_ignore_ascii_case(host),
        _ => true,
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            // The last part of a bare IPv6 address is no port.
            if name.contains(':') && !name.ends_with(']') {
                host
            } else {
                name
            }
        }
        _ => host,
    }
}

fn without_brackets(host: &str) -> &str {
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Uri};

    use super::{foreign_host, foreign_page};

    fn with(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_name_that_is_not_ours_is_foreign_whatever_its_port() {
        let ours = ["oust.contoso.example".to_owned(), "::1".to_owned()];
        let uri = Uri::from_static("/");
        for host in [
            "oust.contoso.example",
            "OUST.contoso.example:8443",
            "[::1]:8080",
        ] {
            assert!(
                !foreign_host(&with(&[("host", host)]), &uri, &ours),
                "{host}"
            );
        }
        for host in [
            "evil.example",
            "oust.contoso.example.evil.example",
            "",
            "192.0.2.1",
        ] {
            assert!(
                foreign_host(&with(&[("host", host)]), &uri, &ours),
                "{host}"
            );
        }
        assert!(foreign_host(&HeaderMap::new(), &uri, &ours));
        let two = [("host", "oust.contoso.example"), ("host", "evil.example")];
        assert!(foreign_host(&with(&two), &uri, &ours));
    }

    #[test]
    fn a_form_of_another_site_is_foreign_and_a_script_without_a_browser_is_not() {
        let uri = Uri::from_static("/");
        let host = ("host", "oust.example:8443");
        let own = [host, ("origin", "https://oust.example:8443")];
        assert!(!foreign_page(&with(&own), &uri));
        assert!(!foreign_page(&with(&[host]), &uri));
        assert!(!foreign_page(
            &with(&[host, ("sec-fetch-site", "same-origin")]),
            &uri
        ));
        let silent = [host, ("sec-fetch-site", "same-origin"), ("origin", "null")];
        assert!(!foreign_page(&with(&silent), &uri));
        for wrong in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "https://oust.example"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert!(foreign_page(&with(&[host, wrong]), &uri), "{wrong:?}");
        }
    }
}
