use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    runtime::{Handle, Id},
    time::{Instant, Sleep, sleep_until},
};

/// A place for a sleep, kept from one to the next, so that a sleep allocates nothing.
type Bed = Pin<Box<Option<Sleep>>>;

/// So many of them are kept by a thread.
const KEPT: usize = 16;

thread_local! {
    static UNUSED: RefCell<Vec<Bed>> = const { RefCell::new(Vec::new()) };
}

/// A sleep of tokio's, for a paused clock.
pub(super) struct Sleeping {
    /// None only while it is dropped.
    bed: Option<Bed>,
    runtime: Option<Id>,
}

impl Sleeping {
    /// In the runtime here.
    pub(super) fn new(deadline: Instant) -> Self {
        let mut bed = UNUSED.with_borrow_mut(Vec::pop).unwrap_or_else(|| Box::pin(None));
        bed.set(Some(sleep_until(deadline)));
        Self { bed: Some(bed), runtime: here() }
    }

    /// Whether it belongs to the runtime here: the future may have moved to another, or its own may be gone.
    pub(super) fn is_of_here(&self) -> bool {
        self.runtime == here()
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.bed.as_mut().and_then(|bed| bed.as_mut().as_pin_mut());
        sleep.map_or(Poll::Pending, |sleep| sleep.poll(cx))
    }
}

fn here() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        let Some(mut bed) = self.bed.take() else { return };
        bed.set(None); // tokio's clock does not advance to it any more
        let _ = UNUSED.try_with(|unused| {
            let mut unused = unused.borrow_mut();
            if unused.len() < KEPT {
                unused.push(bed);
            }
        });
    }
}
