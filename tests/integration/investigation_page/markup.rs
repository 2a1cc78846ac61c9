//! A page taken apart strictly: what is not closed, not quoted or named twice is an error, as it
//! would be in XML, though a browser would forgive it. Written without a look at the templates.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Elements that HTML never closes.
const VOID: &[&str] = &["meta", "br"];

/// An element, with the text that stands right in it.
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) parent: Option<usize>,
    pub(crate) text: String,
}

impl Element {
    pub(crate) fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).map(String::as_str)
    }
}

/// Every element in the order of the page.
pub(crate) fn parse(page: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(page);
    reader.config_mut().check_end_names = false;
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => break,
            Event::Start(tag) => {
                let element = element(&tag, open.last().copied());
                let is_void = VOID.contains(&&element.name[..]);
                elements.push(element);
                if !is_void {
                    open.push(elements.len() - 1);
                }
            }
            Event::Empty(tag) => elements.push(element(&tag, open.last().copied())),
            Event::End(tag) => {
                let last = open.pop().expect("nothing is open");
                assert_eq!(
                    elements[last].name,
                    tag.name().as_ref(),
                    "closed in the wrong order"
                );
            }
            Event::Text(text) => {
                let text: &str = &text;
                assert!(!text.contains('<'), "{text}");
                if let Some(last) = open.last() {
                    elements[*last].text.push_str(text);
                }
            }
            Event::GeneralRef(name) => {
                let name: &str = &name;
                assert!(
                    ["lt", "gt", "amp", "quot", "#39"].contains(&name),
                    "&{name};"
                );
                elements[*open.last().unwrap()]
                    .text
                    .push_str(&format!("&{name};"));
            }
            Event::DocType(_) => assert!(elements.is_empty()),
            other => panic!("{other:?} has no place on a page"),
        }
    }
    assert!(open.is_empty(), "something stays open");
    elements
}

fn element(tag: &BytesStart<'_>, parent: Option<usize>) -> Element {
    // An attribute named twice, unquoted or without a value is an error here.
    let attributes = tag.attributes().map(|attribute| {
        let attribute = attribute.unwrap();
        (
            attribute.key.as_ref().to_owned(),
            attribute.value.to_string(),
        )
    });
    Element {
        name: tag.name().as_ref().to_owned(),
        attributes: attributes.collect(),
        parent,
        text: String::new(),
    }
}

/// Whether one element stands in another.
pub(crate) fn is_in(elements: &[Element], mut place: usize, outer: usize) -> bool {
    while let Some(parent) = elements[place].parent {
        if parent == outer {
            return true;
        }
        place = parent;
    }
    false
}

/// The elements of that name, by place.
pub(crate) fn named<'a>(
    elements: &'a [Element],
    name: &'a str,
) -> impl Iterator<Item = (usize, &'a Element)> {
    elements
        .iter()
        .enumerate()
        .filter(move |(_, element)| element.name == name)
}

/// Nothing that runs, loads or styles by itself; anchors and classes in our own letters; every
/// reference leads somewhere.
pub(crate) fn is_inert(elements: &[Element]) {
    const NAMES: &[&str] = &[
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "nav",
        "section",
        "header",
        "footer",
        "h1",
        "h2",
        "h3",
        "p",
        "a",
        "span",
        "strong",
        "small",
        "code",
        "ul",
        "ol",
        "li",
        "div",
        "dl",
        "dt",
        "dd",
        "br",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "figure",
        "figcaption",
        "svg",
        "defs",
        "pattern",
        "circle",
        "path",
        "rect",
        "line",
        "g",
        "text",
    ];
    const ATTRIBUTES: &[&str] = &[
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "id",
        "class",
        "href",
        "rel",
        "scope",
        "role",
        "aria-label",
        "aria-labelledby",
        "aria-hidden",
        "tabindex",
        "data-l",
        "width",
        "height",
        "x",
        "y",
        "x1",
        "x2",
        "y1",
        "y2",
        "cx",
        "cy",
        "r",
        "d",
        "text-anchor",
        "patternUnits",
    ];
    let plain = |text: &str| {
        text.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "- ".contains(letter))
    };
    let mut ids = BTreeSet::new();
    for element in elements {
        assert!(NAMES.contains(&&element.name[..]), "<{}>", element.name);
        for (name, value) in &element.attributes {
            assert!(
                ATTRIBUTES.contains(&&name[..]),
                "{name} in <{}>",
                element.name
            );
            assert!(
                !["id", "class"].contains(&&name[..]) || plain(value),
                "{name}={value}"
            );
        }
        if let Some(id) = element.get("id") {
            assert!(ids.insert(id), "two are called {id}");
        }
    }
    for element in elements {
        let to = element
            .get("href")
            .map(|to| to.strip_prefix('#').expect(to));
        for id in to.into_iter().chain(element.get("aria-labelledby")) {
            assert!(ids.contains(id), "nothing is called {id}");
        }
    }
}

/// One `h1`, and no level is skipped on the way down.
pub(crate) fn has_ordered_headings(elements: &[Element]) {
    let mut before = 0;
    let mut firsts = 0;
    for element in elements {
        let level = match &element.name[..] {
            "h1" => 1,
            "h2" => 2,
            "h3" => 3,
            _ => continue,
        };
        assert!(!element.text.trim().is_empty(), "a heading says nothing");
        assert!(
            level <= before + 1,
            "h{level} after h{before}: {}",
            element.text
        );
        firsts += usize::from(level == 1);
        before = level;
    }
    assert_eq!(firsts, 1);
}

/// Every table says what it is, and every cell stands under and beside a header.
pub(crate) fn has_told_tables(elements: &[Element]) -> usize {
    let mut tables = 0;
    for (table, _) in named(elements, "table") {
        tables += 1;
        let first = &elements[table + 1];
        assert!(first.name == "caption" && !first.text.trim().is_empty());
        let end = (table + 1..elements.len()).find(|place| !is_in(elements, *place, table));
        let inside = &elements[table..end.unwrap_or(elements.len())];
        let columns = named(inside, "th").filter(|(_, one)| one.get("scope") == Some("col"));
        let columns = columns.count();
        assert!(columns > 0, "{}: no headers", first.text);
        for (row, _) in named(inside, "tr").skip(1) {
            let cells: Vec<&Element> = inside[row..]
                .iter()
                .skip(1)
                .take_while(|one| one.name != "tr")
                .filter(|one| one.parent == Some(table + row))
                .collect();
            assert_eq!(cells.len(), columns, "{}", first.text);
            assert_eq!(cells[0].get("scope"), Some("row"), "{}", first.text);
        }
    }
    tables
}
