//! The one place that makes strings safe to show. Every string of a run may be the intruder's:
//! a device name, a token's label, a vendor's error text.
//!
//! For a terminal and for plain text, whatever moves the cursor, turns the direction of
//! writing or cannot be seen is shown as what it is (`\x1b`, `\u{202e}`), on one line, at most
//! so long. HTML and Markdown add their own escapes to that; the templates apply them to every
//! value by themselves (`askama.toml`), so that none can be forgotten. CSV cells cannot become
//! formulas.

use std::fmt::{self, Write};

use askama::filters::Escaper;

/// How many characters of one string are shown.
pub const SHOWN_MAX: usize = 400;

/// The text on one line, its invisible and commanding characters shown as escapes.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    for character in characters.by_ref().take(SHOWN_MAX) {
        push_visible(&mut out, character);
    }
    if characters.next().is_some() {
        out.push('…');
    }
    out
}

/// The same of any length a command may have: cut, it would be another command.
#[must_use]
pub fn whole(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        push_visible(&mut out, character);
    }
    out
}

/// A command for HTML: whole, its backticks its own, each word in one piece so that a line
/// never ends within `--since`.
#[must_use]
pub fn command_html(text: &str) -> String {
    let mut out = String::new();
    for (place, word) in whole(text).split(' ').enumerate() {
        out.push_str(if place == 0 { "<span>" } else { " <span>" });
        write_html(&mut out, word).expect("writing to a String cannot fail");
        out.push_str("</span>");
    }
    out
}

/// A text of many lines for HTML, such as a body as it came: lines stay lines, everything else that
/// commands or cannot be seen is shown as what it is; nothing in it is markup.
#[must_use]
pub fn block_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (place, line) in text.split('\n').enumerate() {
        if place > 0 {
            out.push('\n');
        }
        let line = line.strip_suffix('\r').unwrap_or(line);
        write_html(&mut out, &whole(line)).expect("writing to a String cannot fail");
    }
    out
}

/// JSON text without a character that commands a terminal or cannot be seen: each is written as the
/// escape that JSON has for it, so that whoever parses it reads the same.
#[must_use]
pub fn harmless_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let code = u32::from(character);
        if (0x7f..=0x9f).contains(&code) || is_hidden(code) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                write!(out, "\\u{unit:04x}").expect("writing to a String cannot fail");
            }
        } else {
            out.push(character);
        }
    }
    out
}

/// One CSV cell: visible, quoted, and never a formula for a spreadsheet.
#[must_use]
pub fn csv_cell(text: &str) -> String {
    let shown = visible(text).replace('"', "\"\"");
    let is_formula = shown
        .trim_start()
        .starts_with(['=', '+', '-', '@', '|', '%', '＝', '＋', '－', '＠']);
    let guard = if is_formula { "'" } else { "" };
    format!("\"{guard}{shown}\"")
}

/// How many columns of a terminal a visible text takes.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

fn push_visible(out: &mut String, character: char) {
    let code = u32::from(character);
    let written = match code {
        0x00..=0x1f | 0x7f..=0x9f => write!(out, "\\x{code:02x}"),
        _ if is_hidden(code) => write!(out, "\\u{{{code:x}}}"),
        _ => out.write_char(character),
    };
    written.expect("writing to a String cannot fail");
}

/// Characters without ink that change how others are read: zero-width, bidirectional controls,
/// line separators, fillers, tags.
fn is_hidden(code: u32) -> bool {
    matches!(
        code,
        0xad | 0x34f
            | 0x61c
            | 0x115f
            | 0x1160
            | 0x17b4
            | 0x17b5
            | 0x180b..=0x180f
            | 0x200b..=0x200f
            | 0x2028..=0x202e
            | 0x2060..=0x206f
            | 0x3164
            | 0xfe00..=0xfe0f
            | 0xfeff
            | 0xffa0
            | 0xfff0..=0xfffb
            | 0x1_bca0..=0x1_bca3
            | 0x1_d173..=0x1_d17a
            | 0xe_0000..=0xe_0fff
    )
}

fn columns_of(character: char) -> usize {
    match u32::from(character) {
        0x300..=0x36f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1_f300..=0x1_faff
        | 0x2_0000..=0x3_fffd => 2,
        _ => 1,
    }
}

/// Escapes for the HTML template. What our sentences put between two backticks is shown as code;
/// what stands there is escaped like everything else, whoever wrote it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Html;

impl Escaper for Html {
    fn write_escaped_str<W: Write>(&self, mut out: W, text: &str) -> fmt::Result {
        let shown = visible(text);
        let mut rest = &shown[..];
        while let Some((before, code, after)) = code_in(rest) {
            write_html(&mut out, before)?;
            out.write_str("<code>")?;
            write_html(&mut out, code)?;
            out.write_str("</code>")?;
            rest = after;
        }
        write_html(&mut out, rest)
    }
}

/// The first code in a text, with what is before and after it.
fn code_in(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('`')?;
    let (code, after) = rest.split_once('`')?;
    Some((before, code, after))
}

fn write_html(out: &mut impl Write, text: &str) -> fmt::Result {
    for character in text.chars() {
        match character {
            '<' => out.write_str("&lt;"),
            '>' => out.write_str("&gt;"),
            '&' => out.write_str("&amp;"),
            '"' => out.write_str("&quot;"),
            '\'' => out.write_str("&#39;"),
            other => out.write_char(other),
        }?;
    }
    Ok(())
}

/// Escapes for the Markdown template: no markup, no HTML, no link, no table cell of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Markdown;

impl Escaper for Markdown {
    fn write_escaped_str<W: Write>(&self, mut out: W, text: &str) -> fmt::Result {
        let shown: Vec<char> = visible(text).chars().collect();
        for (place, &character) in shown.iter().enumerate() {
            let before = place.checked_sub(1).map(|place| shown[place]);
            let after = shown.get(place + 1).copied();
            match character {
                '<' => out.write_str("&lt;"),
                '>' => out.write_str("&gt;"),
                '&' => out.write_str("&amp;"),
                // Inside a word it is no emphasis, and names stay readable.
                '_' if is_word(before) && is_word(after) => out.write_char('_'),
                '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '#' | '$' => {
                    write!(out, "\\{character}")
                }
                // `https://` and `www.` would become links by themselves.
                ':' if after == Some('/') => out.write_str("\\:"),
                '.' if ends_with_www(&shown[..place]) => out.write_str("\\."),
                other => out.write_char(other),
            }?;
        }
        Ok(())
    }
}

fn is_word(character: Option<char>) -> bool {
    character.is_some_and(char::is_alphanumeric)
}

fn ends_with_www(before: &[char]) -> bool {
    before.len() >= 3
        && before[before.len() - 3..]
            .iter()
            .all(|character| character.eq_ignore_ascii_case(&'w'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        let mut out = String::new();
        Html.write_escaped_str(&mut out, text).unwrap();
        out
    }

    #[test]
    fn ticks_in_pairs_are_code_and_escaped_and_an_odd_one_stays() {
        assert_eq!(html("say `a b` so"), "say <code>a b</code> so");
        assert_eq!(html("a ` b"), "a ` b");
        assert_eq!(html("`<b>` & `"), "<code>&lt;b&gt;</code> &amp; `");
        assert_eq!(html("</code>"), "&lt;/code&gt;");
    }
}
