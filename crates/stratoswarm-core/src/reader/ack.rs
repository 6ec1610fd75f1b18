use std::{fmt, time::Duration};

use crate::{
    engine::InFlightGuard,
    request::{AnyResponder, Settled, Verdict},
};

/// What a handler owes for a delivery of a group that acknowledges; made by
/// [`Delivery::into_acked`](crate::Delivery::into_acked).
///
/// Dropped unsettled, as by a panic or an abort, the message is delivered again. For a message of a group that does not
/// acknowledge there is one, too, so that a handler need not tell the cases apart: nothing comes of it.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::time::Duration;
/// # use stratoswarm_core::{AckPolicy, Fabric};
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join()?;
/// for n in 1..=2 { jobs.send(Job(n)).await?; }
/// jobs.close();
/// let mut done = Vec::new();
/// while let Some(delivery) = worker.recv().await {
///     let attempt = delivery.attempt();
///     let (job, ack) = delivery.into_acked();
///     if job == Job(1) && attempt == 1 {
///         ack.nak(); // once more, before all that is newer
///     } else {
///         ack.ack();
///         done.push((job, attempt));
///     }
/// }
/// assert_eq!(done, [(Job(1), 2), (Job(2), 1)]);
/// # Ok(()) }
/// ```
#[must_use = "an `Ack` that is dropped gives the message back"]
pub struct Ack {
    owed: AnyResponder,
    _guard: InFlightGuard,
}

impl Ack {
    pub(super) fn new(owed: AnyResponder, guard: InFlightGuard) -> Self {
        Self { owed, _guard: guard }
    }

    /// The message is done: it leaves the group, and its place is free. A caller that waits for a reply is told
    /// [`Unanswered`](crate::RequestError::Unanswered).
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{AckPolicy, Fabric, Settled};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
    /// let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join()?;
    /// jobs.try_send(Job(1))?;
    /// let (_, ack) = worker.try_recv()?.into_acked();
    /// assert!(jobs.try_send(Job(2)).is_err(), "it holds its place");
    /// assert_eq!(ack.ack(), Settled::Done);
    /// jobs.try_send(Job(2))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[allow(clippy::must_use_candidate, reason = "see `Settled`")]
    pub fn ack(self) -> Settled {
        self.owed.settle(Verdict::Ack)
    }

    /// Gives the message back, to be delivered again: at once, or after the policy's [backoff](crate::AckPolicy::backoff).
    /// After its last delivery it goes to the dead letters.
    #[allow(clippy::must_use_candidate, reason = "see `Settled`")]
    pub fn nak(self) -> Settled {
        self.owed.settle(Verdict::Nak(None))
    }

    /// Gives the message back, to be delivered again after `delay`, and not before; at once if the channel is closed.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::Duration;
    /// # use stratoswarm_core::{AckPolicy, Fabric};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join()?;
    /// jobs.send(Job(1)).await?;
    /// let start = tokio::time::Instant::now();
    /// worker.recv().await.ok_or("closed")?.into_acked().1.nak_after(Duration::from_secs(1));
    /// let again = worker.recv().await.ok_or("closed")?;
    /// assert!(start.elapsed() >= Duration::from_secs(1));
    /// # again.into_acked().1.ack();
    /// # Ok(()) }
    /// ```
    #[allow(clippy::must_use_candidate, reason = "see `Settled`")]
    pub fn nak_after(self, delay: Duration) -> Settled {
        self.owed.settle(Verdict::Nak(Some(delay)))
    }

    /// Has the message delivered to nobody any more: it goes to the dead letters, with this reason.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{AckPolicy, Fabric};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join()?;
    /// jobs.try_send(Job(1))?;
    /// worker.try_recv()?.into_acked().1.term("no such account");
    /// assert_eq!(jobs.info().readers[0].dead, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn term(self, reason: impl Into<String>) -> Settled {
        self.owed.settle(Verdict::Term(reason.into()))
    }

    /// Says that the work goes on: the time of [`ack_wait`](crate::AckPolicy::ack_wait) begins anew.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::Duration;
    /// # use stratoswarm_core::{AckPolicy, Fabric, Settled, TryRecvError};
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let policy = AckPolicy::explicit().ack_wait(Duration::from_secs(30));
    /// let mut worker = jobs.group("workers").ack(policy).join()?;
    /// jobs.send(Job(1)).await?;
    /// let (_, ack) = worker.recv().await.ok_or("closed")?.into_acked();
    /// for _ in 0..10 {
    ///     tokio::time::sleep(Duration::from_secs(20)).await;
    ///     assert_eq!(ack.in_progress(), Settled::Done);
    /// }
    /// assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
    /// # ack.ack();
    /// # Ok(()) }
    /// ```
    #[allow(clippy::must_use_candidate, reason = "see `Settled`")]
    pub fn in_progress(&self) -> Settled {
        self.owed.settle(Verdict::Progress)
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ack")
    }
}
