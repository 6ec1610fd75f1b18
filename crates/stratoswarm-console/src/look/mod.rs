//! Looks at the fabric, by a thread that may hang while a lock is held there, and what is told of them to all who watch.

mod document;
mod looker;
mod source;
mod view;

pub(crate) use looker::{Latest, Looker, Looks, Watching};
pub(crate) use source::Source;
pub(crate) use view::{Seen, View};
