//! What the API does, told from outside: through the deployed routers, over a real engine.

mod accept;
mod access;
mod advisories;
mod cleanup;
mod conventions;
mod events;
mod invite;
mod members;
mod operator;
mod organization;
mod raw;
mod roles;
mod scenes;
mod suborg;
mod transfer;
mod world;
