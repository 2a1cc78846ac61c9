//! A list of Okta's, page by page, to its end: what kept it from that, whoever reads it says in his
//! own words. Half a list is no list.

use serde_json::Value;

use crate::transport::{Answer, CallError, Read, Reader};

/// Why a list was not read to its end.
pub(super) enum Torn {
    /// A page was not answered.
    Silent(CallError),
    /// It was answered, and not with a page.
    Refused(Answer),
    /// The page is no list.
    NoList,
    /// The next page is the one before.
    Circle,
    /// It goes on after as many pages as are read.
    Endless,
}

/// Hands each page over, of which no more than `left` are read.
///
/// # Errors
/// What `torn` makes of what happened, or what `take` says.
pub(super) async fn each<E>(
    reader: &Reader,
    read: &Read,
    left: &mut usize,
    torn: impl Fn(Torn) -> E,
    mut take: impl FnMut(Vec<Value>) -> Result<(), E>,
) -> Result<(), E> {
    let mut next: Option<String> = None;
    loop {
        *left = left.checked_sub(1).ok_or_else(|| torn(Torn::Endless))?;
        let answer = reader.page(read, next.as_deref()).await;
        let answer = answer.map_err(|error| torn(Torn::Silent(error)))?;
        if !answer.is_good() {
            return Err(torn(Torn::Refused(answer)));
        }
        let link = answer.next_link();
        let Value::Array(page) = answer.json else {
            return Err(torn(Torn::NoList));
        };
        take(page)?;
        match link {
            None => return Ok(()),
            Some(link) if next.as_ref() == Some(&link) => return Err(torn(Torn::Circle)),
            link => next = link,
        }
    }
}
