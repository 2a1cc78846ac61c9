//! GraphQL: the external identities of the organisation and of the enterprise, and what a query costs.
//!
//! Status 200 whatever happened; what went wrong stands in `errors`. The identity provider is null both
//! without single sign-on and without the right to see it; the enterprise's is an owner's to see, no
//! App's. A query that the schema does not know has no `data`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::answers::graphql_refusal;
use super::callers::{Caller, has};
use super::schema::{self, Field};
use super::state::Person;
use super::{GitHub, Saml};
use crate::http::Request;
use crate::vendor::Answer;

/// What one query has found wrong so far.
type Errors = Vec<Value>;

impl GitHub {
    pub(super) fn graphql(&self, request: &Request, caller: &Caller) -> Answer {
        if request.method != "POST" {
            return super::answers::not_found();
        }
        if matches!(caller, Caller::App) {
            return super::answers::refusal(401, "Bad credentials");
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let Some(text) = body["query"].as_str() else {
            let text = "A query attribute must be specified and must be a string.";
            return super::answers::refusal(400, text);
        };
        let fields = match schema::parse(text, &body["variables"]) {
            Ok(fields) => fields,
            Err(why) => return Answer::json(200, json!({ "errors": [{ "message": why }] })),
        };
        if let Err(error) = known("Query", &fields) {
            return Answer::json(200, json!({ "errors": [error] }));
        }
        let mut errors = Errors::new();
        let data = self.select("Query", &Value::Null, &fields, caller, &mut errors);
        let mut body = json!({ "data": data });
        if !errors.is_empty() {
            body["errors"] = errors.into();
        }
        Answer::json(200, body)
    }

    fn select(
        &self,
        owner: &str,
        object: &Value,
        fields: &[Field],
        caller: &Caller,
        errors: &mut Errors,
    ) -> Value {
        let mut out = Map::new();
        for field in fields {
            let kind = schema::type_of(owner, &field.name).unwrap_or_default();
            let value = self.field(owner, object, field, caller, errors);
            let value = match value {
                Value::Array(items) if !kind.is_empty() => items
                    .iter()
                    .map(|item| self.select(kind, item, &field.selection, caller, errors))
                    .collect(),
                value if kind.is_empty() || value.is_null() => value,
                value => self.select(kind, &value, &field.selection, caller, errors),
            };
            out.insert(field.alias.clone(), value);
        }
        Value::Object(out)
    }

    fn field(
        &self,
        owner: &str,
        object: &Value,
        field: &Field,
        caller: &Caller,
        errors: &mut Errors,
    ) -> Value {
        let argument = |name: &str| field.arguments.get(name).and_then(Value::as_str);
        let mut no = |kind: &str, text: &str| {
            errors.push(graphql_refusal(kind, &[&field.alias], text));
            Value::Null
        };
        match (owner, field.name.as_str()) {
            ("Query", "organization") => {
                let login = argument("login").unwrap_or_default();
                if !login.eq_ignore_ascii_case(&self.org) {
                    let text = format!(
                        "Could not resolve to an Organization with the login of '{login}'."
                    );
                    return no("NOT_FOUND", &text);
                }
                let provider = self.settings.saml == Saml::Org && self.sees_members(caller);
                if let Caller::Owner(name) = caller
                    && !self.scoped(name, &["read:org", "admin:org"])
                {
                    let text = "Your token has not been granted the required scopes to execute this query. The 'samlIdentityProvider' field requires one of the following scopes: ['read:org', 'admin:org'].";
                    let _ = no("INSUFFICIENT_SCOPES", text);
                }
                json!({ "id": "O_mock", "login": self.org, "samlIdentityProvider": provider.then(|| provider_of(&self.org)) })
            }
            ("Query", "enterprise") => {
                let slug = argument("slug").unwrap_or_default();
                if !slug.eq_ignore_ascii_case(&self.enterprise) {
                    let text =
                        format!("Could not resolve to an Enterprise with the slug of '{slug}'.");
                    return no("NOT_FOUND", &text);
                }
                let owner = match caller {
                    Caller::Owner(name) => {
                        self.scoped(name, &["read:enterprise", "admin:enterprise"])
                    }
                    _ => false,
                };
                let provider = self.settings.saml == Saml::Enterprise;
                let provider = provider.then(|| provider_of(&self.enterprise));
                let info = owner.then(|| json!({ "samlIdentityProvider": provider }));
                json!({ "id": "E_mock", "slug": self.enterprise, "ownerInfo": info })
            }
            ("Query", "rateLimit") => {
                let limit = self.settings.per_hour;
                json!({ "cost": 1, "limit": limit, "nodeCount": 0, "remaining": limit, "used": 0, "resetAt": crate::time::iso(self.clock_ms + 3_600_000) })
            }
            ("OrganizationIdentityProvider", "organization") => {
                json!({ "id": "O_mock", "login": self.org })
            }
            (_, "externalIdentities") => match self.identities(field) {
                Ok(found) => found,
                Err(text) => no("MISSING_PAGINATION_BOUNDARIES", text),
            },
            (_, name) => object[name].clone(),
        }
    }

    fn sees_members(&self, caller: &Caller) -> bool {
        match caller {
            Caller::App => false,
            Caller::Installation(held) => has(held, "members", "read"),
            Caller::Owner(name) => {
                self.owners_tokens[name].authorized && self.scoped(name, &["read:org", "admin:org"])
            }
        }
    }

    fn scoped(&self, token: &str, scopes: &[&str]) -> bool {
        let held = &self.owners_tokens[token].scopes;
        scopes.iter().any(|scope| held.contains(*scope))
    }

    fn identities(&self, field: &Field) -> Result<Value, &'static str> {
        let argument = |name: &str| field.arguments.get(name).and_then(Value::as_str);
        let first = field.arguments.get("first").and_then(Value::as_u64);
        let first = first.filter(|n| (1..=100).contains(n)).ok_or(
            "You must provide a `first` or `last` value to properly paginate the `externalIdentities` connection.",
        )?;
        let first = usize::try_from(first).unwrap_or(100);
        let members_only = field.arguments.get("membersOnly") == Some(&Value::Bool(true));
        let all: Vec<&Person> = self
            .people
            .values()
            .filter(|p| p.identity.is_some() && (!members_only || p.membership.is_some()))
            .filter(|p| {
                let name = p.identity.as_ref().map(|i| i.name_id.as_str());
                argument("userName").is_none_or(|n| name.is_some_and(|m| m.eq_ignore_ascii_case(n)))
            })
            .filter(|p| argument("login").is_none_or(|l| p.login.eq_ignore_ascii_case(l)))
            .collect();
        let from = argument("after").and_then(|cursor| {
            let text = STANDARD.decode(cursor).ok()?;
            String::from_utf8(text)
                .ok()?
                .strip_prefix("cursor:")?
                .parse()
                .ok()
        });
        let from: usize = from.unwrap_or(0).min(all.len());
        let to = all.len().min(from + first);
        let cursor = |n: usize| STANDARD.encode(format!("cursor:{n}"));
        let nodes: Vec<Value> = all[from..to].iter().map(|p| identity(p)).collect();
        let edges = nodes.iter().enumerate();
        let edges = edges.map(|(n, node)| json!({ "cursor": cursor(from + n + 1), "node": node }));
        let empty = nodes.is_empty();
        Ok(json!({
            "totalCount": all.len(), "edges": edges.collect::<Vec<_>>(), "nodes": nodes,
            "pageInfo": {
                "hasNextPage": to < all.len(), "hasPreviousPage": from > 0,
                "startCursor": (!empty).then(|| cursor(from + 1)), "endCursor": (!empty).then(|| cursor(to)),
            },
        }))
    }
}

fn provider_of(place: &str) -> Value {
    json!({ "id": "SAMLIDP_mock", "issuer": "http://www.okta.com/exkContoso", "ssoUrl": format!("https://contoso.okta.example/app/github/{place}/sso/saml") })
}

fn identity(person: &Person) -> Value {
    let Some(identity) = &person.identity else {
        return Value::Null;
    };
    let (first, last) = person.name.split_once(' ').unwrap_or((&person.name, ""));
    let emails = json!([{ "value": person.email, "primary": true, "type": "work" }]);
    let user = identity.linked.then(|| {
        json!({ "id": format!("U_mock{}", person.id), "login": person.login, "databaseId": person.id })
    });
    json!({
        "guid": identity.guid, "id": format!("EI_mock{}", person.id),
        "samlIdentity": {
            "nameId": identity.name_id, "username": identity.name_id, "emails": emails, "groups": [],
            "attributes": [{ "name": "NameID", "value": identity.name_id, "metadata": null }],
            "givenName": first, "familyName": last,
        },
        "scimIdentity": { "username": identity.name_id, "emails": emails, "groups": [], "givenName": first, "familyName": last },
        "user": user,
    })
}

/// Whether the schema knows every field, and a selection stands where one must.
fn known(owner: &str, fields: &[Field]) -> Result<(), Value> {
    for field in fields {
        let Some(kind) = schema::type_of(owner, &field.name) else {
            let text = format!("Field '{}' doesn't exist on type '{owner}'", field.name);
            return Err(
                json!({ "path": ["query", field.name], "message": text, "extensions": { "code": "undefinedField", "typeName": owner, "fieldName": field.name } }),
            );
        };
        match (kind.is_empty(), field.selection.is_empty()) {
            (true, true) => {}
            (false, false) => known(kind, &field.selection)?,
            _ => {
                let text = format!("Field '{}' must have selections, or must not", field.name);
                return Err(
                    json!({ "path": ["query", field.name], "message": text, "extensions": { "code": "selectionMismatch" } }),
                );
            }
        }
    }
    Ok(())
}
