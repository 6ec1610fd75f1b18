use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use parking_lot::Mutex;
use tokio::{
    runtime::{Handle, Id},
    time::{Instant, Sleep, sleep_until},
};

use crate::{contain::contain, waiting::keep_current};

/// A sleep's place and waker, kept from one sleep to the next, so that a sleep allocates nothing.
struct Bed {
    sleep: Pin<Box<Option<Sleep>>>,
    waker: Arc<Contained>,
}

/// So many of them are kept by a thread.
const KEPT: usize = 16;

thread_local! {
    static UNUSED: RefCell<Vec<Bed>> = const { RefCell::new(Vec::new()) };
}

/// What tokio's clock wakes: a waker whose panic ends with it, as the clock would lose those that it is to wake next.
#[derive(Default)]
struct Contained(Mutex<Option<Waker>>);

impl Contained {
    /// Wakes this from now on.
    fn set(&self, waker: &Waker) {
        let mut current = self.0.lock();
        let old = keep_current(&mut current, waker);
        drop(current);
        drop(old);
    }
}

impl Wake for Contained {
    fn wake(self: Arc<Self>) {
        let waker = self.0.lock().take();
        if let Some(waker) = waker {
            contain(|| waker.wake());
        }
    }
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
        let unused = UNUSED.with_borrow_mut(Vec::pop);
        let mut bed = unused.unwrap_or_else(|| Bed { sleep: Box::pin(None), waker: Arc::default() });
        bed.sleep.set(Some(sleep_until(deadline)));
        Self { bed: Some(bed), runtime: here() }
    }

    /// Whether it belongs to the runtime here: the future may have moved to another, or its own may be gone.
    pub(super) fn is_of_here(&self) -> bool {
        self.runtime == here()
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(Bed { sleep, waker }) = &mut self.bed else { return Poll::Pending };
        let Some(sleep) = sleep.as_mut().as_pin_mut() else { return Poll::Pending };
        waker.set(cx.waker());
        sleep.poll(&mut Context::from_waker(&Waker::from(Arc::clone(waker))))
    }
}

fn here() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        let Some(mut bed) = self.bed.take() else { return };
        bed.sleep.set(None); // tokio's clock does not advance to it any more
        let waker = bed.waker.0.lock().take();
        drop(waker);
        let _ = UNUSED.try_with(|unused| {
            let mut unused = unused.borrow_mut();
            if unused.len() < KEPT {
                unused.push(bed);
            }
        });
    }
}
