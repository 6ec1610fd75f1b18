use std::{fmt, ops::Deref, sync::Arc};

use tokio::time::Instant;

use super::{Message, RawResponder, Responder, Ticket};
use crate::{
    engine::{Slot, Taken},
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
#[repr(C)] // the message first, as in the log: see `engine::Slot`
pub struct Delivery<M: Message> {
    message: M,
    responder: AnyResponder,
    seq: u64,
    ticket: Ticket,
}

impl<M: Message> Delivery<M> {
    #[inline(always)]
    pub(super) fn plain(message: M, seq: u64, token: &Arc<()>) -> Self {
        Self { message, responder: AnyResponder::none(), seq, ticket: Ticket::new(token) }
    }

    #[inline(always)]
    pub(super) fn new(taken: Taken<M>, token: &Arc<()>) -> Self {
        let Taken { slot: Slot { message, request }, position } = taken;
        Self { message, responder: request, seq: position, ticket: Ticket::new(token) }
    }

    /// The message's place in the channel: 0 for the first ever accepted. The same at every reader.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Whether a caller waits for a reply.
    pub fn is_request(&self) -> bool {
        self.responder.is_some()
    }

    /// When its caller gives up; none for a message that was only sent, or a request without deadline.
    pub fn deadline(&self) -> Option<Instant> {
        self.responder.cell().and_then(|cell| cell.deadline())
    }

    /// The message alone. A caller that waits for a reply is told [`Unanswered`](crate::RequestError::Unanswered).
    pub fn into_message(self) -> M {
        self.message
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
        (self.message, RawResponder::new(self.responder, self.ticket))
    }
}

impl<M: Message> Deref for Delivery<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.message
    }
}

impl<M: Message + fmt::Debug> fmt::Debug for Delivery<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("message", &self.message)
            .field("seq", &self.seq)
            .field("is_request", &self.is_request())
            .finish_non_exhaustive()
    }
}
