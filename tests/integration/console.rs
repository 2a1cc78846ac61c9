//! Console and API as whoever uses them sees them: over the router, without a socket.

mod api;
mod decided;
mod shown;
mod signed_in;
pub(crate) mod world;
