use super::Responder;
use crate::{
    engine::InFlightGuard,
    request::{AnyResponder, Settled, Verdict},
};

/// A responder before its reply type is known; for a hand-written counterpart of [`protocol!`](crate::protocol).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stratoswarm_core::{Ask, Fabric, Message, NoReply};
///
/// # #[derive(Clone)] struct Query; impl Message for Query { type Reply = NoReply; }
/// struct Count;
/// impl Ask<Query> for Count {
///     type Reply = u64;
///     fn into_message(self) -> Query { Query }
/// }
///
/// let queries = Fabric::new().channel::<Query>("queries").open()?;
/// let mut worker = queries.join("workers");
/// tokio::spawn(async move {
///     if let Some(delivery) = worker.recv().await {
///         let (Query, raw) = delivery.into_raw_parts();
///         raw.typed::<u64>().send(7);
///     }
/// });
/// assert_eq!(queries.request(Count).await?, 7);
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "dropping a responder tells the caller its request was not answered"]
pub struct RawResponder {
    responder: AnyResponder,
    guard: InFlightGuard,
}

impl RawResponder {
    pub(crate) fn new(responder: AnyResponder, guard: InFlightGuard) -> Self {
        Self { responder, guard }
    }

    /// Acknowledges without a reply, in a group that [acknowledges](crate::GroupOptions::ack): as a message does that has none.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{AckPolicy, Fabric, Message, NoReply, Settled};
    /// # #[derive(Clone)] struct Tick; impl Message for Tick { type Reply = NoReply; }
    /// let ticks = Fabric::new().channel::<Tick>("ticks").open()?;
    /// let mut worker = ticks.group("workers").ack(AckPolicy::explicit()).join()?;
    /// ticks.try_send(Tick)?;
    /// let (Tick, raw) = worker.try_recv()?.into_raw_parts();
    /// assert_eq!(raw.ack(), Settled::Done);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[allow(clippy::must_use_candidate, reason = "see `Settled`")]
    pub fn ack(self) -> Settled {
        self.responder.settle(Verdict::Ack)
    }

    /// The responder for replies of type `R`.
    ///
    /// If the caller waits for another type (its [`Ask`](crate::Ask) implementation disagrees), it is told
    /// [`WrongReplyType`](crate::RequestError::WrongReplyType), and what comes back is detached.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{Ask, Fabric, Message, NoReply, RequestError};
    /// # #[derive(Clone)] struct Query; impl Message for Query { type Reply = NoReply; }
    /// # struct Count;
    /// # impl Ask<Query> for Count { type Reply = u64; fn into_message(self) -> Query { Query } }
    /// let queries = Fabric::new().channel::<Query>("queries").open()?;
    /// let mut worker = queries.join("workers");
    /// tokio::spawn(async move {
    ///     if let Some(delivery) = worker.recv().await {
    ///         delivery.into_raw_parts().1.typed::<String>().send("seven".to_owned()); // `Count` waits for a `u64`
    ///     }
    /// });
    /// assert_eq!(queries.request(Count).await, Err(RequestError::WrongReplyType));
    /// # Ok(()) }
    /// ```
    pub fn typed<R: Send + 'static>(self) -> Responder<R> {
        let (cell, owed) = self.responder.into_typed();
        Responder::new(cell, owed, self.guard)
    }
}
