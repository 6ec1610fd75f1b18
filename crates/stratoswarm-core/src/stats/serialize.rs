//! How places in the source and tokio's tasks are written: as text, as they are read back by nobody.

#![allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "what serde calls")]

use std::panic::Location;

use serde::{Serialize, Serializer, ser::SerializeSeq};

/// `file:line:column`.
pub(crate) fn location<S: Serializer>(at: &&'static Location<'static>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(at)
}

pub(crate) fn locations<S: Serializer>(all: &[&'static Location<'static>], to: S) -> Result<S::Ok, S::Error> {
    let mut list = to.serialize_seq(Some(all.len()))?;
    for at in all {
        list.serialize_element(&at.to_string())?;
    }
    list.end()
}

/// The number that tokio shows, as text.
pub(crate) fn task<S: Serializer>(task: &Option<tokio::task::Id>, to: S) -> Result<S::Ok, S::Error> {
    task.map(|task| task.to_string()).serialize(to)
}
