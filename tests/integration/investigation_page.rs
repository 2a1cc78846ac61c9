//! An investigation on a page and in a ticket: what it says first, what it never hides, and that
//! nothing an intruder wrote does anything there.

pub(crate) mod markup;

use std::collections::BTreeSet;

use base64::Engine as _;
use jiff::tz::TimeZone;
use oust::evidence::investigation::{Investigation, Whose};
use oust::report::{investigation_html, investigation_markdown};
use sha2::{Digest, Sha256};

use crate::report::commanding;
use crate::samples;
use markup::{Element, has_ordered_headings, has_told_tables, is_inert, named, parse};

fn page(found: &Investigation) -> String {
    investigation_html(found, &TimeZone::UTC)
}

fn ticket(found: &Investigation) -> String {
    investigation_markdown(found, &TimeZone::UTC)
}

/// Every sample with its name.
fn all() -> Vec<(&'static str, Investigation)> {
    vec![
        ("takeover", samples::takeover_found()),
        ("nothing", samples::nothing_found()),
        ("undecided", samples::undecided()),
        ("three", samples::three_accounts()),
        ("hostile", samples::hostile_found()),
        ("long", samples::long_found(5_000)),
    ]
}

#[test]
fn pages_can_be_written_to_be_looked_at() {
    let Some(directory) = std::env::var_os("OUST_WRITE_SAMPLES") else {
        return;
    };
    let directory = std::path::Path::new(&directory);
    for (name, found) in all() {
        std::fs::write(
            directory.join(format!("investigation_{name}.html")),
            page(&found),
        )
        .unwrap();
        std::fs::write(
            directory.join(format!("investigation_{name}.md")),
            ticket(&found),
        )
        .unwrap();
    }
}

/// What stands in the page's first box.
fn top(page: &str) -> &str {
    let (_, rest) = page.split_once("id=\"answer\"").unwrap();
    rest.split_once("</div>").unwrap().0
}

#[test]
fn a_takeover_in_a_ticket() {
    insta::assert_snapshot!(ticket(&samples::takeover_found()));
}

#[test]
fn nothing_found_in_a_ticket_says_what_was_looked_at() {
    insta::assert_snapshot!(ticket(&samples::nothing_found()));
}

#[test]
fn undecided_in_a_ticket_says_what_is_missing_first() {
    insta::assert_snapshot!(ticket(&samples::undecided()));
}

#[test]
fn every_page_is_strict_ordered_told_and_inert() {
    for (name, found) in all() {
        let page = page(&found);
        let elements = parse(&page);
        is_inert(&elements);
        has_ordered_headings(&elements);
        assert!(has_told_tables(&elements) > 0, "{name}: no table");
        for landmark in ["main", "footer", "h1"] {
            assert_eq!(named(&elements, landmark).count(), 1, "{name}: {landmark}");
        }
        let skip = named(&elements, "a").next().unwrap().1;
        assert_eq!(
            skip.get("href"),
            Some("#answer"),
            "{name}: the first link skips"
        );
        for (_, drawing) in named(&elements, "svg").filter(|(_, one)| one.get("role").is_some()) {
            assert!(
                drawing.get("aria-label").unwrap().contains("Timeline"),
                "{name}"
            );
        }
    }
}

#[test]
fn the_policy_admits_the_one_style_and_nothing_else() {
    for (name, found) in all() {
        let elements = parse(&page(&found));
        let styles: Vec<&Element> = named(&elements, "style").map(|(_, one)| one).collect();
        let [style] = styles[..] else {
            panic!("{name}: {} styles", styles.len());
        };
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&style.text));
        let policy = named(&elements, "meta")
            .find_map(|(_, one)| one.get("http-equiv").and(one.get("content")))
            .unwrap();
        let all = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'"
        );
        assert_eq!(policy, all, "{name}");
        // What the style itself could load: only patterns of this very page.
        for part in style.text.split("url(").skip(1) {
            assert!(part.starts_with('#'), "{part}");
        }
        assert!(!style.text.contains("@import"));
    }
}

#[test]
fn the_answer_comes_first_and_says_what_is_still_there() {
    let page = page(&samples::takeover_found());
    let top = top(&page);
    for part in [
        "CONFIRMED",
        "since 2026-03-10 13:41:02",
        "3 sessions, 2 addresses, 1 API token",
        "last seen 14:58:41",
        "still there:</strong> factor Okta Verify",
        "no system of ours cuts:</strong> Slack",
        "times in UTC",
    ] {
        assert!(top.contains(part), "no `{part}` in {top}");
    }
    let answer = page.find("<h1>").unwrap();
    let next = page.find("What to do next").unwrap();
    let chart = page.find("<figure").unwrap();
    let why = page.find(">Why we say so</h3>").unwrap();
    assert!(answer < next && next < chart && chart < why);
}

#[test]
fn a_claim_leads_to_the_row_that_shows_its_event() {
    let found = samples::takeover_found();
    let page = page(&found);
    for witness in &found.subjects[0].intruder.because {
        let (before, _) = page
            .split_once(&format!(">{}</a>", witness.event))
            .unwrap_or_else(|| panic!("{} is no link", witness.event));
        let (_, anchor) = before.rsplit_once("href=\"#").unwrap();
        let row = anchor.trim_end_matches('"');
        let (_, row) = page.split_once(&format!("<tr id=\"{row}\"")).unwrap();
        let (row, _) = row.split_once("</tr>").unwrap();
        assert!(row.contains(&witness.event), "{row}");
    }
}

#[test]
fn rows_of_the_intruder_are_marked_by_a_word_and_by_a_border() {
    let found = samples::takeover_found();
    let elements = parse(&page(&found));
    let rows = |whose: &str| {
        named(&elements, "tr")
            .filter(|(_, row)| row.get("id").is_some_and(|id| id.starts_with("s1-t")))
            .filter(|(_, row)| row.get("class").unwrap_or_default() == whose)
            .count()
    };
    let timeline = &found.subjects[0].timeline;
    let mine = timeline.iter().filter(|row| row.whose == Whose::Intruder);
    assert_eq!(rows("intruder"), mine.count());
    assert_eq!(rows("intruder") + rows(""), timeline.len());
    let words = named(&elements, "span").filter(|(_, one)| one.text == "intruder");
    assert!(words.count() >= rows("intruder"));
}

#[test]
fn what_nobody_read_never_looks_like_none() {
    let found = samples::undecided();
    for text in [page(&found), ticket(&found)] {
        for (part, why) in [
            (
                "Factors",
                "not read: factors of robin: okta.users.read is missing",
            ),
            (
                "Devices",
                "not read: devices of robin: okta.devices.read is missing",
            ),
            (
                "Identity providers",
                "not read: identity providers of robin",
            ),
            ("Admin roles", "not read which the account holds now"),
        ] {
            let (_, after) = text.split_once(part).unwrap();
            let (told, rest) = after.split_once("not read").unwrap();
            assert!(
                !told.contains("none in what was read") || part == "Admin roles",
                "{told}"
            );
            assert!(
                format!("not read{rest}").starts_with(why),
                "{part}: {rest:.80}"
            );
        }
        for gap in found.unread.iter().chain(&found.read.missing) {
            assert!(text.contains(gap), "{gap} is not told");
        }
        assert!(
            text.contains("detection not asked: fastpass\\_phishing")
                || text.contains("detection not asked: fastpass_phishing")
        );
    }
    assert!(top(&page(&found)).contains("7 gaps in what was read"));
    // The other way round: what was read and is empty says so.
    let nothing = page(&samples::nothing_found());
    assert!(nothing.contains("none in what was read"));
    assert!(nothing.contains("nothing that was asked for is missing"));
    assert!(!nothing.contains("not read"), "{nothing}");
}

#[test]
fn a_part_of_the_log_is_never_told_as_all_of_it() {
    let mut found = samples::takeover_found();
    found.read.only = Some("session idxFCDW".into());
    let row = &mut found.subjects[0].timeline[0];
    (row.until, row.events) = (row.at, 12);
    for text in [page(&found), ticket(&found)] {
        let (top, _) = text.split_once("Why we say so").unwrap();
        assert!(top.contains("only session idxFCDW of it is told"), "{top}");
        assert!(text.contains("only this part of it is told here: session idxFCDW"));
        assert!(text.contains("to 2026-03-10 13:04:00"), "until when");
        assert!(text.contains("12 events in a row"));
    }
}

#[test]
fn several_accounts_have_a_table_of_contents_first() {
    let page = page(&samples::three_accounts());
    let (before, _) = page.split_once("<section").unwrap();
    for part in [
        "href=\"#s1\"",
        "href=\"#s2\"",
        "href=\"#s3\"",
        "href=\"#read\"",
        "<nav",
    ] {
        assert!(before.contains(part), "{part}");
    }
    assert!(top(&page).contains("an intruder in 1 of 3 accounts"));
}

#[test]
fn hostile_words_do_nothing_on_a_page() {
    let found = samples::hostile_found();
    let page = page(&found);
    assert!(commanding(&page).is_empty(), "{:?}", commanding(&page));
    let lower = page.to_lowercase();
    for forbidden in [
        "<script",
        "<img",
        " style=",
        "{{",
        "href=\"http",
        "href=\"java",
    ] {
        let told = forbidden == "{{" && lower.contains("{{ 7*7 }}");
        assert!(told || !lower.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("&lt;script&gt;"), "it is shown");
    // A command is never cut: half of one is another one.
    let (before, rest) = page.split_once("<ol class=\"commands\"").unwrap();
    let (_, after) = rest.split_once("</ol>").unwrap();
    for part in [before, after] {
        assert!(!part.contains(&"A".repeat(1_000)), "and cut");
    }
    // A long name does not push out what is told beside it.
    assert!(top(&page).contains("and 2 more"), "{}", top(&page));
}

#[test]
fn hostile_words_do_nothing_in_a_ticket() {
    let text = ticket(&samples::hostile_found());
    assert!(commanding(&text).is_empty(), "{:?}", commanding(&text));
    let outside: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("    "))
        .collect();
    for line in &outside {
        for forbidden in [
            "<script", "<img", "](http", "http://", "https://", "www.", "`",
        ] {
            assert!(
                !line
                    .replace("\\`", "")
                    .replace("\\]", "")
                    .contains(forbidden),
                "{forbidden}: {line}"
            );
        }
    }
    let forged = outside.iter().filter(|line| line.starts_with('#')).count();
    let ours = ticket(&samples::takeover_found());
    let expected = ours.lines().filter(|line| line.starts_with('#')).count();
    assert!(
        forged <= expected + 2,
        "{forged} headings, {expected} are ours"
    );
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut columns = 0;
    for pair in outside.windows(2).filter(|pair| pair[1].starts_with('|')) {
        if !pair[0].starts_with('|') {
            columns = cells(pair[1]);
        }
        assert_eq!(cells(pair[1]), columns, "{}", pair[1]);
    }
}

#[test]
fn five_thousand_rows_are_bounded_and_what_is_left_out_is_said() {
    let found = samples::long_found(5_000);
    let page = page(&found);
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
    assert!(page.contains("2000 rows left out here"), "not said");
    assert!(
        page.contains("--output json"),
        "where all of it is, is not said"
    );
    let elements = parse(&page);
    let shown: BTreeSet<&str> = elements.iter().filter_map(|one| one.get("id")).collect();
    for (place, row) in found.subjects[0].timeline.iter().enumerate() {
        let is_shown = shown.contains(&format!("s1-t{}", place + 1)[..]);
        assert!(
            is_shown || row.whose != Whose::Intruder,
            "the intruder's row {place} is left out"
        );
    }
    let bars = named(&elements, "rect").count();
    assert!(bars < 1_000, "{bars} bars");
    let text = ticket(&found);
    assert!(
        text.len() < 65_536,
        "a ticket takes no {} bytes",
        text.len()
    );
}
