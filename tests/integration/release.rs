//! Whole releases in virtual time: what is given back and what is not, every guard, every run that
//! cannot be given back; and every write of a release against everything that can happen to it.

mod again;
mod bad;
mod guards;
mod matrix;
mod pair;
mod seeds;
mod story;
mod whole;

use oust_mocks::World;

/// Contoso, where nothing is behind Okta.
pub(crate) fn world() -> World {
    World::contoso(crate::lab::NOON).only_okta()
}
