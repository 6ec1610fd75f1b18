use std::panic::Location;

use super::WaitKind;
use crate::{clock::Moment, tasks::Who};

/// Who waits, or holds a place: for the figures, and for whoever looks for the reason of a standstill.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) kind: WaitKind,
    pub(crate) who: Who,
    /// Where the call is; of a reader, where its handle was made.
    pub(crate) at: &'static Location<'static>,
    pub(crate) since: Moment,
}

impl Caller {
    /// Whoever calls this, from now on.
    #[inline]
    pub(crate) fn here(kind: WaitKind, at: &'static Location<'static>) -> Self {
        Self { kind, who: Who::here(), at, since: Moment::now() }
    }
}
