//! Network zones: which addresses one holds, and the one that is ours.
//!
//! Okta writes addresses as CIDR, as `first-last`, and now and then as both in one. Zones that go
//! by country or network hold no list and match nothing here. Source: Okta API, "Network zones".

use std::net::IpAddr;

use serde_json::{Value, json};

use super::answers::bounded;
use super::glance::{Glance, Unread, items, text};
use super::verb::LABEL_MAX;
use crate::transport::Path;

/// The blocklist zone that we add to; made where there is none.
pub(super) const OURS: &str = "oust-blocked";

/// The zone that Okta always lets in, whatever blocks. Its name may be changed.
const EXEMPT: &str = "DefaultExemptIpZone";

/// Entries that a blocklist zone holds.
pub(super) const ENTRIES_MAX: usize = 1000;

/// A zone as far as addresses go.
pub(super) struct Zone {
    pub(super) name: String,
    pub(super) is_exempt: bool,
    /// Whether policies may let in by it.
    pub(super) is_policy: bool,
    gateways: Vec<Span>,
    proxies: Vec<Span>,
}

/// Addresses from the first to the last, as numbers of one family.
struct Span {
    is_v6: bool,
    first: u128,
    last: u128,
}

impl Zone {
    /// What Okta says of it.
    pub(super) fn of(zone: &Value) -> Self {
        let spans = |key: &str| -> Vec<Span> {
            let all = items(&zone[key]).iter();
            all.filter_map(|each| Span::parse(text(each, "value")))
                .collect()
        };
        let name = text(zone, "name");
        Self {
            name: bounded(name, LABEL_MAX),
            is_exempt: name == EXEMPT || zone["useAsExemptList"] == true,
            is_policy: text(zone, "usage") != "BLOCKLIST" && text(zone, "status") != "INACTIVE",
            gateways: spans("gateways"),
            proxies: spans("proxies"),
        }
    }

    /// Whether it holds this address, as gateway or as trusted proxy.
    pub(super) fn holds(&self, ip: &str) -> bool {
        let Ok(ip) = ip.parse::<IpAddr>() else {
            return false;
        };
        let (is_v6, at) = number(ip);
        let mut all = self.gateways.iter().chain(&self.proxies);
        all.any(|span| span.is_v6 == is_v6 && span.first <= at && at <= span.last)
    }
}

impl Span {
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = match text.split_once('-') {
            Some((first, last)) => (first, last),
            None => (text, text),
        };
        let (is_v6, low, _) = net(first)?;
        let (same, _, high) = net(last)?;
        (is_v6 == same && low <= high).then_some(Self {
            is_v6,
            first: low,
            last: high,
        })
    }
}

/// The first and last address of `1.2.3.4/24`, or of one address.
fn net(text: &str) -> Option<(bool, u128, u128)> {
    let (ip, bits) = match text.trim().split_once('/') {
        Some((ip, bits)) => (ip, Some(bits.parse::<u32>().ok()?)),
        None => (text.trim(), None),
    };
    let (is_v6, at) = number(ip.parse().ok()?);
    let width = if is_v6 { 128 } else { 32 };
    let open = width - bits.unwrap_or(width).min(width);
    let mask = 1_u128.checked_shl(open).map_or(u128::MAX, |bit| bit - 1);
    Some((is_v6, at & !mask, at | mask))
}

fn number(ip: IpAddr) -> (bool, u128) {
    match ip.to_canonical() {
        IpAddr::V4(ip) => (false, u128::from(u32::from(ip))),
        IpAddr::V6(ip) => (true, u128::from(ip)),
    }
}

/// Every zone of the org.
pub(super) fn all() -> Path {
    Path::new("/api/v1/zones").query("limit", "200")
}

/// Our zone as it stands at this moment; `None` if there is none.
pub(super) async fn ours(glance: &Glance) -> Result<Option<Value>, Unread> {
    match &*glance.list(all()).await {
        Ok(zones) => Ok(items(zones)
            .iter()
            .find(|zone| zone["name"] == OURS)
            .cloned()),
        Err(unread) => Err(unread.clone()),
    }
}

/// Whether the zone has exactly this entry.
pub(super) fn has(zone: &Value, cidr: &str) -> bool {
    items(&zone["gateways"]).iter().any(|each| is(each, cidr))
}

/// Whether it keeps anybody out.
pub(super) fn blocks(zone: &Value) -> bool {
    zone["usage"] == "BLOCKLIST" && zone["status"] == "ACTIVE"
}

fn is(entry: &Value, cidr: &str) -> bool {
    let value = text(entry, "value");
    value == cidr || cidr.split('/').next() == Some(value)
}

/// A new zone with one entry.
pub(super) fn with_only(cidr: &str) -> Value {
    json!({
        "type": "IP", "name": OURS, "status": "ACTIVE", "usage": "BLOCKLIST",
        "gateways": [entry(cidr)], "proxies": null,
    })
}

/// The zone as it was read, with one entry more.
pub(super) fn with(zone: &Value, cidr: &str) -> Value {
    let mut entries = items(&zone["gateways"]).to_vec();
    entries.push(entry(cidr));
    replaced(zone, entries)
}

/// The zone as it was read, without this entry; `None` if nothing would be left.
pub(super) fn without(zone: &Value, cidr: &str) -> Option<Value> {
    let mut entries = items(&zone["gateways"]).to_vec();
    entries.retain(|each| !is(each, cidr));
    (!entries.is_empty()).then(|| replaced(zone, entries))
}

fn entry(cidr: &str) -> Value {
    json!({ "type": "CIDR", "value": cidr })
}

fn replaced(zone: &Value, entries: Vec<Value>) -> Value {
    json!({
        "id": zone["id"], "type": zone["type"], "name": zone["name"], "status": zone["status"],
        "usage": zone["usage"], "proxies": zone["proxies"], "gateways": entries,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(value: &str, ip: &str) -> bool {
        Zone::of(&json!({ "gateways": [{ "value": value }] })).holds(ip)
    }

    #[test]
    fn an_address_is_found_however_a_zone_is_written() {
        for (value, ip, is_in) in [
            ("203.0.113.66/32", "203.0.113.66", true),
            ("203.0.113.66", "203.0.113.66", true),
            ("203.0.113.0/24", "203.0.113.66", true),
            ("203.0.113.65/24", "203.0.113.1", true),
            ("203.0.113.0/26", "203.0.113.66", false),
            ("203.0.113.60-203.0.113.70", "203.0.113.66", true),
            ("203.0.113.0/26-203.0.113.70", "203.0.113.66", true),
            ("203.0.113.60-203.0.113.65", "203.0.113.66", false),
            ("0.0.0.0/0", "203.0.113.66", true),
            ("::/0", "203.0.113.66", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("203.0.113.66/32", "::ffff:203.0.113.66", true),
            ("nonsense", "203.0.113.66", false),
            ("203.0.113.66/99", "203.0.113.66", true),
            ("203.0.113.66", "nonsense", false),
        ] {
            assert_eq!(holds(value, ip), is_in, "{value} {ip}");
        }
    }

    #[test]
    fn one_entry_comes_and_goes_and_the_others_stay() {
        let zone = json!({
            "id": "nzo1", "name": OURS, "type": "IP", "status": "ACTIVE", "usage": "BLOCKLIST",
            "gateways": [{ "type": "RANGE", "value": "1.2.3.4-1.2.3.9" }],
            "_links": {}, "created": "x",
        });
        let more = with(&zone, "203.0.113.66/32");
        assert!(has(&more, "203.0.113.66/32") && !has(&zone, "203.0.113.66/32"));
        assert!(more["_links"].is_null() && more["created"].is_null());
        let less = without(&more, "203.0.113.66/32").unwrap();
        assert_eq!(less["gateways"], zone["gateways"]);
        assert_eq!(
            without(&with_only("203.0.113.66/32"), "203.0.113.66/32"),
            None
        );
    }
}
