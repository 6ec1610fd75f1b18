use std::task::{Context, Poll};

use tokio::time::Instant;

use super::{
    driver,
    table::{Entry, Table},
};

/// Wakes a future at its deadline.
pub(crate) struct Timer {
    armed: Option<(&'static Table, Entry)>,
}

impl Timer {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { armed: None }
    }

    /// Ready once the deadline has passed; otherwise the task is woken then.
    pub(crate) fn poll(&mut self, deadline: Instant, cx: &Context<'_>) -> Poll<()> {
        if let Some((table, entry)) = self.armed {
            if Instant::now() >= deadline {
                self.disarm();
                return Poll::Ready(());
            }
            // The future may have moved to another runtime, or the one that served it may be gone.
            if driver::serves_here(table) && table.renew(entry, deadline, cx.waker()) {
                return Poll::Pending;
            }
            self.disarm();
        }
        self.armed = Some(driver::arm(deadline, cx.waker()));
        Poll::Pending
    }

    #[inline]
    pub(crate) fn disarm(&mut self) {
        if let Some((table, entry)) = self.armed.take() {
            table.disarm(entry);
        }
    }
}

impl Drop for Timer {
    #[inline]
    fn drop(&mut self) {
        self.disarm();
    }
}
