/// What became of a [`LeaseCommand`](super::LeaseCommand), with the log's time at which it was decided, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeaseAnswer {
    /// It is held with this token until then, if it is not renewed.
    Granted { token: u64, until: u64, now: u64 },
    /// Another holds it, with that token, until then.
    Taken { token: u64, until: u64, now: u64 },
    /// It was not held with that token any more.
    Gone { now: u64 },
    /// It is free.
    Released { now: u64 },
}
