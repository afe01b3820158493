//! What the API does, told from outside: through the deployed routers, over a real engine.

mod cost;
mod growth;
mod invite;
mod matrix;
#[path = "../../shared/src/printed.rs"]
mod printed;
mod world;
