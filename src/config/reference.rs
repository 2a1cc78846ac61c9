//! Secrets and addresses in those parts of the config that are read here and not by a vendor.

use url::Url;

use super::secrets;
use crate::transport::{SecretRef, origin_of};
use crate::yaml::{At, Diagnostic, Node, Problems};

/// Where a secret is; never the secret itself.
pub(super) fn secret(key: &str, at: &At<Node>, problems: &mut Problems) -> Option<SecretRef> {
    let mut own = Problems::default();
    // By a name that says secret: `url` may hold one too.
    secrets::check(&format!("{key}_secret"), at, &mut own);
    if own.is_empty() {
        let found = serde_json::from_value(at.value.to_json()).ok();
        if found.is_some() {
            return found;
        }
        own.add(Diagnostic::new(
            at.span.clone(),
            format!("`{key}` is no reference to a secret"),
        ));
    }
    for problem in own.into_list() {
        problems.add(problem);
    }
    None
}

/// An address that may be sent to: https, or http on this machine; nothing of a credential in it.
pub(super) fn address(key: &str, at: &At<Node>, problems: &mut Problems) -> Option<Url> {
    let text = problems.text(&format!("`{key}`"), at, 2_000)?;
    match origin_of(&text.value) {
        Ok(url) => Some(url),
        Err(why) => {
            problems.add(Diagnostic::new(at.span.clone(), format!("`{key}`: {why}")));
            None
        }
    }
}
