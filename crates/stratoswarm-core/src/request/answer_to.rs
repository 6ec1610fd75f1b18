use std::{
    sync::Arc,
    task::{Context, Poll},
};

use tokio::time::Instant;

use super::{GatherPart, ReplyCell, ReplyOutcome, StreamCell, StreamId};
use crate::{stats::Caller, waiting::WaitId};

/// Where the reply of one responder goes. It is counted there.
pub(crate) enum AnswerTo<R> {
    One(Arc<ReplyCell<R>>),
    /// The part of one group.
    Part(Arc<GatherPart<R>>),
    /// An item of a stream, if that is made.
    Stream(Arc<StreamCell<R>>, Option<StreamId>),
}

impl<R> AnswerTo<R> {
    /// Brings the reply to the caller; hands it back if nobody waits for it, or the deadline has passed.
    pub(crate) fn answer(&self, reply: R) -> ReplyOutcome<R> {
        match self {
            Self::One(cell) => cell.answer(reply),
            Self::Part(part) => part.answer(reply),
            Self::Stream(cell, _) => cell.answer(reply),
        }
    }

    /// Whether nobody waits for a reply any more.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::One(cell) => cell.is_closed(),
            Self::Part(part) => part.gather().is_closed(),
            Self::Stream(cell, stream) => cell.is_closed(*stream),
        }
    }

    /// Ready once nobody waits for a reply any more, but for the deadline. `watcher` names the waiting future from its first
    /// poll on.
    pub(crate) fn poll_closed(
        &self,
        watcher: &mut Option<WaitId>,
        cx: &Context<'_>,
        handler: impl FnOnce() -> Caller,
    ) -> Poll<()> {
        match self {
            Self::One(cell) => cell.poll_closed(watcher, cx, handler),
            Self::Part(part) => part.gather().poll_closed(watcher, cx, handler),
            Self::Stream(cell, stream) => cell.poll_closed(*stream, watcher, cx, handler),
        }
    }

    pub(crate) fn forget_watcher(&self, watcher: WaitId) {
        match self {
            Self::One(cell) => cell.forget_watcher(watcher),
            Self::Part(part) => part.gather().forget_watcher(watcher),
            Self::Stream(cell, _) => cell.forget_watcher(watcher),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::One(cell) => cell.deadline(),
            Self::Part(part) => part.gather().deadline(),
            Self::Stream(cell, _) => cell.deadline(),
        }
    }

    /// The responder is dropped.
    pub(crate) fn drop_responder(&self) {
        match self {
            Self::One(cell) => cell.drop_responder(),
            Self::Part(part) => part.drop_responder(),
            Self::Stream(cell, _) => cell.drop_responder(),
        }
    }
}
