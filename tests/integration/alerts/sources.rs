//! `server.sources:` of the config file: what is taken, and what is refused with its line.

use insta::assert_snapshot;
use oust::config::sources_alone;

fn wrong(text: &str) -> String {
    let error = sources_alone("oust.yaml", text).expect_err("has mistakes");
    error.to_string()
}

#[test]
fn every_key_of_a_source_is_read() {
    let text = "\
sources:
  - name: soc-elastic
    kind: elastic
    auth: { header: { name: X-Oust-Secret, secret: [{ env: NEW }, { file: /old }] } }
    from: [203.0.113.0/24, 192.0.2.7, \"2001:db8::/32\"]
    per_minute: 60
  - { name: idp, kind: ssf, issuer: https://example.okta.com, audience: https://oust.example }
  - { name: here, kind: generic, auth: none, map: { login: $.mail } }
";
    let sources = sources_alone("oust.yaml", text).unwrap();
    let shown: Vec<String> = sources
        .iter()
        .map(|one| {
            format!(
                "{} {} {:?} {:?} {:?} {} {}",
                one.name,
                one.kind.name,
                one.auth.form,
                one.auth.beside,
                one.from,
                one.per_minute,
                one.is_authenticated()
            )
        })
        .collect();
    assert_snapshot!(shown.join("\n"), @r#"
    soc-elastic elastic Some(Header) "X-Oust-Secret" [203.0.113.0/24, 192.0.2.7/32, 2001:db8::/32] 60 true
    idp ssf None "" [] 600 true
    here generic None "" [] 600 false
    "#);
    assert_eq!(sources[0].auth.secrets.len(), 2);
}

#[test]
fn each_mistake_is_shown_where_it_stands() {
    for (entry, says) in [
        (
            "{ name: a, kind: elastik, auth: none }",
            "did you mean `elastic`?",
        ),
        (
            "{ name: a, kind: zzz, auth: none }",
            "known here: elastic, datadog",
        ),
        (
            "{ name: A b, kind: elastic, auth: none }",
            "cannot be the name of a source",
        ),
        ("{ kind: elastic, auth: none }", "a source has no `name`"),
        ("{ name: a, auth: none }", "a source has no `kind`"),
        (
            "{ name: a, kind: elastic }",
            "a source of kind `elastic` has no `auth`",
        ),
        (
            "{ name: a, kind: elastic, auth: {} }",
            "`auth` is exactly one form",
        ),
        (
            "{ name: a, kind: generic, auth: { bearer: { env: A }, hmac: { env: B } } }",
            "`auth` is exactly one form",
        ),
        (
            "{ name: a, kind: elastic, auth: { hmac: { env: A } } }",
            "it can do: header, bearer, basic",
        ),
        (
            "{ name: a, kind: elastic, auth: { bearr: { env: A } } }",
            "did you mean `bearer`?",
        ),
        (
            "{ name: a, kind: elastic, auth: { bearer: hunter2hunter2hunter2 } }",
            "`bearer` holds the secret itself",
        ),
        (
            "{ name: a, kind: elastic, auth: { bearer: { enw: A } } }",
            "no reference to a secret",
        ),
        (
            "{ name: a, kind: elastic, auth: { bearer: [] } }",
            "a list of 1 to 4 secrets",
        ),
        (
            "{ name: a, kind: elastic, auth: hunter2hunter2hunter2 }",
            "`auth` is `none` or",
        ),
        (
            "{ name: a, kind: elastic, auth: { header: { secret: { env: A } } } }",
            "has no `name`",
        ),
        (
            "{ name: a, kind: elastic, auth: { header: { name: \"a b\", secret: { env: A } } } }",
            "cannot be `name`",
        ),
        (
            "{ name: a, kind: elastic, auth: { basic: { user: \"a:b\", secret: { env: A } } } }",
            "cannot be `user`",
        ),
        (
            "{ name: a, kind: elastic, auth: none, from: [10.0.0.1/8] }",
            "the network is `10.0.0.0/8`",
        ),
        (
            "{ name: a, kind: elastic, auth: none, from: [everywhere] }",
            "is no network",
        ),
        (
            "{ name: a, kind: elastic, auth: none, per_minute: 0 }",
            "whole number from 1 to 100000",
        ),
        (
            "{ name: a, kind: elastic, auth: none, map: { login: $.x } }",
            "a source has no key `map`",
        ),
        (
            "{ name: a, kind: generic, auth: none, map: { login: mail } }",
            "is no JSONPath",
        ),
        (
            "{ name: a, kind: generic, auth: none, map: { login: $..mail } }",
            "looks everywhere",
        ),
        (
            "{ name: a, kind: generic, auth: none, map: { time: $.t } }",
            "neither where `okta_user_id`",
        ),
        (
            "{ name: a, kind: generic, auth: none, map: { logn: $.t } }",
            "did you mean `login`?",
        ),
        (
            "{ name: a, kind: ssf, audience: x }",
            "a source has no `issuer`",
        ),
        (
            "{ name: a, kind: ssf, issuer: \"http://x.example\", audience: x }",
            "is plain http",
        ),
        (
            "{ name: a, kind: ssf, issuer: https://x.example }",
            "a source has no `audience`",
        ),
        (
            "{ name: a, kind: ssf, issuer: https://x.example, audience: x, transmitter: octa }",
            "did you mean `okta`?",
        ),
        (
            "{ name: a, kind: ssf, issuer: https://x.example, audience: x, auth: { path: { env: A } } }",
            "it can do: bearer, header",
        ),
    ] {
        let said = wrong(&format!("sources:\n  - {entry}\n"));
        assert!(
            said.contains(says) && said.contains("oust.yaml:2:"),
            "{entry}\n{said}"
        );
        assert!(!said.contains("hunter2"), "{said}");
    }
    let twice = "sources:\n  - { name: a, kind: elastic, auth: none }\n  - { name: a, kind: splunk, auth: none }\n";
    assert!(wrong(twice).contains("two sources are called `a`"));
    assert!(wrong("sources: { a: b }\n").contains("`sources` is a list"));
}

/// What stands commented in the shipped file, switched on.
#[test]
fn the_shipped_file_shows_sources_that_are_taken() {
    let lines = oust::config::DEFAULT.lines();
    let block = lines
        .skip_while(|line| *line != "#   sources:")
        .take_while(|line| line.starts_with("#   s") || line.starts_with("#     "));
    let text: String = block.map(|line| format!("{}\n", &line[4..])).collect();
    let sources = sources_alone("oust.yaml", &text).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(sources.len() >= 6, "{text}");
    for kind in oust::alerts::KINDS {
        assert!(text.contains(kind.name), "{}", kind.name);
        for key in kind.keys {
            assert!(text.contains(&format!("{}: ", key.name)), "{}", key.name);
        }
    }
    for form in oust::alerts::Form::ALL {
        assert!(text.contains(form.key()), "{form:?}");
    }
}
