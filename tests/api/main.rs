//! What the API does, told from outside: through the deployed routers, over a real engine.

mod invite;
mod world;
