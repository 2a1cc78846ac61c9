//! `notify:` of the config file: who is told what, by which shape.

use super::reference;
use crate::notify::{Receiver, Shape, Tell, Where};
use crate::yaml::{At, Diagnostic, Fields, Node, Problems};

/// Receivers at most: each has a queue of its own.
const RECEIVERS_MAX: usize = 20;

/// Reads the list.
pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Vec<Receiver> {
    let Some(at) = fields.take("notify", problems) else {
        return Vec::new();
    };
    match &at.value {
        Node::List(items) if items.len() <= RECEIVERS_MAX => items
            .iter()
            .filter_map(|item| receiver(item, problems))
            .collect(),
        Node::List(_) => {
            let title = format!("more than {RECEIVERS_MAX} receivers");
            problems.add(Diagnostic::new(at.span.clone(), title));
            Vec::new()
        }
        _ => {
            let title = "`notify` is a list: `- { url: ADDRESS, secret: { env: NAME } }`";
            problems.add(Diagnostic::new(at.span.clone(), title));
            Vec::new()
        }
    }
}

fn receiver(item: &At<Node>, problems: &mut Problems) -> Option<Receiver> {
    let mut fields = Fields::of("a receiver", item, problems)?;
    let shape = match fields.take("shape", problems) {
        None => Shape::Oust,
        Some(at) => {
            let word = problems.word("`shape`", at, &Shape::ALL.map(Shape::word))?;
            Shape::ALL.into_iter().find(|shape| shape.word() == word)?
        }
    };
    let tell = match fields.take("tell", problems) {
        None => Tell::ALL.to_vec(),
        Some(at) => tell(at, problems),
    };
    let url = fields.take("url", problems);
    let secret = fields.take("secret", problems);
    let mut needs = |key: &str, why: &str| {
        let title = format!(
            "a receiver of shape `{}` needs `{key}`: {why}",
            shape.word()
        );
        problems.add(Diagnostic::new(item.span.clone(), title));
    };
    match shape {
        Shape::Oust if url.is_none() => needs("url", "where to send"),
        Shape::Oust if secret.is_none() => needs("secret", "what signs each message"),
        Shape::Slack if url.is_none() => needs("url", "the incoming webhook's, as a secret"),
        Shape::PagerDuty if secret.is_none() => needs("secret", "the integration's routing key"),
        _ => {}
    }
    fields.finish(problems);
    let url = match (url, shape) {
        // Who knows the address may write to the channel.
        (Some(at), Shape::Slack) => Where::Secret(reference::secret("url", at, problems)?),
        (Some(at), _) if matches!(at.value, Node::Map(_)) => {
            Where::Secret(reference::secret("url", at, problems)?)
        }
        (Some(at), _) => Where::Plain(reference::address("url", at, problems)?),
        (None, Shape::PagerDuty) => Where::PagerDuty,
        (None, _) => return None,
    };
    let secret = match secret {
        Some(at) => Some(reference::secret("secret", at, problems)?),
        None => None,
    };
    Some(Receiver {
        url,
        secret,
        shape,
        tell,
    })
}

fn tell(at: &At<Node>, problems: &mut Problems) -> Vec<Tell> {
    let known = Tell::ALL.map(Tell::word);
    let mut found = Vec::new();
    for word in problems.words("`tell`", at) {
        match Tell::ALL.into_iter().find(|tell| tell.word() == word.value) {
            Some(tell) => found.push(tell),
            None => {
                let title = format!("an item of `tell` is one of `{}`", known.join("`, `"));
                let problem = Diagnostic::new(word.span, title);
                problems.add(problem.nearest(&word.value, known));
            }
        }
    }
    found
}
