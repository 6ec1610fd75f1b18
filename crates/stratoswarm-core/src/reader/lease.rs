use std::sync::Arc;

use tokio::time::Instant;

use super::handed_out::{Answering, Telling};
use crate::{
    contain::contain,
    engine::{After, Fallout, Given, SharedInbox, Slot, Taken},
    handle::Shared,
    message::Message,
    request::{AnyCell, AnyResponder, Owed, RequestLiveness, Settled, Verdict, Watching},
    spares::Spares,
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    trace::TraceContext,
};

/// What a delivery of a group that acknowledges carries in the place of a request's responder: what is owed for it, and the
/// request, if it is one. Its shares are counted as responders are; with the last of them it is given back, unless it was
/// settled.
pub(super) struct Lease<M: Message> {
    shared: Arc<Shared<M>>,
    inbox: SharedInbox<M>,
    slot: AtomicU32,
    id: AtomicU64,
    attempt: AtomicU32,
    shares: AtomicU32,
    over: AtomicBool,
    request: AnyResponder,
    /// Of a traced channel: which member has it, and who is told of its reply.
    told: Option<Box<(u64, Option<Arc<Answering>>)>>,
}

/// The leases that a member gave out.
pub(super) struct Leases<M: Message>(Spares<Lease<M>>);

impl<M: Message> Leases<M> {
    /// So many at most; what a member holds besides is allocated for each.
    const MOST: usize = 32;

    pub(super) fn new() -> Self {
        Self(Spares::default())
    }

    /// A delivery on its way out.
    #[inline]
    pub(super) fn lease(
        &mut self,
        given: Given<M>,
        shared: &Arc<Shared<M>>,
        inbox: &SharedInbox<M>,
        telling: Option<&Arc<Telling>>,
    ) -> Taken<M> {
        let Given { message, mut request, number, guard, lease, attempt } = given;
        // What its sender is charged stays with the entry, if the group acknowledges; otherwise it is taken.
        let charge = request.take_charge();
        if charge.is_some() {
            contain(|| drop(charge));
        }
        let told = telling.map(|telling| {
            let answering = telling.leased(shared, &message, number, attempt, request.is_request());
            Box::new((telling.member(), answering))
        });
        let Some((slot, id)) = lease else { return Taken { message, request, number, guard } };
        if request.is_some() || told.is_some() {
            let lease = Lease { told, ..Lease::new(slot, id, attempt, request, shared, inbox) };
            return Taken { message, request: AnyResponder::first(Arc::new(lease)), number, guard };
        }
        if let Some(unused) = self.0.unused() {
            unused.renew(slot, id, attempt);
            let request = AnyResponder::first(Arc::clone(unused) as Arc<dyn AnyCell>);
            return Taken { message, request, number, guard };
        }
        let lease = Arc::new(Lease::new(slot, id, attempt, request, shared, inbox));
        self.0.keep(&lease, Self::MOST);
        Taken { message, request: AnyResponder::first(lease), number, guard }
    }
}

impl<M: Message> Lease<M> {
    fn new(
        slot: Slot,
        id: u64,
        attempt: u32,
        request: AnyResponder,
        shared: &Arc<Shared<M>>,
        inbox: &SharedInbox<M>,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            inbox: inbox.clone(),
            slot: AtomicU32::new(slot),
            id: AtomicU64::new(id),
            attempt: AtomicU32::new(attempt),
            shares: AtomicU32::new(1),
            over: AtomicBool::new(false),
            request,
            told: None,
        }
    }

    /// It is given out anew. Nobody else may have it.
    fn renew(&self, slot: Slot, id: u64, attempt: u32) {
        self.slot.store(slot, Ordering::Relaxed);
        self.id.store(id, Ordering::Relaxed);
        self.attempt.store(attempt, Ordering::Relaxed);
        self.shares.store(1, Ordering::Relaxed);
        self.over.store(false, Ordering::Relaxed);
    }
}

/// Does what is left to do once an inbox's lock is released.
pub(super) fn follow<M: Message>(
    shared: &Shared<M>,
    inbox: &SharedInbox<M>,
    after: After,
    fallout: Fallout<M>,
) {
    if !after.is_nothing() {
        shared.with(|log, effects| log.follow(inbox, after, effects));
    }
    fallout.run(&shared.name);
}

impl<M: Message> Owed for Lease<M> {
    fn settle(&self, verdict: Verdict) -> Settled {
        if self.over.load(Ordering::Acquire) {
            return Settled::Lapsed;
        }
        if verdict != Verdict::Progress {
            self.over.store(true, Ordering::Release);
        }
        let (slot, id) = (self.slot.load(Ordering::Relaxed), self.id.load(Ordering::Relaxed));
        let mut inbox = self.inbox.lock();
        if let Ok(message) = inbox.settle_plain(slot, id, &verdict) {
            drop(inbox);
            if std::mem::needs_drop::<M>() {
                contain(|| drop(message));
            }
            return Settled::Done;
        }
        let mut fallout = Fallout::new();
        let now = inbox.settling_needs_time(slot, &verdict).then(Instant::now);
        let member = self.told.as_ref().map(|told| told.0);
        let settled = inbox.settle(slot, id, verdict, member, now, &mut fallout);
        let after = inbox.after(&fallout);
        drop(inbox);
        follow(&self.shared, &self.inbox, after, fallout);
        settled
    }

    fn request(&self) -> AnyResponder {
        self.request.clone()
    }

    fn watching(&self) -> Option<Arc<dyn Watching>> {
        let answering = self.told.as_ref()?.1.as_ref()?;
        Some(Arc::clone(answering) as _)
    }
}

impl<M: Message> AnyCell for Lease<M> {
    fn deadline(&self) -> Option<Instant> {
        self.request.cell().and_then(AnyCell::deadline)
    }

    /// That was asked before it was handed out.
    fn begin_handling(&self, _: Option<Instant>) -> RequestLiveness {
        RequestLiveness::Live
    }

    fn state(&self, now: Option<Instant>) -> RequestLiveness {
        self.request.cell().map_or(RequestLiveness::Live, |cell| cell.state(now))
    }

    fn expire(&self) {}

    fn close(&self) {}

    fn channel(&self) -> usize {
        self.shared.address()
    }

    fn add_responder(&self) {
        self.shares.fetch_add(1, Ordering::Relaxed);
    }

    fn drop_responder(&self) {
        if !self.over.load(Ordering::Acquire)
            && self.shares.fetch_sub(1, Ordering::AcqRel) == 1
            && !self.over.load(Ordering::Acquire)
        {
            self.settle(Verdict::Nak(None));
        }
    }

    fn fail_wrong_type(&self) {}

    fn bury(&self, _: u32) {}

    fn is_request(&self) -> bool {
        self.request.is_request()
    }

    fn trace(&self) -> Option<TraceContext> {
        self.request.cell()?.trace()
    }

    fn attempt(&self) -> u32 {
        self.attempt.load(Ordering::Relaxed)
    }

    fn owed(&self) -> Option<&dyn Owed> {
        Some(self)
    }
}
