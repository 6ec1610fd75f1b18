use std::{fmt, sync::Arc};

use super::{Outcome, Trace};
use crate::error::Lagged;

/// What becomes of the messages of a [traced](crate::ChannelBuilder::traced) channel: who got each, and how that ended. Made by
/// [`Channel::outcomes`](crate::Channel::outcomes).
///
/// Of each hand-over to a member of a group, or to a subscriber, there is one [`Outcome`], and one of each end in a group: in the
/// order of their turns. Nobody waits for whoever reads this, and it is woken by nobody: look from time to time. Beyond its
/// [depth](crate::OutcomesOptions::depth) the oldest go, and it is told how many.
///
/// Not told: hand-overs to lossy readers, how a reply stream goes on, messages whose `Clone` panicked, and what is left when a group
/// or the channel goes.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stratoswarm_core::{AckPolicy, Fabric, examples::Job};
///
/// let jobs = Fabric::new().channel::<Job>("jobs").traced().open()?;
/// let mut outcomes = jobs.outcomes().open()?;
/// let mut worker = jobs.group("workers").ack(AckPolicy::explicit()).join()?;
/// jobs.send(Job(1)).await?;
/// drop(worker.recv().await); // and so given back
/// if let Some(delivery) = worker.recv().await {
///     delivery.into_acked().1.ack();
/// }
///
/// let mut told = Vec::new();
/// outcomes.drain(&mut told, usize::MAX);
/// let told: Vec<_> = told.into_iter().flatten().map(|it| (it.seq, it.attempt, it.how.to_string())).collect();
/// let all = [(0, 1, "taken"), (0, 1, "nacked"), (0, 2, "taken"), (0, 2, "acked")];
/// assert_eq!(told, all.map(|(seq, attempt, how)| (seq, attempt, how.to_owned())));
/// # Ok(()) }
/// ```
pub struct Outcomes {
    trace: Arc<Trace>,
    number: u64,
}

impl Outcomes {
    pub(crate) fn new(trace: &Arc<Trace>, depth: usize) -> Self {
        Self { trace: Arc::clone(trace), number: trace.open(depth) }
    }

    /// Takes what is there, up to `most` items, and appends it to `into`; how many items. An `Err` stands where outcomes are
    /// missing, and says how many.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, examples::Job};
    /// let jobs = Fabric::new().channel::<Job>("jobs").traced().open()?;
    /// let mut outcomes = jobs.outcomes().depth(1).open()?;
    /// let mut worker = jobs.join("workers");
    /// for n in 1..=3 {
    ///     jobs.try_send(Job(n))?;
    ///     worker.try_recv()?.into_message();
    /// }
    /// let mut told = Vec::new();
    /// assert_eq!(outcomes.drain(&mut told, 8), 2);
    /// assert_eq!(told[0].as_ref().map_err(|lagged| lagged.missed).err(), Some(2));
    /// assert_eq!(told[1].as_ref().map(|outcome| outcome.seq), Ok(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drain(&mut self, into: &mut Vec<Result<Outcome, Lagged>>, most: usize) -> usize {
        self.trace.take(self.number, into, most)
    }
}

impl Drop for Outcomes {
    fn drop(&mut self) {
        self.trace.close(self.number);
    }
}

impl fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcomes").finish_non_exhaustive()
    }
}
