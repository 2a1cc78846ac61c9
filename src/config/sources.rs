//! `server.sources:` of the config file: who may send alerts, and how each says who it is.
//!
//! What all kinds have in common is read here; a kind's own keys are read by its own file
//! (`alerts::Kind`). Whether a source without authentication may be opened is said by whoever opens the
//! port ([`SourceSettings::is_authenticated`]).

use std::net::IpAddr;

use ipnet::IpNet;

use super::secrets;
use crate::alerts::{AuthSettings, Form, KINDS, Kind, SourceSettings, kind};
use crate::transport::SecretRef;
use crate::yaml::{At, Diagnostic, Diagnostics, Fields, Node, Problems, normalised, parse, spoken};

const TEXT_MAX: usize = 1024 * 1024;
const SOURCES_MAX: usize = 100;
const SECRETS_MAX: usize = 4;
const NETWORKS_MAX: usize = 1_000;

/// Requests in a minute, unless said otherwise.
const PER_MINUTE: u32 = 600;

/// What is written for a secret.
const SECRET: &str = "write `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, ARG] }`";

/// Reads a text that has nothing but `sources:`, for whoever checks one source alone.
///
/// # Errors
/// All mistakes found, with every value covered.
pub fn sources_alone(file: &str, text: &str) -> Result<Vec<SourceSettings>, Diagnostics> {
    let text = normalised(text);
    let tree = parse(&text, TEXT_MAX)
        .map_err(|one| Diagnostics::new(file, &text, vec![one]).unquoted())?;
    let mut problems = Problems::default();
    let sources = Fields::of("the text", &tree, &mut problems).map(|mut fields| {
        let sources = read(&mut fields, &mut problems);
        fields.finish(&mut problems);
        sources
    });
    match sources {
        Some(sources) if problems.is_empty() => Ok(sources),
        _ => Err(Diagnostics::new(file, &text, problems.into_list())
            .covered(&secrets::to_cover(&tree, &text))),
    }
}

/// Reads the list; names are unique.
pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Vec<SourceSettings> {
    let Some(at) = fields.take("sources", problems) else {
        return Vec::new();
    };
    let entries = match &at.value {
        Node::List(entries) if entries.len() <= SOURCES_MAX => entries,
        Node::List(_) => {
            let title = format!("more than {SOURCES_MAX} sources");
            problems.add(Diagnostic::new(at.span.clone(), title));
            return Vec::new();
        }
        _ => {
            let title = "`sources` is a list: `- { name: NAME, kind: KIND, auth: … }`";
            problems.add(Diagnostic::new(at.span.clone(), title));
            return Vec::new();
        }
    };
    let mut sources: Vec<SourceSettings> = Vec::new();
    for entry in entries {
        let Some(one) = source(entry, problems) else {
            continue;
        };
        if sources.iter().any(|known| known.name == one.name) {
            let title = format!("two sources are called {}", spoken(&one.name));
            problems.add(Diagnostic::new(entry.span.clone(), title));
        } else {
            sources.push(one);
        }
    }
    sources
}

fn source(entry: &At<Node>, problems: &mut Problems) -> Option<SourceSettings> {
    let mut fields = Fields::of("a source", entry, problems)?;
    for key in ["name", "kind"] {
        if !fields.has(key) {
            fields.missing(key, problems);
        }
    }
    let name = fields.take("name", problems);
    let name = name.and_then(|at| self::name(at, problems));
    // Without a kind nobody knows which keys there are, or which forms of authentication.
    let kind = fields.take("kind", problems)?;
    let kind = kind_of(kind, problems)?;
    let auth = auth(&mut fields, kind, problems);
    let from = fields.take("from", problems);
    let from = from.map_or_else(Vec::new, |at| networks(at, problems));
    let per_minute = fields
        .take("per_minute", problems)
        .map_or(Some(u64::from(PER_MINUTE)), |at| {
            problems.count("`per_minute`", at, 1, 100_000)
        });
    let opener = (kind.settings)(&mut fields, problems);
    fields.finish(problems);
    Some(SourceSettings {
        name: name?,
        kind,
        auth: auth?,
        from,
        per_minute: u32::try_from(per_minute?).ok()?,
        opener: opener?,
    })
}

/// It becomes part of an address.
fn name(at: &At<Node>, problems: &mut Problems) -> Option<String> {
    let name = problems.text("`name`", at, 64)?;
    let fits = name
        .value
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c))
        && name.value.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !fits {
        let title = format!("{} cannot be the name of a source", spoken(&name.value));
        let problem = Diagnostic::new(name.span, title);
        problems
            .add(problem.label("lower-case letters, digits, `-` and `_`, a letter or digit first"));
        return None;
    }
    Some(name.value)
}

fn kind_of(at: &At<Node>, problems: &mut Problems) -> Option<&'static Kind> {
    let word = problems.text("`kind`", at, 64)?;
    let found = kind(&word.value);
    if found.is_none() {
        let title = format!("there is no kind of source {}", spoken(&word.value));
        let known = KINDS.iter().map(|kind| kind.name);
        problems.add(Diagnostic::new(word.span, title).nearest(&word.value, known));
    }
    found
}

/// `auth: none`, or a map of exactly one form that the kind can do.
fn auth(fields: &mut Fields<'_>, kind: &Kind, problems: &mut Problems) -> Option<AuthSettings> {
    let here = fields.span();
    let Some(at) = fields.take("auth", problems) else {
        if kind.signed {
            return Some(AuthSettings::default());
        }
        let problem = Diagnostic::new(
            here,
            format!("a source of kind `{}` has no `auth`", kind.name),
        );
        problems.add(match kind.forms.first() {
            Some(form) => problem.help(form.example()),
            None => problem,
        });
        return None;
    };
    match &at.value {
        Node::Text(text) if text == "none" => return Some(AuthSettings::default()),
        Node::Text(_) => {
            // It may be the secret itself: nothing of it is said.
            problems.add(
                Diagnostic::new(
                    at.span.clone(),
                    "`auth` is `none` or says how the sender is known",
                )
                .label(example(kind)),
            );
            return None;
        }
        _ => {}
    }
    let mut inner = Fields::of("`auth`", at, problems)?;
    let mut found = None;
    let mut count = 0;
    for form in Form::ALL {
        let Some(value) = inner.take(form.key(), problems) else {
            continue;
        };
        count += 1;
        if !kind.forms.contains(&form) {
            let can: Vec<&str> = kind.forms.iter().map(|form| form.key()).collect();
            let title = format!("{} cannot do `{}`", kind.title, form.key());
            let problem = Diagnostic::new(value.span.clone(), title);
            problems.add(problem.label(format!("it can do: {}", can.join(", "))));
            continue;
        }
        found = settings(form, value, problems);
    }
    inner.finish(problems);
    if count != 1 {
        let title = "`auth` is exactly one form";
        problems.add(Diagnostic::new(at.span.clone(), title).label(example(kind)));
        return None;
    }
    found
}

fn example(kind: &Kind) -> String {
    kind.forms.first().map_or_else(
        || "leave it out".into(),
        |form| format!("write `{}`", form.example()),
    )
}

fn settings(form: Form, at: &At<Node>, problems: &mut Problems) -> Option<AuthSettings> {
    let Some(beside) = form.beside() else {
        return Some(AuthSettings {
            form: Some(form),
            beside: String::new(),
            secrets: references(form.key(), at, problems)?,
        });
    };
    let what = format!("`{}`", form.key());
    let mut fields = Fields::of(&what, at, problems)?;
    for key in [beside, "secret"] {
        if !fields.has(key) {
            fields.missing(key, problems);
        }
    }
    let name = fields.take(beside, problems);
    let name = name.and_then(|at| self::beside(form, beside, at, problems));
    let secret = fields.take("secret", problems);
    let secrets = secret.and_then(|at| references("secret", at, problems));
    fields.finish(problems);
    Some(AuthSettings {
        form: Some(form),
        beside: name?,
        secrets: secrets?,
    })
}

/// A header's name, or a user of Basic, which ends at the first colon.
fn beside(form: Form, key: &str, at: &At<Node>, problems: &mut Problems) -> Option<String> {
    let text = problems.text(&format!("`{key}`"), at, 100)?;
    let fits = match form {
        Form::Header => http::HeaderName::try_from(text.value.as_str()).is_ok(),
        _ => !text.value.contains(':'),
    };
    if !fits {
        let title = format!("{} cannot be `{key}`", spoken(&text.value));
        problems.add(Diagnostic::new(text.span, title));
        return None;
    }
    Some(text.value)
}

/// One reference, or a list of them while a secret is being replaced.
fn references(key: &str, at: &At<Node>, problems: &mut Problems) -> Option<Vec<SecretRef>> {
    let items = match &at.value {
        Node::List(items) if (1..=SECRETS_MAX).contains(&items.len()) => items.iter().collect(),
        Node::List(_) => {
            let title = format!("{} is a list of 1 to {SECRETS_MAX} secrets", spoken(key));
            problems.add(Diagnostic::new(at.span.clone(), title));
            return None;
        }
        _ => vec![at],
    };
    let mut secrets = Vec::new();
    for item in &items {
        match serde_json::from_value::<SecretRef>(item.value.to_json()) {
            Ok(secret) => secrets.push(secret),
            Err(_) => {
                let is_text = matches!(item.value, Node::Text(_) | Node::Number(_));
                let title = if is_text {
                    format!("{} holds the secret itself", spoken(key))
                } else {
                    format!("{} is no reference to a secret", spoken(key))
                };
                problems.add(Diagnostic::new(item.span.clone(), title).label(SECRET));
            }
        }
    }
    (secrets.len() == items.len()).then_some(secrets)
}

/// Networks as `192.0.2.0/24`, or one address.
fn networks(at: &At<Node>, problems: &mut Problems) -> Vec<IpNet> {
    let mut networks = Vec::new();
    let words = problems.words("`from`", at);
    if words.len() > NETWORKS_MAX {
        let title = format!("more than {NETWORKS_MAX} networks");
        problems.add(Diagnostic::new(at.span.clone(), title));
        return networks;
    }
    for word in words {
        let address = || word.value.parse::<IpAddr>().map(IpNet::from).ok();
        match word.value.parse::<IpNet>().ok().or_else(address) {
            Some(net) if net.trunc() == net => networks.push(net),
            Some(net) => {
                let title = format!("{} is more than a network", spoken(&word.value));
                let problem = Diagnostic::new(word.span, title);
                problems.add(problem.label(format!("the network is `{}`", net.trunc())));
            }
            None => {
                let title = format!("{} is no network", spoken(&word.value));
                let problem = Diagnostic::new(word.span, title);
                problems.add(problem.label("write `192.0.2.0/24` or an address"));
            }
        }
    }
    networks
}
