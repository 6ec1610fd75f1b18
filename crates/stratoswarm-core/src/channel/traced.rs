use std::{
    mem,
    panic::{RefUnwindSafe, UnwindSafe},
};

use super::turn::{Turn, Wait};
use crate::trace::TraceSpan;

/// A sender that waits, and whose wait is traced.
pub(super) struct Traced {
    /// Its way through the gate.
    pub(super) turn: Turn,
    /// From its first poll on.
    pub(super) span: Box<dyn TraceSpan>,
}

// A span is touched by `&mut` alone, and sees to itself.
impl UnwindSafe for Traced {}
impl RefUnwindSafe for Traced {}

impl Turn {
    /// Keeps the span of a sender that waits, until it is polled again.
    pub(super) fn keep_span(&mut self, span: Option<Box<dyn TraceSpan>>) {
        let Some(span) = span else { return };
        let (way, turn) = (*self.way(), mem::replace(self, Self::new()));
        *self.wait = Wait::Traced(way, Box::new(Traced { turn, span }));
    }

    /// The span, if one was kept: it is as without one then.
    pub(super) fn take_span(&mut self) -> Option<Box<dyn TraceSpan>> {
        if !matches!(*self.wait, Wait::Traced(..)) {
            return None;
        }
        let way = *self.way();
        let Wait::Traced(_, traced) = mem::replace(&mut *self.wait, Wait::No(way)) else { return None };
        let Traced { turn, span } = *traced;
        *self = turn;
        Some(span)
    }
}
