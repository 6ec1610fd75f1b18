use std::{fmt, ops::Deref};

use tokio::time::Instant;

use super::{Message, RawResponder, Responder};
use crate::{
    engine::{Taken, Ticket},
    requests::AnyResponder,
};

/// A message as a member of a group gets it: with its sequence number and, if it is a request, its responder.
///
/// It dereferences to the message. While it lives, or the [`Responder`] made of it, the message counts as in hand: a
/// shutdown waits for it.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stratoswarm_core::{Fabric, Message, NoReply};
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct Tick(u32);
/// impl Message for Tick { type Reply = NoReply; }
///
/// let ticks = Fabric::new().channel::<Tick>("ticks").open()?;
/// let mut worker = ticks.join("workers");
/// ticks.send(Tick(7)).await?;
/// let delivery = worker.recv().await.ok_or("closed")?;
/// assert_eq!((delivery.seq(), delivery.is_request(), delivery.0), (0, false, 7));
/// assert_eq!(delivery.into_message(), Tick(7));
/// # Ok(()) }
/// ```
#[must_use = "a dropped request is told that it was not answered"]
pub struct Delivery<M: Message> {
    taken: Taken<M>,
}

impl<M: Message> Delivery<M> {
    #[inline(always)]
    pub(super) fn plain(message: M, position: u64, ticket: Ticket) -> Self {
        Self { taken: Taken { message, request: AnyResponder::none(), position, ticket } }
    }

    #[inline(always)]
    pub(super) fn new(taken: Taken<M>) -> Self {
        Self { taken }
    }

    /// The message's place in the channel: 0 for the first ever accepted. The same at every reader.
    pub fn seq(&self) -> u64 {
        self.taken.position
    }

    /// Whether a caller waits for a reply.
    pub fn is_request(&self) -> bool {
        self.taken.request.is_some()
    }

    /// When its caller gives up; none for a message that was only sent, or a request without deadline.
    pub fn deadline(&self) -> Option<Instant> {
        self.taken.request.cell().and_then(|cell| cell.deadline())
    }

    /// The message alone. A caller that waits for a reply is told [`Unanswered`](crate::RequestError::Unanswered).
    pub fn into_message(self) -> M {
        self.taken.message
    }

    /// The message and its responder, for messages with one reply type.
    pub fn into_parts(self) -> (M, Responder<M::Reply>)
    where
        M::Reply: Send,
    {
        let (message, raw) = self.into_raw_parts();
        (message, raw.typed())
    }

    /// The message and its responder of a reply type that is yet to be said; see [`protocol!`](crate::protocol).
    pub fn into_raw_parts(self) -> (M, RawResponder) {
        let Taken { message, request, ticket, .. } = self.taken;
        (message, RawResponder::new(request, ticket))
    }
}

impl<M: Message> Deref for Delivery<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.taken.message
    }
}

impl<M: Message + fmt::Debug> fmt::Debug for Delivery<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("message", &self.taken.message)
            .field("seq", &self.seq())
            .field("is_request", &self.is_request())
            .finish_non_exhaustive()
    }
}
