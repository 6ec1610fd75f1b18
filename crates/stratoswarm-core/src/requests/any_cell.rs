use std::any::Any;

use tokio::time::Instant;

/// Whether a request is still worth a handler's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handover {
    /// The caller waits.
    Live,
    /// The deadline has passed.
    Expired,
    /// The caller is gone.
    Abandoned,
}

/// A reply cell of any reply type, as the log and the responders see it.
pub(crate) trait AnyCell: Any + Send + Sync {
    fn deadline(&self) -> Option<Instant>;

    /// Asks at the hand-over; if the request is live, its stage is `Handling` from now on.
    fn begin_handling(&self) -> Handover;

    /// Whether a handler has, or had, the request.
    fn state(&self) -> Handover;

    /// The request gave up its place in the log. Set and read under the log's locks.
    fn set_released(&self);
    fn is_released(&self) -> bool;

    fn add_responder(&self);
    fn drop_responder(&self);
    fn fail_wrong_type(&self);
}
