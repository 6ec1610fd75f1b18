//! An older revision of ours, by the same adapters. Only in a bench that `bench/before` has built: the ordinary one
//! knows no such package.
#![allow(clippy::duplicate_mod, reason = "the same adapters, of another library")]

use stratoswarm_before as library;

use crate::payload::{Blob, Block, Msg};

/// The name in the report.
const NAME: &str = super::BEFORE;
/// The package its version is read from.
const PACKAGE: &str = crate::versions::BEFORE;

#[path = "library.rs"]
mod adapters;

pub(crate) use adapters::{Batch, Calls, Gated, Latest, Queue, Taps, holding, sparse};
pub(crate) use library::Message;

impl Message for Msg {
    type Reply = u64;
}

impl<const N: usize> Message for Block<N> {
    type Reply = ();
}

impl Message for Blob {
    type Reply = ();
}
