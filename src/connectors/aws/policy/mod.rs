//! Policy documents: read as AWS returns them, measured as AWS measures them.
//!
//! Pure. [`revoke`] is the one policy that we write ourselves, [`listed`] the one list in a
//! prepared policy that we add to. Whatever else a document holds is read, never judged and never
//! written: what cannot be understood is [`Malformed`], and left alone.
//!
//! A document is attacker input, and so is every name in it. Values that we write are made of
//! letters, digits and `_+=,.@:-` alone, so that neither a wildcard nor a policy variable (`${…}`)
//! can get into one. Source: IAM grammar of policies, "Elements" [docs*]; URL encoding and lengths
//! in iam service-2.json [spec].

pub(super) mod listed;
pub(super) mod revoke;

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// The version of the policy language that knows conditions as we write them.
pub(super) const VERSION: &str = "2012-10-17";

/// A document that is no policy as far as we can read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Malformed(pub(super) &'static str);

/// A document as IAM returns it: JSON, percent-encoded after RFC 3986, where `+` is no space.
///
/// # Errors
/// [`Malformed`] if it is not.
pub(super) fn decoded(text: &str) -> Result<Value, Malformed> {
    let text = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| Malformed("it is not URL-encoded UTF-8"))?;
    plain(&text)
}

/// A document as Organizations returns it: JSON.
///
/// # Errors
/// [`Malformed`] if it is not.
pub(super) fn plain(text: &str) -> Result<Value, Malformed> {
    let document: Value = serde_json::from_str(text).map_err(|_| Malformed("it is not JSON"))?;
    match document.is_object() {
        true => Ok(document),
        false => Err(Malformed("it is no JSON object")),
    }
}

/// The statements of a document: one object is as good as a list of them.
///
/// # Errors
/// [`Malformed`] if there is neither.
pub(super) fn statements(document: &Value) -> Result<&[Value], Malformed> {
    let statements = match &document["Statement"] {
        Value::Array(all) => all.as_slice(),
        one @ Value::Object(_) => std::slice::from_ref(one),
        _ => return Err(Malformed("it has no statements")),
    };
    match statements.iter().all(Value::is_object) {
        true => Ok(statements),
        false => Err(Malformed("one of its statements is no object")),
    }
}

/// An element that is one text or a list of them; `None` for anything else.
pub(super) fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(one) => Some(vec![one]),
        Value::Array(all) => all.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// How many characters of a document count against a quota: white space does not [docs*].
pub(super) fn size(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

/// The same of one that is still URL-encoded; what cannot be decoded counts as it stands.
pub(super) fn size_encoded(text: &str) -> usize {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => size(&text),
        Err(_) => size(text),
    }
}

/// Whether an object has exactly these members.
fn has_only(value: &Value, keys: &[&str]) -> bool {
    value.as_object().is_some_and(|object| {
        object.len() == keys.len() && keys.iter().all(|key| object.contains_key(*key))
    })
}

/// Whether an element is this one text, alone or in a list.
fn is_one(value: &Value, text: &str) -> bool {
    texts(value).is_some_and(|texts| texts == [text])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_is_decoded_as_rfc_3986_has_it() {
        let encoded = "%7B%22Statement%22%3A%7B%22Sid%22%3A%22a%2Bb+c%22%7D%7D";
        let document = decoded(encoded).unwrap();
        assert_eq!(document["Statement"]["Sid"], "a+b+c");
        assert_eq!(decoded("{\"a\": 1}").unwrap(), json!({ "a": 1 }));
        for bad in ["", "%7B", "%FF%FE", "[]", "\"x\"", "null", "<xml/>"] {
            assert!(decoded(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_document_nested_without_end_is_malformed_and_no_crash() {
        let deep = "[".repeat(100_000);
        assert!(decoded(&format!("{{\"Statement\":{deep}")).is_err());
    }

    #[test]
    fn one_statement_is_as_good_as_a_list() {
        let one = json!({ "Statement": { "Effect": "Deny" } });
        let list = json!({ "Statement": [{ "Effect": "Deny" }] });
        assert_eq!(statements(&one).unwrap(), statements(&list).unwrap());
        for bad in [
            json!({}),
            json!({ "Statement": "x" }),
            json!({ "Statement": [{}, 7] }),
        ] {
            assert!(statements(&bad).is_err(), "{bad}");
        }
        assert_eq!(texts(&json!("*")), Some(vec!["*"]));
        assert_eq!(texts(&json!(["a", "b"])), Some(vec!["a", "b"]));
        assert_eq!(texts(&json!(["a", 1])), None);
        assert_eq!(texts(&json!({})), None);
    }

    #[test]
    fn white_space_counts_against_no_quota_and_characters_are_no_bytes() {
        assert_eq!(size("{ \"a\":\n\t\"é\" }"), 9);
        assert_eq!(size_encoded("%7B%20%22a%22%3A1%7D"), 7);
        assert_eq!(size_encoded("%FF"), 3);
    }
}
