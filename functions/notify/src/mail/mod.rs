//! Mail: what a letter looks like, and how it is sent.

mod portal;
mod post;
mod template;
mod write;

pub use portal::Portal;
pub use post::Post;
pub(crate) use post::Sent;
pub(crate) use write::Mail;
