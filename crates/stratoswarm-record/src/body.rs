//! What is recorded of a message: a map of CBOR with keys of one letter. `p` (what it was sent within) is kept free for what
//! channels do not tell yet; a reader passes over keys that it does not know.

use serde::{Deserialize, Serialize};
use stratoswarm_core::Priority;

/// A message that is written.
#[derive(Debug, Serialize)]
pub(crate) struct Written<'a, M> {
    /// Its number in the channel.
    pub(crate) n: u64,
    /// Its class, where it is not `Normal`.
    #[serde(skip_serializing_if = "is_normal")]
    pub(crate) c: Priority,
    /// How many nanoseconds are left until its deadline, counted from when it was logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) d: Option<u64>,
    /// Whether somebody waits for its reply.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) r: bool,
    /// Who sent it, of a traced channel: metadata tell of the senders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) s: Option<u32>,
    /// The turn of its admission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) t: Option<u64>,
    pub(crate) m: &'a M,
}

/// What stands beside a message that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Head {
    pub(crate) n: u64,
    #[serde(default)]
    pub(crate) c: Priority,
    #[serde(default)]
    pub(crate) d: Option<u64>,
    #[serde(default)]
    pub(crate) r: bool,
    #[serde(default)]
    pub(crate) s: Option<u32>,
    #[serde(default)]
    pub(crate) t: Option<u64>,
}

/// The message alone.
#[derive(Debug, Deserialize)]
pub(crate) struct Message<M> {
    pub(crate) m: M,
}

/// Numbers of a channel that are missing, both among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GapBody {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) why: String,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_normal(class: &Priority) -> bool {
    *class == Priority::Normal
}
