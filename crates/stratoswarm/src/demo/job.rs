use std::ops::Range;

use stratoswarm_core::Message;

/// What the demonstrations send and ask. One type for all: what a channel is for one type of message is built once then, and the
/// program in half the time.
#[derive(Debug, Clone)]
pub(super) enum Job {
    /// Any.
    Plain,
    /// To be charged by this tariff.
    Tariff(usize),
    /// It has failed, and is to be done again.
    Failed,
    /// These numbers are to be added up.
    Sum(Range<u64>),
}

impl Message for Job {
    type Reply = Result<u64, String>;
}
