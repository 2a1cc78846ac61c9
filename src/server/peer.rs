//! Who sent a request: the peer, or whom a trusted proxy names.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

use super::Peer;

/// Where proxies say for whom they ask.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Words of a header that are looked at.
const HOPS_MAX: usize = 20;

/// Who sent it. Each proxy adds its peer at the end, so the last that no proxy of ours names is as
/// far as anybody can be believed; what stands before it may be made up.
pub(super) fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Peer {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    let mut from = peer.to_canonical();
    let lines: Vec<&str> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .map(|line| line.to_str().unwrap_or("?"))
        .collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    for hop in hops.take(HOPS_MAX) {
        if !is_trusted(&from) {
            break;
        }
        let Ok(named) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        from = named.to_canonical();
    }
    Peer(from)
}

/// Whether somebody on this machine asks for himself.
pub(super) fn is_local(from: Peer, headers: &HeaderMap) -> bool {
    let passed_on = headers.contains_key(FORWARDED_FOR)
        || headers.contains_key("forwarded")
        || headers.contains_key("x-real-ip");
    from.0.is_loopback() && !passed_on
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, line: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED_FOR, line.parse().unwrap());
        let trusted = ["192.0.2.0/24".parse().unwrap()];
        of(peer.parse().unwrap(), &headers, &trusted).0.to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_as_far_as_it_saw() {
        assert_eq!(from("198.51.100.1", "203.0.113.9"), "198.51.100.1");
        assert_eq!(from("192.0.2.1", "203.0.113.9"), "203.0.113.9");
        assert_eq!(from("::ffff:192.0.2.1", "203.0.113.9"), "203.0.113.9");
        assert_eq!(from("192.0.2.1", "127.0.0.1, 203.0.113.9"), "203.0.113.9");
        assert_eq!(from("192.0.2.1", "203.0.113.9, 192.0.2.2"), "203.0.113.9");
        assert_eq!(from("192.0.2.1", "nonsense"), "192.0.2.1");
    }
}
