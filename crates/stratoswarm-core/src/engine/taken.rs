use super::InFlightGuard;
use crate::request::AnyResponder;

/// A message on its way out, with its number and what counts it as in flight.
///
/// The message comes first here and in everything it is moved into on its way: a copy whose chunks are cut differently
/// at each hop fails the processor's store forwarding.
#[repr(C)]
pub(crate) struct Taken<M> {
    pub(crate) message: M,
    pub(crate) request: AnyResponder,
    pub(crate) number: u64,
    pub(crate) guard: InFlightGuard,
}
