//! The messages of the documentation's examples. They share them, so that what a channel is for one type of message is built
//! once for all, and not once for each: in half the time.

mod double;
mod job;
mod ping;
mod rows;

pub use double::Double;
pub use job::Job;
pub use ping::Ping;
pub use rows::Rows;
