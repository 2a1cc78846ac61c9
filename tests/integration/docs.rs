//! `docs/connectors.md`: what every connector declares, for people, printed from the register.
//!
//! The page is compared with what the register says now; `OUST_WRITE_DOCS=1` writes it anew.
//! What no declaration can say (which of it was never tried at the vendor) stands in a file per
//! vendor, `docs/connectors/<vendor>.md`, written by hand; a vendor without one fails here.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use oust::connectors::{REGISTER, Row};
use oust::model::{Action, Evicts, Left, Provable, Setting, Undo, Vendor};
use oust::playbook::{CheckedPlaybook, check, shipped};

fn docs(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name)
}

#[test]
fn the_page_of_connectors_says_what_the_register_declares() {
    let path = docs("connectors.md");
    let fresh = page();
    if std::env::var_os("OUST_WRITE_DOCS").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        written == fresh,
        "docs/connectors.md is not what the register declares: write it anew with \
         `OUST_WRITE_DOCS=1 cargo test --test integration docs`"
    );
}

#[test]
fn every_vendor_says_by_hand_what_was_never_tried_and_nobody_else_does() {
    let wanted: BTreeSet<String> = REGISTER
        .iter()
        .map(|row| format!("{}.md", row.vendor.id))
        .collect();
    let found: BTreeSet<String> = std::fs::read_dir(docs("connectors"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(found, wanted);
    for name in wanted {
        let text = std::fs::read_to_string(docs("connectors").join(&name)).unwrap();
        let title = format!("# {}: assumed and unproven\n", name.trim_end_matches(".md"));
        assert!(text.starts_with(&title), "{name} opens with {title}");
        assert!(
            text.lines().any(|line| line.starts_with("- ")),
            "{name} names nothing"
        );
    }
}

/// A cell must not end its row.
fn cell(text: &str) -> String {
    text.replace('|', r"\|").replace('\n', " ")
}

fn code(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let all: Vec<String> = words
        .into_iter()
        .map(|word| format!("`{}`", word.as_ref()))
        .collect();
    all.join(", ")
}

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|each| cell(each)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

fn page() -> String {
    let vendors: Vec<&'static Vendor> = oust::connectors::vendors().collect();
    let playbooks: Vec<CheckedPlaybook> = shipped()
        .iter()
        .map(|(name, text)| check(name, text, &vendors).unwrap())
        .collect();
    let mut text = String::from(HEAD);
    text.push_str(&table(
        &[
            "vendor",
            "actions",
            "config keys",
            "apps of Okta's catalogue",
        ],
        REGISTER.iter().map(overview),
    ));
    for row in REGISTER {
        text.push_str(&section(row.vendor, &playbooks));
    }
    text
}

const HEAD: &str = "\
# Connectors

What `oust` can do at each system, what it needs for it, how it is proven, and what goes on working
afterwards. This page is printed from what the connectors declare, and a test compares the two: change
a declaration, not this page. The same declarations are on the plan screen, in the report and in
`oust playbook check`.

How to read it:

- *Undo*: \"restores\" means that a release puts back what was; \"the person redoes it\" means that he
  signs in or enrols again; \"never\" means gone.
- *Proven*: what makes the report say `proven`. An action that cannot be read back is closed only after
  the eviction at Okta was proven and with everything else at that system proven, and it is counted as
  `unproven`.
- *Rights*: what to grant, in the vendor's own words. Planning and proving use those to read; only a
  consented run uses those to write.
- What rests on documentation or on deduction instead of a recorded answer stands in the file
  linked from each vendor's section. Read it before you rely on a system.

";

fn overview(row: &Row) -> Vec<String> {
    let id = row.vendor.id;
    vec![
        format!("[{id}](#{id})"),
        row.vendor.actions.len().to_string(),
        code(row.settings),
        match row.vendor.apps {
            [] if is_directory(row.vendor) => "is the directory".into(),
            [] => "none: say in `apps:` which lead there".into(),
            apps => code(apps),
        },
    ]
}

fn is_directory(vendor: &Vendor) -> bool {
    let mut actions = vendor.actions.iter();
    actions.any(|action| action.evicts != Evicts::No)
}

fn section(vendor: &Vendor, playbooks: &[CheckedPlaybook]) -> String {
    let id = vendor.id;
    let mut text =
        format!("\n## {id}\n\nAssumed and unproven: [connectors/{id}.md](connectors/{id}.md).\n\n");
    text.push_str(&eviction(vendor));
    text.push_str(&table(
        &["action", "what it does", "undo", "proven", "in playbooks"],
        vendor.actions.iter().map(|action| {
            vec![
                code([action.verb]),
                action.does.into(),
                undo(action.undo).into(),
                proven(action.proof),
                used_by(vendor, action, playbooks),
            ]
        }),
    ));
    let _ = write!(text, "\n### What {id} needs\n\n");
    text.push_str(&rights(vendor));
    let _ = write!(
        text,
        "\n### What {id} touches beside it, and what survives\n\n"
    );
    text.push_str(&table(
        &["action", "also touches", "still works afterwards"],
        vendor
            .actions
            .iter()
            .filter(|each| is_felt(each))
            .map(|each| vec![code([each.verb]), touches(each), survives(each)]),
    ));
    text.push_str(&settings(vendor));
    let _ = write!(text, "\n### {id} in ATT&CK and D3FEND\n\n");
    text.push_str(&table(
        &["action", "answers", "is"],
        vendor.actions.iter().map(|each| {
            vec![
                code([each.verb]),
                each.attack.join(" "),
                each.d3fend.join(" "),
            ]
        }),
    ));
    text
}

/// Which actions make up the eviction, at the directory.
fn eviction(vendor: &Vendor) -> String {
    let of = |part: Evicts| {
        let mine = vendor
            .actions
            .iter()
            .filter(move |each| each.evicts == part);
        code(mine.map(|each| each.verb))
    };
    let (clears, locks) = (of(Evicts::Clears), of(Evicts::Locks));
    if clears.is_empty() && locks.is_empty() {
        return String::new();
    }
    format!(
        "An account counts as evicted when one of {locks} is proven and {clears} was answered `done` \
         after it;\nwhere a playbook has none of them, when {clears} is proven by its event.\n\n"
    )
}

fn undo(undo: Undo) -> &'static str {
    match undo {
        Undo::Restores => "restores",
        Undo::PersonRedoes => "the person redoes it",
        Undo::Never => "never",
    }
}

fn proven(proof: Provable) -> String {
    match proof {
        Provable::ByRead => "by reading back".into(),
        Provable::ByEvent(why) => format!("by its event, else unproven: {why}"),
        Provable::Unverifiable(why) => format!("**never**: {why}"),
    }
}

fn used_by(vendor: &Vendor, action: &Action, playbooks: &[CheckedPlaybook]) -> String {
    let id = action.id(vendor.id);
    let uses = |playbook: &&CheckedPlaybook| {
        let mut steps = playbook.stages.iter().flat_map(|stage| &stage.steps);
        steps.any(|step| step.action == id)
    };
    let names: Vec<&str> = playbooks
        .iter()
        .filter(uses)
        .map(|playbook| playbook.reference.name.as_str())
        .collect();
    if names.is_empty() {
        return "none".into();
    }
    code(names)
}

/// Actions that take the same rights share a row.
fn rights(vendor: &Vendor) -> String {
    let mut rows: Vec<(Vec<&str>, &Action)> = Vec::new();
    for action in vendor.actions {
        let same = |(_, first): &&mut (Vec<&str>, &Action)| {
            first.needs == action.needs && first.reads == action.reads
        };
        match rows.iter_mut().find(same) {
            Some((verbs, _)) => verbs.push(action.verb),
            None => rows.push((vec![action.verb], action)),
        }
    }
    table(
        &["for", "to write", "to plan and prove"],
        rows.into_iter()
            .map(|(verbs, first)| vec![code(verbs), named(first.needs), named(first.reads)]),
    )
}

/// Rights that are names are set as code; those that are sentences stay sentences.
fn named(rights: &[&str]) -> String {
    let each = rights.iter().map(|right| {
        if right.contains(' ') {
            (*right).to_owned()
        } else {
            format!("`{right}`")
        }
    });
    each.collect::<Vec<_>>().join(", ")
}

fn is_felt(action: &Action) -> bool {
    !touches(action).is_empty() || !action.residual.is_empty()
}

fn survives(action: &Action) -> String {
    let each = action.residual.iter().map(Left::sentence);
    each.collect::<Vec<_>>().join("; ")
}

fn touches(action: &Action) -> String {
    let again = "a call without an answer is read back before it is sent again";
    let parts = [
        action.collateral,
        if action.repeatable { "" } else { again },
    ];
    let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    said.join("; ")
}

fn settings(vendor: &Vendor) -> String {
    let rows: Vec<Vec<String>> = vendor
        .actions
        .iter()
        .filter(|action| !action.settings.is_empty())
        .map(|action| {
            let all: Vec<String> = action.settings.iter().map(setting).collect();
            vec![code([action.verb]), all.join("; ")]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "\n### Settings of {}'s steps\n\nThe first word is the default.\n\n{}",
        vendor.id,
        table(&["action", "settings"], rows)
    )
}

fn setting(setting: &Setting) -> String {
    let name = setting.name();
    match setting {
        Setting::Flag(_, default) => format!("`{name}`: `{default}` or `{}`", !default),
        Setting::Word(_, words) => format!("`{name}`: {}", code(*words)),
        Setting::List(_) => format!("`{name}`: a list, with `select: listed`"),
    }
}
