//! What connectors share: reads made once, writes and their outcomes, tokens, changes,
//! and one request for what many ask.
//!
//! Nothing here knows a vendor. A vendor's file says how it talks ([`Voice`]), how it gives
//! tokens ([`Issuer`]), what its verbs do ([`Verb`]) and who is who ([`Service`]); the rest is the same
//! for all.

mod bearer;
mod changes;
mod crowd;
mod gather;
mod glance;
mod sent;
mod service;
mod shared;
pub(super) mod subject;
mod token_endpoint;
mod verb;
mod voice;

pub(super) use bearer::{Bearer, Issued, Issuer, Stored};
pub(super) use changes::{
    LABEL_MAX, account_of, bounded, change, login_of, not_selected, target, undoing,
};
pub(super) use crowd::Crowd;
pub(super) use gather::{Gather, Refused, Told};
pub(super) use glance::{Carrier, Glance, Got, Page, Unread, items, moment, text};
pub(super) use sent::{Sent, send, traced, unanswered, unread};
#[cfg(test)]
pub(super) use service::declared_can_be_done;
pub(super) use service::{Service, one_by_one, opened, settle_all, settle_many};
pub(super) use shared::{MOMENT, Shared, lane_of};
pub(super) use token_endpoint::{Answered, TokenEndpoint};
pub(super) use verb::{Planning, Seen, Verb};
pub(super) use voice::{Said, Voice, by_status, no_words};
