//! SIGQUIT: why does nothing move?

use std::io::{self, Write as _};

use stratoswarm_core::{Fabric, WeakFabric};

/// Explains on standard error, each time that SIGQUIT comes, by a thread that no runtime need wake. Where signals cannot be listened
/// to, nothing happens: the process then dies of them, as without this.
#[cfg(unix)]
pub(super) fn explain(fabric: &Fabric) {
    use signal_hook::{consts::SIGQUIT, iterator::Signals};

    let fabric = fabric.downgrade();
    let Ok(mut signals) = Signals::new([SIGQUIT]) else { return };
    let listen = move || {
        for _ in signals.forever() {
            say(&fabric);
        }
    };
    let _ = std::thread::Builder::new().name("sigquit".to_owned()).spawn(listen);
}

#[cfg(not(unix))]
pub(super) fn explain(_: &Fabric) {}

#[cfg(unix)]
fn say(fabric: &WeakFabric) {
    let Some(fabric) = fabric.upgrade() else { return };
    let _ = io::stderr().write_all(fabric.explanation().as_bytes()); // in one piece
}
