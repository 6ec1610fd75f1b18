use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
};

use tokio::task::{JoinError, JoinSet};

use super::Served;
#[cfg(feature = "chaos")]
use crate::chaos::{Disturbed as _, Moment, disturbed};
use crate::{
    message::Message,
    reader::{Delivery, Receiver},
    request::Verdict,
    tasks::Parent,
};

/// Serves a receiver's deliveries, up to `concurrency` at once, until the channel is closed and drained.
///
/// Every handler runs in a task of its own on the current tokio runtime: one that panics ends its own delivery (the
/// caller, if any, is told [`Unanswered`](crate::RequestError::Unanswered)) and is counted; the loop goes on. While all
/// places are taken, nothing more is received, so other members of the group can have it. A `concurrency` of 0 counts
/// as 1. In a task that its fabric [tracks](crate::Fabric::spawn) the handlers are tracked, too, by its name and `/handler`.
///
/// In a group that [acknowledges](crate::GroupOptions::ack) a delivery is acknowledged when its handler returns, unless it was
/// settled before; that of a handler that panics is made again.
///
/// # Cancel safety
/// Dropped, it aborts the handlers that run; what was not received is left to the group.
///
/// # Panics
/// Outside of a tokio runtime, as `tokio::spawn` does.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, Message, RequestError};
/// use stratoswarm_core::patterns::serve;
/// # #[derive(Clone)] struct Divide(u32, u32);
/// # impl Message for Divide { type Reply = u32; }
/// let divisions = Fabric::new().channel::<Divide>("divisions").open()?;
/// let workers = divisions.join("workers");
/// let serving = tokio::spawn(serve(workers, 4, |delivery| async move {
///     let (Divide(dividend, divisor), reply) = delivery.into_parts();
///     reply.send(dividend / divisor);
/// }));
/// # std::panic::set_hook(Box::new(|_| {}));
/// assert_eq!(divisions.request(Divide(1, 0)).await, Err(RequestError::Unanswered), "the handler panicked");
/// assert_eq!(divisions.request(Divide(8, 2)).await, Ok(4));
/// divisions.close();
/// let served = serving.await?;
/// assert_eq!((served.finished, served.panicked), (1, 1));
/// # Ok(()) }
/// ```
pub async fn serve<M, F, Fut>(mut receiver: Receiver<M>, concurrency: usize, mut handler: F) -> Served
where
    M: Message,
    F: FnMut(Delivery<M>) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let mut served = Served::default();
    let mut running = JoinSet::new();
    let parent = Parent::here();
    loop {
        while let Some(ended) = running.try_join_next() {
            served.count(&ended);
        }
        if running.len() >= concurrency.max(1) {
            if let Some(ended) = Parent::join(parent.as_ref(), running.join_next()).await {
                served.count(&ended);
            }
            continue;
        }
        let Some(delivery) = receiver.recv().await else { break };
        // What a handler does before its first `await` may run right here, and may panic as well.
        let owed = delivery.share();
        let child = parent.as_ref().and_then(|parent| parent.child("handler"));
        if let Some(child) = &child {
            delivery.set_holder(child.number());
        }
        let Ok(handling) = catch_unwind(AssertUnwindSafe(|| handler(delivery))) else {
            served.panicked += 1;
            continue;
        };
        let handling = async move {
            handling.await;
            if let Some(owed) = owed {
                owed.settle(Verdict::Ack);
            }
        };
        #[cfg(feature = "chaos")]
        let handling = disturbed(receiver.channel().hold(Moment::Handle), handling);
        match child {
            Some(child) => drop(running.spawn(child.run(handling))),
            None => drop(running.spawn(handling)),
        }
    }
    while let Some(ended) = Parent::join(parent.as_ref(), running.join_next()).await {
        served.count(&ended);
    }
    served
}

impl Served {
    fn count(&mut self, ended: &Result<(), JoinError>) {
        match ended {
            Ok(()) => self.finished += 1,
            Err(_) => self.panicked += 1,
        }
    }
}
