//! Okta's filter language over saved events, so that one condition works live and later.
//!
//! `eventType eq "user.session.start" and (client.ipAddress sw "203.0." or target.id pr)`: the
//! operators `eq ne co sw ew gt ge lt le pr`, joined by `not`, `and`, `or` and parentheses. Names of
//! members and operators are read in any case, a path through a list holds if any element does, and
//! `ne` is the opposite of `eq`. Every member can be asked for here, those that Okta refuses live
//! too. Live, the text goes to Okta as it was typed; nothing here touches it.
//!
//! Texts are compared without their case, as SCIM does where nothing else is said; Okta does not say
//! what it does, and an event too many costs less than one that is missed. Times are compared as
//! times. Sources: RFC 7644, section 3.4.2.2; Okta API, "System Log", filter expressions.

use std::cmp::Ordering;

use serde_json::Value;

use super::event::{Event, moment};

/// Characters of one filter; Okta takes no longer address either.
const LENGTH_MAX: usize = 8_192;

/// How deep parentheses and `not` may go.
const DEPTH_MAX: usize = 32;

/// A condition on events.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(Node);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Any(Vec<Node>),
    All(Vec<Node>),
    Not(Box<Node>),
    Present(Vec<String>),
    Test(Vec<String>, Op, Literal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Clone, Debug, PartialEq)]
enum Literal {
    /// In lower case.
    Text(String),
    Number(f64),
    Bool(bool),
    Null,
}

/// What is wrong with a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at character {at}: {why}")]
pub struct FilterError {
    /// The character, from 1; one beyond the last if something is missing there.
    pub at: usize,
    /// What is wrong.
    pub why: String,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// [`FilterError`], with the place.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let length = text.chars().count();
        if length > LENGTH_MAX {
            return Err(wrong(
                LENGTH_MAX + 1,
                format!("it is longer than {LENGTH_MAX} characters"),
            ));
        }
        let mut parser = Parser {
            words: words(text)?,
            next: 0,
            end: length + 1,
        };
        let node = parser.any(0)?;
        match parser.peek() {
            None => Ok(Self(node)),
            Some(word) => {
                Err(parser.unexpected(&format!("`and` or `or` before {}", word.kind.shown())))
            }
        }
    }

    /// Whether the event is one of those.
    #[must_use]
    pub fn holds(&self, event: Event<'_>) -> bool {
        self.0.holds(event.0)
    }
}

impl Node {
    fn holds(&self, event: &Value) -> bool {
        match self {
            Self::Any(nodes) => nodes.iter().any(|node| node.holds(event)),
            Self::All(nodes) => nodes.iter().all(|node| node.holds(event)),
            Self::Not(node) => !node.holds(event),
            Self::Present(path) => is_present(event, path),
            Self::Test(path, Op::Eq, Literal::Null) => !is_present(event, path),
            Self::Test(path, Op::Ne, Literal::Null) => is_present(event, path),
            Self::Test(path, Op::Ne, wanted) => {
                !some(event, path, &mut |have| wanted.is_like(have, Op::Eq))
            }
            Self::Test(path, op, wanted) => {
                some(event, path, &mut |have| wanted.is_like(have, *op))
            }
        }
    }
}

fn is_present(event: &Value, path: &[String]) -> bool {
    some(event, path, &mut |have| {
        !have.is_null() && have.as_str() != Some("")
    })
}

/// Whether anything at the end of `path` is as asked.
fn some(value: &Value, path: &[String], is_it: &mut dyn FnMut(&Value) -> bool) -> bool {
    if let Value::Array(items) = value {
        return items.iter().any(|item| some(item, path, is_it));
    }
    let Some((name, rest)) = path.split_first() else {
        return is_it(value);
    };
    let Value::Object(members) = value else {
        return false;
    };
    let member = members.get(name).or_else(|| {
        let mut others = members.iter();
        let found = others.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    });
    member.is_some_and(|value| some(value, rest, is_it))
}

impl Literal {
    /// Whether `have op self`.
    fn is_like(&self, have: &Value, op: Op) -> bool {
        let Some(text) = text_of(have) else {
            return false;
        };
        match op {
            Op::Eq | Op::Ne => match self {
                Self::Text(wanted) => text.to_lowercase() == *wanted,
                Self::Bool(wanted) => text.eq_ignore_ascii_case(&wanted.to_string()),
                Self::Number(wanted) => number(&text) == Some(*wanted),
                Self::Null => false,
            },
            Op::Co | Op::Sw | Op::Ew => {
                let Self::Text(wanted) = self else {
                    return false;
                };
                let text = text.to_lowercase();
                match op {
                    Op::Co => text.contains(wanted),
                    Op::Sw => text.starts_with(wanted),
                    _ => text.ends_with(wanted),
                }
            }
            Op::Gt | Op::Ge | Op::Lt | Op::Le => self.order(&text).is_some_and(|order| match op {
                Op::Gt => order.is_gt(),
                Op::Ge => order.is_ge(),
                Op::Lt => order.is_lt(),
                _ => order.is_le(),
            }),
        }
    }

    /// How what an event has stands to this.
    fn order(&self, have: &str) -> Option<Ordering> {
        match self {
            Self::Number(wanted) => number(have)?.partial_cmp(wanted),
            Self::Text(wanted) => {
                if let (Some(have), Some(wanted)) =
                    (moment(have), moment(&wanted.to_ascii_uppercase()))
                {
                    return Some(have.cmp(&wanted));
                }
                if let (Some(have), Some(wanted)) = (number(have), number(wanted)) {
                    return have.partial_cmp(&wanted);
                }
                Some(have.to_lowercase().as_str().cmp(wanted))
            }
            Self::Bool(_) | Self::Null => None,
        }
    }
}

/// Texts, and what exporters make texts of.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn wrong(at: usize, why: impl Into<String>) -> FilterError {
    FilterError {
        at,
        why: why.into(),
    }
}

/// A word of a filter and the character that it begins at.
#[derive(Debug)]
struct Word {
    at: usize,
    kind: Kind,
}

#[derive(Debug, PartialEq)]
enum Kind {
    Open,
    Close,
    Name(String),
    Text(String),
}

impl Kind {
    fn shown(&self) -> String {
        match self {
            Self::Open => "`(`".into(),
            Self::Close => "`)`".into(),
            Self::Name(name) => format!("`{name}`"),
            Self::Text(text) => format!("\"{text}\""),
        }
    }
}

fn words(text: &str) -> Result<Vec<Word>, FilterError> {
    let mut words = Vec::new();
    let mut rest = text.char_indices().enumerate().peekable();
    while let Some((n, (begin, character))) = rest.next() {
        let at = n + 1;
        let kind = match character {
            _ if character.is_whitespace() => continue,
            '(' => Kind::Open,
            ')' => Kind::Close,
            '[' | ']' => return Err(wrong(at, "conditions in [] are not read, as at Okta")),
            '“' | '”' | '„' | '\'' => {
                return Err(wrong(at, "texts stand in straight double quotes"));
            }
            '"' => {
                let mut escaped = false;
                let end = loop {
                    let Some((_, (end, character))) = rest.next() else {
                        return Err(wrong(at, "this text has no closing quote"));
                    };
                    match character {
                        '"' if !escaped => break end,
                        '\\' => escaped = !escaped,
                        _ => escaped = false,
                    }
                };
                // Its escapes are JSON's. Source: RFC 7644, section 3.4.2.2, "compValue".
                let text = serde_json::from_str(&text[begin..=end]);
                Kind::Text(text.map_err(|_| wrong(at, "this text has an escape that JSON lacks"))?)
            }
            _ => {
                let mut end = begin + character.len_utf8();
                while let Some((_, (at, next))) = rest.peek()
                    && !next.is_whitespace()
                    && !['(', ')', '[', ']', '"'].contains(next)
                {
                    end = at + next.len_utf8();
                    rest.next();
                }
                Kind::Name(text[begin..end].to_owned())
            }
        };
        words.push(Word { at, kind });
    }
    Ok(words)
}

struct Parser {
    words: Vec<Word>,
    next: usize,
    /// One beyond the last character.
    end: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Word> {
        self.words.get(self.next)
    }

    fn at(&self) -> usize {
        self.peek().map_or(self.end, |word| word.at)
    }

    /// Takes the next word if it is this one.
    fn took(&mut self, wanted: &str) -> bool {
        let is_it = matches!(self.peek(), Some(Word { kind: Kind::Name(name), .. })
            if name.eq_ignore_ascii_case(wanted));
        self.next += usize::from(is_it);
        is_it
    }

    fn unexpected(&self, wanted: &str) -> FilterError {
        wrong(self.at(), format!("here should be {wanted}"))
    }

    fn any(&mut self, depth: usize) -> Result<Node, FilterError> {
        let mut nodes = vec![self.all(depth)?];
        while self.took("or") {
            nodes.push(self.all(depth)?);
        }
        Ok(one_or(nodes, Node::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Node, FilterError> {
        let mut nodes = vec![self.single(depth)?];
        while self.took("and") {
            nodes.push(self.single(depth)?);
        }
        Ok(one_or(nodes, Node::All))
    }

    fn single(&mut self, depth: usize) -> Result<Node, FilterError> {
        let at = self.at();
        if depth > DEPTH_MAX {
            return Err(wrong(at, format!("it is nested deeper than {DEPTH_MAX}")));
        }
        if self.took("not") {
            return Ok(Node::Not(Box::new(self.single(depth + 1)?)));
        }
        if matches!(self.peek(), Some(word) if word.kind == Kind::Open) {
            self.next += 1;
            let inner = self.any(depth + 1)?;
            if !matches!(self.peek(), Some(word) if word.kind == Kind::Close) {
                let open = format!("`and`, `or` or the `)` to the `(` at character {at}");
                return Err(self.unexpected(&open));
            }
            self.next += 1;
            return Ok(inner);
        }
        self.test()
    }

    fn test(&mut self) -> Result<Node, FilterError> {
        let path = self.path()?;
        if self.took("pr") {
            return Ok(Node::Present(path));
        }
        let op = self.op()?;
        let value = self.value(op)?;
        Ok(Node::Test(path, op, value))
    }

    fn path(&mut self) -> Result<Vec<String>, FilterError> {
        let Some(Kind::Name(name)) = self.peek().map(|word| &word.kind) else {
            return Err(self.unexpected("a member of an event, such as eventType"));
        };
        let is_name = |c: char| c.is_alphanumeric() || ['_', '-', '$', ':'].contains(&c);
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        if path
            .iter()
            .any(|name| name.is_empty() || !name.chars().all(is_name))
        {
            return Err(wrong(
                self.at(),
                format!("`{name}` is no path to a member, such as actor.id"),
            ));
        }
        self.next += 1;
        Ok(path)
    }

    fn op(&mut self) -> Result<Op, FilterError> {
        for (name, op) in [
            ("eq", Op::Eq),
            ("ne", Op::Ne),
            ("co", Op::Co),
            ("sw", Op::Sw),
            ("ew", Op::Ew),
            ("gt", Op::Gt),
            ("ge", Op::Ge),
            ("lt", Op::Lt),
            ("le", Op::Le),
        ] {
            if self.took(name) {
                return Ok(op);
            }
        }
        Err(self.unexpected("an operator: eq ne co sw ew gt ge lt le pr"))
    }

    fn value(&mut self, op: Op) -> Result<Literal, FilterError> {
        let read = match self.peek().map(|word| &word.kind) {
            Some(Kind::Text(text)) => Literal::Text(text.to_lowercase()),
            Some(Kind::Name(name)) => match name.to_ascii_lowercase().as_str() {
                "true" => Literal::Bool(true),
                "false" => Literal::Bool(false),
                "null" => Literal::Null,
                name => match number(name) {
                    Some(number) => Literal::Number(number),
                    None => return Err(self.unexpected("a text in double quotes")),
                },
            },
            _ => return Err(self.unexpected("a text in double quotes")),
        };
        let fits = match op {
            Op::Eq | Op::Ne => true,
            Op::Co | Op::Sw | Op::Ew => matches!(read, Literal::Text(_)),
            Op::Gt | Op::Ge | Op::Lt | Op::Le => {
                matches!(read, Literal::Text(_) | Literal::Number(_))
            }
        };
        if !fits {
            return Err(self.unexpected("a text in double quotes: this operator compares no other"));
        }
        self.next += 1;
        Ok(read)
    }
}

fn one_or(mut nodes: Vec<Node>, of: fn(Vec<Node>) -> Node) -> Node {
    if nodes.len() == 1 {
        nodes.remove(0)
    } else {
        of(nodes)
    }
}

#[cfg(test)]
mod tests;
