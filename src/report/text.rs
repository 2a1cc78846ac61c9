//! Lines of text for a terminal: columns, wrapping, colour that only repeats what words say.
//!
//! A page escapes whatever is put on it; the only way to an escape sequence is [`Ink`].

use jiff::tz::TimeZone;

use super::escape::{columns, visible};
use crate::model::Utc;
pub(super) use crate::model::count;

/// How text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether the terminal shows colour.
    pub color: bool,
    /// Columns; longer lines wrap.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            color: false,
            width: 100,
        }
    }
}

/// The tone of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Strong,
    Good,
    Warn,
    Bad,
    Dim,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "\x1b[1m",
            Self::Good => "\x1b[1;32m",
            Self::Warn => "\x1b[1;33m",
            Self::Bad => "\x1b[1;31m",
            Self::Dim => "\x1b[2m",
        }
    }
}

/// A page that is written from left to right and top to bottom.
pub(super) struct Page {
    style: Style,
    text: String,
    column: usize,
}

impl Page {
    pub(super) fn new(style: Style) -> Self {
        Self {
            style,
            text: String::new(),
            column: 0,
        }
    }

    /// Puts `text`, made visible, at the cursor.
    pub(super) fn put(&mut self, ink: Ink, text: &str) -> &mut Self {
        let shown = visible(text);
        self.put_shown(ink, &shown);
        self
    }

    /// Moves right to `column`, by at least two spaces once something stands on the line.
    pub(super) fn to(&mut self, column: usize) -> &mut Self {
        let gap = column.saturating_sub(self.column);
        let gap = if self.column > 0 { gap.max(2) } else { gap };
        self.text.extend(std::iter::repeat_n(' ', gap));
        self.column += gap;
        self
    }

    /// Puts `text` at `indent`, wrapped at the page's width with the same indent.
    pub(super) fn wrap(&mut self, indent: usize, ink: Ink, text: &str) -> &mut Self {
        self.wrap_to(indent, self.style.width, ink, text)
    }

    /// The same, wrapped before the column `right`.
    pub(super) fn wrap_to(
        &mut self,
        indent: usize,
        right: usize,
        ink: Ink,
        text: &str,
    ) -> &mut Self {
        if self.column != indent {
            self.to(indent);
        }
        let indent = self.column;
        let room = right.saturating_sub(indent).max(20);
        let shown = visible(text);
        let mut used = 0;
        for word in shown.split(' ').flat_map(|word| pieces(word, room)) {
            let wide = columns(word);
            if used > 0 && used + 1 + wide > room {
                self.end();
                self.to(indent);
                used = 0;
            } else if used > 0 {
                self.put_shown(ink, " ");
                used += 1;
            }
            self.put_shown(ink, word);
            used += wide;
        }
        self
    }

    /// Ends the line.
    pub(super) fn end(&mut self) -> &mut Self {
        let kept = self.text.trim_end_matches(' ').len();
        self.text.truncate(kept);
        self.text.push('\n');
        self.column = 0;
        self
    }

    /// Leaves a line empty, once.
    pub(super) fn gap(&mut self) -> &mut Self {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
        self
    }

    /// The page's width.
    pub(super) fn width(&self) -> usize {
        self.style.width
    }

    /// Where the cursor stands.
    pub(super) fn column(&self) -> usize {
        self.column
    }

    /// How many columns `text` would take.
    pub(super) fn measure(text: &str) -> usize {
        columns(&visible(text))
    }

    pub(super) fn done(self) -> String {
        self.text
    }

    fn put_shown(&mut self, ink: Ink, shown: &str) {
        let code = ink.code();
        if self.style.color && !code.is_empty() && !shown.trim().is_empty() {
            self.text.push_str(code);
            self.text.push_str(shown);
            self.text.push_str("\x1b[0m");
        } else {
            self.text.push_str(shown);
        }
        self.column += columns(shown);
    }
}

/// The text, visible, and cut where it takes more than `room` columns.
pub(super) fn cut(text: &str, room: usize) -> String {
    let shown = visible(text);
    if columns(&shown) <= room {
        return shown;
    }
    let mut kept = String::new();
    let mut wide = 1;
    for character in shown.chars() {
        wide += columns(character.encode_utf8(&mut [0; 4]));
        if wide > room {
            break;
        }
        kept.push(character);
    }
    format!("{}…", kept.trim_end_matches([' ', ',']))
}

/// A word that is wider than `room`, in pieces that are not.
fn pieces(word: &str, room: usize) -> Vec<&str> {
    let (mut pieces, mut begin, mut wide) = (Vec::new(), 0, 0);
    for (at, character) in word.char_indices() {
        let more = columns(character.encode_utf8(&mut [0; 4]));
        if wide + more > room {
            pieces.push(&word[begin..at]);
            (begin, wide) = (at, 0);
        }
        wide += more;
    }
    pieces.push(&word[begin..]);
    pieces
}

/// The time of day, local: `14:59:02`.
pub(super) fn clock(at: Utc, zone: &TimeZone) -> String {
    local(at, zone, "%H:%M:%S")
}

/// Day and time, local: `2026-03-10 14:59:02`.
pub(super) fn moment(at: Utc, zone: &TimeZone) -> String {
    local(at, zone, "%Y-%m-%d %H:%M:%S")
}

/// The zone's own name at that moment: `UTC`, `CET`.
pub(super) fn zone_name(at: Utc, zone: &TimeZone) -> String {
    local(at, zone, "%Z")
}

pub(super) fn local(at: Utc, zone: &TimeZone, form: &str) -> String {
    at.timestamp()
        .to_zoned(zone.clone())
        .strftime(form)
        .to_string()
}

/// Seconds with one digit: `0.7 s`; minutes from 100 s on.
pub(super) fn took(ms: u64) -> String {
    if ms < 100_000 {
        format!("{}.{} s", ms / 1000, ms % 1000 / 100)
    } else {
        format!("{} min {} s", ms / 60_000, ms / 1000 % 60)
    }
}
