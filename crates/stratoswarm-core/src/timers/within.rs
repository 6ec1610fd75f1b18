use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use tokio::time::Instant;

use super::Timer;

/// The output of the future, unless it takes longer than `after` from its first poll. One that is ready at its first poll is
/// never too late.
pub(crate) async fn within<F: Future>(future: F, after: Duration) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut timer = Timer::new();
    let mut deadline = None;
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        // A time beyond the clock's end is no deadline.
        let deadline = *deadline.get_or_insert_with(|| Instant::now().checked_add(after));
        match deadline {
            Some(deadline) => timer.poll(deadline, cx).map(|()| None),
            None => Poll::Pending,
        }
    })
    .await
}
