use tokio::runtime::{Handle, RuntimeFlavor};

/// Whether a future had better yield once before it sleeps.
///
/// With several worker threads the other side is probably at work this very moment, and a sleeping worker costs some
/// 30 µs to wake. With one thread it gets its turn only when we sleep. So this asks for the runtime's flavour.
pub(super) fn pays() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}
