use std::{
    sync::Arc,
    task::{Context, Poll},
};

use tokio::time::Instant;

use super::{GatherPart, ReplyCell, ReplyOutcome, StreamCell, StreamId, Watching};
use crate::{stats::Caller, waiting::WaitId};

/// Where the reply of one responder goes. It is counted there.
pub(crate) enum AnswerTo<R> {
    One(Arc<ReplyCell<R>>),
    /// The part of one group.
    Part(Arc<GatherPart<R>>),
    /// An item of a stream, if that is made.
    Stream(Arc<StreamCell<R>>, Option<StreamId>),
    /// One of these, and somebody is told of the reply.
    Watched(Box<(Self, Watcher<R>)>),
}

/// Who is told of a reply of this type.
pub(crate) struct Watcher<R> {
    watching: Arc<dyn Watching>,
    tell: fn(&dyn Watching, &R),
}

impl<R: 'static> Watcher<R> {
    pub(super) fn new(watching: Arc<dyn Watching>) -> Self {
        Self { watching, tell: |watching, reply| watching.replied(reply) }
    }
}

impl<R> AnswerTo<R> {
    /// The same, and this one is told of the reply; not of the rows of a stream.
    pub(super) fn watched_by(self, watcher: Option<Watcher<R>>) -> Self {
        match (self, watcher) {
            (to, None) => to,
            (to @ Self::Stream(..), Some(watcher)) => {
                watcher.watching.streams();
                to
            }
            (to, Some(watcher)) => Self::Watched(Box::new((to, watcher))),
        }
    }

    /// Brings the reply to the caller; hands it back if nobody waits for it, or the deadline has passed.
    pub(crate) fn answer(&self, reply: R) -> ReplyOutcome<R> {
        match self {
            Self::One(cell) => cell.answer(reply),
            Self::Part(part) => part.answer(reply),
            Self::Stream(cell, _) => cell.answer(reply),
            Self::Watched(watched) => {
                let (to, watcher) = &**watched;
                (watcher.tell)(&*watcher.watching, &reply);
                to.answer(reply)
            }
        }
    }

    /// Whether nobody waits for a reply any more.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::One(cell) => cell.is_closed(),
            Self::Part(part) => part.gather().is_closed(),
            Self::Stream(cell, stream) => cell.is_closed(*stream),
            Self::Watched(watched) => watched.0.is_closed(),
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
            Self::Watched(watched) => watched.0.poll_closed(watcher, cx, handler),
        }
    }

    pub(crate) fn forget_watcher(&self, watcher: WaitId) {
        match self {
            Self::One(cell) => cell.forget_watcher(watcher),
            Self::Part(part) => part.gather().forget_watcher(watcher),
            Self::Stream(cell, _) => cell.forget_watcher(watcher),
            Self::Watched(watched) => watched.0.forget_watcher(watcher),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::One(cell) => cell.deadline(),
            Self::Part(part) => part.gather().deadline(),
            Self::Stream(cell, _) => cell.deadline(),
            Self::Watched(watched) => watched.0.deadline(),
        }
    }

    /// The responder is dropped.
    pub(crate) fn drop_responder(&self) {
        match self {
            Self::One(cell) => cell.drop_responder(),
            Self::Part(part) => part.drop_responder(),
            Self::Stream(cell, _) => cell.drop_responder(),
            Self::Watched(watched) => watched.0.drop_responder(),
        }
    }
}
