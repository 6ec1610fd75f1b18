use tokio::runtime::{Handle, RuntimeFlavor};

/// Whether a future had better yield once before it sleeps.
///
/// With several worker threads the other side is probably at work this very moment, and a sleeping worker costs some
/// 30 µs to wake. With one thread it gets its turn only when we sleep. So this asks for the runtime's flavour.
pub(super) fn pays() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

/// Yields of a reader: one before each sleep, where it pays.
pub(super) struct Yielding {
    /// It has yielded since it got something.
    done: bool,
    /// Whether yielding pays in the runtime in which it first waited.
    pays: Option<bool>,
}

impl Yielding {
    pub(super) fn new() -> Self {
        Self { done: false, pays: None }
    }

    /// Whether to yield now.
    #[inline(always)]
    pub(super) fn once(&mut self) -> bool {
        if self.done {
            return false;
        }
        self.done = true;
        *self.pays.get_or_insert_with(pays)
    }

    /// The reader got something.
    #[inline(always)]
    pub(super) fn again(&mut self) {
        self.done = false;
    }
}
