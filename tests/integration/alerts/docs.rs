//! `docs/alerts.md` says of every kind what its declaration says; the templates are what can be read.
//!
//! What stands between two marks is printed: `OUST_WRITE_DOCS=1 cargo test --test integration alerts`
//! writes it anew. The rest is written by hand.

use std::fmt::Write as _;
use std::path::PathBuf;

use oust::alerts::{Form, KINDS, mapped};
use serde_json::Value;

use super::setup::read;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/alerts.md")
}

/// `text` with what stands between the marks of `name` replaced.
fn filled(text: &str, name: &str, inner: &str) -> String {
    let (begin, end) = (
        format!("<!-- {name}: printed -->\n"),
        format!("<!-- {name}: end -->"),
    );
    let (before, rest) = text
        .split_once(&begin)
        .unwrap_or_else(|| panic!("no mark `{name}`"));
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}{begin}{inner}{end}{after}")
}

#[test]
fn the_page_of_alerts_says_what_the_kinds_declare() {
    let written = std::fs::read_to_string(path()).unwrap();
    let fresh = [
        ("kinds", kinds()),
        ("keys", keys()),
        ("forms", forms()),
        ("map", map()),
    ];
    let fresh = fresh.iter().fold(written.clone(), |text, (name, inner)| {
        filled(&text, name, inner)
    });
    if std::env::var_os("OUST_WRITE_DOCS").is_some() {
        std::fs::write(path(), &fresh).unwrap();
    }
    assert!(
        std::fs::read_to_string(path()).unwrap() == fresh,
        "docs/alerts.md is not what the kinds declare: write it anew with \
         `OUST_WRITE_DOCS=1 cargo test --test integration alerts`"
    );
    for kind in KINDS {
        let title = format!("## {}\n", kind.title);
        assert!(
            fresh.contains(&title),
            "docs/alerts.md says nothing by hand of {}",
            kind.name
        );
    }
}

fn kinds() -> String {
    let mut page = String::from(
        "| `kind` | sender | `auth` | body at most | answer | asks by GET | template |\n|---|---|---|---|---|---|---|\n",
    );
    for kind in KINDS {
        let forms: Vec<String> = kind
            .forms
            .iter()
            .map(|form| format!("`{}`", form.key()))
            .collect();
        let forms = forms.join(", ");
        let forms = if kind.signed {
            format!("signed; may add {forms}")
        } else {
            forms
        };
        let yes = |is: bool| if is { "yes" } else { "" };
        let _ = writeln!(
            page,
            "| `{}` | {} | {forms} | {} KiB | {} | {} | {} |",
            kind.name,
            kind.title,
            kind.body_max >> 10,
            kind.accepted,
            yes(kind.greets),
            yes(kind.template.is_some()),
        );
    }
    page
}

fn keys() -> String {
    let mut page = String::new();
    for kind in KINDS {
        for key in kind.keys {
            let needed = if key.needed { "" } else { " (optional)" };
            let _ = writeln!(
                page,
                "- `{}`, `{}`{needed}: {}",
                kind.name, key.name, key.is
            );
        }
    }
    page
}

fn forms() -> String {
    Form::ALL.iter().fold(String::new(), |mut page, form| {
        let _ = writeln!(page, "- `{}`", form.example());
        page
    })
}

fn map() -> String {
    mapped().iter().fold(String::new(), |mut page, (name, is)| {
        let _ = writeln!(page, "- `{name}`: {is}");
        page
    })
}

#[test]
fn every_example_of_a_form_is_taken_by_the_config_file() {
    for form in Form::ALL {
        let kind = KINDS
            .iter()
            .find(|kind| kind.forms.contains(&form))
            .unwrap();
        let text = format!(
            "sources:\n  - name: a\n    kind: {}\n    {}\n",
            kind.name,
            form.example().replace("PATH", "/etc/oust/secret")
        );
        let sources = oust::config::sources_alone("oust.yaml", &text);
        assert_eq!(sources.unwrap()[0].auth.form, Some(form));
    }
}

/// A template, its variables filled in as the sender would, is a body that is read.
#[tokio::test]
async fn a_template_that_is_filled_in_is_read() {
    let template = |name: &str| {
        let kind = KINDS.iter().find(|kind| kind.name == name).unwrap();
        let lines = kind.template.unwrap().lines();
        let lines: Vec<&str> = lines.filter(|line| !line.starts_with('#')).collect();
        lines.join("\n")
    };
    let elastic = super::setup::json("elastic-session-impersonation.json");
    let alerts = elastic["alerts"].to_string();
    let mut body = template("elastic").replace("{{{context.alerts.asJSON}}}", &alerts);
    while let Some((before, rest)) = body.split_once("{{") {
        let (_, after) = rest.split_once("}}").unwrap();
        let after = after.strip_prefix('}').unwrap_or(after);
        body = format!("{}x{after}", before);
    }
    let reading = read("elastic", body).await.unwrap();
    let sample = read("elastic", elastic.to_string()).await.unwrap();
    assert_eq!(reading.alerts[0].subjects, sample.alerts[0].subjects);

    let datadog = super::setup::json("datadog-session-hijacking.json");
    let body = template("datadog")
        .replace(
            "$SECURITY_SIGNAL_ATTRIBUTES",
            &datadog["signal"]["attributes"].to_string(),
        )
        .replace(
            "$SECURITY_RULE_GROUP_BY_FIELDS",
            &datadog["rule"]["group_by"].to_string(),
        );
    let reading = read("datadog", body.replace("$SECURITY_SIGNAL_ID", "AZV9"))
        .await
        .unwrap();
    assert_eq!(
        reading.alerts[0].subjects[0].login.as_deref(),
        Some("alex@contoso.example")
    );

    let body: Value = serde_json::from_str(&template("generic")).unwrap();
    let reading = read("generic", body.to_string()).await.unwrap();
    assert!(reading.alerts[0].subjects[0].okta_id.is_some());

    let fields = template("splunk");
    let mut row = super::setup::json("splunk-sigma-api-token-revoked.json")["result"].clone();
    let named: Vec<&str> = fields.trim_start_matches("| fields ").split(' ').collect();
    row.as_object_mut()
        .unwrap()
        .retain(|name, _| named.contains(&name.as_str()));
    for raw in [true, false] {
        if !raw {
            row.as_object_mut().unwrap().shift_remove("_raw");
        }
        let body = serde_json::json!({ "sid": "s", "search_name": "n", "result": row });
        let reading = read("splunk", body.to_string()).await.unwrap();
        assert_eq!(reading.alerts[0].subjects.len(), 1);
        assert_eq!(reading.alerts[0].token_ids, ["00TDxBfFedWv0QDPe5d7"]);
    }
}
