//! What a filter finds, what it refuses and where, and that no text breaks the parser.

use serde_json::json;

use super::*;

fn event() -> Value {
    json!({
        "eventType": "user.session.start", "published": "2026-03-10T13:41:02.023Z",
        "actor": { "id": "00u1", "alternateId": "alex@contoso.example" },
        "outcome": { "result": "FAILURE", "reason": null },
        "client": { "ipAddress": "203.0.113.66", "zone": "" },
        "securityContext": { "asNumber": 64505, "isProxy": true },
        "target": [
            { "id": "00u2", "type": "User", "changeDetails": { "from": { "x": 1 } } },
            { "id": "00T1", "type": "Token" }, null,
        ],
        "debugContext": { "debugData": { "requestUri": "/login/users", "threatSuspected": "True" } },
    })
}

fn holds(text: &str) -> bool {
    let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    filter.holds(Event(&event()))
}

#[test]
fn what_holds_of_an_event_is_found() {
    for text in [
        r#"eventType eq "user.session.start""#,
        r#"EVENTTYPE Eq "User.Session.Start""#,
        r#"actor.alternateid sw "alex@" and actor.id ew "1""#,
        r#"eventType eq "x" or actor.id eq "00u1" and outcome.result ne "SUCCESS""#,
        r#"(eventType eq "x" or actor.id eq "00u1") and client.ipAddress co ".113.""#,
        r#"not (eventType eq "x")"#,
        r#"not eventType eq "x""#,
        r#"target.id eq "00u2" and target.id eq "00T1""#,
        r#"target.type eq "Token" and target.id ne "00T9""#,
        "target pr and actor.id pr",
        "not outcome.reason pr and not client.zone pr and not device.id pr",
        "outcome.reason eq null and actor.id ne null and nobody.here eq null",
        r#"securityContext.isProxy eq true and securityContext.isProxy eq "true""#,
        "debugContext.debugData.threatSuspected eq true",
        r#"securityContext.asNumber eq 64505 and securityContext.asNumber eq "64505""#,
        r#"securityContext.asNumber gt 9 and securityContext.asNumber le "64505""#,
        r#"published ge "2026-03-10T13:41:02.023Z" and published lt "2026-03-10T14:41:03+01:00""#,
        r#"published gt "2026-03-10T13:41:02""#,
        r#"actor.id gt "00u0" and actor.id lt "00u2""#,
        r#"debugContext.debugData.requestUri co "/users" and target.changeDetails.from.x eq 1"#,
        r#"actor.id eq "\u0030\u0030u1""#,
        "\n ( ( actor.id\tpr ) )\n",
    ] {
        assert!(holds(text), "{text}");
    }
}

#[test]
fn what_does_not_hold_is_not() {
    for text in [
        r#"eventType eq "user.session""#,
        r#"target.id ne "00T1""#,
        r#"outcome.reason eq "null""#,
        r#"target.id eq "00u2" and target.id eq "00u3""#,
        r#"actor.id.more eq "00u1""#,
        r#"securityContext.asNumber gt 64505"#,
        r#"actor eq "00u1""#,
        r#"actor.id gt 5"#,
        r#"published lt "2026-03-10T13:41:02""#,
        "securityContext.isProxy eq false",
    ] {
        assert!(!holds(text), "{text}");
    }
}

#[test]
fn a_mistake_is_told_with_its_place() {
    for (text, at, why) in [
        ("", 1, "a member of an event"),
        ("colour is red", 8, "an operator"),
        ("actor.id eq", 12, "in double quotes"),
        ("actor.id eq 00u1", 13, "in double quotes"),
        ("actor.id eq 'x'", 13, "straight double quotes"),
        ("actor.id eq “x”", 13, "straight double quotes"),
        (r#"actor.id eq "x"#, 13, "closing quote"),
        (r#"actor.id eq "\x""#, 13, "escape"),
        (r#"(actor.id eq "x""#, 17, "`)` to the `(` at character 1"),
        (r#"actor.id eq "x")"#, 16, "`and` or `or` before `)`"),
        (
            r#"actor.id eq "x" actor.id pr"#,
            17,
            "`and` or `or` before `actor.id`",
        ),
        (r#"actor.id eq "x" and"#, 20, "a member of an event"),
        (r#"target[type eq "User"]"#, 7, "as at Okta"),
        ("actor..id pr", 1, "no path"),
        ("isProxy co true", 12, "compares no other"),
        ("outcome.reason gt null", 19, "compares no other"),
        (r#"é.ä eq "x" or ö"#, 16, "an operator"),
    ] {
        let error = Filter::parse(text).unwrap_err();
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.why.contains(why), "{text}: {error}");
    }
}

#[test]
fn depth_and_length_have_an_end() {
    let nested = |deep: usize| format!("{}a pr{}", "(".repeat(deep), ")".repeat(deep));
    assert!(Filter::parse(&nested(DEPTH_MAX)).is_ok());
    for text in [
        nested(DEPTH_MAX + 1),
        "not ".repeat(1_000),
        "(".repeat(8_000),
    ] {
        let error = Filter::parse(&text).unwrap_err();
        assert!(error.why.contains("deeper"), "{error}");
    }
    let wide = |n: usize| vec!["a pr"; n].join(" or ");
    assert!(Filter::parse(&wide(1_000)).is_ok());
    assert!(
        Filter::parse(&wide(10_000))
            .unwrap_err()
            .why
            .contains("longer")
    );
}

/// splitmix64: chance that replays.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) >> 33).unwrap() % bound
    }

    fn of<'t>(&mut self, these: &[&'t str]) -> &'t str {
        these[self.below(these.len())]
    }
}

/// A filter by chance, as a text and as what it means of [`event`], told by another way than the
/// parser's: the tree is built while it is written.
fn by_chance(chance: &mut Chance, depth: usize) -> (String, bool) {
    let kind = if depth == 0 { 0 } else { chance.below(4) };
    if kind == 0 {
        let of = [
            (r#"actor.id eq "00u1""#, true),
            (r#"ACTOR.ID NE "00u1""#, false),
            (r#"target.id sw "00T""#, true),
            ("device.id pr", false),
            (r#"published gt "2026-03-10T13:00:00Z""#, true),
            ("securityContext.asNumber lt 1", false),
        ];
        let (text, holds) = of[chance.below(of.len())];
        return (text.to_owned(), holds);
    }
    let (left, a) = by_chance(chance, depth - 1);
    if kind == 1 {
        return (format!("{} ({left})", chance.of(&["not", "NOT"])), !a);
    }
    let (right, b) = by_chance(chance, depth - 1);
    let gap = chance.of(&[" ", "  ", "\t"]);
    if kind == 2 {
        (
            format!("({left}){gap}{}{gap}({right})", chance.of(&["and", "And"])),
            a && b,
        )
    } else {
        (
            format!("({left}){gap}{}{gap}({right})", chance.of(&["or", "OR"])),
            a || b,
        )
    }
}

#[test]
fn a_filter_means_what_its_parts_mean() {
    let mut chance = Chance(7);
    let mut held = 0;
    for _ in 0..2_000 {
        let (text, means) = by_chance(&mut chance, 5);
        assert_eq!(holds(&text), means, "{text}");
        held += usize::from(means);
    }
    assert!((200..1_800).contains(&held), "{held}");
}

#[test]
fn no_text_breaks_the_parser_and_every_place_lies_within_it() {
    let mut chance = Chance(11);
    let junk = [
        '"', '\\', '(', ')', '[', ' ', 'ä', '\u{202e}', '0', '.', '\'', '\n',
    ];
    for _ in 0..5_000 {
        let (text, _) = by_chance(&mut chance, 3);
        let mut text: Vec<char> = text.chars().collect();
        for _ in 0..=chance.below(3) {
            let at = chance.below(text.len().max(1)).min(text.len());
            match chance.below(3) {
                0 => text.truncate(at),
                1 => text.insert(at, junk[chance.below(junk.len())]),
                _ if at < text.len() => {
                    text.remove(at);
                }
                _ => {}
            }
        }
        let length = text.len();
        if let Err(error) = Filter::parse(&text.into_iter().collect::<String>()) {
            assert!((1..=length + 1).contains(&error.at), "{error}");
        }
    }
}
