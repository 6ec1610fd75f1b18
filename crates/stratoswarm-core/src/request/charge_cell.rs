use std::sync::Arc;

use tokio::time::Instant;

use super::{AnyCell, AnyResponder, RequestLiveness};
use crate::trace::TraceContext;

/// What the sender of a message is charged for as long as it waits. It is given back with the last reference: each reader
/// that has yet to take the message has one.
pub(crate) struct ChargeCell<C> {
    /// What goes on with the message once it is taken: its expiry, or its responder.
    beside: AnyResponder,
    /// Given back with the drop.
    charge: C,
}

/// What a sender is charged, and gets back when it is dropped.
pub(crate) trait Charging: Send + Sync + 'static {
    /// A share in it: it is given back with the last. Requests need one, as their readers need different things beside it.
    fn share(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

impl Charging for tokio::sync::OwnedSemaphorePermit {}

impl<C: Charging> Charging for Arc<C> {
    fn share(&self) -> Option<Self> {
        Some(Self::clone(self))
    }
}

impl<C: Charging> ChargeCell<C> {
    pub(crate) fn new(charge: C, beside: AnyResponder) -> Self {
        Self { beside, charge }
    }
}

impl<C: Charging> AnyCell for ChargeCell<C> {
    fn is_request(&self) -> bool {
        self.beside.is_request()
    }

    fn is_bare_charge(&self) -> bool {
        !self.beside.is_some()
    }

    fn without_charge(&self) -> Option<AnyResponder> {
        // It may be charged twice: a limited handle's credit, and bytes.
        let further = self.beside.cell().and_then(AnyCell::without_charge);
        Some(further.unwrap_or_else(|| self.beside.clone()))
    }

    fn charge_alone(&self) -> Option<AnyResponder> {
        let cell = ChargeCell::new(self.charge.share()?, AnyResponder::none());
        Some(AnyResponder::first(Arc::new(cell)))
    }

    fn deadline(&self) -> Option<Instant> {
        self.beside.cell()?.deadline()
    }

    fn begin_handling(&self, now: Option<Instant>) -> RequestLiveness {
        self.beside.cell().map_or(RequestLiveness::Live, |cell| cell.begin_handling(now))
    }

    fn state(&self, now: Option<Instant>) -> RequestLiveness {
        self.beside.cell().map_or(RequestLiveness::Live, |cell| cell.state(now))
    }

    fn expire(&self) {
        self.beside.cell().into_iter().for_each(AnyCell::expire);
    }

    fn close(&self) {
        self.beside.cell().into_iter().for_each(AnyCell::close);
    }

    fn trace(&self) -> Option<TraceContext> {
        self.beside.cell()?.trace()
    }

    fn channel(&self) -> usize {
        self.beside.cell().map_or(0, AnyCell::channel)
    }

    fn has_parts(&self) -> bool {
        self.beside.cell().is_some_and(AnyCell::has_parts)
    }

    /// The part of the group, charged like the whole.
    fn part_of(self: Arc<Self>, group: u64) -> Option<Arc<dyn AnyCell>> {
        let part = self.beside.part_of(group);
        let Some(charge) = self.charge.share() else { return part.and_then(AnyResponder::into_cell) };
        Some(Arc::new(Self::new(charge, part.unwrap_or_default())))
    }

    // The responder within is counted once for all shares.

    fn add_responder(&self) {}

    fn drop_responder(&self) {}

    fn fail_wrong_type(&self) {
        self.beside.cell().into_iter().for_each(AnyCell::fail_wrong_type);
    }

    fn evict(&self) {
        self.beside.cell().into_iter().for_each(AnyCell::evict);
    }

    fn bury(&self, attempts: u32) {
        self.beside.cell().into_iter().for_each(|cell| cell.bury(attempts));
    }
}
