//! The part of GitHub's GraphQL schema that the mock answers, and the reading of a query.
//!
//! One query with variables, arguments and selections; no fragments, directives or mutations. Bounded
//! in length and depth, for queries come from outside.

use std::collections::BTreeMap;

use serde_json::Value;

const DEPTH_MAX: usize = 16;
const LENGTH_MAX: usize = 16 * 1024;

/// Type, field, and the type of the field; scalars are empty.
#[rustfmt::skip]
const FIELDS: &[(&str, &[(&str, &str)])] = &[
    ("Query", &[("organization", "Organization"), ("enterprise", "Enterprise"), ("rateLimit", "RateLimit")]),
    ("Organization", &[("id", ""), ("login", ""), ("samlIdentityProvider", "OrganizationIdentityProvider")]),
    ("Enterprise", &[("id", ""), ("slug", ""), ("ownerInfo", "EnterpriseOwnerInfo")]),
    ("EnterpriseOwnerInfo", &[("samlIdentityProvider", "EnterpriseIdentityProvider")]),
    ("OrganizationIdentityProvider", &[("id", ""), ("issuer", ""), ("ssoUrl", ""), ("organization", "Organization"), ("externalIdentities", "ExternalIdentityConnection")]),
    ("EnterpriseIdentityProvider", &[("id", ""), ("issuer", ""), ("ssoUrl", ""), ("externalIdentities", "ExternalIdentityConnection")]),
    ("ExternalIdentityConnection", &[("edges", "ExternalIdentityEdge"), ("nodes", "ExternalIdentity"), ("pageInfo", "PageInfo"), ("totalCount", "")]),
    ("ExternalIdentityEdge", &[("cursor", ""), ("node", "ExternalIdentity")]),
    ("ExternalIdentity", &[("guid", ""), ("id", ""), ("samlIdentity", "ExternalIdentitySamlAttributes"), ("scimIdentity", "ExternalIdentityScimAttributes"), ("user", "User")]),
    ("ExternalIdentitySamlAttributes", &[("attributes", "ExternalIdentityAttribute"), ("emails", "UserEmailMetadata"), ("familyName", ""), ("givenName", ""), ("groups", ""), ("nameId", ""), ("username", "")]),
    ("ExternalIdentityScimAttributes", &[("emails", "UserEmailMetadata"), ("familyName", ""), ("givenName", ""), ("groups", ""), ("username", "")]),
    ("ExternalIdentityAttribute", &[("metadata", ""), ("name", ""), ("value", "")]),
    ("UserEmailMetadata", &[("primary", ""), ("type", ""), ("value", "")]),
    ("User", &[("id", ""), ("login", ""), ("databaseId", "")]),
    ("PageInfo", &[("endCursor", ""), ("hasNextPage", ""), ("hasPreviousPage", ""), ("startCursor", "")]),
    ("RateLimit", &[("cost", ""), ("limit", ""), ("nodeCount", ""), ("remaining", ""), ("resetAt", ""), ("used", "")]),
];

/// The type of a field; empty for a scalar, none if there is no such field.
pub(super) fn type_of(owner: &str, field: &str) -> Option<&'static str> {
    let (_, fields) = FIELDS.iter().find(|(name, _)| *name == owner)?;
    let found = fields.iter().find(|(name, _)| *name == field);
    found.map(|(_, kind)| *kind)
}

/// Every type and field, for a test to compare with the schema.
#[cfg(test)]
pub(super) fn fields() -> impl Iterator<Item = (&'static str, &'static str)> {
    FIELDS
        .iter()
        .flat_map(|(owner, fields)| fields.iter().map(|(field, _)| (*owner, *field)))
}

/// One field that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    /// What it is called in the answer.
    pub(super) alias: String,
    pub(super) name: String,
    /// Arguments, variables put in.
    pub(super) arguments: BTreeMap<String, Value>,
    pub(super) selection: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq)]
enum Word {
    Name(String),
    Text(String),
    Sign(char),
}

/// Reads a query; the error is a sentence.
pub(super) fn parse(text: &str, variables: &Value) -> Result<Vec<Field>, String> {
    if text.len() > LENGTH_MAX {
        return Err("the query is too long".to_owned());
    }
    let mut parser = Parser {
        words: words(text)?,
        at: 0,
        variables,
    };
    if parser.is_name("query") {
        if let Some(Word::Name(_)) = parser.peek() {
            parser.at += 1;
        }
        parser.declarations()?;
    }
    let selection = parser.selection(0)?;
    match parser.peek() {
        None => Ok(selection),
        Some(word) => Err(format!("Parse error on {word:?}")),
    }
}

fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' | ',' => {}
            '{' | '}' | '(' | ')' | ':' | '!' | '[' | ']' | '=' | '$' => out.push(Word::Sign(c)),
            '"' => {
                let mut word = String::new();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => word.extend(chars.next()),
                        Some(other) => word.push(other),
                        None => return Err("Parse error: a string is not closed".to_owned()),
                    }
                }
                out.push(Word::Text(word));
            }
            c if c.is_ascii_alphanumeric() || c == '_' || c == '-' => {
                let mut word = String::from(c);
                while let Some(next) = chars.peek()
                    && (next.is_ascii_alphanumeric() || *next == '_')
                {
                    word.extend(chars.next());
                }
                out.push(Word::Name(word));
            }
            other => return Err(format!("Parse error on {other:?}")),
        }
    }
    Ok(out)
}

struct Parser<'v> {
    words: Vec<Word>,
    at: usize,
    variables: &'v Value,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Word> {
        self.words.get(self.at)
    }

    fn is_name(&mut self, name: &str) -> bool {
        let found = matches!(self.peek(), Some(Word::Name(word)) if word == name);
        self.at += usize::from(found);
        found
    }

    fn is_sign(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(&Word::Sign(sign));
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: char) -> Result<(), String> {
        if self.is_sign(sign) {
            return Ok(());
        }
        Err(format!(
            "Parse error on {:?} (expected {sign})",
            self.peek()
        ))
    }

    fn name(&mut self) -> Result<String, String> {
        match self.peek() {
            Some(Word::Name(name)) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            other => Err(format!("Parse error on {other:?} (expected a name)")),
        }
    }

    /// `($org: String!, $n: String!)`; what must not be null must be given.
    fn declarations(&mut self) -> Result<(), String> {
        if !self.is_sign('(') {
            return Ok(());
        }
        while !self.is_sign(')') {
            self.sign('$')?;
            let name = self.name()?;
            self.sign(':')?;
            let kind = self.name()?;
            if self.is_sign('!') && self.variables[&name].is_null() {
                return Err(format!(
                    "Variable ${name} of type {kind}! was provided invalid value"
                ));
            }
        }
        Ok(())
    }

    fn selection(&mut self, depth: usize) -> Result<Vec<Field>, String> {
        if depth > DEPTH_MAX {
            return Err("the query is nested too deeply".to_owned());
        }
        self.sign('{')?;
        let mut fields = Vec::new();
        while !self.is_sign('}') {
            let first = self.name()?;
            let (alias, name) = match self.is_sign(':') {
                true => (first, self.name()?),
                false => (first.clone(), first),
            };
            let arguments = self.arguments()?;
            let selection = match self.peek() {
                Some(Word::Sign('{')) => self.selection(depth + 1)?,
                _ => Vec::new(),
            };
            fields.push(Field {
                alias,
                name,
                arguments,
                selection,
            });
        }
        if fields.is_empty() {
            return Err("Parse error on \"}\": a selection is empty".to_owned());
        }
        Ok(fields)
    }

    fn arguments(&mut self) -> Result<BTreeMap<String, Value>, String> {
        let mut all = BTreeMap::new();
        if !self.is_sign('(') {
            return Ok(all);
        }
        while !self.is_sign(')') {
            let name = self.name()?;
            self.sign(':')?;
            let value = self.value()?;
            all.insert(name, value);
        }
        Ok(all)
    }

    fn value(&mut self) -> Result<Value, String> {
        if self.is_sign('$') {
            let name = self.name()?;
            return Ok(self.variables[&name].clone());
        }
        if let Some(Word::Text(text)) = self.peek() {
            let text = Value::String(text.clone());
            self.at += 1;
            return Ok(text);
        }
        let word = self.name()?;
        serde_json::from_str(&word).map_err(|_| format!("Parse error on \"{word}\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_query_is_read_with_its_variables_in_place() {
        let text = r#"query find($org: String!, $n: String!) {
            organization(login: $org) { it: id samlIdentityProvider {
                externalIdentities(first: 5, userName: $n, membersOnly: false) { totalCount } } } }"#;
        let told = json!({ "org": "contoso", "n": "o\"x" });
        let fields = parse(text, &told).unwrap();
        let organization = &fields[0];
        assert_eq!(organization.arguments["login"], "contoso");
        assert_eq!(organization.selection[0].alias, "it");
        let found = &organization.selection[1].selection[0];
        assert_eq!(found.arguments["userName"], "o\"x");
        assert_eq!(found.arguments["first"], 5);
        assert_eq!(found.arguments["membersOnly"], false);
        assert!(parse(text, &json!({ "org": "contoso" })).is_err());
        assert_eq!(type_of("Query", "organization"), Some("Organization"));
        assert_eq!(type_of("Query", "user"), None);
    }

    #[test]
    fn nonsense_is_refused() {
        let deep = "{a".repeat(5000);
        let texts = [
            "",
            "{",
            "{}",
            "{a(b:)}",
            "mutation{a}",
            "{a}}",
            "{...a}",
            "{a(b:\"c}",
        ];
        for text in texts.into_iter().chain([deep.as_str()]) {
            assert!(parse(text, &Value::Null).is_err(), "{text}");
        }
    }

    #[test]
    fn every_field_is_one_of_github_s() {
        let schema = include_str!("../../tests/range/github-schema.txt");
        let known: Vec<&str> = schema.lines().collect();
        for (owner, field) in fields() {
            let line = format!("{owner} {field}");
            assert!(known.contains(&line.as_str()), "{line}");
        }
    }
}
