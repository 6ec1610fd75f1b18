use std::{
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::FusedFuture;

use super::{
    Channel, Permit,
    turn::{By, Turn},
};
use crate::{
    chaos::Moment,
    engine::{LaneIndex, Log},
    error::Closed,
    handle::Shared,
    message::{Message, Priority},
    stats::{Caller, WaitKind},
    sync::poll_proceed,
    waiting::WaitId,
};

/// The future of [`Channel::reserve`].
///
/// # Cancel safety
/// Dropped before it is ready, a place it had been granted goes to the next sender.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
/// let mut worker = jobs.join("workers");
/// jobs.send(Job(1)).await?;
/// let mut reserving = jobs.reserve();
/// assert!(futures::poll!(&mut reserving).is_pending(), "full");
/// assert_eq!(worker.try_recv()?.0, 1);
/// assert!(jobs.try_send(Job(2)).is_err(), "the place is meant for the one that waited");
/// drop(reserving); // which gives up
/// jobs.try_send(Job(2))?;
/// # Ok(()) }
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct Reserving<'a, M: Message> {
    channel: &'a Channel<M>,
    place: Place<'a, M>,
}

impl<'a, M: Message> Reserving<'a, M> {
    pub(super) fn new(channel: &'a Channel<M>, from: &'static Location<'static>) -> Self {
        Self { channel, place: Place::new(channel, from) }
    }

    /// The class of traffic of the message to come: the place is in its lane, whatever class the message then has.
    /// `Normal`, if none is stated.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Fabric, Priority};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let permit = jobs.reserve().priority(Priority::High).await?;
    /// permit.send(Job(1));
    /// assert_eq!(jobs.len(), 1);
    /// # Ok(()) }
    /// ```
    pub fn priority(mut self, priority: Priority) -> Self {
        self.place.turn.set_class(priority);
        self
    }
}

impl<M: Message> Unpin for Reserving<'_, M> {}

impl<'a, M: Message> Future for Reserving<'a, M> {
    type Output = Result<Permit<'a, M>, Closed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let channel = self.channel;
        self.place.poll(cx).map_ok(|id| Permit::new(channel, id))
    }
}

impl<M: Message> FusedFuture for Reserving<'_, M> {
    fn is_terminated(&self) -> bool {
        self.place.is_over
    }
}

impl<M: Message> fmt::Debug for Reserving<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserving").field("channel", &self.channel.name()).finish_non_exhaustive()
    }
}

/// Waits for a place, and makes a permit of it.
pub(super) struct Place<'a, M: Message> {
    shared: &'a Shared<M>,
    turn: Turn,
    is_over: bool,
    by: By,
}

impl<'a, M: Message> Place<'a, M> {
    pub(super) fn new(channel: &'a Channel<M>, from: &'static Location<'static>) -> Self {
        let by = By { handle: channel.address(), at: from };
        Self { shared: channel.shared(), turn: Turn::new(), is_over: false, by }
    }

    /// The permit's number.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<WaitId, Closed>> {
        let budget = ready!(poll_proceed(cx));
        if self.is_over {
            return Poll::Pending; // polled after it was ready
        }
        ready!(self.turn.hold(self.shared, Moment::Send, cx));
        let reserved = ready!(poll_place(&mut self.turn, self.shared, self.by, cx));
        self.is_over = true;
        budget.made_progress();
        Poll::Ready(reserved)
    }
}

/// Waits for several places at once, and makes permits of them.
pub(super) struct Places<'a, M: Message> {
    place: Place<'a, M>,
    count: usize,
}

impl<'a, M: Message> Places<'a, M> {
    pub(super) fn new(channel: &'a Channel<M>, count: usize, from: &'static Location<'static>) -> Self {
        Self { place: Place::new(channel, from), count }
    }

    /// The permits' numbers.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<WaitId>, Closed>> {
        let budget = ready!(poll_proceed(cx));
        let (Place { shared, turn, by, .. }, count) = (&mut self.place, self.count);
        ready!(turn.hold(shared, Moment::Send, cx));
        let reserved = shared.with(|log, effects| {
            let lane = turn.find_lane(log, Priority::default);
            let turn = turn.poll_permits(shared, log, count, *by, cx, effects);
            turn.map_ok(|()| permits(log, lane, count, by.at))
        });
        turn.arm(cx);
        let reserved = ready!(reserved);
        budget.made_progress();
        Poll::Ready(reserved)
    }
}

/// Waits for a place; the number of the permit that it becomes.
pub(super) fn poll_place<M: Message>(
    turn: &mut Turn,
    shared: &Shared<M>,
    by: By,
    cx: &mut Context<'_>,
) -> Poll<Result<WaitId, Closed>> {
    let reserved = shared.with(|log, effects| {
        let lane = turn.find_lane(log, Priority::default);
        let polled = turn.poll_permits(shared, log, 1, by, cx, effects);
        polled.map_ok(|()| log.permit(lane, Caller::here(WaitKind::Permit, by.at)))
    });
    turn.arm(cx);
    reserved
}

/// Makes so many admissions into permits; their numbers.
pub(super) fn permits<M>(
    log: &mut Log<M>,
    lane: LaneIndex,
    count: usize,
    from: &'static Location<'static>,
) -> Vec<WaitId> {
    (0..count).map(|_| log.permit(lane, Caller::here(WaitKind::Permit, from))).collect()
}

impl<M: Message> Drop for Place<'_, M> {
    fn drop(&mut self) {
        self.turn.cancel(self.shared);
    }
}
