//! From text to a tree, within a tight budget.
//!
//! 32 levels, 50,000 values, one document; no anchors, aliases, merge keys or tags. Those
//! save typing and cost the reader at 03:00, and they are what YAML bombs are made of.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{DuplicateKeyPolicy, Error, MergeKeyPolicy, Options, Spanned};

use super::{At, Diagnostic, Node, Span};

const DEPTH_MAX: usize = 32;
const NODES_MAX: usize = 50_000;

/// Text as it is hashed, parsed and pointed into: no byte order mark, lines end in `\n`.
#[must_use]
pub fn normalised(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Reads a file of at most `bytes_max` bytes of UTF-8.
///
/// # Errors
/// A sentence without the path: cannot be read, too big, or not UTF-8.
pub fn bounded(path: &Path, bytes_max: usize) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(bytes_max as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() > bytes_max {
        return Err(format!("more than {} KiB", bytes_max / 1024));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".into())
}

/// Parses [`normalised`] text of at most `bytes_max` bytes.
///
/// # Errors
/// One [`Diagnostic`]: what is no YAML has no second mistake worth reading.
pub fn parse(text: &str, bytes_max: usize) -> Result<At<Node>, Diagnostic> {
    if text.len() > bytes_max {
        let title = format!("the file has more than {} KiB", bytes_max / 1024);
        return Err(Diagnostic::new(0..0, title));
    }
    serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options())
        .map(|root| node(root, text))
        .map_err(|error| refused(&error, text))
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_anchors: 0,
            max_aliases: 0,
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_documents: 1,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

/// What was wrong with text that is no YAML, or more of it than we take.
fn refused(error: &Error, text: &str) -> Diagnostic {
    let at = error.location().map_or(0..0, |location| {
        spot(location.line(), location.column(), text)
    });
    let whole = error.to_string();
    let sentence = whole.split(" at line ").next().unwrap_or(&whole);
    let title = match error {
        Error::Budget { breach, .. } => match breach {
            BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. } => {
                "anchors and aliases (`&`, `*`) are not taken: write it out".into()
            }
            BudgetBreach::Depth { .. } => format!("nested deeper than {DEPTH_MAX} levels"),
            BudgetBreach::Documents { .. } => "a second document (`---`) in one file".into(),
            BudgetBreach::Nodes { .. } => format!("more than {NODES_MAX} values"),
            _ => format!("more than we take: {sentence}"),
        },
        _ => sentence.to_owned(),
    };
    Diagnostic::new(at, title)
}

/// The byte at a line and column, both from 1, columns in characters.
fn spot(line: u64, column: u64, text: &str) -> Span {
    let back = |n: u64| usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
    let start: usize = text
        .split_inclusive('\n')
        .take(back(line))
        .map(str::len)
        .sum();
    let rest = text[start..].lines().next().unwrap_or_default();
    let within = rest
        .char_indices()
        .nth(back(column))
        .map_or(rest.len(), |(offset, _)| offset);
    start + within..start + within
}

/// What the parser hands over, before raw text is consulted.
enum Raw {
    Null,
    Flag(bool),
    Number(Number),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn node(raw: Spanned<Raw>, text: &str) -> At<Node> {
    let mut span = span(&raw, text);
    let value = match raw.value {
        Raw::Null => Node::Null,
        Raw::Flag(flag) => Node::Flag(flag),
        Raw::Number(number) => match &text[span.clone()] {
            written if written == number.to_string() => Node::Number(number),
            written => Node::Text(written.to_owned()),
        },
        Raw::Text(text) => Node::Text(text),
        Raw::List(items) => {
            let items: Vec<_> = items.into_iter().map(|item| node(item, text)).collect();
            if let Some(first) = items.first() {
                span = first.span.clone();
            }
            Node::List(items)
        }
        Raw::Map(entries) => {
            let entries: Vec<_> = entries
                .into_iter()
                .map(|(key, value)| {
                    let span = self::span(&key, text);
                    let value_of = key.value;
                    (
                        At {
                            value: value_of,
                            span,
                        },
                        node(value, text),
                    )
                })
                .collect();
            if let Some((first, _)) = entries.first() {
                span = first.span.clone();
            }
            Node::Map(entries)
        }
    };
    At { value, span }
}

/// Where a value stands, trailing white space left out.
fn span<T>(at: &Spanned<T>, text: &str) -> Span {
    let found = at.referenced.span();
    let number = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let start = number(found.byte_offset());
    let end = start + number(found.byte_len());
    match text.get(start..end) {
        Some(inside) => start..start + inside.trim_end().len(),
        None => 0..0,
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Raw, E> {
        Ok(Raw::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Raw, E> {
        Ok(Raw::Number(number.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Raw, E> {
        Number::from_f64(number)
            .map(Raw::Number)
            .ok_or_else(|| E::custom("a number without a value"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Raw, E> {
        Ok(Raw::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = from.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}
