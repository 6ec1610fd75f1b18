use std::fmt;

/// A kind of fault, as it is counted and left out when a failure is made small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// All channels have little room: [`Kit::capacities`](crate::Kit::capacities).
    Capacities,
    /// Others run first: [`Faults::yields`](crate::Faults::yields).
    Yields,
    /// A send or a request begins later: [`Faults::delay`](crate::Faults::delay).
    Delay,
    /// A reader takes its time: [`Faults::slow_reader`](crate::Faults::slow_reader).
    SlowReader,
    /// A lossy reader loses a message: [`Faults::lose`](crate::Faults::lose).
    Lose,
    /// A reply comes too late: [`Faults::late_replies`](crate::Faults::late_replies).
    LateReply,
    /// A delivery comes back: [`Faults::nak_delay`](crate::Faults::nak_delay).
    Nak,
    /// A message comes once more: [`Kit::as_remote`](crate::Kit::as_remote).
    Repeat,
    /// A handler panics: [`Faults::panic_handlers`](crate::Faults::panic_handlers).
    PanicHandler,
    /// A task panics: [`Faults::panic_tasks`](crate::Faults::panic_tasks).
    PanicTask,
    /// A task ends: [`Faults::abort_tasks`](crate::Faults::abort_tasks).
    AbortTask,
    /// A channel closes: [`Faults::close_at`](crate::Faults::close_at).
    Close,
    /// One operation is dropped and begun anew: [`Kit::interrupt`](crate::Kit::interrupt).
    Interrupt,
}

impl FaultKind {
    /// All kinds.
    pub(crate) const ALL: [Self; 13] = [
        Self::Capacities,
        Self::Yields,
        Self::Delay,
        Self::SlowReader,
        Self::Lose,
        Self::LateReply,
        Self::Nak,
        Self::Repeat,
        Self::PanicHandler,
        Self::PanicTask,
        Self::AbortTask,
        Self::Close,
        Self::Interrupt,
    ];
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Capacities => "all capacities small",
            Self::Yields => "yields",
            Self::Delay => "delays",
            Self::SlowReader => "slow reader",
            Self::Lose => "losses",
            Self::LateReply => "late replies",
            Self::Nak => "deliveries given back",
            Self::Repeat => "second deliveries",
            Self::PanicHandler => "handlers that panic",
            Self::PanicTask => "tasks that panic",
            Self::AbortTask => "tasks that end",
            Self::Close => "close",
            Self::Interrupt => "interrupted operations",
        })
    }
}
