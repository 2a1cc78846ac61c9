//! The arguments of a Web API call: from a form, from JSON, or from the query.

use serde_json::{Map, Value};

use crate::http::{Request, form};

/// Arguments by name; from a form every value is a text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Args(Map<String, Value>);

impl Args {
    /// Reads them; the error is the Web API's name for what is wrong.
    ///
    /// A method that does not take JSON ignores a JSON body, so that its arguments are missing.
    pub(crate) fn read(request: &Request, takes_json: bool) -> Result<Self, &'static str> {
        if request.method == "GET" {
            return Ok(Self::of_form(&request.query));
        }
        if request.body.is_empty() {
            return Ok(Self::default());
        }
        let kind = request.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        match kind {
            "application/x-www-form-urlencoded" => {
                Ok(Self::of_form(&String::from_utf8_lossy(&request.body)))
            }
            "application/json" if takes_json => match serde_json::from_slice(&request.body) {
                Ok(Value::Object(all)) => Ok(Self(all)),
                Ok(_) => Err("json_not_object"),
                Err(_) => Err("invalid_json"),
            },
            "application/json" => Ok(Self::default()),
            "" => Err("missing_post_type"),
            _ => Err("invalid_post_type"),
        }
    }

    fn of_form(text: &str) -> Self {
        let pairs = form(text).into_iter();
        Self(pairs.map(|(k, v)| (k, Value::String(v))).collect())
    }

    /// A text that is there and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(yes)) => *yes,
            Some(Value::String(text)) => text == "true" || text == "1",
            _ => false,
        }
    }

    /// A flag that may be absent.
    pub(crate) fn choice(&self, name: &str) -> Option<bool> {
        self.0.contains_key(name).then(|| self.flag(name))
    }

    /// A number; `Err` if what is there is none.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, ()> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Number(n)) => n.as_u64().map(Some).ok_or(()),
            Some(Value::String(text)) => text.parse().map(Some).map_err(|_| ()),
            Some(_) => Err(()),
        }
    }

    /// A list: a JSON array, the text of one, or parts between commas.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let texts = |items: &[Value]| -> Vec<String> {
            let items = items.iter().filter_map(Value::as_str);
            items.map(str::to_owned).collect()
        };
        match self.0.get(name) {
            Some(Value::Array(items)) => texts(items),
            Some(Value::String(text)) => match serde_json::from_str(text) {
                Ok(Value::Array(items)) => texts(&items),
                _ => {
                    let parts = text.split(',').map(str::trim);
                    parts.filter(|p| !p.is_empty()).map(str::to_owned).collect()
                }
            },
            _ => Vec::new(),
        }
    }
}
