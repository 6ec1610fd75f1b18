use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Ticket;
use crate::requests::AnyResponder;

/// A message with its responder, if it is a request.
pub(crate) struct Slot<M> {
    pub(crate) message: M,
    pub(crate) request: AnyResponder,
}

/// A message on its way out, with its position and what counts it as in hand.
///
/// The message comes first here and in everything it is moved into on its way: a copy whose chunks are cut differently
/// at each hop fails the processor's store forwarding.
#[repr(C)]
pub(crate) struct Taken<M> {
    pub(crate) message: M,
    pub(crate) request: AnyResponder,
    pub(crate) position: u64,
    pub(crate) ticket: Ticket,
}

/// A clone of the message, none if its `Clone` panics.
pub(super) fn clone_message<M: Clone>(message: &M) -> Option<M> {
    catch_unwind(AssertUnwindSafe(|| message.clone())).ok()
}
