//! Who is meant: arguments and `--subjects` together.

use std::io::Read;

use super::exit::{Exit, Failure};

/// Bytes of a list at most.
const LIST_MAX: u64 = 4 << 20;

/// All that were named, each once, in the order given.
///
/// A list has one login or id a line; blank lines and `#` comments do not count; a byte-order
/// mark and Windows line ends are understood.
///
/// # Errors
/// [`Failure`] if the list cannot be read, or if nobody is named at all: an empty list is a
/// mistake, never everybody.
pub(super) fn named(who: &[String], list: Option<&str>) -> Result<Vec<String>, Failure> {
    let mut all: Vec<String> = who.iter().map(|name| name.trim().to_owned()).collect();
    if let Some(from) = list {
        let text = read(from)?;
        let text = text.trim_start_matches('\u{feff}');
        let lines = text.lines().map(str::trim);
        all.extend(
            lines
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(str::to_owned),
        );
    }
    if all.iter().any(String::is_empty) {
        return Err(Failure::say(
            Exit::Usage,
            "a login is empty",
            "check the quoting",
        ));
    }
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|name| seen.insert(name.to_lowercase()));
    if all.is_empty() {
        let hint = "name a login or Okta id, or a file with --subjects";
        return Err(Failure::say(Exit::Usage, "nobody is named", hint));
    }
    Ok(all)
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
        let all = named(&["alex@x".into()], path.to_str()).unwrap();
        assert_eq!(all, ["alex@x", "Priya@x"]);
    }

    #[test]
    fn an_empty_list_is_a_mistake_and_never_everybody() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list.txt");
        std::fs::write(&path, "\n#\n").unwrap();
        assert_eq!(named(&[], path.to_str()).unwrap_err().exit, Exit::Usage);
    }
}
