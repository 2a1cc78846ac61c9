//! `block_addresses`: single addresses go into a blocklist zone of our own, for the whole org.
//!
//! Never by the window alone: those that a person lists, or those that the log confirms to be the
//! intruder's. An address may be many people's, so that each is looked at before it is blocked:
//! reserved ones, our own, those in a zone that policies may let in by, and those from which
//! somebody outside the case signed in lately are refused and named. Policies are not read: any
//! active policy zone counts as trusted.
//!
//! A zone is replaced whole and has no version: it is read just before, changed by one entry and
//! read back; an edit of somebody else's in between would be lost. Undone is our entry alone; the
//! zone goes with its last one. Source: Okta API, "Network zones".

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::answers::{Sent, outcome, send};
use super::events::{Evidence, log_path};
use super::glance::{Glance, Unread, items, text};
use super::logged::Logged;
use super::made_in_window::{actor, is_good};
use super::org_wide::{carries, left_to};
use super::verb::{Planning, Seen, Verb, only_undoes, target, undoing};
use super::zones::{self, Zone};
use super::{Auth, Okta};
use crate::connector::{CannotUndo, Identified, Planned};
use crate::model::{
    Applied, Change, ChangeId, Confirmation, Kept, Outcome, OutcomeKind, ProofState, Select, Skip,
    Subject, Undo, count,
};
use crate::transport::{Path, Write, Writer};

/// How far back it is asked who else came from an address.
const LOOK_BACK: Duration = Duration::from_secs(30 * 24 * 60 * 60);

pub(super) struct BlockAddresses;

/// One address that the step asks for.
struct Asked {
    /// As given.
    text: String,
    /// Why: the event that says it is the intruder's.
    because: Option<(String, String)>,
}

/// What every address is held against.
struct Org {
    zones: Vec<Zone>,
    ours: Option<Value>,
    /// Where our own calls come from, as the log has it.
    own: Option<String>,
}

#[async_trait]
impl Verb for BlockAddresses {
    async fn plan(&self, p: &Planning<'_>, who: &Identified) -> Planned {
        let asked = match asked(p, &who.subject) {
            Ok(asked) => asked,
            Err(planned) => return planned,
        };
        let (zones, own) = join(p.glance.list(zones::all()), own_address(p)).await;
        let org = match &*zones {
            Ok(zones) => Org {
                zones: items(zones).iter().map(Zone::of).collect(),
                ours: items(zones)
                    .iter()
                    .find(|zone| zone["name"] == zones::OURS)
                    .cloned(),
                own,
            },
            Err(unread) => return Planned::skipped(Skip::Unread { why: unread.why() }),
        };
        let each = asked.iter().map(|asked| judged(p, &org, &asked.text));
        let answers = join_all(each).await;
        let mut planned = Planned::default();
        for (asked, answer) in asked.iter().zip(answers) {
            let kept = |why, suspect| Kept {
                target: target("address", &asked.text, &asked.text),
                why,
                suspect,
            };
            match answer {
                Ok(ip) => planned.changes.push(block(p, who, asked, ip)),
                Err(Refused::Already) => planned.kept.push(kept("blocked already".into(), false)),
                Err(Refused::Because(why)) => planned.kept.push(kept(why, true)),
                Err(Refused::Unread(why)) => {
                    planned.kept.push(kept(why.clone(), true));
                    planned.skip = Some(Skip::Unread { why });
                }
            }
        }
        if org.own.is_none() && !planned.changes.is_empty() {
            planned.notes.push(
                "where our own calls come from is not in the log: none of these may be ours".into(),
            );
        }
        if planned.changes.is_empty() && planned.skip.is_none() {
            let why = match planned.kept.len() {
                0 => "no address to block".to_owned(),
                n => format!("none of {} blocked", count(n, "address")),
            };
            planned.skip = Some(Skip::NothingSelected { why });
        }
        planned
    }

    async fn apply(&self, okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let cidr = text(&change.before, "cidr");
        let _turn = okta.zone_turn.lock().await;
        let zone = match zones::ours(&Glance::new(w.reader())).await {
            Ok(zone) => zone,
            Err(unread) => return unreadable(&unread),
        };
        let Some(zone) = zone else {
            let write = Write::post(Path::new("/api/v1/zones")).json(zones::with_only(cidr));
            return outcome(change, send(w, &write).await, false);
        };
        if zones::has(&zone, cidr) && zones::blocks(&zone) {
            return Outcome::bare(OutcomeKind::AlreadyDone);
        }
        let full = items(&zone["gateways"]).len() >= zones::ENTRIES_MAX;
        if full || !zones::blocks(&zone) {
            let why = if full {
                "is full"
            } else {
                "is no active blocklist"
            };
            return Outcome::bare(OutcomeKind::Failed {
                why: format!("the zone {} {why}", zones::OURS),
                hint: "look at Security, Networks in the Admin console".into(),
            });
        }
        let write = Write::put(path_of(&zone)).json(zones::with(&zone, cidr));
        outcome(change, send(w, &write).await, false)
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        let cidr = text(&done.change.before, "cidr");
        match zones::ours(&e.glance).await {
            Ok(Some(zone)) if zones::has(&zone, cidr) && zones::blocks(&zone) => {
                (ProofState::Proven, format!("in zone {}", zones::OURS))
            }
            Ok(Some(zone)) if zones::has(&zone, cidr) => (
                ProofState::Refuted,
                format!("zone {} is no active blocklist", zones::OURS),
            ),
            Ok(_) => (ProofState::Refuted, format!("not in zone {}", zones::OURS)),
            Err(unread) => (ProofState::Pending, unread.why()),
        }
    }

    fn inverse(&self, done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        if done.outcome.kind == OutcomeKind::AlreadyDone {
            return Err(CannotUndo::NotOurs);
        }
        let sentence = format!("no longer block {}", done.change.target.id);
        let mut back = undoing(
            &done.change,
            "unblock_address",
            &sentence,
            Undo::Restores,
            json!({}),
        );
        back.id = ChangeId::new(format!("{}/back", done.change.id));
        back.target = done.change.target.clone();
        back.before["cidr"] = done.change.before["cidr"].clone();
        Ok(vec![back])
    }
}

pub(super) struct UnblockAddress;

#[async_trait]
impl Verb for UnblockAddress {
    async fn plan(&self, _p: &Planning<'_>, _who: &Identified) -> Planned {
        only_undoes("block_addresses")
    }

    async fn apply(&self, okta: &Okta, w: &Writer<'_>, change: &Change) -> Outcome {
        let cidr = text(&change.before, "cidr");
        let _turn = okta.zone_turn.lock().await;
        let zone = match zones::ours(&Glance::new(w.reader())).await {
            Ok(Some(zone)) if zones::has(&zone, cidr) => zone,
            Ok(_) => return Outcome::bare(OutcomeKind::AlreadyDone),
            Err(unread) => return unreadable(&unread),
        };
        if let Some(rest) = zones::without(&zone, cidr) {
            let write = Write::put(path_of(&zone)).json(rest);
            return outcome(change, send(w, &write).await, false);
        }
        // A zone without an entry is not allowed, and an active one is not deleted.
        let stop = Write::post(path_of(&zone).then("/lifecycle/deactivate"));
        let stopped: Sent = send(w, &stop).await;
        if !stopped.is_good() {
            return outcome(change, stopped, false);
        }
        let first = stopped.receipt.clone();
        let mut last = outcome(change, send(w, &Write::delete(path_of(&zone))).await, true);
        last.receipts.insert(0, first);
        last
    }

    async fn prove(&self, _okta: &Okta, e: &Evidence<'_>, done: &Applied) -> Seen {
        let cidr = text(&done.change.before, "cidr");
        match zones::ours(&e.glance).await {
            Ok(Some(zone)) if zones::has(&zone, cidr) => (
                ProofState::Refuted,
                format!("still in zone {}", zones::OURS),
            ),
            Ok(_) => (ProofState::Proven, format!("not in zone {}", zones::OURS)),
            Err(unread) => (ProofState::Pending, unread.why()),
        }
    }

    fn inverse(&self, _done: &Applied) -> Result<Vec<Change>, CannotUndo> {
        Err(CannotUndo::Never("contain the account again".into()))
    }
}

fn block(p: &Planning<'_>, who: &Identified, asked: &Asked, ip: IpAddr) -> Change {
    let ip = ip.to_canonical();
    let cidr = format!("{ip}/{}", if ip.is_ipv4() { 32 } else { 128 });
    let reason = match &asked.because {
        Some((says, event)) => format!("{says}, event {event}"),
        None => "listed".to_owned(),
    };
    let text = ip.to_string();
    let sentence = format!("block address {text} ({reason})");
    let event = asked.because.as_ref().map(|(_, event)| event);
    let before = json!({ "cidr": cidr, "zone": zones::OURS, "event": event });
    p.change(who, target("address", &text, &text), sentence, before)
}

/// The addresses that the step asks for, of which this subject carries his own.
fn asked(p: &Planning<'_>, who: &Subject) -> Result<Vec<Asked>, Planned> {
    if p.step.select == Select::Listed {
        carries(p.case, who, |_| true).map_err(left_to)?;
        let listed = p.step.settings["addresses"].as_array();
        let each = listed.into_iter().flatten().filter_map(Value::as_str);
        let asked = |text: &str| Asked {
            text: text.trim().to_owned(),
            because: None,
        };
        return Ok(each.map(asked).collect());
    }
    let none = |why: &str| Planned::skipped(Skip::NothingSelected { why: why.into() });
    let confirmed = |who: &Subject| {
        let his = p.case.intruder(&who.id);
        his.filter(|his| his.answer == Confirmation::Confirmed)
    };
    let Some(his) = confirmed(who) else {
        return Err(none(
            "the log confirms no intruder, so that no address is his",
        ));
    };
    let comes_from = |each: &Subject, ip: &str| {
        let all = confirmed(each).map(|his| &his.addresses[..]);
        all.unwrap_or_default()
            .iter()
            .any(|address| address.ip == ip)
    };
    let own = his
        .addresses
        .iter()
        .filter(|address| carries(p.case, who, |each| comes_from(each, &address.ip)).is_ok());
    let asked = |address: &crate::model::Address| Asked {
        text: address.ip.clone(),
        because: Some((address.witness.says.clone(), address.witness.event.clone())),
    };
    Ok(own.map(asked).collect())
}

/// Why an address is not blocked.
enum Refused {
    Already,
    Because(String),
    /// What must be known of it could not be read.
    Unread(String),
}

async fn judged(p: &Planning<'_>, org: &Org, text: &str) -> Result<IpAddr, Refused> {
    let because = |why: &str| Refused::Because(why.to_owned());
    let ip = single(text).map_err(because)?;
    if let Some(why) = reserved(ip) {
        return Err(because(why));
    }
    let plain = ip.to_canonical().to_string();
    let cidr = format!(
        "{plain}/{}",
        if ip.to_canonical().is_ipv4() { 32 } else { 128 }
    );
    let ours = org.ours.as_ref().filter(|zone| zones::blocks(zone));
    if ours.is_some_and(|zone| zones::has(zone, &cidr)) {
        return Err(Refused::Already);
    }
    let mut zones = org.zones.iter().filter(|zone| zone.holds(&plain));
    if let Some(zone) = zones.clone().find(|zone| zone.is_exempt) {
        let why = format!("zone {} holds it, which Okta never blocks", zone.name);
        return Err(Refused::Because(why));
    }
    if let Some(zone) = zones.find(|zone| zone.is_policy) {
        let why = format!("zone {} holds it, which policies may trust", zone.name);
        return Err(Refused::Because(why));
    }
    match &org.own {
        Some(own) if *own == plain => return Err(because("our own calls come from it")),
        None if p.step.select != Select::Listed => {
            let why = "where our own calls come from is not known: list it by hand";
            return Err(because(why));
        }
        _ => {}
    }
    match others_from(p, &plain).await {
        Ok(None) => Ok(ip),
        Ok(Some(who)) => Err(Refused::Because(format!(
            "shared: {who} signed in from it in the last 30 days"
        ))),
        Err(unread) => Err(Refused::Unread(format!(
            "who else came from {plain} cannot be read: {}",
            unread.why()
        ))),
    }
}

/// One address, with `/32` or `/128` or nothing behind it.
fn single(text: &str) -> Result<IpAddr, &'static str> {
    let (ip, bits) = match text.split_once('/') {
        Some((ip, bits)) => (ip, Some(bits)),
        None => (text, None),
    };
    let ip: IpAddr = ip.parse().map_err(|_| "no address")?;
    match (ip.is_ipv4(), bits) {
        (_, None) | (true, Some("32")) | (false, Some("128")) => Ok(ip),
        _ => Err("more than one address: list each"),
    }
}

/// Addresses that are nobody's alone. Those for documentation (RFC 5737) are not among them:
/// nobody comes from there.
fn reserved(ip: IpAddr) -> Option<&'static str> {
    let is_reserved = match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
        }
    };
    is_reserved.then_some("private or reserved: inside a network, not on the internet")
}

/// Somebody outside the case who signed in from there lately, and how many more.
async fn others_from(p: &Planning<'_>, ip: &str) -> Result<Option<String>, Unread> {
    let now = p.glance.reader().vendor_now();
    let filter = format!("eventType eq \"user.session.start\" and client.ipAddress eq \"{ip}\"");
    let got = p
        .glance
        .list(log_path(now.minus(LOOK_BACK), now, &filter))
        .await;
    let events = items(got.as_ref().as_ref().map_err(Unread::clone)?);
    let is_other = |event: &&Value| {
        is_good(event) && !p.case.is_by_subject(event["actor"]["id"].as_str(), None)
    };
    let names: BTreeSet<String> = events.iter().filter(is_other).map(actor).collect();
    Ok(names.first().map(|first| match names.len() {
        1 => first.clone(),
        n => format!("{first} and {} more", n - 1),
    }))
}

/// Where our own calls come from, by the last event that we left: a service app leaves one with
/// each token, an API token only when it changes something.
async fn own_address(p: &Planning<'_>) -> Option<String> {
    let own = p.okta.own_user(p.glance).await.ok().flatten();
    let apps = p.okta.credentials().filter_map(Auth::client_id);
    let ids: Vec<String> = apps
        .map(str::to_owned)
        .chain(own.as_ref().map(ToString::to_string))
        .map(|id| format!("actor.id eq \"{}\"", id.replace(['"', '\\'], "")))
        .collect();
    if ids.is_empty() {
        return None;
    }
    let now = p.glance.reader().vendor_now();
    let day = Duration::from_secs(24 * 60 * 60);
    let got = p
        .glance
        .list(log_path(now.minus(day), now, &ids.join(" or ")))
        .await;
    let events = items(got.as_ref().as_ref().ok()?);
    let mut ours = events
        .iter()
        .rev()
        .filter(|event| p.okta.is_ours(&Logged::of(event), own.as_ref()));
    let ip = ours.find_map(|event| event["client"]["ipAddress"].as_str())?;
    ip.parse::<IpAddr>()
        .ok()
        .map(|ip| ip.to_canonical().to_string())
}

fn path_of(zone: &Value) -> Path {
    Path::new("/api/v1/zones").seg(text(zone, "id"))
}

fn unreadable(unread: &Unread) -> Outcome {
    Outcome::bare(OutcomeKind::Failed {
        why: format!("the zones cannot be read: {}", unread.why()),
        hint: "`oust runs resume` tries again; it needs okta.networkZones.read".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_public_address_may_be_blocked() {
        for good in [
            "203.0.113.66",
            "203.0.113.66/32",
            "2001:db8::1",
            "2001:db8::1/128",
        ] {
            assert_eq!(reserved(single(good).unwrap()), None, "{good}");
        }
        for wide in [
            "203.0.113.0/24",
            "0.0.0.0/0",
            "::/0",
            "203.0.113.66/",
            "2001:db8::1/32",
        ] {
            assert!(single(wide).is_err(), "{wide}");
        }
        for inside in [
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "127.0.0.1",
            "169.254.1.1",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "0.0.0.0",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(reserved(single(inside).unwrap()).is_some(), "{inside}");
        }
        assert!(single("evil.example").is_err());
    }
}
