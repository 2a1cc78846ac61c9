//! The one list that we add to in a policy that others prepared: the user ids of an SCP.
//!
//! The policy is an administrator's: we take one id in and out of one list, and give back every
//! other character of meaning as it was. What is prepared is a statement that denies everything to
//! the users it lists and asks for nothing else; where there is none, or more than one, nothing is
//! written, because we could not say what it would do. Source: AWS's own runbook, "Revoke user
//! permissions" [docs].

use serde_json::{Value, json};

use super::{Malformed, has_only, is_one, statements, texts};

/// The condition key.
const KEY: &str = "identitystore:userId";

/// Stands in a list whose last user was taken out: no user's id, and whether an empty list is
/// taken for a policy is not documented [inferred].
const NOBODY: &str = "nobody";

/// Characters of a service control policy [docs].
pub(in crate::connectors::aws) const SIZE_MAX: usize = 5_120;

/// Whether this has the form of a user's id in an identity store [spec].
pub(in crate::connectors::aws) fn is_user_id(text: &str) -> bool {
    (36..=47).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// The user ids that a prepared policy denies everything to.
///
/// # Errors
/// [`Malformed`], if it is not prepared for this.
pub(in crate::connectors::aws) fn users(document: &Value) -> Result<Vec<String>, Malformed> {
    let place = place(document)?;
    let list = texts(&statements(document)?[place]["Condition"]["StringEquals"][KEY]);
    let list = list.unwrap_or_default().into_iter();
    Ok(list
        .filter(|user| *user != NOBODY)
        .map(str::to_owned)
        .collect())
}

/// The document with this user in its list; `None` if he is there already.
///
/// # Errors
/// [`Malformed`], if it is not prepared for this, or this is no user's id.
pub(in crate::connectors::aws) fn with_user(
    document: &Value,
    user: &str,
) -> Result<Option<Value>, Malformed> {
    if !is_user_id(user) {
        return Err(Malformed("this is no user's id of an identity store"));
    }
    let mut all = users(document)?;
    if all.iter().any(|one| one == user) {
        return Ok(None);
    }
    all.push(user.to_owned());
    listing(document, all).map(Some)
}

/// The document without this user in its list; `None` if he is not there.
///
/// # Errors
/// [`Malformed`], if it is not prepared for this.
pub(in crate::connectors::aws) fn without_user(
    document: &Value,
    user: &str,
) -> Result<Option<Value>, Malformed> {
    let mut all = users(document)?;
    let before = all.len();
    all.retain(|one| one != user);
    if all.len() == before {
        return Ok(None);
    }
    if all.is_empty() {
        all.push(NOBODY.to_owned());
    }
    listing(document, all).map(Some)
}

/// A policy for an administrator to deploy, with nobody in it.
pub(in crate::connectors::aws) fn prepared() -> Value {
    json!({
        "Version": super::VERSION,
        "Statement": [{
            "Sid": "OustBlockedUsers",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": { "StringEquals": { KEY: [NOBODY] } },
        }],
    })
}

fn listing(document: &Value, users: Vec<String>) -> Result<Value, Malformed> {
    let place = place(document)?;
    let mut document = document.clone();
    let statement = match &mut document["Statement"] {
        Value::Array(all) => &mut all[place],
        one => one,
    };
    statement["Condition"]["StringEquals"][KEY] = json!(users);
    Ok(document)
}

/// Which of its statements is the one.
fn place(document: &Value) -> Result<usize, Malformed> {
    let mut fitting = statements(document)?
        .iter()
        .enumerate()
        .filter(|(_, statement)| is_prepared(statement));
    match (fitting.next(), fitting.next()) {
        (Some((place, _)), None) => Ok(place),
        (None, _) => Err(Malformed(
            "it has no statement that denies everything to listed users and asks nothing else",
        )),
        (Some(_), Some(_)) => Err(Malformed(
            "it has two statements that deny everything to listed users",
        )),
    }
}

fn is_prepared(statement: &Value) -> bool {
    let condition = &statement["Condition"];
    let members = ["Effect", "Action", "Resource", "Condition"];
    let mut named = statement.clone();
    if let Some(named) = named.as_object_mut() {
        named.remove("Sid");
    }
    has_only(&named, &members)
        && statement["Effect"] == "Deny"
        && is_one(&statement["Action"], "*")
        && is_one(&statement["Resource"], "*")
        && has_only(condition, &["StringEquals"])
        && has_only(&condition["StringEquals"], &[KEY])
        && texts(&condition["StringEquals"][KEY]).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALEX: &str = "9067642ac7-11111111-2222-3333-4444-555555555555";
    const KIM: &str = "9067642ac7-99999999-2222-3333-4444-555555555555";

    #[test]
    fn a_user_is_taken_in_once_and_out_again_and_the_rest_stays_as_it_was() {
        let mut document = prepared();
        let region = json!({
            "Sid": "OnlyHere", "Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*",
            "Condition": { "StringNotEquals": { "aws:RequestedRegion": "eu-central-1" } },
        });
        document["Statement"] = json!([region, document["Statement"][0]]);
        assert_eq!(users(&document).unwrap(), [""; 0]);
        let with = with_user(&document, ALEX).unwrap().unwrap();
        assert_eq!(users(&with).unwrap(), [ALEX]);
        assert_eq!(with["Statement"][0], region);
        assert_eq!(with_user(&with, ALEX).unwrap(), None, "once");
        let both = with_user(&with, KIM).unwrap().unwrap();
        assert_eq!(
            users(&without_user(&both, ALEX).unwrap().unwrap()).unwrap(),
            [KIM]
        );
        assert_eq!(without_user(&with, ALEX).unwrap().unwrap(), document);
        assert_eq!(without_user(&document, ALEX).unwrap(), None);
    }

    #[test]
    fn a_single_statement_and_a_single_user_are_as_good_as_lists() {
        let mut document = prepared();
        document["Statement"] = document["Statement"][0].take();
        document["Statement"]["Action"] = json!(["*"]);
        document["Statement"]["Condition"]["StringEquals"][KEY] = json!(KIM);
        let with = with_user(&document, ALEX).unwrap().unwrap();
        assert_eq!(users(&with).unwrap(), [KIM, ALEX]);
        assert!(with["Statement"].is_object());
    }

    #[test]
    fn what_is_not_prepared_is_never_written_and_neither_is_what_is_no_id() {
        let patched = |pointer: &str, to: Value| {
            let mut document = prepared();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            document.pointer_mut(parent).unwrap()[key] = to;
            document
        };
        for other in [
            json!({}),
            patched("/Statement/0/Effect", json!("Allow")),
            patched("/Statement/0/Action", json!("s3:*")),
            patched("/Statement/0/Condition/Bool", json!({ "a": "b" })),
            patched("/Statement/0/Condition/StringEquals/aws:x", json!("y")),
            patched("/Statement/0/Condition/StringEquals", json!({ KEY: 7 })),
            patched(
                "/Statement",
                json!([prepared()["Statement"][0], prepared()["Statement"][0]]),
            ),
        ] {
            assert!(with_user(&other, ALEX).is_err(), "{other}");
            assert!(users(&other).is_err(), "{other}");
        }
        for bad in ["*", "", "${aws:userid}", "nobody", "alex@x.example"] {
            assert!(with_user(&prepared(), bad).is_err(), "{bad}");
        }
    }
}
