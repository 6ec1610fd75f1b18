use std::sync::Arc;

use tokio::time::Instant;

use crate::{
    engine::{After, Fallout, Given, SharedInbox, Slot, Taken},
    handle::Shared,
    message::Message,
    request::{AnyCell, AnyResponder, Owed, RequestLiveness, Settled, Verdict},
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

/// What a delivery of a group that acknowledges carries in the place of a request's responder: what is owed for it, and the
/// request, if it is one. Its shares are counted as responders are; with the last of them it is given back, unless it was
/// settled.
pub(super) struct Lease<M: Message> {
    shared: Arc<Shared<M>>,
    inbox: SharedInbox<M>,
    slot: Slot,
    id: u64,
    attempt: u32,
    shares: AtomicU32,
    over: AtomicBool,
    request: AnyResponder,
}

impl<M: Message> Lease<M> {
    /// A delivery on its way out.
    pub(super) fn of(given: Given<M>, shared: &Arc<Shared<M>>, inbox: &SharedInbox<M>) -> Taken<M> {
        let Given { message, request, number, guard, lease, attempt, .. } = given;
        let Some((slot, id)) = lease else { return Taken { message, request, number, guard } };
        let cell = Self {
            shared: Arc::clone(shared),
            inbox: inbox.clone(),
            slot,
            id,
            attempt,
            shares: AtomicU32::new(1),
            over: AtomicBool::new(false),
            request,
        };
        Taken { message, request: AnyResponder::first(Arc::new(cell)), number, guard }
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
        let mut fallout = Fallout::new();
        let mut inbox = self.inbox.lock();
        let now = inbox.settling_needs_time(self.slot, &verdict).then(Instant::now);
        let settled = inbox.settle(self.slot, self.id, verdict, now, &mut fallout);
        let after = inbox.after(&fallout);
        drop(inbox);
        follow(&self.shared, &self.inbox, after, fallout);
        settled
    }

    fn request(&self) -> AnyResponder {
        self.request.clone()
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
        if self.shares.fetch_sub(1, Ordering::AcqRel) == 1 && !self.over.load(Ordering::Acquire) {
            self.settle(Verdict::Nak(None));
        }
    }

    fn fail_wrong_type(&self) {}

    fn bury(&self, _: u32) {}

    fn is_request(&self) -> bool {
        self.request.is_request()
    }

    fn attempt(&self) -> u32 {
        self.attempt
    }

    fn owed(&self) -> Option<&dyn Owed> {
        Some(self)
    }
}
