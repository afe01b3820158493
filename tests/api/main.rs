//! What the API does, told from outside: through the deployed routers, over a real engine.

mod accept;
mod access;
mod advisories;
mod cleanup;
mod conventions;
mod cost;
mod events;
mod growth;
mod invite;
mod matrix;
mod members;
mod operator;
mod organization;
#[path = "../../shared/src/printed.rs"]
mod printed;
mod raw;
mod roles;
mod scenes;
mod suborg;
mod transfer;
mod world;
