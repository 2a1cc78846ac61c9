//! The half that receives has nothing that changes anything anywhere.

use std::fs;
use std::path::Path;

use super::world::*;

/// Its config names a vendor whose key is nowhere: whoever opened that would not start.
#[test]
fn it_receives_without_any_secret_of_a_vendor_and_without_a_ledger() {
    let home = Home::new();
    let serving = home.serve();
    is(&serving.alert("INC-1"), 200);
    let mut files: Vec<_> = fs::read_dir(home.at("state"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["inbox"], "no ledger, no desk");
    // Proof that the key would have been missed: the command that opens systems says so.
    let (exit, said) = home.run("plan alex@contoso.example");
    assert_ne!(exit, 0);
    assert!(said.contains("/nowhere/key.pem"), "{said}");
}

/// What the process that receives runs, as text: none of it can name a system, a consent or a ledger,
/// so none of it can come to a `Writer`.
#[test]
fn what_receives_cannot_name_what_writes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = [
        "cli/serve/receive.rs",
        "cli/serve/door.rs",
        "server/certificate.rs",
        "server/health.rs",
        "server/intake.rs",
        "server/limits.rs",
        "server/listen.rs",
        "server/metrics.rs",
        "server/peer.rs",
    ];
    let whole = ["alerts", "inbox"];
    let mut texts: Vec<(String, String)> = files
        .iter()
        .map(|file| {
            let text = fs::read_to_string(root.join("src").join(file)).unwrap();
            ((*file).to_owned(), text)
        })
        .collect();
    let mut open: Vec<_> = whole.iter().map(|dir| root.join("src").join(dir)).collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else {
            let text = fs::read_to_string(&path).unwrap();
            texts.push((path.display().to_string(), text));
        }
    }
    for (file, text) in texts {
        for sign in [
            "crate::consent",
            "crate::connector",
            "crate::engine",
            "crate::ledger",
            "crate::desk",
            "Consent",
            "Writer",
            "SqliteStore",
        ] {
            assert!(!text.contains(sign), "{file} names {sign}");
        }
    }
    // And this is where it turns off before any of that is opened.
    let serve = fs::read_to_string(root.join("src/cli/serve/mod.rs")).unwrap();
    assert!(
        serve.contains("Role::Receive => None,"),
        "the turning was moved"
    );
    for sign in [
        "crate::engine",
        "crate::consent",
        "Workshop",
        "open_systems",
    ] {
        assert!(!serve.contains(sign), "cli/serve/mod.rs names {sign}");
    }
}
