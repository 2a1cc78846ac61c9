//! Who is meant, and which part each plays: arguments, `--role` and `--subjects` together.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;

use super::exit::{Exit, Failure};
use crate::model::{Role, name_key};

/// Bytes of a list at most.
const LIST_MAX: u64 = 4 << 20;

/// The parts by name.
const ROLES: &[(&str, Role)] = &[
    ("compromised", Role::Compromised),
    ("granter", Role::Granter),
    ("impersonator", Role::Impersonator),
    ("impersonated", Role::Impersonated),
];

/// Who was named.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// Logins or ids, each once, in the order given.
    pub(super) who: Vec<String>,
    /// The part of those for whom one was given, by [`name_key`].
    pub(super) roles: BTreeMap<String, Role>,
    /// The names as [`name_key`] has them.
    known: HashSet<String>,
}

impl Named {
    fn add(&mut self, name: &str, role: Option<&str>) -> Result<(), Failure> {
        let name = name.trim();
        if name.is_empty() {
            return Err(Failure::say(
                Exit::Usage,
                "a login is empty",
                "check the quoting",
            ));
        }
        let key = name_key(name);
        if let Some(word) = role {
            let role = role_of(word.trim()).ok_or_else(|| no_such_role(name, word))?;
            if self
                .roles
                .insert(key.clone(), role)
                .is_some_and(|other| other != role)
            {
                let what = format!("`{name}` is given two roles");
                return Err(Failure::say(Exit::Usage, what, "give one"));
            }
        }
        if self.known.insert(key) {
            self.who.push(name.to_owned());
        }
        Ok(())
    }
}

/// All that were named, each once, in the order given.
///
/// A list has one login or id a line, and behind a comma his role, if it is not `compromised`;
/// blank lines and `#` comments do not count; a byte-order mark and Windows line ends are
/// understood. `roles` are `LOGIN=ROLE`, and name him, too.
///
/// # Errors
/// [`Failure`] if the list cannot be read, a role is none, or nobody is named at all: an empty
/// list is a mistake, never everybody.
pub(super) fn named(
    who: &[String],
    list: Option<&str>,
    roles: &[String],
) -> Result<Named, Failure> {
    let all = named_beside(who, list, roles)?;
    if all.who.is_empty() {
        let hint =
            "name a login or Okta id, a file with --subjects, or all of a group with --group";
        return Err(Failure::say(Exit::Usage, "nobody is named", hint));
    }
    Ok(all)
}

/// The same where others are selected in another way: nobody need be named one by one. A list
/// that is given and empty is still a mistake.
///
/// # Errors
/// [`Failure`] if the list cannot be read or is empty, or a role is none.
pub(super) fn named_beside(
    who: &[String],
    list: Option<&str>,
    roles: &[String],
) -> Result<Named, Failure> {
    let mut all = Named::default();
    for name in who {
        all.add(name, None)?;
    }
    for given in roles {
        match given.rsplit_once('=') {
            Some((name, role)) => all.add(name, Some(role))?,
            None => return Err(no_such_role(given, "")),
        }
    }
    if let Some(from) = list {
        let text = read(from)?;
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let mut lines = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .peekable();
        if lines.peek().is_none() {
            let what = format!("nobody is named: --subjects {from} is an empty list");
            let hint = "an empty list is a mistake, never everybody: one login or id a line";
            return Err(Failure::say(Exit::Usage, what, hint));
        }
        for line in lines {
            match line.split_once(',') {
                Some((name, role)) => all.add(name, Some(role))?,
                None => all.add(line, None)?,
            }
        }
    }
    Ok(all)
}

fn role_of(word: &str) -> Option<Role> {
    let found = ROLES.iter().find(|(name, _)| *name == word);
    found.map(|(_, role)| *role)
}

fn no_such_role(name: &str, word: &str) -> Failure {
    let words: Vec<&str> = ROLES.iter().map(|(word, _)| *word).collect();
    let what = format!("`{}` is no role for `{name}`", word.trim());
    let hint = format!("a role is one of {}: LOGIN=granter", words.join(", "));
    Failure::say(Exit::Usage, what, hint)
}

fn read(from: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let result = if from == "-" {
        std::io::stdin()
            .take(LIST_MAX + 1)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(from).and_then(|file| file.take(LIST_MAX + 1).read_to_string(&mut text))
    };
    let hint = "one login or id a line, UTF-8, at most 4 MiB";
    result.map_err(|error| {
        let what = format!("--subjects {from} cannot be read: {error}");
        Failure::say(Exit::Usage, what, hint)
    })?;
    if text.len() as u64 > LIST_MAX {
        return Err(Failure::say(
            Exit::Usage,
            format!("--subjects {from} is too large"),
            hint,
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_from_windows_names_everybody_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list.txt");
        std::fs::write(
            &path,
            "\u{feff}alex@x\r\n\r\n# the others\r\nPriya@x\r\npriya@x\r\n",
        )
        .unwrap();
        let all = named(&["alex@x".into()], path.to_str(), &[]).unwrap();
        assert_eq!(all.who, ["alex@x", "Priya@x"]);
        assert!(all.roles.is_empty());
    }

    #[test]
    fn a_role_stands_behind_a_comma_or_an_equals_sign() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list.txt");
        std::fs::write(&path, "alex@x\nPriya@x, granter\nkim@x,compromised\n").unwrap();
        let given = [
            "sam@x=impersonated".to_owned(),
            "priya@x=granter".to_owned(),
        ];
        let all = named(&[], path.to_str(), &given).unwrap();
        assert_eq!(all.who, ["sam@x", "priya@x", "alex@x", "kim@x"]);
        assert_eq!(all.roles["priya@x"], Role::Granter);
        assert_eq!(all.roles["sam@x"], Role::Impersonated);
        assert_eq!(all.roles.get("alex@x"), None);

        // Ids differ by case alone; whoever is meant by both is one account when he is looked up.
        let given = ["00uAb=granter".to_owned(), "00uaB=impersonated".to_owned()];
        let all = named(&[], None, &given).unwrap();
        assert_eq!(all.who, ["00uAb", "00uaB"]);
        assert_eq!(all.roles["00uAb"], Role::Granter);

        for wrong in ["alex@x", "alex@x=boss", "=granter", "priya@x=impersonated"] {
            let refused = named(&[], path.to_str(), &[wrong.to_owned()]);
            assert_eq!(refused.unwrap_err().exit, Exit::Usage, "{wrong}");
        }
    }

    #[test]
    fn an_empty_list_is_a_mistake_and_never_everybody() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list.txt");
        std::fs::write(&path, "\n#\n").unwrap();
        assert_eq!(
            named(&[], path.to_str(), &[]).unwrap_err().exit,
            Exit::Usage
        );
    }
}
