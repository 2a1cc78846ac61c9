//! A mistake in a file, shown where it stands.

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::Span;

/// Mistakes shown of one file; the rest is counted.
const SHOWN_MAX: usize = 50;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Bytes of the normalised text.
    pub span: Span,
    /// What is wrong.
    pub title: String,
    /// What to write there instead, beside the caret; may be empty.
    pub label: String,
    /// What to know beyond that spot.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A mistake with nothing to add.
    #[must_use]
    pub fn new(span: Span, title: impl Into<String>) -> Self {
        Self {
            span,
            title: title.into(),
            label: String::new(),
            help: None,
        }
    }

    /// With words beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With a line below.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With the nearest of the known names beside the caret, else all of them below.
    #[must_use]
    pub fn nearest<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        match crate::model::nearest(word, known.iter().copied()) {
            Some(name) => self.label(format!("did you mean `{name}`?")),
            None if known.is_empty() => self,
            None => self.help(format!("known here: {}", known.join(", "))),
        }
    }
}

/// All mistakes of one file, in the order of the text; never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Diagnostics {
    file: String,
    text: String,
    list: Vec<Diagnostic>,
    quoted: bool,
}

impl Diagnostics {
    /// Mistakes in `text`, which stands in `file`.
    #[must_use]
    pub fn new(file: &str, text: &str, mut list: Vec<Diagnostic>) -> Self {
        list.sort_by_key(|one| (one.span.start, one.span.end));
        list.dedup();
        Self {
            file: file.to_owned(),
            text: text.to_owned(),
            list,
            quoted: true,
        }
    }

    /// The same without a word of the file, for one that may hold secrets nobody can tell.
    #[must_use]
    pub fn unquoted(self) -> Self {
        let all = 0..self.text.len();
        let mut covered = self.covered(&[all]);
        covered.quoted = false;
        for one in &mut covered.list {
            one.title = without_quotations(&one.title);
        }
        covered
    }

    /// The same with the text under `spans` covered by stars, wherever a line is shown.
    #[must_use]
    pub fn covered(mut self, spans: &[Span]) -> Self {
        let mut covered = vec![false; self.text.len()];
        for span in spans {
            let end = span.end.min(covered.len());
            covered[span.start.min(end)..end].fill(true);
        }
        let text = self.text.char_indices();
        let text = text.map(|(at, c)| if covered[at] { star(c) } else { c });
        self.text = text.collect();
        self
    }

    /// The file, as it was named.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The mistakes.
    #[must_use]
    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }

    /// Line and column of a mistake, both from 1, columns in characters.
    #[must_use]
    pub fn place(&self, one: &Diagnostic) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(one.span.start)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }

    fn shown(&self, one: &Diagnostic) -> String {
        let title = Level::ERROR.primary_title(&one.title);
        let group = if self.quoted && !self.text.is_empty() {
            let mark = AnnotationKind::Primary.span(one.span.clone());
            let mark = if one.label.is_empty() {
                mark
            } else {
                mark.label(&one.label)
            };
            title.element(
                Snippet::source(&self.text)
                    .path(&self.file)
                    .annotation(mark),
            )
        } else {
            let (line, column) = self.place(one);
            let mut group = title.element(Origin::path(&self.file).line(line).char_column(column));
            if !one.label.is_empty() {
                group = group.element(Level::NOTE.message(&one.label));
            }
            group
        };
        let group: Group<'_> = match &one.help {
            Some(help) => group.element(Level::HELP.message(help)),
            None => group,
        };
        Renderer::plain().render(&[group])
    }
}

/// The sentence with `…` for whatever it quotes in backticks.
fn without_quotations(title: &str) -> String {
    let parts = title.split('`').enumerate();
    let parts = parts.map(|(i, part)| if i % 2 == 1 { "…" } else { part });
    parts.collect::<Vec<_>>().join("`")
}

/// As many bytes as `c` has, so that places stay what they are.
fn star(c: char) -> char {
    match (c, c.len_utf8()) {
        ('\n', _) => '\n',
        (_, 1) => '*',
        (_, 2) => '×',
        (_, 3) => '•',
        _ => '\u{1f784}',
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for one in self.list.iter().take(SHOWN_MAX) {
            writeln!(f, "{}\n", self.shown(one))?;
        }
        if let Some(more) = self.list.len().checked_sub(SHOWN_MAX + 1) {
            writeln!(f, "and {} more\n", more + 1)?;
        }
        let count = self.list.len();
        let s = if count == 1 { "" } else { "s" };
        write!(f, "{}: {count} mistake{s}", self.file)
    }
}

/// Without the text: it may be long, and it may be private.
impl fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Diagnostics")
            .field("file", &self.file)
            .field("list", &self.list)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Diagnostics {}
