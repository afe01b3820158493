//! What the API does, told from outside: through the deployed routers, over a real engine.

mod accept;
mod access;
mod advisories;
mod cleanup;
mod conventions;
mod cost;
mod critical_alert_users;
mod events;
mod faults;
mod growth;
mod interleavings;
mod invariants;
mod invite;
mod joining;
mod layer;
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
mod security;
mod stage;
mod suborg;
mod transfer;
mod world;
