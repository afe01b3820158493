//! What the API does, told from outside: through the deployed routers, over a real engine.

mod accept;
mod access;
mod advisories;
mod cleanup;
mod conventions;
mod cost;
mod events;
mod export;
mod faults;
mod growth;
mod interleavings;
mod invariants;
mod invite;
mod layer;
mod lists;
mod matrix;
mod members;
mod operator;
mod organization;
mod permissions;
#[path = "../../shared/src/printed.rs"]
mod printed;
mod races;
mod raw;
mod roles;
mod scenes;
mod stage;
mod suborg;
mod transfer;
mod world;
