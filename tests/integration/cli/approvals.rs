//! Two of three approve at three in the morning, with nothing but files; and everybody whose word
//! must not do.

use std::fs;

use super::desk::{ALEX_LOGIN, Desk, Said};

/// Ana, Ben and Cleo have keys; two of them are needed. Kim plans.
fn desk() -> Desk {
    let desk = Desk::contoso();
    let people: String = [
        ("ana", "Ana Duarte", "00uana"),
        ("ben", "Ben Okoro", "00uben"),
        ("cleo", "Cleo", "00ucleo"),
    ]
    .iter()
    .map(|(file, name, id)| {
        let mut command = desk.command(&["approve", "--new-key", &format!("{file}.pem")]);
        // Whoever has set these has named no argument.
        command.env("OUST_CONFIG", desk.config());
        let said = Said::of(command.output().unwrap(), &["approve --new-key"]);
        said.exits(0);
        let line = said.out.trim();
        let line = line.replace("YOUR NAME", name).replace("00u…", id);
        format!("  {line}\n")
    })
    .collect();
    desk.configure(&format!("approvers:\n  needed: 2\n  people:\n{people}"));
    desk
}

/// Kim's plan: the run that it would be.
fn planned(desk: &Desk) -> String {
    let plan = desk.oust("plan alex@contoso.example --since 2h --case INC-7");
    plan.exits(0)
        .says("once 2 of Ana Duarte, Ben Okoro, Cleo agreed");
    desk.saw_no_writes();
    let (_, rest) = plan.out.split_once("oust approve ").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

fn signs(desk: &Desk, who: &str, verb: &str, run: &str) -> Said {
    let (key, out) = (format!("{who}.pem"), format!("{who}.txt"));
    let _ = fs::remove_file(desk.here().join(&out));
    desk.oust_words(&[
        verb, run, "--key", &key, "--out", &out, "--reason", "I saw it",
    ])
}

fn contain(desk: &Desk, approvals: &[&str]) -> Said {
    let mut words = vec!["contain"];
    for file in approvals {
        words.extend(["--approval", file]);
    }
    desk.oust_words(&words)
}

#[track_caller]
fn refused(desk: &Desk, approvals: &[&str], why: &str) {
    contain(desk, approvals).exits(4).says(why);
    desk.saw_no_writes();
}

#[test]
fn two_of_three_approve_offline_and_it_is_contained() {
    let desk = desk();
    let run = planned(&desk);
    // Okta is not asked, and no server is there.
    let before = desk.server.range().journal.entries().len();
    signs(&desk, "ana", "approve", &run)
        .exits(0)
        .says("whose account alex@contoso.example")
        .says("asked for by kim");
    signs(&desk, "cleo", "approve", &run).exits(0);
    assert_eq!(desk.server.range().journal.entries().len(), before);

    contain(&desk, &["ana.txt"])
        .exits(5)
        .says("1 of 2 approvals: Ana Duarte agreed; one more has to, of Ben Okoro, Cleo");
    desk.saw_no_writes();
    contain(&desk, &["ana.txt", "cleo.txt"])
        .exits(0)
        .says("CONTAINED");
    desk.is_contained();
    let report = desk.report_file();
    assert_eq!(report["consent"]["kind"], "approved");
    assert_eq!(report["consent"]["by"], "Ana Duarte, Cleo");
    assert_eq!(report["requester"], "kim");
    assert_eq!(report["run_id"], run);

    // The ledger has what they signed, for whoever asks later.
    let records = desk.oust_words(&["runs", "export", "--last", "--records"]);
    records.exits(0).says("oust approval, version 1");
    desk.oust("runs verify").exits(0);
    // A plan is carried out once.
    contain(&desk, &["ana.txt", "cleo.txt"]).exits(4);
}

#[test]
fn an_approver_far_away_needs_the_request_and_his_key_alone() {
    let desk = desk();
    let plan = desk.oust("plan alex@contoso.example --since 2h --request request.txt");
    plan.exits(0);
    let request = fs::read_to_string(desk.here().join("request.txt")).unwrap();
    assert!(
        request.contains("# whose account  alex@contoso.example"),
        "{request}"
    );
    let words =
        "approve --request request.txt --key ben.pem --out ben.txt --by Ben --state elsewhere";
    // The config knows whose key it is.
    desk.oust(words)
        .exits(2)
        .says("this key is the one of Ben Okoro");
    let elsewhere = |who: &str, by: &str| {
        let (key, out) = (format!("{who}.pem"), format!("{who}.txt"));
        desk.oust_words(&[
            "approve",
            "--request",
            "request.txt",
            "--key",
            &key,
            "--out",
            &out,
            "--by",
            by,
            "--state",
            "elsewhere",
            "--config",
            "none.yaml",
        ])
    };
    elsewhere("ben", "Ben Okoro").exits(0).says("would okta:");
    elsewhere("cleo", "Cleo").exits(0);
    // A request that says one thing and holds another fools nobody: the plan itself is shown.
    let lie = request.replacen("alex@contoso.example", "mallory@contoso.example", 1);
    desk.write("work/lie.txt", lie);
    desk.oust("approve --request lie.txt --key ana.pem")
        .exits(0)
        .says("whose account alex@contoso.example");
    contain(&desk, &["ben.txt", "cleo.txt"]).exits(0);
    desk.is_contained();
}

#[test]
fn what_is_not_an_approval_of_this_plan_writes_nothing() {
    let desk = desk();
    let run = planned(&desk);
    for who in ["ana", "ben"] {
        signs(&desk, who, "approve", &run).exits(0);
    }
    let read = |name: &str| fs::read_to_string(desk.here().join(name)).unwrap();
    let (ana, ben) = (read("ana.txt"), read("ben.txt"));

    desk.write(
        "work/forged.txt",
        ben.replacen("by: Ben Okoro", "by: Cleo", 1),
    );
    refused(
        &desk,
        &["ana.txt", "forged.txt"],
        "its signature is not by the key of Cleo",
    );
    let digit = if ana.contains("plan: 0") {
        "plan: 1"
    } else {
        "plan: 0"
    };
    let (head, rest) = ana.split_once("plan: ").unwrap();
    desk.write("work/altered.txt", format!("{head}{digit}{}", &rest[1..]));
    refused(
        &desk,
        &["altered.txt", "ben.txt"],
        "its signature is not by the key of Ana Duarte",
    );
    let stranger = ana.replacen("by: Ana Duarte", "by: Eve", 1);
    desk.write("work/stranger.txt", stranger);
    refused(
        &desk,
        &["stranger.txt", "ben.txt"],
        "nobody of `approvers` is called `Eve`",
    );
    refused(
        &desk,
        &["ana.txt", "ana.txt"],
        "Ana Duarte decided already: each counts once",
    );
    desk.write("work/mail.txt", ben.replace('\n', "\r\n"));
    refused(
        &desk,
        &["ana.txt", "mail.txt"],
        "the approval mail.txt is refused: line 1 is not",
    );
    refused(&desk, &["ana.txt", "gone.txt"], "it cannot be read");
    let words = [
        "contain",
        "priya@contoso.example",
        "--approval",
        "ana.txt",
        "--approval",
        "ben.txt",
    ];
    desk.oust_words(&words)
        .exits(4)
        .says("does not agree with the stored plan");
    desk.saw_no_writes();

    // Another plan of the same account and window is another run.
    let other = planned(&desk);
    signs(&desk, "cleo", "approve", &other).exits(0);
    refused(
        &desk,
        &["ana.txt", "cleo.txt"],
        "it is about another plan than the first",
    );
}

#[test]
fn who_asks_whom_it_is_about_and_who_denies() {
    let desk = desk();
    let run = planned(&desk);
    for who in ["ana", "ben"] {
        signs(&desk, who, "approve", &run).exits(0);
    }
    // Ben carries it out himself: then he asks for it.
    let mut command = desk.command(&["contain", "--approval", "ana.txt", "--approval", "ben.txt"]);
    command.env("USER", "Ben Okoro");
    let said = Said::of(command.output().unwrap(), &["as Ben"]);
    said.exits(4)
        .says("Ben Okoro asks for this: somebody else has to approve it");
    desk.saw_no_writes();

    signs(&desk, "cleo", "deny", &run).exits(0);
    refused(
        &desk,
        &["ana.txt", "ben.txt", "cleo.txt"],
        "Cleo denied it (“I saw it”): nothing was written",
    );

    // Alex is an approver too, and this is about alex.
    let config = fs::read_to_string(desk.config()).unwrap();
    let id = oust_mocks::world::ALEX;
    fs::write(desk.config(), config.replacen("00uben", id, 1)).unwrap();
    refused(
        &desk,
        &["ana.txt", "ben.txt"],
        "this is about the account of Ben Okoro",
    );
    signs(&desk, "ben", "approve", &run)
        .exits(4)
        .says("who decides nothing about it");
    assert!(!desk.here().join("ben.txt").exists());
}

#[test]
fn an_approval_holds_four_hours_from_when_the_plan_was_made() {
    let desk = desk();
    let run = planned(&desk);
    for who in ["ana", "ben"] {
        signs(&desk, who, "approve", &run).exits(0);
    }
    let db = rusqlite::Connection::open(desk.ledger()).unwrap();
    let age = |minutes: i64| {
        let made = super::desk::now_ms() - minutes * 60_000;
        let made = oust::model::Utc::from_millis(made).to_string();
        db.execute(
            "UPDATE plan SET body = json_set(body, '$.made_at', ?1)",
            [made],
        )
        .unwrap();
    };
    age(241);
    refused(
        &desk,
        &["ana.txt", "ben.txt"],
        "approvals hold for 4 hours from then",
    );
    age(239);
    contain(&desk, &["ana.txt", "ben.txt"]).exits(0);
    desk.is_contained();
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = desk();
    let run = planned(&desk);
    let key = desk.here().join("ana.pem");
    let mode = |mode| fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    mode(0o640);
    signs(&desk, "ana", "approve", &run)
        .exits(2)
        .says("can be read by others")
        .hints("chmod 600");
    mode(0o600);
    signs(&desk, "ana", "approve", &run).exits(0);
    // A key is not made over another one.
    desk.oust("approve --new-key ana.pem").exits(1);
    fs::write(&key, "no key").unwrap();
    signs(&desk, "ana", "approve", &run)
        .exits(2)
        .says("it is no Ed25519 private key");
}

#[test]
fn a_key_of_openssl_signs() {
    let made = |words: &[&str], desk: &Desk| {
        let mut openssl = std::process::Command::new("openssl");
        openssl.args(words).current_dir(desk.here());
        openssl
            .output()
            .ok()
            .filter(|output| output.status.success())
    };
    let desk = desk();
    let run = planned(&desk);
    let words = ["genpkey", "-algorithm", "ed25519", "-out", "dora.pem"];
    let Some(_) = made(&words, &desk) else {
        return;
    };
    let public = made(&["pkey", "-in", "dora.pem", "-pubout"], &desk).unwrap();
    let public = String::from_utf8(public.stdout).unwrap();
    let line = public.lines().nth(1).unwrap();
    let config = fs::read_to_string(desk.config()).unwrap();
    let config = format!("{config}  - {{ name: Dora, public_key: {line} }}\n");
    fs::write(desk.config(), config).unwrap();
    signs(&desk, "dora", "approve", &run).exits(0);
    signs(&desk, "ana", "approve", &run).exits(0);
    contain(&desk, &["dora.txt", "ana.txt"]).exits(0);
    desk.is_contained();
}

#[test]
fn a_stopped_run_goes_on_by_approvals_too() {
    let desk = desk();
    let run = planned(&desk);
    for who in ["ana", "ben"] {
        signs(&desk, who, "approve", &run).exits(0);
    }
    contain(&desk, &["ana.txt", "ben.txt"]).exits(0);
    let resume = |files: &[&str]| {
        let mut words = vec!["runs", "resume", &run];
        for file in files {
            words.extend(["--approval", file]);
        }
        desk.oust_words(&words)
    };
    resume(&["ana.txt"]).exits(5);
    resume(&["ana.txt", "ben.txt"]).exits(0);
    let other = desk.oust(&format!("plan {ALEX_LOGIN} --since 2h"));
    other.exits(0);
}

#[test]
fn tokens_are_shown_once_and_decide_at_the_desk() {
    let desk = desk();
    let said = desk.oust("token add ana --role approver --okta-id 00uana --expires 2h");
    said.exits(0);
    let secret = said.out.trim().to_owned();
    assert!(secret.starts_with("oust_t_"), "{secret}");
    let list = desk.oust("token list");
    list.exits(0).says("approver").says("ana");
    assert!(!list.out.contains(&secret[20..]), "{}", list.out);
    let id = secret["oust_".len()..]
        .rsplit_once('_')
        .unwrap()
        .0
        .to_owned();
    let kept = fs::read(desk.at(".local/state/oust/desk.db")).unwrap();
    let bare = secret.rsplit('_').next().unwrap().as_bytes();
    assert!(!kept.windows(bare.len()).any(|part| part == bare));

    let run = planned(&desk);
    let decide = |token: &str| {
        let mut command = desk.command(&["approve", &run]);
        command.env("OUST_TOKEN", token);
        Said::of(command.output().unwrap(), &["approve, with a token"])
    };
    desk.oust_words(&["approve", &run])
        .exits(2)
        .hints("--key FILE");
    decide("oust_t_000000000000_00")
        .exits(4)
        .says("no token that is known here");
    decide(&secret)
        .exits(4)
        .says("waits for nobody's approval here");
    desk.oust(&format!("token revoke {id}")).exits(0);
    decide(&secret).exits(4).says("no token that is known here");
    desk.oust("token revoke t_none").exits(1);
    desk.oust("token add ana --expires never").exits(2);
}

#[test]
fn automatic_runs_are_frozen_and_thawed_from_here() {
    let desk = desk();
    desk.oust_words(&["freeze", "the rule is wrong"])
        .exits(0)
        .says("automatic runs are frozen");
    let db = rusqlite::Connection::open(desk.at(".local/state/oust/desk.db")).unwrap();
    let frozen: String = db
        .query_row("SELECT body FROM frozen", [], |row| row.get(0))
        .unwrap();
    assert!(
        frozen.contains("the rule is wrong") && frozen.contains("kim"),
        "{frozen}"
    );
    // What a person begins goes on.
    desk.oust("contain alex@contoso.example --since 2h --yes")
        .exits(0);
    desk.oust("thaw").exits(0);
    let left: i64 = db
        .query_row("SELECT count(*) FROM frozen", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
    let told: Vec<String> = {
        let mut rows = db.prepare("SELECT what FROM audit ORDER BY place").unwrap();
        let all = rows.query_map([], |row| row.get(0)).unwrap();
        all.collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(
        told,
        [
            "froze automatic runs: the rule is wrong",
            "thawed automatic runs"
        ]
    );
}
