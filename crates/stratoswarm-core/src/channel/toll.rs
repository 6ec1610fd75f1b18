//! The way of messages whose bytes are bounded: first the place, as for every message, then the charge.

use std::{
    mem,
    task::{Context, Poll},
};

use super::turn::{self, By, Turn, Wait};
use crate::{
    engine::{Admission, Effects, Entry, LaneIndex, Log},
    error::Closed,
    handle::{Account, Charge, Shared, Ticket, weigh},
    message::Message,
    request::AnyResponder,
    stats::{Caller, WaitKind},
    waiting::WaitId,
};

/// What a sender has on its way who has to wait.
pub(super) struct Toll {
    /// What its message weighs, or what its permits are charged.
    bytes: u64,
    /// For its place, until it has it.
    place: Turn,
    /// Its place, while it waits for its bytes.
    held: Option<(WaitId, Ticket)>,
}

/// What comes in, to be charged.
#[derive(Clone, Copy)]
struct Load {
    bytes: u64,
    places: usize,
    what: Entry,
}

/// What a message that comes in was charged, if anything.
pub(super) struct Paid(Option<Charge>);

impl Paid {
    /// What lies beside a message, together with what else would.
    #[inline]
    pub(super) fn beside<M: Clone>(self, log: &mut Log<M>, expiry: AnyResponder) -> AnyResponder {
        match self.0 {
            Some(charge) => charge.beside(log.charges(), expiry),
            None => expiry,
        }
    }

    /// The same of a request.
    #[inline]
    pub(super) fn beside_request(self, request: AnyResponder) -> AnyResponder {
        match self.0 {
            Some(charge) => charge.beside_request(request),
            None => request,
        }
    }
}

impl Turn {
    /// As [`poll`](Self::poll) for one message, which is charged where bytes are bounded; it may be `weighed`, or even charged,
    /// before.
    #[allow(clippy::too_many_arguments, reason = "those of `poll`, and what is charged")]
    #[inline]
    pub(super) fn poll_paid<M: Message>(
        &mut self,
        shared: &Shared<M>,
        log: &mut Log<M>,
        message: &M,
        weighed: Option<Weighed>,
        kind: WaitKind,
        by: By,
        cx: &Context<'_>,
        effects: &mut Effects<M>,
    ) -> Poll<Result<Paid, Closed>> {
        match shared.account() {
            None if self.is_new() && log.admit_fast_in(self.lane()) => Poll::Ready(Ok(Paid(None))),
            None => self.poll(log, 1, kind, by, cx, effects).map_ok(|_| Paid(None)),
            Some(account) => {
                let weighed = || weighed.unwrap_or_else(|| Weighed::of(message));
                let charged = self.poll_charged(account, log, 1, weighed, kind, by, cx, effects);
                charged.map_ok(|charge| Paid(Some(charge)))
            }
        }
    }

    /// The same for so many permits, which are charged in advance.
    pub(super) fn poll_permits<M: Message>(
        &mut self,
        shared: &Shared<M>,
        log: &mut Log<M>,
        count: usize,
        by: By,
        cx: &Context<'_>,
        effects: &mut Effects<M>,
    ) -> Poll<Result<(), Closed>> {
        let kind = WaitKind::Reserve;
        match shared.account() {
            None => self.poll(log, count, kind, by, cx, effects).map_ok(drop),
            Some(account) => {
                let advance = || Weighed::new(Account::advance::<M>().saturating_mul(count as u64));
                let charged = self.poll_charged(account, log, count, advance, kind, by, cx, effects);
                charged.map_ok(Charge::forget) // each permit gives its own back
            }
        }
    }

    /// As [`poll`](Self::poll), with a charge.
    #[allow(clippy::too_many_arguments, reason = "those of `poll`, and what is charged")]
    pub(super) fn poll_charged<M>(
        &mut self,
        account: &Account,
        log: &mut Log<M>,
        places: usize,
        weighed: impl FnOnce() -> Weighed,
        kind: WaitKind,
        by: By,
        cx: &Context<'_>,
        effects: &mut Effects<M>,
    ) -> Poll<Result<Charge, Closed>> {
        let what = if kind == WaitKind::Reserve { Entry::Permit } else { Entry::Messages };
        let lane = self.lane();
        if !matches!(*self.wait, Wait::Charged(..)) {
            let Weighed { bytes, charge } = weighed();
            let load = Load { bytes, places, what };
            if self.is_new() {
                match enter(account, log, lane, load, charge, true, effects) {
                    Ok(charge) => return Poll::Ready(Ok(charge)),
                    Err(Admission::Closed) => return Poll::Ready(Err(Closed)),
                    Err(_) => {}
                }
            }
            let way = *self.way();
            let place = mem::replace(self, Self::new());
            *self.wait = Wait::Charged(way, Box::new(Toll { bytes, place, held: None }));
        }
        let Wait::Charged(_, toll) = &mut *self.wait else { return Poll::Pending };
        let polled = toll.poll(account, log, lane, places, kind, by, cx, effects);
        if let Poll::Ready(Ok(_)) = polled
            && what == Entry::Messages
        {
            log.admit_permitted(lane, effects);
        }
        if polled.is_ready() {
            self.is_over();
        }
        polled
    }
}

impl Toll {
    #[allow(clippy::too_many_arguments, reason = "those of `Turn::poll`, and what is charged")]
    fn poll<M>(
        &mut self,
        account: &Account,
        log: &mut Log<M>,
        lane: LaneIndex,
        places: usize,
        kind: WaitKind,
        by: By,
        cx: &Context<'_>,
        effects: &mut Effects<M>,
    ) -> Poll<Result<Charge, Closed>> {
        if let Some((id, ticket)) = &mut self.held {
            let id = *id;
            let fetched = if log.is_closed() { None } else { ticket.fetch(cx.waker(), effects) };
            if let Some(charge) = fetched {
                self.held = None;
                log.take_held(lane, id);
                return Poll::Ready(Ok(charge));
            }
            if log.is_closed() {
                self.let_go(log, lane, effects);
                return Poll::Ready(Err(Closed));
            }
            log.hold_on(lane, id, cx.waker(), effects);
            return Poll::Pending;
        }
        match self.place.poll_for(log, places, Entry::Permit, kind, by, cx, effects) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(closed)) => Poll::Ready(Err(closed)),
            Poll::Ready(Ok(_)) => match account.charge_or_wait(self.bytes, cx.waker()) {
                Ok(charge) => Poll::Ready(Ok(charge)),
                Err(ticket) => {
                    let caller = Caller::here(WaitKind::Budget, by.at);
                    self.held = Some((log.hold(lane, places as u32, cx.waker(), caller), ticket));
                    Poll::Pending
                }
            },
        }
    }

    /// For its place.
    pub(super) fn place(&mut self) -> &mut Turn {
        &mut self.place
    }

    /// Its place is free again, and it waits for no bytes.
    pub(super) fn let_go<M>(&mut self, log: &mut Log<M>, lane: LaneIndex, effects: &mut Effects<M>) {
        if let Some((id, ticket)) = self.held.take() {
            log.cancel_send(lane, id, effects);
            ticket.end(effects);
        }
    }
}

/// What a message weighs, which is asked once, and perhaps its charge.
pub(super) struct Weighed {
    bytes: u64,
    charge: Option<Charge>,
}

impl Weighed {
    pub(super) fn new(bytes: u64) -> Self {
        Self { bytes, charge: None }
    }

    #[inline]
    pub(super) fn of<M: Message>(message: &M) -> Self {
        Self::new(weigh(message))
    }

    /// One that is charged already.
    pub(super) fn charged(bytes: u64, charge: Charge) -> Self {
        Self { bytes, charge: Some(charge) }
    }
}

/// Charges, unless that was done, and admits at once, or neither. `waits`: whoever asks will wait, if it cannot be.
fn enter<M>(
    account: &Account,
    log: &mut Log<M>,
    lane: LaneIndex,
    load: Load,
    charge: Option<Charge>,
    waits: bool,
    effects: &mut Effects<M>,
) -> Result<Charge, Admission> {
    let Load { bytes, places, what } = load;
    let Some(charge) = charge.or_else(|| account.try_charge(bytes)) else {
        return Err(if log.is_closed() { Admission::Closed } else { Admission::Full });
    };
    if what == Entry::Messages && log.admit_fast_in(lane) {
        return Ok(charge);
    }
    match log.admit(lane, places, what, waits, turn::now(log), effects) {
        Admission::Granted(_) => Ok(charge),
        refused => {
            charge.undo(effects);
            Err(refused)
        }
    }
}

/// Brings one message in at once, or not: what is to lie beside it.
pub(super) fn try_enter<M: Message>(
    shared: &Shared<M>,
    log: &mut Log<M>,
    lane: LaneIndex,
    message: &M,
    effects: &mut Effects<M>,
) -> Result<Paid, Admission> {
    if let Some(account) = shared.account() {
        let load = Load { bytes: weigh(message), places: 1, what: Entry::Messages };
        return enter(account, log, lane, load, None, false, effects).map(|charge| Paid(Some(charge)));
    }
    if log.has_lanes() && log.admit_fast_in(lane) {
        return Ok(Paid(None));
    }
    match log.admit(lane, 1, Entry::Messages, false, turn::now(log), effects) {
        Admission::Granted(_) => Ok(Paid(None)),
        refused => Err(refused),
    }
}

/// Room for so many permits at once, or not.
pub(super) fn try_reserve<M: Message>(
    shared: &Shared<M>,
    log: &mut Log<M>,
    lane: LaneIndex,
    count: usize,
    effects: &mut Effects<M>,
) -> Result<(), Admission> {
    if let Some(account) = shared.account() {
        let bytes = Account::advance::<M>().saturating_mul(count as u64);
        let load = Load { bytes, places: count, what: Entry::Permit };
        return enter(account, log, lane, load, None, false, effects).map(Charge::forget);
    }
    match log.admit(lane, count, Entry::Permit, false, turn::now(log), effects) {
        Admission::Granted(_) => Ok(()),
        refused => Err(refused),
    }
}
