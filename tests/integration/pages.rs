//! Our pages in a browser that others wrote: nothing is scrolled sideways on a phone, every letter
//! stands out by day and by night, and the page's own policy admits its style.
//!
//! The page stands unchanged, policy and all, in a frame of a page of ours, which looks into it.
//!
//! Skipped, saying so, unless `OUST_CHROMIUM` names a Chromium; `.ci/pages` does, and sets
//! `OUST_BROWSED=1`, by which a skip is a failure.

mod console;

use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::tz::TimeZone;
use oust::report::{html, investigation_html};
use serde_json::Value;

use crate::samples;

/// What looks into the frame. `PAGE` and `WIDTH` are filled in.
const LOOK: &str = include_str!("pages/look.html");

/// The browser; `None`, said aloud, if none is named.
#[expect(clippy::print_stderr, reason = "a skip must not look like a pass")]
fn browser() -> Option<PathBuf> {
    let told = |name: &str| std::env::var_os(name).filter(|text| !text.is_empty());
    let Some(named) = told("OUST_CHROMIUM") else {
        let why = "skipped: OUST_CHROMIUM names no browser (`.ci/pages` does)";
        assert!(told("OUST_BROWSED").is_none(), "{why}");
        eprintln!("{why}");
        return None;
    };
    Some(named.into())
}

/// What the browser sees of a page of that width.
fn seen(browser: &Path, page: &str, width: u32, dark: bool) -> Value {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("look.html");
    let page = serde_json::to_string(page).unwrap().replace("</", "<\\/");
    let page = page.replace("<!--", "<\\u0021--");
    let look = LOOK
        .replace("WIDTH", &width.to_string())
        .replace("PAGE", &page);
    std::fs::write(&file, look).unwrap();
    let mut asked = asked(browser, home.path(), dark);
    told(asked.arg("--dump-dom").arg(&file))
}

/// A browser of its own state, with what every look needs.
fn asked(browser: &Path, home: &Path, dark: bool) -> Command {
    let mut asked = Command::new(browser);
    asked
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--window-size=1400,1000",
            "--virtual-time-budget=20000",
        ])
        .arg(format!("--user-data-dir={}", home.join("state").display()))
        .arg(format!(
            "--blink-settings=preferredColorScheme={}",
            u8::from(!dark)
        ));
    asked
}

/// What the page that looks has written down.
fn told(asked: &mut Command) -> Value {
    let answer = asked.output().unwrap();
    let dom = String::from_utf8(answer.stdout).unwrap();
    let told = dom
        .split_once("<pre id=\"told\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"))
        .unwrap_or_else(|| panic!("nothing told: {dom:.300}"));
    let told = told
        .0
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told:.300}"))
}

/// Every page by name.
fn pages() -> Vec<(&'static str, String)> {
    let utc = &TimeZone::UTC;
    let run = |run: samples::RunSample| html(&samples::report_of(&run.state()), utc);
    vec![
        (
            "takeover",
            investigation_html(&samples::takeover_found(), utc),
        ),
        ("undecided", investigation_html(&samples::undecided(), utc)),
        (
            "three accounts",
            investigation_html(&samples::three_accounts(), utc),
        ),
        (
            "hostile",
            investigation_html(&samples::hostile_found(), utc),
        ),
        ("long", investigation_html(&samples::long_found(600), utc)),
        ("run contained", run(samples::contained())),
        ("run forbidden", run(samples::forbidden())),
    ]
}

#[test]
fn nothing_is_scrolled_sideways_and_every_letter_stands_out() {
    let Some(browser) = browser() else { return };
    for (name, page) in pages() {
        for (width, dark) in [(360, false), (360, true), (1280, false)] {
            let told = seen(&browser, &page, width, dark);
            let at = format!("{name} at {width}, dark {dark}: {told:#}");
            assert_eq!(told["styled"], true, "{at}");
            assert_eq!(told["dark"], dark, "{at}");
            assert_eq!(told["scripts"], 0, "{at}");
            assert!(told["letters"].as_u64().unwrap() > 20, "{at}");
            assert_eq!(told["beyond"], serde_json::json!([]), "{at}");
            assert_eq!(told["faint"], serde_json::json!([]), "{at}");
            assert_eq!(told["unnamed"], serde_json::json!([]), "{at}");
            assert_eq!(told["wide"].as_u64(), Some(u64::from(width)), "{at}");
        }
    }
}
