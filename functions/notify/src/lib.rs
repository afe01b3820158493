//! Tells others what happened.
