//! Tables as values: what a page shows, before it is HTML or Markdown.
//!
//! One form for every table means that none can lack its caption, its headers or its bound, and
//! that both renderings say the same. Nothing is escaped here; the templates do that with every
//! value. Class names and anchors are ours alone: no vendor's word ever becomes one.

use super::text::count;

/// Rows of one table that a page shows; what is beyond is counted.
pub(super) const ROWS_MAX: usize = 500;

/// A part of a page under a heading of its own.
pub(super) struct Section {
    pub(super) id: String,
    pub(super) title: String,
    /// Sentences before the tables; alone, if there is nothing to show.
    pub(super) says: Vec<Line>,
    pub(super) tables: Vec<Table>,
}

impl Section {
    pub(super) fn new(id: String, title: impl Into<String>) -> Self {
        Self {
            id,
            title: title.into(),
            says: Vec::new(),
            tables: Vec::new(),
        }
    }

    pub(super) fn say(mut self, tone: &'static str, text: impl Into<String>) -> Self {
        self.says.push(Line::new(tone, text));
        self
    }

    pub(super) fn table(mut self, table: Table) -> Self {
        self.tables.push(table);
        self
    }

    /// How many rows it shows.
    pub(super) fn rows(&self) -> usize {
        self.tables.iter().map(|table| table.rows.len()).sum()
    }

    /// Whether it is one line.
    pub(super) fn is_line(&self) -> bool {
        self.tables.is_empty() && self.says.len() == 1
    }
}

/// A sentence.
pub(super) struct Line {
    /// A class name: `soft`, `alarm` or none.
    pub(super) tone: &'static str,
    pub(super) text: String,
}

impl Line {
    pub(super) fn new(tone: &'static str, text: impl Into<String>) -> Self {
        Self {
            tone,
            text: text.into(),
        }
    }
}

/// A table with the words that a screen reader needs.
pub(super) struct Table {
    pub(super) caption: String,
    /// A class name.
    pub(super) kind: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) rows: Vec<Row>,
    /// What is left out.
    pub(super) more: Option<String>,
}

impl Table {
    /// At most [`ROWS_MAX`] rows of `rows`.
    pub(super) fn new(
        caption: impl Into<String>,
        columns: &'static [&'static str],
        rows: impl IntoIterator<Item = Row>,
    ) -> Self {
        let mut rows: Vec<Row> = rows.into_iter().collect();
        let beyond = rows.len().saturating_sub(ROWS_MAX);
        rows.truncate(ROWS_MAX);
        Self {
            caption: caption.into(),
            kind: "",
            columns,
            rows,
            more: (beyond > 0).then(|| left_out(beyond)),
        }
    }
}

/// That something is not on the page, and where it is.
pub(super) fn left_out(rows: usize) -> String {
    format!(
        "{} left out here; the JSON of the same command (`--output json`) has all",
        count(rows, "row")
    )
}

/// A row.
#[derive(Default)]
pub(super) struct Row {
    /// Its anchor.
    pub(super) id: Option<String>,
    /// A class name.
    pub(super) tone: &'static str,
    pub(super) cells: Vec<Cell>,
}

impl Row {
    pub(super) fn new(tone: &'static str, cells: impl IntoIterator<Item = Cell>) -> Self {
        Self {
            id: None,
            tone,
            cells: cells.into_iter().collect(),
        }
    }

    /// Its cells, each with the header of its column.
    pub(super) fn under<'a>(
        &'a self,
        table: &'a Table,
    ) -> impl Iterator<Item = (&'a &'static str, &'a Cell)> {
        table.columns.iter().zip(&self.cells)
    }
}

/// What stands in one place of a table, in the order of the fields.
#[derive(Default)]
pub(super) struct Cell {
    /// A word that carries a judgement, with its class name.
    pub(super) word: Option<(&'static str, &'static str)>,
    pub(super) text: String,
    /// Whether the text stays on one line: times do.
    pub(super) tight: bool,
    pub(super) tags: Vec<Tag>,
    /// Lines beneath, in the same colour.
    pub(super) lines: Vec<String>,
    /// Lines beneath, in a softer colour.
    pub(super) soft: Vec<String>,
    pub(super) events: Vec<EventRef>,
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// A line each: a long one hides no other.
    pub(super) fn lines(all: &[String]) -> Self {
        const LINES_MAX: usize = 20;
        let mut lines: Vec<String> = all.iter().take(LINES_MAX).cloned().collect();
        if all.len() > LINES_MAX {
            lines.push(format!("and {} more", all.len() - LINES_MAX));
        }
        Self {
            lines,
            ..Self::default()
        }
    }

    /// A time, which stays on one line.
    pub(super) fn time(text: impl Into<String>) -> Self {
        Self {
            tight: true,
            ..Self::text(text)
        }
    }

    pub(super) fn word(tone: &'static str, word: &'static str) -> Self {
        Self {
            word: Some((tone, word)),
            ..Self::default()
        }
    }

    /// With a softer line beneath, unless it is empty.
    pub(super) fn under(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.soft.push(text);
        }
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.word.is_none()
            && self.text.is_empty()
            && self.tags.is_empty()
            && self.lines.is_empty()
            && self.soft.is_empty()
            && self.events.is_empty()
    }
}

/// A short remark in a cell.
pub(super) struct Tag {
    pub(super) text: String,
    /// A class name; empty for none.
    pub(super) tone: &'static str,
    /// The anchor of what it is about.
    pub(super) anchor: Option<String>,
}

/// An event by its id, and where on the page it stands.
pub(super) struct EventRef {
    pub(super) id: String,
    pub(super) anchor: Option<String>,
}
