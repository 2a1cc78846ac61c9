//! XML answers as JSON, so that connectors read one kind of value.
//!
//! An element's text becomes a string, its children an object, and a list an array: children that
//! are all called `member`, or the same name more than once. An empty element is an empty string,
//! because nothing tells whether a list, an object or a text would have stood there. The root goes
//! away, and with it attributes, comments and namespaces.
//!
//! What is read was written by others: no document type, no entity beyond the five that XML itself
//! has and characters by number, and no nesting without end. The size is bounded by the wire.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};
use serde_json::{Map, Value};

/// Elements within one another, at most.
const DEPTH_MAX: usize = 64;

/// An element that is still open.
#[derive(Default)]
struct Open {
    name: String,
    text: String,
    children: Vec<(String, Value)>,
}

/// The document's root as JSON.
///
/// # Errors
/// A sentence: not XML, cut off, a document type, an unknown entity, nested too deeply.
pub(super) fn to_json(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|_| "not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        if root.is_some() && matches!(event, Event::Start(_) | Event::Empty(_)) {
            return Err("more than one root".into());
        }
        match event {
            Event::Start(tag) => {
                if open.len() >= DEPTH_MAX {
                    return Err(format!("more than {DEPTH_MAX} levels"));
                }
                open.push(Open::named(tag.local_name().as_ref()));
            }
            Event::Empty(tag) => {
                let tag = Open::named(tag.local_name().as_ref());
                root = close(tag, &mut open);
            }
            Event::End(_) => {
                let tag = open.pop().ok_or("an end without its begin")?;
                root = close(tag, &mut open);
            }
            Event::Text(text) => write(&mut open, &text.xml10_content())?,
            Event::CData(text) => write(&mut open, &text.xml10_content())?,
            Event::GeneralRef(entity) => write(&mut open, &resolved(&entity)?)?,
            Event::DocType(_) => return Err("it has a document type".into()),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    if !open.is_empty() {
        return Err("cut off".into());
    }
    root.ok_or_else(|| "no root".into())
}

impl Open {
    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    fn value(self) -> Value {
        let Self { text, children, .. } = self;
        if children.is_empty() {
            return Value::String(text);
        }
        if children.iter().all(|(name, _)| name == "member") {
            return children.into_iter().map(|(_, value)| value).collect();
        }
        let mut object = Map::new();
        let mut repeated = std::collections::BTreeSet::new();
        for (name, value) in children {
            match object.get_mut(&name) {
                None => {
                    object.insert(name, value);
                }
                Some(Value::Array(all)) if repeated.contains(&name) => all.push(value),
                Some(first) => {
                    *first = Value::Array(vec![first.take(), value]);
                    repeated.insert(name);
                }
            }
        }
        Value::Object(object)
    }
}

/// Hands a whole element to the one around it; the root's value if there is none.
fn close(tag: Open, open: &mut [Open]) -> Option<Value> {
    let name = tag.name.clone();
    let value = tag.value();
    match open.last_mut() {
        Some(around) => {
            around.children.push((name, value));
            None
        }
        None => Some(value),
    }
}

/// Text outside the root can only be white space.
fn write(open: &mut [Open], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(tag) => tag.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err("text outside of it".into()),
    }
    Ok(())
}

fn resolved(entity: &BytesRef<'_>) -> Result<String, String> {
    let number = entity.resolve_char_ref();
    if let Some(char) = number.map_err(|error| error.to_string())? {
        return Ok(char.to_string());
    }
    Ok(match &**entity {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => return Err("it has an entity of its own".into()),
    }
    .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Result<Value, String> {
        to_json(text.as_bytes())
    }

    #[test]
    fn elements_become_strings_objects_and_arrays() {
        let answer = read(
            "<?xml version='1.0'?>\n<ListRolesResponse xmlns='https://iam.amazonaws.com/'>\n\
             <ListRolesResult><IsTruncated>false</IsTruncated><Roles><member><RoleName>a&amp;b\
             </RoleName><Path>&#x2F;</Path></member></Roles><None/></ListRolesResult>\
             <ResponseMetadata><RequestId>7a</RequestId></ResponseMetadata></ListRolesResponse>",
        );
        let wanted = json!({
            "ListRolesResult": {
                "IsTruncated": "false",
                "Roles": [{ "RoleName": "a&b", "Path": "/" }],
                "None": "",
            },
            "ResponseMetadata": { "RequestId": "7a" },
        });
        assert_eq!(answer, Ok(wanted));
        let twice = read("<a><b>1</b><c><member>x</member></c><b>2</b><b>3</b></a>");
        assert_eq!(twice, Ok(json!({ "b": ["1", "2", "3"], "c": ["x"] })));
        assert_eq!(read("<a><![CDATA[<b>]]></a>"), Ok(json!("<b>")));
    }

    #[test]
    fn a_hostile_document_is_refused() {
        let deep = "<a>".repeat(100_000);
        for (text, why) in [
            ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "document type"),
            ("<a>&x;</a>", "entity"),
            (deep.as_str(), "levels"),
            ("<a><b></a></b>", ""),
            ("<a>", "cut off"),
            ("<a/><b/>", "root"),
            ("hello <a/>", "outside"),
            ("", "root"),
            ("<a>&#xD800;</a>", ""),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        assert!(to_json(b"<a>\xff</a>").is_err());
    }
}
