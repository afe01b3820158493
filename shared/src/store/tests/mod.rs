//! What of the store can be tested without a table.

mod headcount;
mod replay;
mod table;
