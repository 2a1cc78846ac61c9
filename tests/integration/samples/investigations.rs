//! Investigations told by hand: what the fixture's truth amounts to, nothing found, undecided,
//! hostile, long. No engine reads here; the fixture's events only lend their ids and times.

use std::fs;
use std::path::Path;
use std::time::Duration;

use oust::evidence::investigation::{
    Decision, DeviceRow, FactorFate, FactorRow, Fired, FoundWindow, Gap, GrantRow, IdpRow,
    Investigation, LogSource, Moment, Now, OauthRow, PlantedRow, ProfileRow, ReachedApp, SCHEMA,
    SubjectFindings, ThreatInsight, TokenRow, Told, Whose,
};
use oust::model::{
    ActionId, Address, Confirmation, Intruder, Plant, Severity, Sign, Trace, Tri, UserId, Utc,
    WindowHow, Witness,
};
use serde_json::Value;

const ALEX: &str = "alex@contoso.example";
const HOME: &str = "198.51.100.20";
const OWN_SESSION: &str = "idxJZHvNC-QHhE-Hr0iuhhUSc";
const PHISHED: &str = "idxz0xpMH0Qn-snfAELRg_KLd";
const SECOND: &str = "idx04a0F8sd7ZpCVkc5vpcR18";
const THIRD: &str = "idxFCDW9RGHBC4irFPfXsuMhg";
const CI_BACKUP: &str = "00TNupDyGtSsipBqd5d7";

/// A moment of that day: `13:41:02`.
fn on_the_day(clock: &str) -> Utc {
    format!("2026-03-10T{clock}Z").parse().unwrap()
}

/// Nothing read yet, and nothing found.
fn blank(made_at: Utc) -> Investigation {
    Investigation {
        schema: SCHEMA.into(),
        tool: "oust/0.1.0".into(),
        org_id: Some("00oExampleOrg5d7".into()),
        org: Some("example.okta.com".into()),
        made_at,
        read: LogSource {
            file: None,
            since: on_the_day("13:00:00"),
            until: on_the_day("16:00:00"),
            read_until: Some(on_the_day("15:59:00")),
            events: 203,
            copies: 0,
            odd_lines: 0,
            missing: Vec::new(),
            only: None,
        },
        subjects: Vec::new(),
        threat: ThreatInsight {
            action: Some("block".into()),
            ..ThreatInsight::default()
        },
        broken_rules: Vec::new(),
        unread: Vec::new(),
        next: Vec::new(),
    }
}

fn nobody(login: &str, id: &str) -> SubjectFindings {
    SubjectFindings {
        okta_id: Some(id.into()),
        login: login.into(),
        status: Some("ACTIVE".into()),
        roles: Some(Vec::new()),
        intruder: Intruder {
            subject: Some(UserId::new(id)),
            answer: Confirmation::NotConfirmed,
            log_read_until: Some(on_the_day("15:59:00")),
            ..Intruder::default()
        },
        window: None,
        timeline: Vec::new(),
        detections: Vec::new(),
        factors: Vec::new(),
        assignments: Vec::new(),
        groups: Vec::new(),
        admin_roles: Vec::new(),
        api_tokens: Vec::new(),
        oauth_grants: Vec::new(),
        devices: Vec::new(),
        idps: Vec::new(),
        profile: Vec::new(),
        impact: Vec::new(),
        planted: Vec::new(),
    }
}

/// The fixture's events about alex, as a timeline tells them.
fn timeline_of_alex() -> Vec<Moment> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/system-log/takeover.jsonl");
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| {
            let is_alex = event["actor"]["alternateId"] == ALEX;
            is_alex || event["eventType"] == "user.session.impersonation.initiate"
        })
        .map(|event| row_of(&event))
        .collect()
}

fn row_of(event: &Value) -> Moment {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = text(&event["eventType"]);
    let result = text(&event["outcome"]["result"]);
    let session = text(&event["authenticationContext"]["externalSessionId"]);
    let token = text(&event["transaction"]["detail"]["requestApiTokenId"]);
    let at: Utc = text(&event["published"]).parse().unwrap();
    let target = |wanted: &str| {
        let all = event["target"].as_array().cloned().unwrap_or_default();
        let one = all.iter().find(|one| one["type"] == wanted);
        one.map(|one| text(&one["displayName"])).unwrap_or_default()
    };
    let (what, now) = sentence(&kind, &result, &target);
    let ip = text(&event["client"]["ipAddress"]);
    Moment {
        at: Some(at),
        until: None,
        whose: if session == OWN_SESSION {
            Whose::Own
        } else {
            Whose::Intruder
        },
        what,
        now: now.into(),
        detections: fired_at(&kind, &event["securityContext"]["isProxy"], at),
        kind,
        result,
        actor: text(&event["actor"]["alternateId"]),
        asn: format!("AS{}", event["securityContext"]["asNumber"]),
        proxy: if event["securityContext"]["isProxy"] == true {
            Tri::Yes
        } else {
            Tri::No
        },
        ip,
        session,
        token,
        event: text(&event["uuid"]),
        events: 1,
    }
}

fn sentence(kind: &str, result: &str, target: &dyn Fn(&str) -> String) -> (String, &'static str) {
    let app = target("AppInstance");
    match (kind, result) {
        ("policy.evaluate_sign_on", "ALLOW") => ("sign-on allowed".into(), ""),
        ("policy.evaluate_sign_on", _) => ("sign-on asked for a second factor".into(), ""),
        ("system.push.send_factor_verify_push", _) => ("push sent".into(), ""),
        ("user.authentication.auth_via_mfa", _) => ("second factor given: Okta Verify".into(), ""),
        ("user.session.start", _) => ("signed in".into(), ""),
        ("user.authentication.sso", _) => (format!("opened {app}"), ""),
        ("device.user.add", _) => (
            format!("added device {}", target("UDDevice")),
            "still there",
        ),
        ("user.mfa.factor.activate", _) => ("enrolled Okta Verify".into(), "still there"),
        ("user.mfa.factor.deactivate", _) => ("removed SMS".into(), "alex cannot recover"),
        ("user.account.update_password", _) => ("changed the password".into(), ""),
        ("user.session.access_admin_app", _) => ("opened the admin console".into(), ""),
        ("system.api_token.create", _) => (
            format!("created API token {}", target("Token")),
            "still valid",
        ),
        ("system.api_token.revoke", _) => (
            format!("revoked API token {}", target("Token")),
            "your SIEM is blind",
        ),
        ("application.user_membership.add", _) => {
            (format!("assigned himself {app}"), "still there")
        }
        ("user.session.impersonation.grant", _) => ("granted Okta support access".into(), "end it"),
        ("user.session.impersonation.initiate", _) => ("Okta support used that access".into(), ""),
        (other, _) => (other.replace(['.', '_'], " "), ""),
    }
}

fn fired_at(kind: &str, proxy: &Value, at: Utc) -> Vec<String> {
    let key = match kind {
        "user.session.start" if *proxy == true && at < on_the_day("13:42:00") => "new_proxy",
        "policy.evaluate_sign_on" if at > on_the_day("13:52:00") && at < on_the_day("13:53:00") => {
            "session_hijack"
        }
        "user.mfa.factor.activate" => "factor_enrolled",
        "user.mfa.factor.deactivate" => "factor_removed",
        "system.api_token.create" => "token_created",
        "system.api_token.revoke" => "token_revoked",
        "application.user_membership.add" => "self_assigned",
        "user.session.impersonation.grant" => "support_access",
        _ => return Vec::new(),
    };
    vec![key.into()]
}

/// What alex's takeover amounts to.
pub(crate) fn takeover_found() -> Investigation {
    let mut found = blank(on_the_day("16:00:04"));
    let alex = alex_found();
    found.threat = ThreatInsight {
        action: Some("audit".into()),
        excluded_zones: vec!["Corporate VPN".into()],
        allowed: alex
            .timeline
            .iter()
            .filter(|row| row.what == "sign-on allowed" && row.ip == "203.0.113.66")
            .take(1)
            .map(|row| Decision {
                at: row.at,
                login: ALEX.into(),
                ip: row.ip.clone(),
                rule: "Catch-all Rule".into(),
                result: row.result.clone(),
                event: row.event.clone(),
            })
            .collect(),
        gaps: vec![Gap {
            severity: Severity::High,
            text: "sign-on allowed from an address that ThreatInsight had flagged".into(),
            hint: "set ThreatInsight to `block`, or deny it in the rule `Catch-all Rule`".into(),
        }],
    };
    found.next = vec![
        format!("oust contain {ALEX} --since 2026-03-10T13:41:02Z --case INC-2231"),
        format!("oust plan {ALEX} --since 2026-03-10T13:41:02Z"),
    ];
    found.subjects = vec![alex];
    found
}

fn alex_found() -> SubjectFindings {
    let timeline = timeline_of_alex();
    let event = |kind: &str, near: &str| {
        timeline
            .iter()
            .find(|row| row.kind == kind && row.at.unwrap() >= on_the_day(near))
            .unwrap_or_else(|| panic!("the fixture has no {kind} from {near} on"))
            .clone()
    };
    let told = |kind: &str, near: &str| {
        let row = event(kind, near);
        Some(Told {
            at: row.at,
            by: row.actor,
            event: row.event,
        })
    };
    let witness = |sign: Sign, says: &str, kind: &str, near: &str| {
        let row = event(kind, near);
        Witness {
            sign,
            says: says.into(),
            event: row.event,
            at: row.at,
        }
    };
    let trace = |id: &str, name: &str, says: &str, sign: Sign, is: &dyn Fn(&Moment) -> bool| {
        let rows: Vec<&Moment> = timeline.iter().filter(|row| is(row)).collect();
        Trace {
            id: id.into(),
            name: name.into(),
            first: rows[0].at.unwrap(),
            last: rows[rows.len() - 1].at.unwrap(),
            events: rows.len(),
            witness: Witness {
                sign,
                says: says.into(),
                event: rows[0].event.clone(),
                at: rows[0].at,
            },
        }
    };
    let session = |id: &str, says: &str, sign: Sign| {
        let id = id.to_owned();
        trace(&id, "", says, sign, &|row: &Moment| row.session == id)
    };
    let address = |ip: &str, asn: &str, proxy: Tri, says: &str| {
        let rows = trace(ip, "", says, Sign::Shared, &|row: &Moment| row.ip == ip);
        Address {
            ip: ip.into(),
            asn: asn.into(),
            network: "Example Hosting".into(),
            proxy,
            first: rows.first,
            last: rows.last,
            events: rows.events,
            witness: rows.witness,
        }
    };
    let start = on_the_day("13:41:02.023");
    let intruder = Intruder {
        answer: Confirmation::Confirmed,
        because: vec![
            witness(
                Sign::SplitSession,
                &format!("session {PHISHED} came from AS64505 and AS64507"),
                "policy.evaluate_sign_on",
                "13:52:00",
            ),
            witness(
                Sign::NewProxy,
                "alex signed in through a proxy, which he never did before",
                "user.session.start",
                "13:41:00",
            ),
            witness(
                Sign::Persistence,
                "an API token was made in the same session",
                "system.api_token.create",
                "14:00:00",
            ),
            witness(
                Sign::Reported,
                "alex reported the sign-in",
                "user.account.report_suspicious_activity_by_enduser",
                "15:00:00",
            ),
        ],
        start: Some(start),
        last: Some(on_the_day("14:58:41.271")),
        sessions: vec![
            session(PHISHED, "it came from two networks", Sign::SplitSession),
            session(SECOND, "it shares the address 203.0.113.140", Sign::Shared),
            session(THIRD, "it shares the address 203.0.113.66", Sign::Shared),
        ],
        addresses: vec![
            address(
                "203.0.113.66",
                "AS64505",
                Tri::Yes,
                "a phished session came from there",
            ),
            address(
                "203.0.113.140",
                "AS64507",
                Tri::No,
                "the same session came from there",
            ),
        ],
        tokens: vec![trace(
            CI_BACKUP,
            "ci-backup",
            "it was made in the intruder's session",
            Sign::Token,
            &|row: &Moment| row.token == CI_BACKUP,
        )],
        ..nobody(ALEX, "00ujkPI1q4Pa7UeFg5d7").intruder
    };
    let okta_verify = |kind: &str, near: &str| FactorRow {
        id: Some("opf3hlExample5d7".into()),
        kind: kind.into(),
        name: "Pixel 9".into(),
        whose: Whose::Intruder,
        enrolled: told("user.mfa.factor.activate", near),
        changed: None,
        removed: None,
        now: Now::There,
        would: FactorFate::Deleted,
    };
    let own = |kind: &str, name: &str, day: &str| FactorRow {
        id: Some("fwfExample5d7".into()),
        name: name.into(),
        whose: Whose::Own,
        enrolled: Some(Told {
            at: Some(format!("{day}T09:00:00Z").parse().unwrap()),
            ..Told::default()
        }),
        would: FactorFate::Kept,
        ..okta_verify(kind, "13:58:00")
    };
    let assigned = |app: &str, name: &str, near: &str| GrantRow {
        id: app.into(),
        name: name.into(),
        scope: "user".into(),
        given: told("application.user_membership.add", near),
        taken: None,
        whose: Whose::Intruder,
        now: Now::There,
    };
    let reached = |app: &str, name: &str, systems: &[&str], owner: &str, own_app: bool| {
        let rows: Vec<&Moment> = timeline
            .iter()
            .filter(|row| row.whose == Whose::Intruder && row.what == format!("opened {name}"))
            .collect();
        ReachedApp {
            app: app.into(),
            name: name.into(),
            times: rows.len(),
            first: rows[0].at,
            last: rows[rows.len() - 1].at,
            ips: vec![rows[0].ip.clone()],
            systems: systems.iter().map(|&one| one.to_owned()).collect(),
            owner: owner.into(),
            own_app,
        }
    };
    let impact = vec![
        reached("0oaS70C7gwBKR5YbM5d7", "Okta Dashboard", &[], "", true),
        reached(
            "0oapjggka7JrtyWlO5d7",
            "Microsoft Office 365",
            &["m365"],
            "",
            false,
        ),
        reached(
            "0oaVRaP8YzYGV2Wzc5d7",
            "Google Workspace",
            &["google"],
            "",
            false,
        ),
        reached(
            "0oa2XFuEa4KdM0zIB5d7",
            "Salesforce.com",
            &["salesforce"],
            "",
            false,
        ),
        reached(
            "0oaJ8ZrclgAhgf6Kg5d7",
            "Slack",
            &[],
            "it-apps@contoso.example",
            false,
        ),
        reached(
            "0oa1wfBlpGi7i8e3J5d7",
            "GitHub Enterprise Cloud - Organization",
            &["github"],
            "",
            false,
        ),
        reached(
            "0oacExFKvnZnOvBDE5d7",
            "AWS IAM Identity Center",
            &["aws:111122223333", "aws:444455556666"],
            "",
            false,
        ),
    ];
    let plant = |kind: &str, what: &str, near: &str, severity: Severity, remedy: Option<&str>| {
        let row = event(kind, near);
        Plant {
            kind: kind.into(),
            what: what.into(),
            target_kind: String::new(),
            target: String::new(),
            name: String::new(),
            at: row.at.unwrap(),
            event: row.event,
            by: row.actor,
            severity,
            remedy: remedy.map(|verb| ActionId::new("okta", verb)),
        }
    };
    let granted = plant(
        "user.session.impersonation.grant",
        "granted Okta support access",
        "14:55:00",
        Severity::High,
        Some("end_support_access"),
    );
    let blinded = Plant {
        target_kind: "Token".into(),
        target: "00TDxBfFedWv0QDPe5d7".into(),
        name: "siem-log-export".into(),
        ..plant(
            "system.api_token.revoke",
            "revoked the SIEM's API token",
            "14:42:00",
            Severity::High,
            None,
        )
    };
    let fired = |key: &str, title: &str, severity: &str, attack: &[&str], maybe: &[&str]| {
        let rows: Vec<&Moment> = timeline
            .iter()
            .filter(|row| row.detections.iter().any(|one| one == key))
            .collect();
        Fired {
            key: key.into(),
            id: format!("oust-{}", key.replace('_', "-")),
            title: title.into(),
            severity: severity.into(),
            attack: attack.iter().map(|&one| one.to_owned()).collect(),
            false_positives: maybe.iter().map(|&one| one.to_owned()).collect(),
            leads_to: Vec::new(),
            times: rows.len(),
            first: rows[0].at,
            last: rows[rows.len() - 1].at,
            events: vec![rows[0].event.clone()],
        }
    };
    let detections = vec![
        fired(
            "new_proxy",
            "sign-in through a proxy never used before",
            "medium",
            &["T1090"],
            &["a new VPN", "travel"],
        ),
        fired(
            "session_hijack",
            "one session in two networks",
            "high",
            &["T1539", "T1550.004"],
            &["a phone that changes from Wi-Fi to mobile"],
        ),
        fired(
            "factor_enrolled",
            "factor enrolled in a suspected session",
            "high",
            &["T1098.005"],
            &["a new phone"],
        ),
        fired(
            "factor_removed",
            "factor removed in a suspected session",
            "medium",
            &["T1556.006"],
            &["an old phone"],
        ),
        fired(
            "token_created",
            "API token usable from anywhere",
            "high",
            &["T1098.001"],
            &["automation that has no zone yet"],
        ),
        fired(
            "self_assigned",
            "administrator assigned himself an app",
            "high",
            &["T1098"],
            &["a test"],
        ),
        fired(
            "token_revoked",
            "API token of an integration revoked",
            "high",
            &["T1562.008"],
            &["rotation"],
        ),
        fired(
            "support_access",
            "support access granted",
            "high",
            &["T1199"],
            &["an open support case"],
        ),
    ];
    SubjectFindings {
        roles: Some(vec!["SUPER_ADMIN".into()]),
        window: Some(FoundWindow {
            start,
            end: None,
            how: WindowHow::Derived,
        }),
        factors: vec![
            okta_verify("Okta Verify (push)", "13:58:06"),
            okta_verify("Okta Verify (code)", "13:58:07"),
            FactorRow {
                id: None,
                kind: "SMS".into(),
                name: "+1•••0147".into(),
                whose: Whose::Own,
                enrolled: None,
                removed: told("user.mfa.factor.deactivate", "14:00:00"),
                now: Now::Gone,
                would: FactorFate::Nothing,
                ..okta_verify("SMS", "13:58:06")
            },
            own("Security key", "YubiKey 5", "2024-01-12"),
            own("Google Authenticator", "", "2023-08-02"),
        ],
        assignments: vec![
            assigned(
                "0oacExFKvnZnOvBDE5d7",
                "AWS IAM Identity Center",
                "14:24:00",
            ),
            assigned("0oa2XFuEa4KdM0zIB5d7", "Salesforce.com", "14:27:00"),
        ],
        api_tokens: vec![
            TokenRow {
                id: CI_BACKUP.into(),
                name: "ci-backup".into(),
                made: told("system.api_token.create", "14:00:00"),
                network: "ANYWHERE".into(),
                used: 1,
                last_used: event("application.user_membership.add", "14:24:00").at,
                revoked: None,
                whose: Whose::Intruder,
                now: Now::There,
            },
            TokenRow {
                id: "00TDxBfFedWv0QDPe5d7".into(),
                name: "siem-log-export".into(),
                made: None,
                network: String::new(),
                used: 0,
                last_used: None,
                revoked: told("system.api_token.revoke", "14:42:00"),
                whose: Whose::Intruder,
                now: Now::Gone,
            },
        ],
        devices: vec![DeviceRow {
            id: "guoExample5d7".into(),
            name: "Generic Android".into(),
            platform: "ANDROID".into(),
            status: "ACTIVE".into(),
            added: told("device.user.add", "13:58:00"),
            whose: Whose::Intruder,
            now: Now::There,
        }],
        profile: vec![ProfileRow {
            what: "changed the password".into(),
            told: told("user.account.update_password", "14:09:00").unwrap(),
            whose: Whose::Intruder,
        }],
        planted: vec![
            PlantedRow {
                plant: blinded,
                now: Now::Gone,
            },
            PlantedRow {
                plant: granted,
                now: Now::There,
            },
        ],
        impact,
        detections,
        intruder,
        timeline,
        ..nobody(ALEX, "00ujkPI1q4Pa7UeFg5d7")
    }
}

/// Kim, who has four sessions and nobody else in the account.
pub(crate) fn nothing_found() -> Investigation {
    let mut found = blank(on_the_day("16:00:04"));
    found.subjects = vec![kim_found()];
    found
}

fn kim_found() -> SubjectFindings {
    let mut kim = nobody("kim@contoso.example", "00u8KSGNDz7R3c9db5d7");
    kim.timeline = (0..4)
        .map(|number| Moment {
            until: None,
            at: Some(on_the_day("13:20:00").plus(Duration::from_secs(number * 580))),
            whose: Whose::Own,
            what: "signed in".into(),
            now: String::new(),
            kind: "user.session.start".into(),
            result: "SUCCESS".into(),
            actor: kim.login.clone(),
            ip: "198.51.100.29".into(),
            asn: "AS64500".into(),
            proxy: Tri::No,
            session: format!("idxKim{number}"),
            token: String::new(),
            detections: vec!["many_sessions".into()],
            event: format!("0000000{number}-aaaa-4bbb-8ccc-00000000000{number}"),
            events: 1,
        })
        .collect();
    kim.intruder.because = vec![Witness {
        sign: Sign::Shared,
        says: "four sessions in 29 minutes: one address, one device; explained by the same browser"
            .into(),
        event: kim.timeline[3].event.clone(),
        at: kim.timeline[3].at,
    }];
    kim.detections = vec![Fired {
        key: "many_sessions".into(),
        id: "oust-many-sessions".into(),
        title: "several sessions in half an hour".into(),
        severity: "low".into(),
        attack: vec!["T1078.004".into()],
        false_positives: vec!["a browser that forgets its cookies".into()],
        leads_to: Vec::new(),
        times: 4,
        first: kim.timeline[0].at,
        last: kim.timeline[3].at,
        events: vec![kim.timeline[0].event.clone()],
    }];
    kim
}

/// Robin: something looks bad, and half of it could not be read.
pub(crate) fn undecided() -> Investigation {
    let mut found = blank(on_the_day("16:00:04"));
    found.subjects = vec![robin_found()];
    found.read.missing = vec!["the log before 2026-03-10 13:30 is beyond retention".into()];
    found.read.read_until = Some(on_the_day("14:10:00"));
    found.unread = vec![
        "devices of robin: okta.devices.read is missing".into(),
        "factors of robin: okta.users.read is missing".into(),
        "identity providers of robin: the directory did not answer".into(),
        "ThreatInsight: okta.threatInsights.read is missing".into(),
    ];
    found.broken_rules = vec!["fastpass_phishing.yml: line 4: `selction` is no key".into()];
    found.threat = ThreatInsight::default();
    found.next = vec!["oust investigate robin@contoso.example --since 2026-03-09".into()];
    found
}

fn robin_found() -> SubjectFindings {
    let mut robin = nobody("robin@contoso.example", "00uvgR2ZynBTPoVmX5d7");
    robin.roles = None;
    robin.intruder.answer = Confirmation::Undecided;
    robin.intruder.unread = Some("the log answered 429 until the time was over".into());
    robin.intruder.because = vec![Witness {
        sign: Sign::NewProxy,
        says: "signed in through the proxy 192.0.2.200".into(),
        event: "33333333-aaaa-4bbb-8ccc-333333333333".into(),
        at: Some(on_the_day("13:33:00")),
    }];
    robin
}

/// Three accounts on one page.
pub(crate) fn three_accounts() -> Investigation {
    let mut found = takeover_found();
    found.subjects.push(kim_found());
    found.subjects.push(robin_found());
    found.unread = undecided().unread;
    found
}

/// What an intruder may call things.
pub(crate) const NASTY: &[&str] = &[
    "<script>alert(1)</script>",
    "\u{202e}gnp.exe\u{2066}",
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "| a | b |\n# CONFIRMED\n- [x](https://evil.example)",
    "`code` ``more`` ```",
    "javascript:alert(1) www.evil.example",
    "]]>--><!--</style></svg></table>",
    "{{ 7*7 }} {% raw %}",
];

/// The takeover with hostile words wherever a vendor's words stand.
pub(crate) fn hostile_found() -> Investigation {
    let long = "A".repeat(5_000);
    let mut number = 0;
    let mut found = serde_json::to_value(takeover_found()).unwrap();
    found["unread"] = serde_json::json!(["devices of alex: no"]);
    found["broken_rules"] = serde_json::json!(["x"]);
    let alex = &mut found["subjects"][0];
    alex["oauth_grants"] = serde_json::to_value([OauthRow {
        client: "0oaMail".into(),
        name: "mail reader".into(),
        scopes: vec!["okta.users.read".into()],
        given: None,
        whose: Whose::Intruder,
        now: Now::There,
    }])
    .unwrap();
    alex["idps"] = serde_json::to_value([IdpRow {
        id: "0oaIdp".into(),
        name: "other login".into(),
        kind: "SAML2".into(),
        made: None,
        whose: Whose::Unclear,
    }])
    .unwrap();
    poison(&mut found, "", &mut number, &long);
    serde_json::from_value(found).unwrap()
}

/// Puts a hostile word into every text that a vendor or a person wrote.
fn poison(value: &mut Value, key: &str, number: &mut usize, long: &str) {
    /// Texts that are ours, times, or words of a closed list.
    const OURS: &[&str] = &[
        "schema",
        "tool",
        "made_at",
        "since",
        "until",
        "read_until",
        "at",
        "start",
        "end",
        "first",
        "last",
        "last_used",
        "log_read_until",
        "answer",
        "sign",
        "whose",
        "now_is",
        "would",
        "how",
        "proxy",
        "remedy",
        "key",
        "detections",
    ];
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                poison(value, key, number, long);
            }
        }
        Value::Array(all) => all
            .iter_mut()
            .for_each(|one| poison(one, key, number, long)),
        Value::String(text) => {
            let closed = ["there", "gone", "unread", "high", "warning", "info"];
            if OURS.contains(&key) || closed.contains(&&text[..]) {
                return;
            }
            let nasty = NASTY[*number % NASTY.len()];
            *text = if number.is_multiple_of(17) {
                format!("{nasty}{long}")
            } else {
                format!("{nasty} {text}")
            };
            *number += 1;
        }
        _ => {}
    }
}

/// The takeover in a busy account: `rows` rows.
pub(crate) fn long_found(rows: usize) -> Investigation {
    let mut found = takeover_found();
    let alex = &mut found.subjects[0];
    let more = rows - alex.timeline.len();
    let quiet = alex.timeline[5].clone();
    let spread = (0..more).map(|number| {
        let after = number * 2_100 > 41 * 60_000 + 3_000;
        let mine = after && number % 5 == 0;
        Moment {
            at: Some(on_the_day("13:00:00").plus(Duration::from_millis(number as u64 * 2_100))),
            whose: if mine { Whose::Intruder } else { Whose::Own },
            what: "opened Slack".into(),
            session: if mine {
                THIRD.into()
            } else {
                OWN_SESSION.into()
            },
            ip: if mine {
                "203.0.113.66".into()
            } else {
                HOME.into()
            },
            event: format!("{number:08}-aaaa-4bbb-8ccc-{number:012}"),
            ..quiet.clone()
        }
    });
    alex.timeline.extend(spread.collect::<Vec<_>>());
    alex.timeline.sort_by_key(|row| row.at);
    found.read.events = rows;
    found
}
