use tokio::runtime::{Handle, RuntimeFlavor};

/// Whether a future had better yield once before it sleeps.
///
/// With several worker threads the other side is probably at work this very moment, and a sleeping worker costs some
/// 7 µs to wake. With one thread it gets its turn only when we sleep. So this asks for the runtime's flavour.
pub(crate) fn pays() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

/// Yields of a reader: one before a sleep, where it pays, and where messages come in a stream. Who found but one since
/// it was last empty probably waits for somebody who waits for it, such as a caller for its reply: that takes a switch
/// of tasks each way, and a yield would bring another worker into it.
pub(crate) struct Yielding {
    /// How many messages were found since there was nothing.
    found: usize,
}

/// So many messages are a stream.
const STREAM: usize = 2;

impl Yielding {
    pub(crate) fn new() -> Self {
        Self { found: 0 }
    }

    /// There is nothing: whether to yield now.
    #[inline(always)]
    pub(crate) fn once(&mut self) -> bool {
        std::mem::take(&mut self.found) >= STREAM && pays()
    }

    /// The log had so many messages.
    #[inline(always)]
    pub(crate) fn found(&mut self, messages: usize) {
        self.found = self.found.saturating_add(messages);
    }
}
