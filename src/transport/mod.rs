//! One way to a vendor: reads, and writes that need a consent.
//!
//! A [`Reader`] sends [`Read`]s; a [`Writer`] sends [`Write`]s and cannot exist without a
//! [`Consent`](crate::consent::Consent). The split is by *effect*, not by HTTP verb: some
//! vendors read by POST. Beneath both, one [`Client`] per system keeps the limits, the quota
//! (`limit`), the retries (`retry`) and the credential.
//!
//! Does not know what a vendor's answers mean beyond the status table (`meaning`), and never
//! follows a redirect or a link out of the configured origin: credentials stay at home.

mod certificate;
mod client;
mod handover;
mod hold;
mod http_wire;
mod limit;
mod manners;
mod meaning;
mod read;
mod request;
mod retry;
mod secret;
mod wire;
mod write;
mod xml;

pub use certificate::ends_at;
pub use client::{CallError, Client, ClientParts, Meter, MeterReading};
pub use handover::{Handed, Handover, Parcel};
pub use http_wire::HttpWire;
pub(crate) use limit::AT_ONCE_MAX;
pub use limit::{Bucket, BucketSeen, Budget, Budgets, Rank};
pub use manners::{Manners, Quota, json_or_xml, no_quota, only_401, only_429, only_json};
pub use meaning::{Answer, Meaning};
pub use read::{Read, Reader};
pub use request::{Path, Place, origin_of};
pub use secret::SecretRef;
pub use wire::{AuthError, Credential, Wire, WireError, WireLimits};
pub use write::{Write, Writer};
