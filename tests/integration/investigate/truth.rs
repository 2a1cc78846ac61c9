//! The saved attack: what is found is what its README says, no more and no less.

use serde_json::{Value, json};

use super::fixture::{each, events, of_takeover, saved, subject};
use crate::cli::desk::{ALEX_LOGIN, Desk};

fn found(desk: &Desk) -> Value {
    let said = of_takeover(desk, &format!("{ALEX_LOGIN} --output json"));
    said.exits(3).json()
}

#[test]
fn who_is_in_there_and_since_when() {
    let desk = Desk::contoso();
    let found = found(&desk);
    assert_eq!(found["schema"], "oust.investigation/v1");
    let alex = subject(&found);
    assert_eq!(alex["okta_id"], "00ujkPI1q4Pa7UeFg5d7");
    let intruder = &alex["intruder"];
    assert_eq!(intruder["answer"], "confirmed");
    assert_eq!(intruder["start"], "2026-03-10T13:41:02.023Z");
    assert_eq!(intruder["last"], "2026-03-10T14:58:41.271Z");
    let mut sessions = each(&intruder["sessions"], "/id");
    sessions.sort_unstable();
    assert_eq!(
        sessions,
        [
            "idx04a0F8sd7ZpCVkc5vpcR18",
            "idxFCDW9RGHBC4irFPfXsuMhg",
            "idxz0xpMH0Qn-snfAELRg_KLd"
        ]
    );
    assert_eq!(
        each(&intruder["addresses"], "/ip"),
        ["203.0.113.66", "203.0.113.140"]
    );
    assert_eq!(each(&intruder["tokens"], "/id"), ["00TNupDyGtSsipBqd5d7"]);
    assert_eq!(
        alex["window"],
        json!({ "start": "2026-03-10T13:41:02.023Z", "end": null, "how": "derived" })
    );
    desk.saw_nothing();
}

#[test]
fn what_he_left_in_the_account() {
    let desk = Desk::contoso();
    let found = found(&desk);
    let alex = subject(&found);

    let factors = alex["factors"].as_array().unwrap();
    let told: Vec<(&str, &Value, &Value)> = factors
        .iter()
        .map(|row| {
            (
                row["kind"].as_str().unwrap(),
                &row["enrolled"]["at"],
                &row["removed"]["at"],
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                "Okta Verify (push)",
                &json!("2026-03-10T13:58:06.095Z"),
                &Value::Null
            ),
            (
                "Okta Verify (code)",
                &json!("2026-03-10T13:58:07.988Z"),
                &Value::Null
            ),
            ("SMS", &Value::Null, &json!("2026-03-10T14:03:12.339Z")),
        ]
    );
    assert!(
        factors
            .iter()
            .all(|row| row["whose"] == "intruder" && row["id"].is_null())
    );
    // Nobody was asked what is there.
    assert_eq!(each(&alex["factors"], "/now"), ["unread", "unread", "gone"]);
    assert_eq!(
        each(&alex["factors"], "/would"),
        ["unknown", "unknown", "nothing"]
    );

    let tokens = &alex["api_tokens"];
    assert_eq!(each(tokens, "/name"), ["ci-backup", "siem-log-export"]);
    assert_eq!(each(tokens, "/whose"), ["intruder", "intruder"]);
    assert_eq!(tokens[0]["made"]["at"], "2026-03-10T14:18:27.417Z");
    assert_eq!(tokens[0]["network"], "ANYWHERE");
    assert_eq!(tokens[0]["used"], 1);
    assert_eq!(tokens[0]["last_used"], "2026-03-10T14:24:50.163Z");
    assert_eq!(tokens[1]["revoked"]["at"], "2026-03-10T14:42:33.749Z");
    assert_eq!(tokens[1]["made"], Value::Null);

    let apps = &alex["assignments"];
    assert_eq!(
        each(apps, "/name"),
        ["AWS IAM Identity Center", "Salesforce.com"]
    );
    assert_eq!(
        each(apps, "/given/at"),
        ["2026-03-10T14:24:50.163Z", "2026-03-10T14:27:13.232Z"]
    );
    assert_eq!(each(apps, "/whose"), ["intruder", "intruder"]);
    assert_eq!(each(&alex["devices"], "/name"), ["Generic Android"]);
    assert_eq!(each(&alex["profile"], "/what"), ["changed the password"]);
    for none in ["groups", "admin_roles", "oauth_grants", "idps"] {
        assert_eq!(alex[none], json!([]), "{none}");
    }
}

#[test]
fn where_he_went_and_the_person_s_own_sign_ons_are_no_part_of_it() {
    let desk = Desk::contoso();
    let found = found(&desk);
    let reached = &subject(&found)["impact"];
    assert_eq!(
        each(reached, "/name"),
        [
            "Okta Dashboard",
            "Okta Admin Console",
            "Microsoft Office 365",
            "Google Workspace",
            "Salesforce.com",
            "Slack",
            "GitHub Enterprise Cloud - Organization",
            "AWS IAM Identity Center",
        ]
    );
    let times: Vec<&Value> = reached
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["times"])
        .collect();
    assert_eq!(times, [2, 1, 1, 1, 1, 1, 1, 1]);
    assert_eq!(reached[0]["ips"], json!(["203.0.113.66", "203.0.113.140"]));
    assert_eq!(reached[0]["own_app"], true);
    assert_eq!(reached[2]["first"], "2026-03-10T14:31:02.439Z");
}

#[test]
fn the_timeline_tells_each_of_his_events_once_and_marks_them() {
    let desk = Desk::contoso();
    let found = found(&desk);
    let rows = subject(&found)["timeline"].as_array().unwrap();
    let of = |whose: &str| {
        let rows = rows.iter().filter(move |row| row["whose"] == whose);
        rows.map(|row| row["events"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(of("intruder"), 37, "{rows:#?}");
    assert_eq!(of("own"), 9);
    let intruders: Vec<&str> = rows
        .iter()
        .filter(|row| row["whose"] == "intruder")
        .map(|row| row["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        intruders,
        [
            "signed in, new device; push approved from 198.51.100.20",
            "opened Okta Dashboard",
            "same session, other network and browser: opened Okta Dashboard",
            "same session, other browser: added device Generic Android",
            "enrolled Okta Verify (push)",
            "enrolled Okta Verify (code)",
            "signed in, new device; push approved from 203.0.113.66",
            "removed SMS",
            "signed in, new device",
            "changed the password",
            "opened Okta Admin Console",
            "created API token ci-backup (anywhere)",
            "assigned himself AWS IAM Identity Center, by API token ci-backup",
            "assigned himself Salesforce.com",
            "opened Microsoft Office 365, Google Workspace, Salesforce.com, Slack, GitHub \
             Enterprise Cloud - Organization, AWS IAM Identity Center",
            "revoked API token siem-log-export",
            "granted Okta support access",
            "used Okta support access to act as alex@contoso.example",
        ]
    );
    let now = |what: &str| {
        let mut rows = rows.iter();
        let row = rows.find(|row| row["what"].as_str().unwrap().contains(what));
        row.unwrap()["now"].as_str().unwrap().to_owned()
    };
    assert_eq!(now("removed SMS"), "alex cannot recover");
    assert_eq!(now("siem-log-export"), "your SIEM may be blind");
    assert_eq!(now("granted Okta support"), "end it");
    let reported = rows.last().unwrap();
    assert_eq!(reported["what"], "reported suspicious activity");
    assert_eq!(reported["whose"], "own");
    // Sorted, and every row names an event of the file.
    let at: Vec<&str> = rows.iter().map(|row| row["at"].as_str().unwrap()).collect();
    assert!(at.is_sorted(), "{at:?}");
    let known: Vec<String> = events()
        .iter()
        .map(|event| event["uuid"].to_string())
        .collect();
    assert!(
        rows.iter()
            .all(|row| known.contains(&row["event"].to_string()))
    );
}

#[test]
fn what_let_him_in_is_told_and_how_to_go_on() {
    let desk = Desk::contoso();
    let found = found(&desk);
    let threat = &found["threat"];
    assert_eq!(threat["action"], Value::Null, "nobody was asked");
    assert_eq!(threat["allowed"][0]["ip"], "203.0.113.66");
    assert_eq!(threat["allowed"][0]["login"], ALEX_LOGIN);
    assert_eq!(threat["allowed"][0]["rule"], "Catch-all Rule");
    assert_eq!(threat["gaps"][0]["severity"], "high");
    let next = found["next"].as_array().unwrap();
    assert_eq!(
        next[0],
        "oust contain alex@contoso.example --since 2026-03-10T13:41:02.023Z"
    );
    assert!(
        next[1].as_str().unwrap().contains("--impersonation"),
        "{next:?}"
    );
    assert!(
        next[2]
            .as_str()
            .unwrap()
            .contains("--token 00TNupDyGtSsipBqd5d7"),
        "{next:?}"
    );
}

#[test]
fn the_screen_is_calm_and_complete() {
    let desk = Desk::contoso();
    saved(&desk, "work/takeover.jsonl", &events());
    let said = desk.oust(&format!("investigate {ALEX_LOGIN} --log takeover.jsonl"));
    let screen = &said.exits(3).out;
    insta::assert_snapshot!("takeover", screen);
    let wide = screen
        .lines()
        .filter(|line| !line.contains("oust investigate"));
    assert!(
        wide.clone().all(|line| line.chars().count() <= 100),
        "{screen}"
    );
}
