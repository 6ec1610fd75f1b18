//! Ours: the library as it is in this tree.

use stratoswarm_core as library;

/// The name in the report.
const NAME: &str = "stratoswarm";
/// The package its version is read from.
const PACKAGE: &str = "stratoswarm-core";

#[path = "library.rs"]
mod adapters;

pub(crate) use adapters::{Batch, Calls, Gated, Latest, Queue, Taps, holding, sparse};
pub(crate) use library::Message;
