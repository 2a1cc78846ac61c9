//! `approvers:` of the config file: how many people have to agree, and whose signatures count.

use crate::approval::{Approver, Approvers, PublicKey};
use crate::model::UserId;
use crate::yaml::{At, Diagnostic, Fields, Node, Problems, spoken};

/// People at most.
const PEOPLE_MAX: usize = 200;

/// Characters of a name at most: it stands on one line of a signed text.
const NAME_MAX: usize = 100;

/// Reads them; without the key one person's agreement is enough, and nobody can sign.
pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Approvers {
    let mut approvers = Approvers::default();
    let Some(at) = fields.take("approvers", problems) else {
        return approvers;
    };
    let Some(mut own) = Fields::of("`approvers`", at, problems) else {
        return approvers;
    };
    let needed = own.take("needed", problems);
    let people = own.take("people", problems);
    own.finish(problems);
    if let Some(people) = people {
        approvers.people = everybody(people, problems);
    }
    let most = PEOPLE_MAX as u64;
    let needed = needed.and_then(|at| {
        let count = problems.count("`needed`", at, 1, most)?;
        Some((at, usize::try_from(count).unwrap_or(usize::MAX)))
    });
    if let Some((at, count)) = needed {
        if people.is_some() && count > approvers.people.len() && problems.is_empty() {
            let title = format!("`needed` is {count}, and there are fewer people");
            problems.add(Diagnostic::new(at.span.clone(), title));
        }
        approvers.needed = count;
    }
    approvers
}

fn everybody(at: &At<Node>, problems: &mut Problems) -> Vec<Approver> {
    let entries = match &at.value {
        Node::List(entries) if entries.len() <= PEOPLE_MAX => entries,
        Node::List(_) => {
            let title = format!("more than {PEOPLE_MAX} people");
            problems.add(Diagnostic::new(at.span.clone(), title));
            return Vec::new();
        }
        _ => {
            let title = "`people` is a list: `- { name: NAME, public_key: KEY }`";
            problems.add(Diagnostic::new(at.span.clone(), title));
            return Vec::new();
        }
    };
    let mut people: Vec<Approver> = Vec::new();
    for entry in entries {
        let Some(one) = person(entry, problems) else {
            continue;
        };
        // One person with two entries would count as two.
        if let Some(what) = people.iter().find_map(|other| shared(other, &one)) {
            let title = format!("{} has the {what} of somebody above", spoken(&one.name));
            problems.add(Diagnostic::new(entry.span.clone(), title));
        }
        people.push(one);
    }
    people
}

fn shared(one: &Approver, other: &Approver) -> Option<&'static str> {
    let same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
    let logins = one.login.as_deref().zip(other.login.as_deref());
    [
        (same(&one.name, &other.name), "name"),
        (one.key == other.key, "key"),
        (
            one.okta_id.is_some() && one.okta_id == other.okta_id,
            "okta_id",
        ),
        (logins.is_some_and(|(one, other)| same(one, other)), "login"),
    ]
    .into_iter()
    .find_map(|(same, what)| same.then_some(what))
}

fn person(entry: &At<Node>, problems: &mut Problems) -> Option<Approver> {
    let mut fields = Fields::of("an approver", entry, problems)?;
    let mut text = |key: &'static str, needed: bool, problems: &mut Problems| {
        let Some(at) = fields.take(key, problems) else {
            if needed {
                let title = format!("an approver needs `{key}`");
                problems.add(Diagnostic::new(entry.span.clone(), title));
            }
            return None;
        };
        problems.prose(&format!("`{key}`"), at, NAME_MAX)
    };
    let name = text("name", true, problems);
    let key = text("public_key", true, problems);
    let okta_id = text("okta_id", false, problems);
    let login = text("login", false, problems);
    fields.finish(problems);
    let key = key.and_then(|text| match PublicKey::parse(&text.value) {
        Ok(key) => Some(key),
        Err(error) => {
            let problem = Diagnostic::new(text.span, format!("`public_key`: {error}"));
            problems.add(problem.label("`oust approve --new-key FILE` prints it"));
            None
        }
    });
    let name = name.and_then(|text| {
        if text.value.contains('\n') {
            problems.add(Diagnostic::new(text.span, "`name` is one line"));
            return None;
        }
        Some(text.value)
    });
    Some(Approver {
        name: name?,
        key: key?,
        okta_id: okta_id.map(|id| UserId::new(id.value)),
        login: login.map(|login| login.value),
    })
}
