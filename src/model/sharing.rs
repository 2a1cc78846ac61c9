//! Reading a plan of thousands without thousands of copies of the same few texts.
//!
//! In memory all who name an account, a step's settings or the like share one text; as JSON each has
//! its own. While [`shared`] reads, what was read before is found again. It lasts for one read, so
//! that nothing is kept that nobody has any more.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Different values that are compared; what differs from one to the next is not looked for at length.
const ALIKE_MAX: usize = 64;

#[derive(Default)]
struct Known {
    texts: HashSet<Arc<str>>,
    values: Vec<Arc<Value>>,
}

thread_local! {
    static KNOWN: RefCell<Option<Known>> = const { RefCell::new(None) };
}

/// Whatever `read` deserialises shares what is the same.
pub fn shared<T>(read: impl FnOnce() -> T) -> T {
    /// Lets go of it even if `read` panics.
    struct Over(Option<Known>);
    impl Drop for Over {
        fn drop(&mut self) {
            KNOWN.with(|known| *known.borrow_mut() = self.0.take());
        }
    }
    let _over = Over(KNOWN.with(|known| known.replace(Some(Known::default()))));
    read()
}

/// The text, which may be known.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<str>, D::Error> {
    struct Text;
    impl Visitor<'_> for Text {
        type Value = Arc<str>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a string")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Arc<str>, E> {
            Ok(known_text(text))
        }
    }
    from.deserialize_str(Text)
}

pub(super) fn known_text(text: &str) -> Arc<str> {
    KNOWN.with_borrow_mut(|known| {
        let Some(known) = known else {
            return text.into();
        };
        if let Some(same) = known.texts.get(text) {
            return Arc::clone(same);
        }
        let new: Arc<str> = text.into();
        known.texts.insert(Arc::clone(&new));
        new
    })
}

/// The value, which may be known.
pub(super) fn value<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<Value>, D::Error> {
    let value = Value::deserialize(from)?;
    Ok(KNOWN.with_borrow_mut(|known| {
        let Some(known) = known else {
            return Arc::new(value);
        };
        if let Some(same) = known.values.iter().find(|same| ***same == value) {
            return Arc::clone(same);
        }
        let new = Arc::new(value);
        if known.values.len() < ALIKE_MAX {
            known.values.push(Arc::clone(&new));
        }
        new
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ActionId, UserId};

    type Read = (UserId, UserId, ActionId);

    const TEXT: &str = r#"["00u1", "00u1", "okta.suspend_user"]"#;

    #[test]
    fn what_is_read_together_shares_its_texts_and_what_is_read_alone_does_not() {
        let same = |read: &Read| std::ptr::eq(read.0.as_str(), read.1.as_str());
        let read = || serde_json::from_str::<Read>(TEXT).unwrap();
        let (first, second) = shared(|| (read(), read()));
        assert!(same(&first));
        assert!(std::ptr::eq(first.2.verb(), second.2.verb()));
        assert!(!same(&read()), "nothing is kept after it");
        assert_eq!(first, read());
    }

    #[test]
    fn settings_that_are_the_same_are_one() {
        #[derive(Deserialize)]
        struct Step(#[serde(deserialize_with = "value")] Arc<Value>);
        let text = r#"[{"select":"all"},{"select":"listed"},{"select":"all"}]"#;
        let steps: Vec<Step> = shared(|| serde_json::from_str(text)).unwrap();
        assert!(Arc::ptr_eq(&steps[0].0, &steps[2].0));
        assert_ne!(steps[0].0, steps[1].0);
    }
}
