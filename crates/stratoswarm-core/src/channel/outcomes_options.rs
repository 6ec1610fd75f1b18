use std::{fmt, sync::Arc};

use crate::{
    error::JoinError,
    handle::Shared,
    message::Message,
    traced::{Outcomes, ReplyEncoder},
};

/// How to read what becomes of messages. Made by [`Channel::outcomes`](crate::Channel::outcomes).
///
/// # Examples
/// ```
/// # use stratoswarm_core::{Fabric, JoinError};
/// # use stratoswarm_core::examples::Job;
/// let fabric = Fabric::new();
/// let jobs = fabric.channel::<Job>("jobs").traced().open()?;
/// let outcomes = jobs.outcomes().depth(1_000).open()?;
/// let plain = fabric.channel::<Job>("plain").open()?;
/// assert!(matches!(plain.outcomes().open(), Err(JoinError::Incompatible { option: "outcomes", .. })));
/// # drop(outcomes);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "call `open`"]
pub struct OutcomesOptions<'a, M> {
    shared: &'a Arc<Shared<M>>,
    depth: usize,
    replies: Option<fn(&M) -> Option<ReplyEncoder>>,
}

/// How many are kept if nothing is stated.
const DEPTH: usize = 10_000;

impl<'a, M: Message> OutcomesOptions<'a, M> {
    pub(super) fn new(shared: &'a Arc<Shared<M>>) -> Self {
        Self { shared, depth: DEPTH, replies: None }
    }

    /// Keeps so many for it, at least one; 10,000 if not stated. When more wait for it, the oldest go, and it is told how many.
    pub fn depth(mut self, outcomes: usize) -> Self {
        self.depth = outcomes;
        self
    }

    /// Has replies encoded, of requests that are handed out from now on: by what this says for a message. Handlers do that as
    /// they answer. A channel has one such way, the first that was stated.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, examples::Double};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let numbers = Fabric::new().channel::<Double>("numbers").traced().open()?;
    /// let mut outcomes = numbers.outcomes()
    ///     .replies(|_| Some(|reply| reply.downcast_ref::<u64>().map(|n| n.to_string().into_bytes())))
    ///     .open()?;
    /// let mut worker = numbers.join("workers");
    /// let asking = tokio::spawn({ let numbers = numbers.clone(); async move { numbers.request(Double(21)).await } });
    /// if let Some(delivery) = worker.recv().await {
    ///     let twice = 2 * delivery.0;
    ///     delivery.reply(twice);
    /// }
    /// assert_eq!(asking.await?, Ok(42));
    /// let mut told = Vec::new();
    /// outcomes.drain(&mut told, 8);
    /// assert_eq!(told.pop().ok_or("nothing")??.reply, Some(b"42".to_vec()));
    /// # Ok(()) }
    /// ```
    pub fn replies(mut self, encoder: fn(&M) -> Option<ReplyEncoder>) -> Self {
        self.replies = Some(encoder);
        self
    }

    /// Begins to read, with what happens next.
    ///
    /// # Errors
    /// [`Incompatible`](JoinError::Incompatible) if the channel is not [traced](crate::ChannelBuilder::traced).
    pub fn open(self) -> Result<Outcomes, JoinError> {
        let Self { shared, depth, replies } = self;
        let Some(trace) = shared.trace() else {
            return Err(JoinError::Incompatible { option: "outcomes", with: "a channel that is not traced" });
        };
        if let Some(replies) = replies {
            shared.set_replies(replies);
        }
        Ok(Outcomes::new(trace, depth))
    }
}

impl<M> fmt::Debug for OutcomesOptions<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutcomesOptions").field("depth", &self.depth).finish_non_exhaustive()
    }
}
