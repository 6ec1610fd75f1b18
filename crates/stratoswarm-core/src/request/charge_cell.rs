use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::{AnyCell, AnyResponder, RequestLiveness};

/// What the sender of a message is charged for as long as it waits. It is given back with the last reference: each reader
/// that has yet to take the message has one.
pub(crate) struct ChargeCell {
    /// What goes on with the message once it is taken.
    expiry: AnyResponder,
    /// Given back with the drop.
    _credit: OwnedSemaphorePermit,
}

impl ChargeCell {
    pub(crate) fn new(credit: OwnedSemaphorePermit, expiry: AnyResponder) -> Self {
        Self { expiry, _credit: credit }
    }
}

impl AnyCell for ChargeCell {
    fn is_request(&self) -> bool {
        false
    }

    fn without_charge(&self) -> Option<AnyResponder> {
        Some(self.expiry.clone())
    }

    fn deadline(&self) -> Option<Instant> {
        self.expiry.cell()?.deadline()
    }

    fn begin_handling(&self, now: Option<Instant>) -> RequestLiveness {
        self.state(now)
    }

    fn state(&self, now: Option<Instant>) -> RequestLiveness {
        self.expiry.cell().map_or(RequestLiveness::Live, |expiry| expiry.state(now))
    }

    fn expire(&self) {}

    fn close(&self) {}

    fn channel(&self) -> usize {
        0
    }

    fn add_responder(&self) {}

    fn drop_responder(&self) {}

    fn fail_wrong_type(&self) {}
}
