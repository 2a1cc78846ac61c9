//! Stand-ins for the vendors that oust acts on.
