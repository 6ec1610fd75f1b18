use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::task_state::{self, TaskState};

/// A future that its fabric knows by name. Made by [`Fabric::track`](crate::Fabric::track).
///
/// It polls the future with a waker of its own, which counts who else may wake it: so an
/// [explanation](crate::Fabric::explain) can tell whether the task waits for anything besides channels.
///
/// # Cancel safety
/// That of the future; dropped, it drops it.
#[must_use = "futures do nothing unless polled"]
pub struct Tracked<F> {
    future: Pin<Box<F>>,
    state: Arc<TaskState>,
    waker: Waker,
}

impl<F> Tracked<F> {
    pub(super) fn new(future: F, state: Arc<TaskState>) -> Self {
        let waker = Waker::from(Arc::clone(&state));
        Self { future: Box::pin(future), state, waker }
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        this.state.begin(cx.waker());
        let polled = {
            let _here = task_state::enter(&this.state);
            this.future.as_mut().poll(&mut Context::from_waker(&this.waker))
        };
        if polled.is_pending() {
            this.state.park();
        }
        polled
    }
}

impl<F> fmt::Debug for Tracked<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracked").field("name", &self.state.name).finish_non_exhaustive()
    }
}
