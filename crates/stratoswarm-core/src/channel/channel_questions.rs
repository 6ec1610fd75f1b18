//! Questions with several answers.

use std::panic::Location;

use super::{Channel, Gathering, ReplyStream};
use crate::message::{Ask, Message};

impl<M: Message> Channel<M> {
    /// Asks each group that there is when the request is accepted, once, and waits for their replies.
    ///
    /// It takes one place and one sequence number, as any message. Without options it is ready when each group has answered,
    /// or cannot any more; see [`quorum`](Gathering::quorum) and [`first`](Gathering::first) for fewer.
    ///
    /// # Errors
    /// [`NoQuorum`](crate::RequestError::NoQuorum) if too few answered by the deadline, or no more of them can; otherwise those
    /// of [`request`](Self::request).
    ///
    /// # Cancel safety
    /// Dropped before it is accepted, it was not sent. Dropped later, no handler gets it any more; those that have it already
    /// learn it by [`Responder::is_closed`](crate::Responder::is_closed).
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use stratoswarm_core::{Fabric, Message};
    ///
    /// #[derive(Clone)]
    /// struct Vote { term: u64 }
    /// impl Message for Vote { type Reply = bool; }
    ///
    /// let ballots = Fabric::new().channel::<Vote>("ballots").open()?;
    /// for name in ["north", "east", "south"] {
    ///     let mut voter = ballots.join(name);
    ///     tokio::spawn(async move {
    ///         while let Some(ballot) = voter.recv().await {
    ///             let agrees = ballot.term > 3;
    ///             ballot.reply(agrees);
    ///         }
    ///     });
    /// }
    /// let _absent = ballots.join("west");
    /// let votes = ballots.request_all(Vote { term: 4 }).quorum(3).timeout(Duration::from_millis(200)).await?;
    /// assert_eq!(votes.replies.len(), 3);
    /// assert_eq!(votes.missing, ["west"]);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn request_all<A: Ask<M>>(&self, ask: A) -> Gathering<'_, M, A> {
        Gathering::new(self, ask, Location::caller())
    }

    /// Sends a request whose answer is a stream of replies. Nothing happens before it is polled.
    ///
    /// The deadline is for the first item, through room, queue and handler; from then on the two sides pace each other: at
    /// most [`buffer`](ReplyStream::buffer) items wait, and each side learns when the other has gone. With several groups
    /// each handles the request, and the first to send an item is the one that is heard.
    ///
    /// # Cancel safety
    /// Dropped before it is accepted, it was not sent. Dropped later, no handler gets it any more; the one that sends gets its
    /// item back.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use stratoswarm_core::{Fabric, Message};
    ///
    /// #[derive(Clone)]
    /// struct Scan { table: String }
    /// impl Message for Scan { type Reply = u64; } // one row
    ///
    /// let queries = Fabric::new().channel::<Scan>("queries").open()?;
    /// let mut worker = queries.join("workers");
    /// tokio::spawn(async move {
    ///     while let Some(delivery) = worker.recv().await {
    ///         let (scan, reply) = delivery.into_parts();
    ///         let mut out = reply.into_stream();
    ///         for row in 0..scan.table.len() as u64 {
    ///             if out.send(row).await.is_err() { break } // the caller has gone
    ///         }
    ///     } // `out` is dropped: the stream ends
    /// });
    /// let mut rows = queries.request_stream(Scan { table: "users".to_owned() }).buffer(2);
    /// let mut seen = Vec::new();
    /// while let Some(row) = rows.recv().await { seen.push(row?); }
    /// assert_eq!(seen, [0, 1, 2, 3, 4]);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn request_stream<A: Ask<M>>(&self, ask: A) -> ReplyStream<'_, M, A> {
        ReplyStream::new(self, ask, Location::caller())
    }
}
