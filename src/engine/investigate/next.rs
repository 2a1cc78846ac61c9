//! How to go on: commands, the most urgent first.

use super::only::Only;
use crate::evidence::investigation::{LogSource, Now, SubjectFindings, Whose};
use crate::model::{Confirmation, Utc};

/// The commands.
pub(super) fn commands(
    subjects: &[SubjectFindings],
    read: &LogSource,
    only: Option<&Only>,
) -> Vec<String> {
    let confirmed: Vec<&SubjectFindings> = of(subjects, Confirmation::Confirmed);
    let mut all = Vec::new();
    if !confirmed.is_empty() {
        let who: Vec<String> = confirmed.iter().map(|each| word(&each.login)).collect();
        let start = confirmed
            .iter()
            .filter_map(|each| each.intruder.start)
            .min();
        let since = start.map_or_else(String::new, |at| format!(" --since {at}"));
        all.push(format!("oust contain {}{since}", who.join(" ")));
    }
    let log = match &read.file {
        Some(file) => format!(" --log {}", word(file)),
        None => String::new(),
    };
    let at = |at: Option<Utc>| at.map_or_else(String::new, |at| format!(" --since {at}"));
    for subject in &confirmed {
        if only.is_some() {
            continue;
        }
        let start = at(subject.intruder.start).clone();
        let uses = subject.timeline.iter().filter(|row| {
            row.kind == "user.session.impersonation.initiate" && row.whose == Whose::Intruder
        });
        for used in uses.filter(|row| !row.event.is_empty()) {
            let event = word(&used.event);
            all.push(format!(
                "oust investigate {} --impersonation {event}{start}{log}",
                word(&subject.login)
            ));
        }
        let tokens = subject.api_tokens.iter().filter(|row| {
            row.whose == Whose::Intruder && row.made.is_some() && row.now != Now::Gone
        });
        for token in tokens {
            all.push(format!(
                "oust investigate {} --token {}{start}{log}",
                word(&subject.login),
                word(&token.id)
            ));
        }
    }
    for subject in of(subjects, Confirmation::Undecided) {
        let since = format!(" --since {}", read.since);
        all.push(format!(
            "oust logs {}{since} --by session{log}",
            word(&subject.login)
        ));
    }
    all
}

fn of(subjects: &[SubjectFindings], answer: Confirmation) -> Vec<&SubjectFindings> {
    let all = subjects.iter();
    all.filter(|each| each.intruder.answer == answer).collect()
}

/// A word of a command line: quoted where a shell would take it apart.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._-+:/".contains(c);
    match !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn a_name_that_commands_a_shell_is_quoted() {
        assert_eq!(word("alex@contoso.example"), "alex@contoso.example");
        assert_eq!(word("a; rm -rf ~"), "'a; rm -rf ~'");
        assert_eq!(word("it's"), r"'it'\''s'");
        assert_eq!(word(""), "''");
        assert_eq!(word("--yes"), "'--yes'");
    }
}
