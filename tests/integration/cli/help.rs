//! What the program says about itself: one snapshot of all help, manual page, completions,
//! playbooks.

use super::desk::Desk;

/// The help of a command and of all below it, in order.
fn help_below(desk: &Desk, path: &[&str], all: &mut String) {
    let mut words = path.to_vec();
    words.push("--help");
    let said = desk.oust_words(&words);
    said.exits(0);
    assert_eq!(said.err, "");
    all.push_str(&format!("$ oust {}\n{}\n", words.join(" "), said.out));
    for name in commands_in(&said.out) {
        let mut below = path.to_vec();
        below.push(&name);
        help_below(desk, &below, all);
    }
}

fn commands_in(help: &str) -> Vec<String> {
    let Some((_, rest)) = help.split_once("\nCommands:\n") else {
        return Vec::new();
    };
    rest.lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn all_help_is_what_it_was() {
    let desk = Desk::contoso();
    let mut all = String::new();
    help_below(&desk, &[], &mut all);
    for command in [
        "contain",
        "plan",
        "runs resume",
        "playbook check",
        "completions",
        "man",
    ] {
        assert!(
            all.contains(&format!("$ oust {command} --help")),
            "{command}"
        );
    }
    insta::assert_snapshot!("help", all);
}

#[test]
fn completions_and_manual_page_are_complete() {
    let desk = Desk::contoso();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = desk.oust_words(&["completions", shell]);
        said.exits(0);
        assert!(said.out.contains("emergency-ledger"), "{shell}");
    }
    let man = desk.oust("man");
    man.exits(0);
    assert!(
        man.out.starts_with(".ie") || man.out.contains(".TH oust"),
        "{}",
        man.out
    );
    assert!(man.out.contains("contain"), "{}", man.out);
    desk.saw_nothing();
}

#[test]
fn playbooks_are_listed_shown_and_checked() {
    let desk = Desk::contoso();
    let list = desk.oust("playbook list");
    list.exits(0).says("account-takeover").says("evict-only");
    let shown = desk.oust("playbook show account-takeover");
    let mine = desk.write("work/mine.yaml", &shown.out);
    desk.oust("playbook check ./mine.yaml account-takeover")
        .exits(0)
        .says("./mine.yaml: good")
        .says("account-takeover: good");
    let broken = shown.out.replace("okta.suspend_user:", "okta.suspend_usr:");
    std::fs::write(&mine, broken).unwrap();
    desk.oust("playbook check ./mine.yaml account-takeover")
        .exits(2)
        .says("mine.yaml:")
        .says("suspend_user")
        .says("account-takeover: good");
    desk.oust("playbook show nope")
        .exits(2)
        .hints("shipped are");
    let schema = desk.oust("playbook schema");
    schema.exits(0);
    assert!(schema.json()["$schema"].is_string());
    desk.saw_nothing();
}

#[test]
fn a_playbook_file_cannot_command_the_terminal() {
    let desk = Desk::contoso();
    desk.write(
        "work/evil.yaml",
        "playbook: oust/v1\nname: \"x\\e]0;contained\\a\"\n# \u{1b}]0;contained\u{7}\nstages: []\n",
    );
    let said = desk.oust("playbook check ./evil.yaml");
    said.exits(2);
    assert!(
        !said.err.contains('\u{1b}') && !said.out.contains('\u{1b}'),
        "{}",
        said.err
    );
    let shown = desk.oust("playbook show ./evil.yaml");
    assert!(!shown.out.contains('\u{1b}') && !shown.err.contains('\u{1b}'));
}
