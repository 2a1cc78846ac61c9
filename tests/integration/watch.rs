//! What was contained is watched: what comes back is caught, its doer named, and contained again
//! only where that was agreed to.

mod bounds;
mod by_hand;
mod refused;
mod strikes;
mod world;
