use std::{
    any::Any,
    fmt,
    panic::{RefUnwindSafe, UnwindSafe},
    sync::Arc,
};

use super::{
    AnswerTo, AnyCell, GatherPart, Owed, ReplyCell, Settled, StreamCell, Verdict, answer_to::Watcher,
};

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

    /// Parts with what the sender is charged, as the message is taken: to be dropped where no lock is held, as that wakes
    /// somebody. What else there is stays.
    #[inline]
    pub(crate) fn take_charge(&mut self) -> Self {
        match self.cell().and_then(AnyCell::without_charge) {
            Some(rest) => std::mem::replace(self, rest),
            None => Self::none(),
        }
    }

    /// Parts with a charge that nothing is beside, as [`take_charge`](Self::take_charge); whether it was one.
    #[inline]
    pub(crate) fn take_bare_charge(&mut self) -> Option<Self> {
        let bare = self.cell().is_some_and(AnyCell::is_bare_charge);
        bare.then(|| std::mem::take(self))
    }

    /// What is left of a request for whoever does not answer it: its charge, if there is one.
    pub(crate) fn charge_alone(&self) -> Option<Self> {
        self.cell()?.charge_alone()
    }

    /// The cell, in which it stays counted.
    pub(super) fn into_cell(mut self) -> Option<Arc<dyn AnyCell>> {
        self.0.take()
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

    /// The cell, if its replies are `R`s; it stays counted. Otherwise the caller is told `WrongReplyType`. With it comes what
    /// is owed for the message to a group that acknowledges; nothing if it does not.
    pub(crate) fn into_typed<R: Send + 'static>(mut self) -> (Option<AnswerTo<R>>, Self) {
        let Some(cell) = self.0.take() else { return (None, Self::none()) };
        let typed: &dyn Any = &*cell;
        let to: fn(Arc<dyn Any + Send + Sync>) -> Option<AnswerTo<R>> = if typed.is::<ReplyCell<R>>() {
            |cell| cell.downcast().ok().map(AnswerTo::One)
        } else if typed.is::<GatherPart<R>>() {
            |cell| cell.downcast().ok().map(AnswerTo::Part)
        } else if typed.is::<StreamCell<R>>() {
            |cell| cell.downcast().ok().map(|cell| AnswerTo::Stream(cell, None))
        } else if let Some(within) = cell.within() {
            let (typed, _) = within.clone().into_typed();
            return (typed, Self(Some(cell))); // it has a share of its own in what is owed
        } else {
            let request = cell.owed().map(|owed| (owed.request(), owed.watching()));
            let owed = Self(Some(cell));
            return match request {
                Some((request, watching)) => {
                    let (to, watching) = (request.into_typed().0, watching.map(Watcher::new));
                    (to.map(|to| to.watched_by(watching)), owed)
                }
                None => {
                    owed.0.iter().for_each(|cell| cell.fail_wrong_type());
                    (None, Self::none())
                }
            };
        };
        (to(cell), Self::none()) // counted by the typed responder from now on
    }

    /// What its group is owed, if it acknowledges.
    pub(crate) fn owed(&self) -> Option<&dyn Owed> {
        self.0.as_ref()?.owed()
    }

    /// Settles what is owed, if anything is.
    pub(crate) fn settle(&self, verdict: Verdict) -> Settled {
        self.owed().map_or(Settled::Done, |owed| owed.settle(verdict))
    }

    /// A further share in what is owed; none where nothing is, so that a request is not held.
    pub(crate) fn share(&self) -> Option<Self> {
        self.owed().filter(|owed| owed.is_kept()).map(|_| self.clone())
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
