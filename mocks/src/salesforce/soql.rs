//! As much of SOQL as asking for accounts, sessions and tokens takes; what else there is, is refused.
//!
//! `SELECT fields | COUNT() FROM object [WHERE …] [ORDER BY field [ASC | DESC]] [LIMIT n]`; conditions
//! with `= != < <= > >= IN`, `NOT IN`, joined by AND or by OR. As at Salesforce, a mixture of the two needs
//! parentheses, text stands in single quotes, and only known escapes are taken. Knows no object.

use serde_json::Value;

const DEPTH_MAX: usize = 32;
/// Salesforce's own bound.
const LENGTH_MAX: usize = 100_000;

/// A parsed query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    /// Fields as written; empty for `COUNT()`.
    pub(crate) fields: Vec<String>,
    pub(crate) object: String,
    pub(crate) condition: Option<Condition>,
    /// Field, and whether the largest comes first.
    pub(crate) order: Option<(String, bool)>,
    pub(crate) limit: Option<usize>,
}

/// What rows must fulfil.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Test {
        field: String,
        op: &'static str,
        values: Vec<Value>,
    },
}

impl Condition {
    /// Every field that is asked about.
    pub(crate) fn fields(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::fields).collect(),
            Self::Not(part) => part.fields(),
            Self::Test { field, .. } => vec![field],
        }
    }

    /// Whether a row fulfils it; `get` knows fields in any case.
    pub(crate) fn holds(&self, get: &dyn Fn(&str) -> Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(get)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(get)),
            Self::Not(part) => !part.holds(get),
            Self::Test { field, op, values } => {
                let have = get(field);
                match *op {
                    "=" | "IN" => values.iter().any(|value| equal(&have, value)),
                    "!=" | "NOT IN" => !values.iter().any(|value| equal(&have, value)),
                    op => values
                        .first()
                        .is_some_and(|value| ordered(&have, op, value)),
                }
            }
        }
    }
}

/// Text is compared without regard to case; of an id the first 15 characters may stand for it.
fn equal(have: &Value, wanted: &Value) -> bool {
    match (have.as_str(), wanted.as_str()) {
        (Some(have), Some(wanted)) => {
            let is_short = wanted.len() == 15 && have.len() == 18 && have.starts_with(wanted);
            is_short || have.to_lowercase() == wanted.to_lowercase()
        }
        _ => have == wanted,
    }
}

fn ordered(have: &Value, op: &str, wanted: &Value) -> bool {
    let order = match (have.as_str(), wanted.as_str()) {
        (Some(have), Some(wanted)) => Some(have.cmp(wanted)),
        _ => have
            .as_f64()
            .zip(wanted.as_f64())
            .and_then(|(have, wanted)| have.partial_cmp(&wanted)),
    };
    order.is_some_and(|order| match op {
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    })
}

#[derive(Debug, Clone, PartialEq)]
enum Word {
    Name(String),
    Text(String),
    Sign(&'static str),
}

/// Parses a query; the error is a sentence for `MALFORMED_QUERY`.
pub(crate) fn parse(text: &str) -> Result<Query, String> {
    if text.len() > LENGTH_MAX {
        return Err("SOQL statements cannot be longer than 100000 characters.".to_owned());
    }
    let words = words(text)?;
    let mut parser = Parser { words, at: 0 };
    parser.keyword("SELECT")?;
    let fields = parser.fields()?;
    parser.keyword("FROM")?;
    let object = parser.name()?;
    let condition = match parser.is_next("WHERE") {
        true => Some(parser.condition(0)?),
        false => None,
    };
    let order = match parser.is_next("ORDER") {
        true => {
            parser.keyword("BY")?;
            let field = parser.name()?;
            let last_first = !parser.is_next("ASC") && parser.is_next("DESC");
            Some((field, last_first))
        }
        false => None,
    };
    let limit = match parser.is_next("LIMIT") {
        true => {
            let number = parser.name()?;
            Some(number.parse().map_err(|_| unexpected(&number))?)
        }
        false => None,
    };
    match parser.take() {
        None => Ok(Query {
            fields,
            object,
            condition,
            order,
            limit,
        }),
        Some(word) => Err(word.unexpected()),
    }
}

fn unexpected(token: &str) -> String {
    format!("unexpected token: '{token}'")
}

impl Word {
    fn unexpected(&self) -> String {
        match self {
            Self::Name(text) | Self::Text(text) => unexpected(text),
            Self::Sign(sign) => unexpected(sign),
        }
    }
}

fn words(text: &str) -> Result<Vec<Word>, String> {
    const SIGNS: [&str; 10] = ["!=", "<=", ">=", "<>", "=", "<", ">", "(", ")", ","];
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            out.push(Word::Sign(sign));
            rest = &rest[sign.len()..];
        } else if first == '\'' {
            let (word, behind) = quoted(&rest[1..])?;
            out.push(Word::Text(word));
            rest = behind;
        } else {
            let is_part = |c: char| c.is_ascii_alphanumeric() || "_.-:+".contains(c);
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err(unexpected(&first.to_string()));
            }
            out.push(Word::Name(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(out)
}

/// A text up to its closing quote, and what stands behind it.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut word = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return Ok((word, &text[at + 1..])),
            '\\' => word.push(match chars.next().map(|(_, c)| c) {
                Some('n' | 'N') => '\n',
                Some('r' | 'R') => '\r',
                Some('t' | 'T') => '\t',
                Some('b' | 'B') => '\u{8}',
                Some('f' | 'F') => '\u{c}',
                Some(c @ ('\'' | '"' | '\\' | '_' | '%')) => c,
                _ => return Err("invalid string literal: unknown escape".to_owned()),
            }),
            other => word.push(other),
        }
    }
    Err("unexpected token: '<EOF>', a quote is not closed".to_owned())
}

struct Parser {
    words: Vec<Word>,
    at: usize,
}

impl Parser {
    fn take(&mut self) -> Option<Word> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word
    }

    /// Takes a keyword or a sign, if it is next.
    fn is_next(&mut self, what: &str) -> bool {
        let found = match self.words.get(self.at) {
            Some(Word::Name(name)) => name.eq_ignore_ascii_case(what),
            Some(Word::Sign(sign)) => *sign == what,
            _ => false,
        };
        self.at += usize::from(found);
        found
    }

    fn keyword(&mut self, what: &str) -> Result<(), String> {
        if self.is_next(what) {
            return Ok(());
        }
        let found = self.take();
        Err(found.map_or_else(|| unexpected("<EOF>"), |word| word.unexpected()))
    }

    fn name(&mut self) -> Result<String, String> {
        match self.take() {
            Some(Word::Name(name)) => Ok(name),
            Some(other) => Err(other.unexpected()),
            None => Err(unexpected("<EOF>")),
        }
    }

    fn fields(&mut self) -> Result<Vec<String>, String> {
        if self.is_next("COUNT") {
            self.keyword("(")?;
            self.keyword(")")?;
            return Ok(Vec::new());
        }
        let mut fields = vec![self.name()?];
        while self.is_next(",") {
            fields.push(self.name()?);
        }
        Ok(fields)
    }

    /// Parts joined by AND, or by OR, never by both.
    fn condition(&mut self, depth: usize) -> Result<Condition, String> {
        let first = self.part(depth)?;
        for (joint, other) in [("AND", "OR"), ("OR", "AND")] {
            if !self.is_next(joint) {
                continue;
            }
            let mut parts = vec![first, self.part(depth)?];
            while self.is_next(joint) {
                parts.push(self.part(depth)?);
            }
            if self.is_next(other) {
                return Err(unexpected(other));
            }
            return Ok(match joint {
                "AND" => Condition::All(parts),
                _ => Condition::Any(parts),
            });
        }
        Ok(first)
    }

    fn part(&mut self, depth: usize) -> Result<Condition, String> {
        if depth > DEPTH_MAX {
            return Err("the condition is nested too deeply".to_owned());
        }
        if self.is_next("NOT") {
            return Ok(Condition::Not(Box::new(self.part(depth + 1)?)));
        }
        if self.is_next("(") {
            let inner = self.condition(depth + 1)?;
            self.keyword(")")?;
            return Ok(inner);
        }
        let field = self.name()?;
        let (op, values) = match self.take() {
            Some(Word::Name(word)) if word.eq_ignore_ascii_case("IN") => ("IN", self.list()?),
            Some(Word::Name(word)) if word.eq_ignore_ascii_case("NOT") => {
                self.keyword("IN")?;
                ("NOT IN", self.list()?)
            }
            Some(Word::Sign("<>")) => ("!=", vec![self.value()?]),
            Some(Word::Sign(sign)) if !["(", ")", ","].contains(&sign) => {
                (sign, vec![self.value()?])
            }
            Some(other) => return Err(other.unexpected()),
            None => return Err(unexpected("<EOF>")),
        };
        Ok(Condition::Test { field, op, values })
    }

    fn list(&mut self) -> Result<Vec<Value>, String> {
        self.keyword("(")?;
        let mut values = vec![self.value()?];
        while self.is_next(",") {
            values.push(self.value()?);
        }
        self.keyword(")")?;
        Ok(values)
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.take() {
            Some(Word::Text(text)) => Ok(Value::String(text)),
            Some(Word::Name(word)) => literal(&word),
            Some(other) => Err(other.unexpected()),
            None => Err(unexpected("<EOF>")),
        }
    }
}

/// A word without quotes: true, false, null, a number, a time.
fn literal(word: &str) -> Result<Value, String> {
    if let Some(ms) = crate::time::parse(word) {
        return Ok(Value::String(super::objects::stamp(ms)));
    }
    serde_json::from_str(&word.to_lowercase())
        .ok()
        .filter(|value: &Value| !value.is_string())
        .ok_or_else(|| unexpected(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn yes(condition: &str, row: &Value) -> bool {
        let query = parse(&format!("SELECT Id FROM User WHERE {condition}")).expect(condition);
        let get = |field: &str| row[field].clone();
        query.condition.is_some_and(|c| c.holds(&get))
    }

    #[test]
    fn text_is_compared_as_it_was_meant_before_it_was_escaped() {
        let row = json!({ "Name": "O'Neil \\ sons", "N": 7, "On": true });
        assert!(yes(r"Name = 'o\'neil \\ SONS'", &row));
        assert!(yes(
            r"Name IN ('x', 'O\'Neil \\ sons') AND N >= 7 AND On = true",
            &row
        ));
        assert!(yes("(N = 1 OR N = 7) AND Name != null", &row));
        assert!(yes("NOT (N < 7) AND N NOT IN (1, 2)", &row));
        assert!(!yes(r"Name = 'x\' OR N = 7 OR Name = \''", &row));
    }

    #[test]
    fn what_salesforce_would_refuse_is_refused() {
        for text in [
            "",
            "SELECT FROM User",
            "SELECT Id FROM User WHERE A = 'x",
            r"SELECT Id FROM User WHERE A = 'x\q'",
            "SELECT Id FROM User WHERE A = 'x' OR B = 'y' AND C = 'z'",
            "SELECT Id FROM User WHERE A = x",
            "SELECT Id FROM User WHERE A = 'O'Neil'",
            "SELECT Id, FROM User",
            "SELECT Id FROM User LIMIT many",
            "SELECT Id FROM User; DELETE",
            "SELECT Id FROM User WHERE A IN ()",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        let deep = format!("SELECT Id FROM User WHERE {}", "(".repeat(9000));
        assert!(parse(&deep).is_err());
    }
}
