//! The content of mails, and sending them by SES.

mod compose;
mod mailer;
mod portal;
mod template;

use compose::compose;
pub(crate) use mailer::Delivery;
pub use mailer::Mailer;
pub use portal::Portal;
