//! Other people's code, run where it is nobody's matter how it goes.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Wakes a task, or drops what is somebody's. A panic there ends here, once the panic hook has told of it: whoever is at
/// work has nothing to do with it, and others still wait for their turn.
#[inline]
pub(crate) fn contain(users: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(users))
        && let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(panic)))
    {
        mem::forget(another); // of one whose drop panics, too
    }
}
