use stratoswarm_core::{Message, NoReply};

/// Something to do, by number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Job(pub(crate) u64);

impl Message for Job {
    type Reply = NoReply;
}
stratoswarm_core::wire!(Job as "kit.job");

/// A question whose answer is the number, doubled.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Double(pub(crate) u64);

impl Message for Double {
    type Reply = u64;
}
stratoswarm_core::wire!(Double as "kit.double" -> u64);
