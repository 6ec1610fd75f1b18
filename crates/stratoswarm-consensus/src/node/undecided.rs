use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::oneshot;

use super::{Fate, ProposeError, Settled, Stopped, barriers::Barriers, submitting::Submission};

/// How much longer than it seems needed the log's time is given, and how long at least between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// A proposal of which nobody knew by its deadline whether it is committed: [`ProposeError::Unknown`].
///
/// Dropped, nobody waits for it, and it is committed or not as before.
#[must_use = "`fate` tells what became of the proposal"]
pub struct Undecided<R> {
    waiter: oneshot::Receiver<Settled<R>>,
    expires: u64,
    node: Arc<dyn Barriers>,
}

impl<R> Undecided<R> {
    fn new(submission: Submission<R>, node: Arc<dyn Barriers>) -> Self {
        Self { waiter: submission.waiter, expires: submission.expires, node }
    }

    /// Of a proposal of this node.
    pub(crate) fn of<M: crate::Machine>(submission: Submission<R>, node: &Arc<super::Node<M>>) -> Self {
        Self::new(submission, Arc::clone(node) as Arc<dyn Barriers>)
    }

    /// What became of it: known once this node has read an entry that was stored after the proposal's deadline in the log's time.
    /// If none comes, this sends one. Without the log it waits, as long as it takes.
    ///
    /// # Cancel safety
    /// A dropped call leaves the proposal to itself.
    pub async fn fate(mut self) -> Fate<R> {
        loop {
            let left = self.node.left(self.expires) + PAUSE;
            tokio::select! {
                biased;
                settled = &mut self.waiter => return fate(settled.ok()),
                () = tokio::time::sleep(left) => {}
            }
            let read = self.node.barrier();
            tokio::select! {
                biased;
                settled = &mut self.waiter => return fate(settled.ok()),
                _ = read => {}
            }
        }
    }
}

impl<R> fmt::Debug for Undecided<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Undecided").finish_non_exhaustive()
    }
}

/// `None`: the node is gone.
fn fate<R>(settled: Option<Settled<R>>) -> Fate<R> {
    match settled {
        Some(Settled::Committed(committed)) => Fate::Committed(committed),
        Some(Settled::Never) => Fate::Never,
        Some(Settled::Changed(last)) => Fate::Changed { last },
        Some(Settled::Unseen) => Fate::CommittedUnseen,
        Some(Settled::Untold) => Fate::Untold,
        Some(Settled::Stopped(why)) => Fate::Stopped(why),
        None => Fate::Stopped(Stopped::Closed),
    }
}

impl<R> Settled<R> {
    /// As the end of a call of `propose`.
    pub(super) fn into_result(self) -> Result<super::Committed<R>, ProposeError<R>> {
        match self {
            Self::Committed(committed) => Ok(committed),
            Self::Never => Err(ProposeError::Never),
            Self::Changed(last) => Err(ProposeError::Changed { last }),
            Self::Unseen => Err(ProposeError::Purged { applied: true }),
            Self::Untold => Err(ProposeError::Purged { applied: false }),
            Self::Stopped(why) => Err(ProposeError::Stopped(why)),
        }
    }
}
