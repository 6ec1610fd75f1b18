use std::{sync::Arc, time::Duration};

/// How a group acknowledges; given to [`GroupOptions::ack`](crate::GroupOptions::ack).
///
/// Whatever is handed out must be settled: by [`Ack`](crate::Ack), by a reply, or by
/// [`into_message`](crate::Delivery::into_message). What is dropped unsettled, as by a panic or an abort, is delivered again.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use stratoswarm_core::{AckPolicy, Fabric, Message, NoReply};
///
/// # #[derive(Clone, Debug, PartialEq)] struct Job(u32);
/// # impl Message for Job { type Reply = NoReply; }
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let policy = AckPolicy::explicit()
///     .max_deliver(3)
///     .backoff([Duration::from_millis(100), Duration::from_secs(1)])
///     .max_in_flight(64)
///     .ack_wait(Duration::from_secs(30));
/// let mut worker = jobs.group("workers").ack(policy).join()?;
/// jobs.send(Job(1)).await?;
/// drop(worker.recv().await); // a handler that fails
/// let again = worker.recv().await.ok_or("closed")?; // a tenth of a second later
/// assert_eq!((again.attempt(), again.into_message()), (2, Job(1)));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "give it to `GroupOptions::ack`"]
pub struct AckPolicy {
    pub(super) max_deliver: u32,
    pub(super) backoff: Arc<[Duration]>,
    pub(super) max_in_flight: usize,
    pub(super) ack_wait: Option<Duration>,
}

impl AckPolicy {
    /// Each delivery is to be settled; at most five of one message, the next one at once, without a limit of time or number.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{AckPolicy, Fabric};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join()?;
    /// jobs.try_send(Job(1))?;
    /// let attempts: Vec<_> = worker.try_iter().map(|delivery| delivery.attempt()).collect(); // each dropped unsettled
    /// assert_eq!(attempts, [1, 2, 3, 4, 5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explicit() -> Self {
        Self { max_deliver: 5, backoff: [].into(), max_in_flight: usize::MAX, ack_wait: None }
    }

    /// How often a message is handed out at most, at least once; after that it goes to the dead letters.
    pub fn max_deliver(mut self, times: u32) -> Self {
        self.max_deliver = times.max(1);
        self
    }

    /// How long what was given back waits before it is delivered again: after the first delivery, after the second, and so
    /// on; the last one stands for all further. [`Ack::nak_after`](crate::Ack::nak_after) has its own.
    pub fn backoff(mut self, delays: impl IntoIterator<Item = Duration>) -> Self {
        self.backoff = delays.into_iter().collect();
        self
    }

    /// How many deliveries the group may have unsettled at a time, at least one: at so many its members wait.
    pub fn max_in_flight(mut self, deliveries: usize) -> Self {
        self.max_in_flight = deliveries.max(1);
        self
    }

    /// How long a delivery may be neither settled nor said to be [in progress](crate::Ack::in_progress) before it is
    /// delivered again. Without it only a drop gives it back.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::Duration;
    /// # use stratoswarm_core::{AckPolicy, Fabric, Settled};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let policy = AckPolicy::explicit().ack_wait(Duration::from_secs(30));
    /// let (mut first, mut second) = (jobs.group("workers").ack(policy.clone()).join()?, jobs.join("workers"));
    /// jobs.send(Job(1)).await?;
    /// let (_, hung) = first.recv().await.ok_or("closed")?.into_acked();
    /// let again = second.recv().await.ok_or("closed")?; // half a minute later
    /// assert_eq!((again.attempt(), hung.ack()), (2, Settled::Lapsed));
    /// # again.into_acked().1.ack();
    /// # Ok(()) }
    /// ```
    pub fn ack_wait(mut self, wait: Duration) -> Self {
        self.ack_wait = Some(wait);
        self
    }

    /// How long to wait after this delivery, which was given back.
    pub(super) fn delay(&self, attempt: u32) -> Duration {
        let nth = self.backoff.get(attempt.saturating_sub(1) as usize);
        nth.or(self.backoff.last()).copied().unwrap_or_default()
    }
}
