use std::{fmt, future::IntoFuture, pin::Pin, time::Duration};

use super::{Committed, Consensus, ProposeError, Undecided, submitting::Refusal, waiting::Reply};
use crate::{Machine, replica::Body};

/// A command that is about to be proposed: await it. Made by [`Consensus::propose`].
#[must_use = "a command is proposed once this is awaited"]
pub struct Proposing<'a, M: Machine> {
    consensus: &'a Consensus<M>,
    command: M::Command,
    timeout: Duration,
    only_at: Option<u64>,
}

impl<'a, M: Machine> Proposing<'a, M> {
    pub(super) fn new(consensus: &'a Consensus<M>, command: M::Command) -> Self {
        let timeout = consensus.node().options.timeout;
        Self { consensus, command, timeout, only_at: None }
    }

    /// How long it may take. It dies then, too: stored later, no node applies it. At most 30 minutes, which longer ones count as.
    pub fn timeout(mut self, after: Duration) -> Self {
        self.timeout = after;
        self
    }

    /// Applied only if no command was applied after this index: [`ProposeError::Changed`] if one was.
    pub fn only_at(mut self, index: u64) -> Self {
        self.only_at = Some(index);
        self
    }

    async fn propose(self) -> Result<Committed<M::Response>, ProposeError<M::Response>> {
        let node = self.consensus.node();
        let body = Body::Command(&self.command, self.only_at);
        let submission = node.submit(body, Reply::Command, self.timeout).await.map_err(refused)?;
        match submission.settled {
            Some(settled) => settled.into_result(),
            None => Err(ProposeError::Unknown(Undecided::of(submission, node))),
        }
    }
}

fn refused<R>(refusal: Refusal) -> ProposeError<R> {
    match refusal {
        Refusal::NotSent => ProposeError::NotSent,
        Refusal::Full => ProposeError::Full,
        Refusal::TooLarge { bytes, limit } => ProposeError::TooLarge { bytes, limit },
        Refusal::Unencodable(why) => ProposeError::Unencodable { why },
        Refusal::Stopped(why) => ProposeError::Stopped(why),
    }
}

impl<'a, M: Machine> IntoFuture for Proposing<'a, M> {
    type Output = Result<Committed<M::Response>, ProposeError<M::Response>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.propose())
    }
}

impl<M: Machine> fmt::Debug for Proposing<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proposing").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
