use std::{
    any::Any,
    fmt,
    panic::{RefUnwindSafe, UnwindSafe},
    sync::Arc,
};

use super::{AnswerTo, AnyCell, GatherPart, ReplyCell, StreamCell};

/// A responder whose reply type is not known: what travels with a message. Empty for a message that was only sent, or its
/// [`ExpiryCell`](super::ExpiryCell).
///
/// Counted in its cell: a clone is one responder more, a drop one less.
#[derive(Default)]
pub(crate) struct AnyResponder(Option<Arc<dyn AnyCell>>);

impl AnyResponder {
    /// The first responder of a new cell, which has counted it already.
    pub(crate) fn first(cell: Arc<dyn AnyCell>) -> Self {
        Self(Some(cell))
    }

    #[inline]
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    #[inline]
    pub(crate) fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// Whether a caller waits, or waited, for a reply.
    #[inline]
    pub(crate) fn is_request(&self) -> bool {
        self.0.as_ref().is_some_and(|cell| cell.is_request())
    }

    #[inline]
    pub(crate) fn cell(&self) -> Option<&dyn AnyCell> {
        self.0.as_deref()
    }

    /// Makes it that of one group, where each has a part of its own. To a group that was not asked it is a plain message.
    pub(crate) fn narrow(&mut self, group: u64) {
        if let Some(cell) = self.0.take_if(|cell| cell.has_parts()) {
            self.0 = cell.part_of(group);
        }
    }

    /// The part of a group, where each has one of its own.
    pub(crate) fn part_of(&self, group: u64) -> Option<Self> {
        let cell = self.0.as_ref().filter(|cell| cell.has_parts())?;
        Arc::clone(cell).part_of(group).map(|part| Self(Some(part)))
    }

    /// The cell, if its replies are `R`s; it stays counted. Otherwise the caller is told `WrongReplyType`.
    pub(crate) fn into_cell<R: Send + 'static>(mut self) -> Option<AnswerTo<R>> {
        let cell = self.0.take()?;
        let typed: &dyn Any = &*cell;
        let to: fn(Arc<dyn Any + Send + Sync>) -> Option<AnswerTo<R>> = if typed.is::<ReplyCell<R>>() {
            |cell| cell.downcast().ok().map(AnswerTo::One)
        } else if typed.is::<GatherPart<R>>() {
            |cell| cell.downcast().ok().map(AnswerTo::Part)
        } else if typed.is::<StreamCell<R>>() {
            |cell| cell.downcast().ok().map(|cell| AnswerTo::Stream(cell, None))
        } else {
            cell.fail_wrong_type();
            self.0 = Some(cell);
            return None;
        };
        to(cell) // counted by the typed responder from now on
    }
}

// No user's code runs under a cell's lock.
impl UnwindSafe for AnyResponder {}
impl RefUnwindSafe for AnyResponder {}

impl Clone for AnyResponder {
    fn clone(&self) -> Self {
        if let Some(cell) = &self.0 {
            cell.add_responder();
        }
        Self(self.0.clone())
    }
}

impl Drop for AnyResponder {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(cell) = self.0.take() {
            let_go(cell);
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "whatever the responder lies in need have no address")]
#[inline(never)]
fn let_go(cell: Arc<dyn AnyCell>) {
    cell.drop_responder();
}

impl fmt::Debug for AnyResponder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyResponder")
    }
}
