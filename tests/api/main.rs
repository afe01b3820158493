//! What the API does, told from outside: through the deployed routers, over a real engine.

mod faults;
mod interleavings;
mod invariants;
mod invite;
mod layer;
mod races;
mod stage;
mod world;
