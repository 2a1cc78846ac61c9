//! Who may know whom, and what must not exist. Reads the source as text.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up: a module uses only what stands before it, and of those that stand after
/// `connectors`, only `config` (it checks keys against the register) and `cli` may name it.
const LAYERS: &[&str] = &[
    "model",
    "evidence",
    "given",
    "approval",
    "consent",
    "transport",
    "identity",
    "connector",
    "connectors",
    "sqlite",
    "ledger",
    "rehearsals",
    "yaml",
    "playbook",
    "guard",
    "engine",
    "report",
    "alerts",
    "inbox",
    "desk",
    "notify",
    "config",
    "server",
    "cli",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `dir`, with its text.
fn sources(dir: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(dir)];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no sources in {dir}");
    found
}

/// The top-level module a file of `src/` belongs to; `None` for `lib.rs` and `main.rs`.
fn module_of(path: &Path) -> Option<String> {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside.iter().next().unwrap().to_str().unwrap();
    let name = first.trim_end_matches(".rs");
    (name != "lib" && name != "main").then(|| name.to_owned())
}

/// Text without comments and without the unit tests at the end.
fn code(text: &str) -> String {
    let product = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = product
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Modules named as `crate::x`, in `use` or in full.
fn named_modules(code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let list = list.split('}').next().unwrap();
            named.extend(list.split(',').map(|item| first_word(item.trim())));
        } else {
            named.insert(first_word(rest));
        }
    }
    named.remove("");
    named
}

fn first_word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

#[test]
fn a_module_uses_only_what_stands_before_it() {
    let place = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    for (path, text) in sources("src") {
        let Some(module) = module_of(&path) else {
            continue;
        };
        let own =
            place(&module).unwrap_or_else(|| panic!("`{module}` is no layer: {}", path.display()));
        for used in named_modules(&code(&text)) {
            let Some(theirs) = place(&used) else {
                panic!("{}: `crate::{used}` is no layer", path.display())
            };
            assert!(
                theirs <= own,
                "{}: {module} must not use {used}",
                path.display()
            );
            let names_vendors = used == "connectors" && module != "connectors";
            assert!(
                !names_vendors || module == "cli" || module == "config",
                "{}: names vendors",
                path.display()
            );
        }
    }
}

#[test]
fn lib_rs_lists_the_layers_in_reading_order() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let listed: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(listed, LAYERS);
}

#[test]
fn nothing_outside_connectors_names_a_vendor_s_endpoint() {
    for (path, text) in sources("src") {
        let module = module_of(&path);
        if module.as_deref() == Some("connectors") {
            continue;
        }
        let code = code(&text);
        for sign in ["/api/v1", "/oauth2/", "SSWS"] {
            assert!(!code.contains(sign), "{} names {sign}", path.display());
        }
    }
}

#[test]
fn there_is_no_dry_run_branch_and_writers_are_made_in_one_place() {
    let mut makers = BTreeSet::new();
    for (path, text) in sources("src") {
        let code = code(&text);
        assert!(!code.contains("if dry_run"), "{}", path.display());
        if code.contains("Writer::new(") {
            makers.insert(path.strip_prefix(root()).unwrap().display().to_string());
        }
    }
    assert_eq!(makers, BTreeSet::from(["src/engine/run.rs".to_owned()]));
}

#[test]
fn the_mocks_and_the_product_meet_in_one_file() {
    for (path, text) in sources("src") {
        let is_sandbox = path.ends_with("cli/sandbox.rs");
        assert!(
            is_sandbox || !code(&text).contains("oust_mocks"),
            "{}",
            path.display()
        );
    }
    for (path, text) in sources("mocks/src") {
        assert!(
            !code(&text).contains("oust::"),
            "{} imports the product",
            path.display()
        );
    }
    let manifest = fs::read_to_string(root().join("mocks/Cargo.toml")).unwrap();
    assert!(
        !manifest
            .lines()
            .any(|line| line.starts_with("oust ") || line.starts_with("oust="))
    );
}

#[test]
fn every_test_file_is_listed() {
    let main = fs::read_to_string(root().join("tests/integration/main.rs")).unwrap();
    for (path, _) in sources("tests/integration") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_top = path.parent().unwrap().ends_with("integration");
        if is_top && name != "main" {
            assert!(
                main.contains(&format!("mod {name};")),
                "{name}.rs is not listed in main.rs"
            );
        }
    }
}

#[test]
fn kill_points_are_in_no_release_build() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(!manifest.contains("debug-assertions"));
    let gated = ["sqlite/kill.rs", "cli/fault.rs"];
    for file in gated {
        let (module, name) = file.rsplit_once('/').unwrap();
        let parent = fs::read_to_string(root().join(format!("src/{module}/mod.rs"))).unwrap();
        let name = name.trim_end_matches(".rs");
        let gate = format!("#[cfg(debug_assertions)]\nmod {name};");
        assert!(parent.contains(&gate), "{file} is compiled into a release");
    }
    for (path, text) in sources("src") {
        let is_gated = gated.iter().any(|file| path.ends_with(file));
        assert!(
            is_gated || !text.contains("OUST_KILL"),
            "{}",
            path.display()
        );
    }
}

/// Where the process can be killed or made to panic: the file, the line before, and the line.
fn kill_points() -> Vec<(PathBuf, String, String)> {
    let mut points = Vec::new();
    for (path, text) in sources("src") {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2) {
            let is_named = ["kill", "fault"].iter().any(|module| {
                pair[1].contains(&format!("{module}::point("))
                    || pair[1].starts_with(&format!("use super::{module}"))
            });
            if is_named && !pair[1].starts_with("//") {
                points.push((path.clone(), pair[0].to_owned(), pair[1].to_owned()));
            }
        }
    }
    points
}

#[test]
fn every_kill_point_is_gated_where_it_is_passed() {
    let points = kill_points();
    assert!(points.len() >= 4, "{points:#?}");
    for (path, before, line) in points {
        assert_eq!(
            before,
            "#[cfg(debug_assertions)]",
            "{}: {line}",
            path.display()
        );
    }
}

/// A story that is gone, or points that nobody passes any more, would go unseen: what is left is
/// green.
#[test]
fn every_way_to_kill_the_process_is_told_in_a_story() {
    let main = fs::read_to_string(root().join("tests/integration/main.rs")).unwrap();
    for name in ["kill", "crowd_killed", "work", "server", "inbox", "ledger"] {
        assert!(main.contains(&format!("mod {name};")), "{name} is not run");
    }
    // This file tells no story.
    let own = root().join("tests/integration/architecture.rs");
    let stories: Vec<(PathBuf, String)> = sources("tests/integration")
        .into_iter()
        .filter(|(path, _)| *path != own)
        .collect();
    let is_told = |word: &str| stories.iter().any(|(_, text)| text.contains(word));

    // Each way by name: of our own points, and of the network's.
    let mut ways = BTreeSet::new();
    for (_, text) in sources("src") {
        for (at, _) in text.match_indices("var(\"OUST_KILL") {
            ways.insert(first_word(&text[at + "var(\"".len()..]));
        }
    }
    let kinds = fs::read_to_string(root().join("mocks/src/faults/kind.rs")).unwrap();
    for (at, _) in kinds.match_indices("Self::Kill") {
        ways.insert(format!(
            "FaultKind::{}",
            first_word(&kinds[at + "Self::".len()..])
        ));
    }
    assert_eq!(ways.len(), 4 + 3, "{ways:?}");
    for way in &ways {
        assert!(is_told(way), "no story uses {way}");
    }

    // Each point: of the store, by the name under which a run records it; of events, by their number.
    let points = kill_points().into_iter().map(|(_, _, line)| line);
    let points: Vec<String> = points.filter(|line| line.contains("::point(")).collect();
    assert_eq!(points.len(), 3, "{points:?}");
    let kill = fs::read_to_string(root().join("tests/integration/kill.rs")).unwrap();
    for point in points {
        let name = point.split('"').nth(1).unwrap_or("OUST_KILL_PANIC");
        assert!(kill.contains(name), "no story is killed at `{point}`");
    }
    for story in [
        "at_every_network_point_resume_ends_contained",
        "at_every_network_point_with_services_resume_ends_contained_everywhere",
        "at_every_store_point_resume_ends_contained",
        "at_every_event_the_exit_code_is_6_once_a_write_may_have_left_and_1_before",
        "a_ledger_thread_that_panics_does_not_save_the_intruder",
        "a_request_for_many_that_the_process_died_in_is_read_back_for_each",
    ] {
        let told = format!("fn {story}()");
        let (path, text) = (stories.iter())
            .find(|(_, text)| text.contains(&told))
            .unwrap_or_else(|| panic!("the story `{story}` is gone"));
        let (before, _) = text.split_once(&told).unwrap();
        let attributes = before.rsplit("\n\n").next().unwrap();
        assert!(
            attributes.contains("test") && !attributes.contains("ignore"),
            "{}: `{story}` is not run",
            path.display()
        );
    }
}

#[test]
fn every_source_file_opens_with_its_purpose() {
    for dir in ["src", "mocks/src", "tests/integration"] {
        for (path, text) in sources(dir) {
            assert!(
                text.starts_with("//!"),
                "{} does not say what it is for",
                path.display()
            );
        }
    }
}

#[test]
fn no_sentence_leaves_singular_and_plural_to_the_reader() {
    for (path, text) in sources("src").into_iter().chain(sources("mocks/src")) {
        let code = code(&text);
        // Every second part between quotes is text.
        for said in code.split('"').skip(1).step_by(2) {
            for (at, _) in said.match_indices("(s)") {
                let before = said[..at].chars().next_back();
                assert!(
                    !before.is_some_and(char::is_alphabetic),
                    "{}: {said}",
                    path.display()
                );
            }
        }
    }
}
