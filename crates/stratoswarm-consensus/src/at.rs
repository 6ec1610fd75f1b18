use std::time::Duration;

/// Where and when in the log a command was decided: the only clock a [`Machine`](crate::Machine) has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct At {
    /// The entry's place in the log, from 1 on.
    pub index: u64,
    /// When the log stored it, since the log's epoch, made never to fall from one entry to the next.
    pub time: Duration,
}

impl At {
    /// A place and a time, for tests of a machine.
    pub fn new(index: u64, time: Duration) -> Self {
        Self { index, time }
    }
}
