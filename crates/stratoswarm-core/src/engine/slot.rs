use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::requests::AnyResponder;

/// A message in the log.
///
/// The message comes first here and in everything it is moved into on its way: a copy whose chunks are cut differently
/// at each hop fails the processor's store forwarding.
#[repr(C)]
pub(crate) struct Slot<M> {
    pub(crate) message: M,
    pub(crate) request: AnyResponder,
}

impl<M> Slot<M> {
    #[inline(always)]
    pub(crate) fn plain(message: M) -> Self {
        Self { message, request: AnyResponder::none() }
    }
}

/// A message on its way out, with its position.
#[repr(C)]
pub(crate) struct Taken<M> {
    pub(crate) slot: Slot<M>,
    pub(crate) position: u64,
}

/// A clone of the message, none if its `Clone` panics.
pub(super) fn clone_message<M: Clone>(message: &M) -> Option<M> {
    catch_unwind(AssertUnwindSafe(|| message.clone())).ok()
}
