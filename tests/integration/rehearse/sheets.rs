//! Sheets for owners: each has what happens to his apps, and nothing in them is anybody's markup.

use std::fs;

use super::{CANARY, desk_with};

const HOSTILE: &str = "<script>alert(1)</script>\u{202e}[x](javascript:1)";

#[test]
fn each_owner_has_a_sheet_and_the_gap_has_one() {
    let owners = "owners:\n\
        - { app: slack, owner: Chat team, contact: chat@contoso.example }\n\
        - { app: okta, owner: Security, contact: '+1 206 555 0199' }\n";
    let desk = desk_with(owners);
    desk.oust_words(&["rehearse", CANARY, "--sheets", "owners"])
        .exits(0)
        .says("sheets in owners");
    let read = |name: &str| fs::read_to_string(desk.here().join("owners").join(name)).unwrap();
    for ending in ["md", "html"] {
        let chat = read(&format!("chat-team.{ending}"));
        assert!(chat.contains("When we pull the cord"), "{chat}");
        assert!(chat.contains("Slack"), "{chat}");
        assert!(chat.contains("chat@contoso.example"), "{chat}");
        assert!(chat.contains("+1 206 555 0199"), "how to reach us: {chat}");
        assert!(chat.contains("Last rehearsed"), "{chat}");
        assert!(!chat.contains("Salesforce"), "another's app: {chat}");
        let gap = read(&format!("nobody.{ending}"));
        assert!(gap.contains("Find who owns these apps"), "{gap}");
    }
    desk.saw_no_writes();
}

#[test]
fn nothing_that_an_intruder_wrote_is_markup_on_a_sheet() {
    let desk = desk_with("");
    {
        let mut range = desk.server.range();
        let okta = &mut range.okta;
        let now = crate::cli::desk::now_ms();
        let kim = okta.user(CANARY).unwrap().id.clone();
        okta.mint_api_token_by_hand(&kim, HOSTILE, now);
        for app in okta.apps.values_mut() {
            app.label = format!("{} {HOSTILE}", app.label);
        }
    }
    let said = desk.oust_words(&["rehearse", CANARY, "--sheets", "owners"]);
    assert!(!said.out.contains('\u{202e}'), "{}", said.out);
    let mut seen = 0;
    for entry in fs::read_dir(desk.here().join("owners")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("<script"), "{}", path.display());
        assert!(!text.contains('\u{202e}'), "{}", path.display());
        // Markdown keeps the words and takes their meaning: each bracket is escaped.
        let bare = text.replace("\\]", "");
        let is_markdown = path.extension().is_some_and(|end| end == "md");
        assert!(
            !is_markdown || !bare.contains("](javascript"),
            "{}",
            path.display()
        );
        seen += text.matches("alert").count();
    }
    assert!(seen > 4, "{seen}: nothing of it was shown at all");
    desk.saw_no_writes();
}
