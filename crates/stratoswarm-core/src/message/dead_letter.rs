use super::{DeadReason, Message, NoReply, Priority};

/// A message that a group gave up, with what is known of it. Dead letters are a channel like any other.
///
/// See [`GroupOptions::dead_letters`](crate::GroupOptions::dead_letters).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stratoswarm_core::{AckPolicy, DeadLetter, DeadReason, Fabric, Message, NoReply};
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct Job(u32);
/// impl Message for Job { type Reply = NoReply; }
///
/// let fabric = Fabric::new();
/// let dead = fabric.channel::<DeadLetter<Job>>("jobs.dead").shutdown_order(1).open()?;
/// let jobs = fabric.channel::<Job>("jobs").open()?;
/// let mut worker =
///     jobs.group("workers").ack(AckPolicy::explicit().max_deliver(2)).dead_letters(&dead).join()?;
/// jobs.send(Job(7)).await?;
/// for _ in 0..2 {
///     drop(worker.recv().await); // and not settled
/// }
/// let letter = dead.join("inspectors").try_recv()?.into_message();
/// assert_eq!((letter.message, letter.attempts, letter.reason), (Job(7), 2, DeadReason::MaxDeliver));
/// assert_eq!((&*letter.channel, &*letter.group, letter.seq), ("jobs", "workers", 0));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DeadLetter<M> {
    /// The channel on which it was sent.
    pub channel: String,
    /// The group that gave it up.
    pub group: String,
    /// Its class of traffic.
    pub priority: Priority,
    /// Its place in that channel.
    pub seq: u64,
    /// How often it was handed out.
    pub attempts: u32,
    /// Why it was given up.
    pub reason: DeadReason,
    /// The message itself.
    pub message: M,
}

impl<M: Message> Message for DeadLetter<M> {
    type Reply = NoReply;

    fn priority(&self) -> Priority {
        self.priority
    }

    fn weight(&self) -> usize {
        self.message.weight()
    }
}
