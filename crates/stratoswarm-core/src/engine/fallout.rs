use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::Waker,
};

use smallvec::SmallVec;

use super::{InFlightGuard, lane::LaneClass, ledger::Entry};
use crate::{
    contain::contain,
    message::{DeadLetter, DeadReason, Message, Priority},
    request::AnyResponder,
};

/// What an inbox that acknowledges leaves to be done once its lock is released.
#[must_use]
pub(crate) struct Fallout<M> {
    /// What is in the ledger no more.
    pub(super) gone: SmallVec<[Entry<M>; 1]>,
    pub(super) dead: Vec<Dead<M>>,
    /// Senders that wait until their messages are settled.
    pub(super) wakers: SmallVec<[Waker; 1]>,
    /// Whether a place became free.
    pub(super) freed: bool,
}

/// A message that its group gave up.
pub(super) struct Dead<M> {
    pub(super) message: M,
    pub(super) request: AnyResponder,
    pub(super) number: u64,
    pub(super) attempts: u32,
    pub(super) reason: DeadReason,
    pub(super) group: Arc<str>,
    pub(super) to: Option<Arc<dyn Bury<M>>>,
    /// Its class, where the lane that it came from tells.
    pub(super) class: LaneClass,
    /// It counts as in flight until the letter is there.
    pub(super) guard: InFlightGuard,
}

/// Where dead letters go. Without the type of their channel, as letters may die, too.
pub(crate) trait Bury<M>: Send + Sync {
    /// Keeps the letter; otherwise says why not.
    fn bury(&self, letter: DeadLetter<M>) -> Result<(), &'static str>;

    /// What tells it from others.
    fn address(&self) -> usize;
}

impl<M> Fallout<M> {
    #[inline]
    pub(crate) fn new() -> Self {
        Self { gone: SmallVec::new(), dead: Vec::new(), wakers: SmallVec::new(), freed: false }
    }

    /// Drops what is gone, and brings the dead letters to theirs.
    pub(crate) fn run(self, channel: &str)
    where
        M: Message,
    {
        if self.gone.is_empty() && self.dead.is_empty() && self.wakers.is_empty() {
            std::mem::forget(self); // most often so; nothing was allocated
            return;
        }
        self.gone.into_iter().for_each(|entry| contain(|| drop(entry)));
        self.dead.into_iter().for_each(|dead| dead.bury(channel));
        self.wakers.into_iter().for_each(|waker| contain(|| waker.wake())); // the letter is there by then
    }
}

impl<M: Message> Dead<M> {
    #[cold]
    fn bury(self, channel: &str) {
        let Self { message, request, number: seq, attempts, reason, group, to, class, guard } = self;
        if let Some(cell) = request.cell() {
            cell.bury(attempts);
        }
        contain(|| drop(request));
        let (why, group) = (reason.clone(), &*group);
        let buried = match to {
            None => {
                contain(|| drop(message));
                Err("there are none")
            }
            Some(to) => {
                let says = catch_unwind(AssertUnwindSafe(|| message.priority())).unwrap_or(Priority::Normal);
                let priority = class.of(says);
                let (channel, group) = (channel.to_owned(), group.to_owned());
                to.bury(DeadLetter { channel, group, priority, seq, attempts, reason, message })
            }
        };
        drop(guard);
        match buried {
            Ok(()) => {
                tracing::debug!(channel, group, seq, attempts, %why, "message given up: a dead letter");
            }
            Err(dead_letters) => {
                tracing::warn!(channel, group, seq, attempts, %why, dead_letters, "message given up and lost");
            }
        }
    }
}
