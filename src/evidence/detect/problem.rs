//! What is wrong with a user's rule: which file, which line, and why.
//!
//! The Sigma parser tells a place for some mistakes only. For the others it is the line that has
//! the word the parser complains about, or else the one that the rule begins in.

use std::fmt;
use std::path::PathBuf;

/// Why one rule of a user's does not run; the others do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleProblem {
    /// The file that it stands in.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, where it is known.
    pub column: Option<usize>,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for RuleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)?;
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        write!(f, ": {}", self.why)
    }
}

/// One document of a file, and the line that it begins in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'t> {
    /// The line of the file that its first line is, from 1.
    pub line: usize,
    /// Its text, without the marks around it.
    pub text: &'t str,
}

/// The documents of a file that hold anything.
pub(super) fn documents(text: &str) -> Vec<Document<'_>> {
    let mut all = Vec::new();
    let (mut begin, mut line, mut at) = (0, 1, 0);
    for (number, each) in text.split_inclusive('\n').enumerate() {
        if each.trim_end() == "---" {
            all.push((line, &text[begin..at]));
            begin = at + each.len();
            line = number + 2;
        }
        at += each.len();
    }
    all.push((line, &text[begin..]));
    let says = |text: &str| {
        let mut lines = text.lines().map(str::trim);
        lines.any(|line| !line.is_empty() && !line.starts_with('#'))
    };
    let with = all.into_iter().filter(|(_, text)| says(text));
    with.map(|(line, text)| Document { line, text }).collect()
}

impl Document<'_> {
    /// Where the fault lies that `why` tells of: line of the file, and column.
    pub(super) fn place(self, why: &str) -> (usize, Option<usize>) {
        if let Some((line, column)) = told(why) {
            // Conditions are counted from their own beginning.
            let first = if why.starts_with("Condition") {
                self.line_with("condition:").unwrap_or(0)
            } else {
                0
            };
            let column = (first == 0).then_some(column);
            return (self.line + first + line.saturating_sub(1), column);
        }
        let word = if why.contains("regex") {
            Some("|re")
        } else {
            quoted(why).or_else(|| named(why))
        };
        let line = word.and_then(|word| self.line_with(word));
        let line = line.or_else(|| self.first());
        (self.line + line.unwrap_or(0), None)
    }

    fn line_with(self, word: &str) -> Option<usize> {
        self.text.lines().position(|line| line.contains(word))
    }

    fn first(self) -> Option<usize> {
        let mut lines = self.text.lines().map(str::trim);
        lines.position(|line| !line.is_empty() && !line.starts_with('#'))
    }
}

/// `line 4 column 7`, or `at 4:7:`.
fn told(why: &str) -> Option<(usize, usize)> {
    let number = |text: &str| -> Option<usize> {
        let digits = text.find(|c: char| !c.is_ascii_digit());
        text[..digits.unwrap_or(text.len())].parse().ok()
    };
    if let Some((_, rest)) = why.split_once("line ") {
        let line = number(rest)?;
        let column = rest
            .split_once("column ")
            .and_then(|(_, rest)| number(rest));
        return Some((line, column?));
    }
    let (_, rest) = why.split_once(" at ")?;
    let (line, rest) = rest.split_once(':')?;
    Some((line.parse().ok()?, number(rest)?))
}

/// What is wrong, in one line: parsers draw where it is.
pub(super) fn in_a_line(why: &str) -> String {
    let mut lines = why.lines().map(str::trim);
    let first = lines.next().unwrap_or_default();
    let first = first.split("-->").next().unwrap_or_default().trim_end();
    match lines.next_back() {
        Some(last) => format!("{first} {}", last.trim_start_matches("= ")),
        None => first.to_owned(),
    }
}

/// The one word after the last colon.
fn named(why: &str) -> Option<&str> {
    let (_, word) = why.rsplit_once(": ")?;
    (!word.is_empty() && !word.contains(char::is_whitespace)).then_some(word)
}

/// The first word in quotes.
fn quoted(why: &str) -> Option<&str> {
    let at = why.find(['\'', '`', '"'])?;
    let mark = why[at..].chars().next()?;
    let rest = &why[at + mark.len_utf8()..];
    let word = &rest[..rest.find(mark)?];
    (!word.is_empty()).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_into_documents_that_know_their_line() {
        let all = documents("# head\n---\na: 1\n---\n# nothing\n---\nb: 2\nc: 3");
        let all: Vec<(usize, &str)> = all.iter().map(|one| (one.line, one.text)).collect();
        assert_eq!(all, [(3, "a: 1\n"), (7, "b: 2\nc: 3")]);
    }

    #[test]
    fn a_fault_is_placed_by_what_is_said_of_it() {
        let text =
            "x: 1\n---\n\ntitle: t\ndetection:\n  selection:\n    f|odd: 1\n  condition: a and";
        let document = documents(text)[1];
        assert_eq!(document.line, 3);
        let place = |why: &str| document.place(why);
        assert_eq!(place("Unknown modifier 'odd'"), (7, None));
        assert_eq!(place("Condition parse error at 1:6: no"), (8, None));
        assert_eq!(place("bad at line 3 column 2"), (5, Some(2)));
        assert_eq!(place("it is odd"), (4, None));
        assert_eq!(place("unknown: selection"), (6, None));
        let drawn = "Condition at 1:2:  --> 1:2\n  |\n1 | x\n  = expected y";
        assert_eq!(in_a_line(drawn), "Condition at 1:2: expected y");
        assert_eq!(in_a_line("plain"), "plain");
    }
}
