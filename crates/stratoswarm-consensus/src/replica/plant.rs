/// A fault that the crate's proof plants, to see that its checks find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Copies are applied again.
    NoSessions,
    /// A read looks without asking the log.
    ReadWithoutBarrier,
    /// What lands late is applied.
    NoExpiry,
    /// Nobody compares what was seen.
    NoSeen,
    /// Leases are judged by each node's own clock.
    LeaseByLocalClock,
    /// A snapshot is taken when its time has come to be written, not at its index.
    ApplyBeforeSnapshot,
    /// Entries go as soon as a snapshot was put.
    PurgeUnconfirmed,
}

/// Which fault is planted: none, but in the crate's own tests.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plant {
    #[cfg(test)]
    pub(crate) fault: Option<Fault>,
}

impl Plant {
    #[cfg(test)]
    pub(crate) fn is(self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "as in tests")]
    pub(crate) const fn is(self, _fault: Fault) -> bool {
        false
    }
}
