//! What must never come out, and what must never be obeyed: secrets, and the intruder's words.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use oust_mocks::world::{ALEX, PIXEL, SSWS_SECRET};

use super::desk::{ALEX_LOGIN, Desk, Said, files_in};

/// Commands whose outputs are searched; between them they touch everything.
const STORY: [&str; 8] = [
    "-vv plan alex@contoso.example --since 2h",
    "-vv --output json plan alex@contoso.example --since 2h",
    "-vv contain alex@contoso.example --since 2h --yes",
    "-vv runs show --last",
    "-vv runs prove --last --output json",
    "-vv runs export --last --records",
    "-vv runs export --last",
    "-vv runs verify",
];

/// Everything the story left behind: outputs, ledger, reports.
fn all_that_is_left(desk: &Desk, said: &[Said]) -> Vec<(String, Vec<u8>)> {
    let mut left: Vec<(String, Vec<u8>)> = Vec::new();
    for (words, said) in STORY.iter().zip(said) {
        left.push((format!("stdout of {words}"), said.out.clone().into_bytes()));
        left.push((format!("stderr of {words}"), said.err.clone().into_bytes()));
    }
    for path in files_in(&desk.here())
        .into_iter()
        .chain(files_in(&desk.at(".local")))
    {
        left.push((path.display().to_string(), read(&path)));
    }
    assert!(
        left.len() > STORY.len() * 2 + 3,
        "reports and ledger are there"
    );
    left
}

/// A file's bytes; of a bundle those that are packed in it.
fn read(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if path.extension().is_none_or(|end| end != "gz") {
        return bytes;
    }
    let mut unpacked = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(bytes.as_slice());
    decoder.read_to_end(&mut unpacked).unwrap();
    let has_events = unpacked.windows(12).any(|at| at == b"events.jsonl");
    assert!(has_events, "the bundle is whole");
    unpacked
}

#[track_caller]
fn nowhere(left: &[(String, Vec<u8>)], what: &str, canary: &str) {
    assert!(canary.len() >= 5, "{what} is a canary");
    for (place, bytes) in left {
        let found = bytes
            .windows(canary.len())
            .any(|at| at == canary.as_bytes());
        assert!(!found, "{what} stands in {place}");
    }
}

#[test]
fn neither_key_nor_assertion_nor_access_token_comes_out() {
    let desk = Desk::contoso();
    let said: Vec<Said> = STORY.iter().map(|words| desk.oust(words)).collect();
    for said in &said {
        said.exits(0);
    }
    // The search finds what is there.
    let verbose = &said[2].err;
    assert!(
        verbose.contains("lifecycle/suspend"),
        "requests are told: {verbose}"
    );
    let left = all_that_is_left(&desk, &said);
    for line in desk
        .key
        .private_pem
        .lines()
        .filter(|line| !line.starts_with("---"))
    {
        nowhere(&left, "a line of the private key", line);
    }
    nowhere(&left, "the private key", "PRIVATE KEY");
    // Client assertions and DPoP proofs are JWTs: a header that begins `{"`.
    nowhere(&left, "a signed token", "eyJhbGci");
    nowhere(&left, "a signed token", "eyJ0eXAi");
    nowhere(&left, "a client assertion", "client_assertion=");
    nowhere(&left, "an authorization header", "Bearer ");
    for token in desk.server.range().okta.issued_tokens() {
        nowhere(&left, "an access token", &token);
    }
}

#[test]
fn an_api_token_does_not_come_out_even_when_it_is_refused() {
    let desk = Desk::contoso();
    desk.configure_auth("{ api_token: { env: OUST_TEST_SSWS } }", "");
    let run = |words: &str| {
        let words: Vec<&str> = words.split(' ').collect();
        let mut command = desk.command(&words);
        let output = command.env("OUST_TEST_SSWS", SSWS_SECRET).output().unwrap();
        Said::of(output, &words)
    };
    let said: Vec<Said> = STORY.iter().map(|words| run(words)).collect();
    said[2].exits(0);
    desk.is_contained();
    let left = all_that_is_left(&desk, &said);
    nowhere(&left, "the API token", SSWS_SECRET);
    nowhere(&left, "an authorization header", "SSWS ");

    desk.faults("/api/v1=unauthorized");
    let refused = run("-vv plan alex@contoso.example --since 2h");
    refused.exits(1).hints("credential");
    assert!(!refused.err.contains(SSWS_SECRET));
}

const TITLE: &str = "\u{1b}]0;contained\u{7}<script>alert(1)</script>";

#[test]
fn the_intruder_s_words_command_neither_terminal_nor_browser() {
    let desk = Desk::of(|world| {
        world
            .user(ALEX_LOGIN, |alex| {
                for id in PIXEL {
                    alex.factors.get_mut(id).unwrap().name = TITLE.to_owned();
                }
                alex.first_name = TITLE.to_owned();
            })
            .with(|okta| {
                for token in okta
                    .api_tokens
                    .values_mut()
                    .filter(|token| token.user_id == ALEX)
                {
                    token.name = format!("{}{TITLE}\u{202e}", token.name);
                }
            })
    });
    let plan = desk.oust("plan alex@contoso.example --since 2h");
    let contain = desk.oust("-vv contain alex@contoso.example --since 2h --yes");
    let shown = desk.oust("runs show --last");
    let json = desk.oust("runs show --last --output json");
    let export = desk.oust("runs export --last --records");
    let bundle = desk.oust("runs export --last --to bundle.tar.gz");
    for said in [&plan, &contain, &shown, &json, &export, &bundle] {
        said.exits(0);
        for text in [&said.out, &said.err] {
            assert!(!text.contains('\u{1b}'), "{text}");
            assert!(!text.contains('\u{7}'), "{text}");
        }
    }
    for said in [&plan, &contain, &shown] {
        for text in [&said.out, &said.err] {
            assert!(!text.contains('\u{202e}'), "{text}");
        }
    }
    plan.says("alert(1)");
    contain.says("alert(1)");
    let mut seen = 0;
    for path in files_in(&desk.here()) {
        let text = String::from_utf8(read(&path)).unwrap();
        assert!(!text.contains('\u{1b}'), "{}", path.display());
        let renders = path
            .extension()
            .is_some_and(|end| end == "html" || end == "md");
        assert!(
            !renders || !text.contains("<script>alert"),
            "{}",
            path.display()
        );
        assert!(text.contains("alert(1)"), "{}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 4, "HTML, Markdown, JSON, and all of it packed");
    let packed = String::from_utf8(read(&desk.here().join("bundle.tar.gz"))).unwrap();
    assert!(!packed.contains('\u{202e}') && !packed.contains("<script>alert(1)</script></"));
    desk.is_contained();
}

#[test]
fn the_intruder_s_login_in_an_error_is_shown_and_not_obeyed() {
    let desk = Desk::of(|world| world.user("mallory\u{1b}]0;x\u{7}@contoso.example", |_| {}));
    let said = desk.oust("contain mallory --since 2h --yes");
    said.exits(1);
    assert!(!said.err.contains('\u{1b}'), "{:?}", said.err);
    let typed = desk.oust_words(&["contain", "\u{1b}]0;x\u{7}", "--since", "2h", "--yes"]);
    typed.exits(1);
    assert!(!typed.err.contains('\u{1b}'), "{:?}", typed.err);
}
