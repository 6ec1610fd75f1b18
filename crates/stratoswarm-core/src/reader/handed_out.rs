//! What is told of the messages that a reader of a traced channel hands out.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    engine::Taken,
    handle::Shared,
    message::Message,
    request::{AnyCell, AnyResponder, Asked, Owed, RequestLiveness, Settled, Verdict, Watching},
    tasks::TaskNumber,
    traced::{OutcomeKind, ReplyEncoder, Trace},
};

/// A reader of a traced channel, as what it takes is told of.
pub(super) struct Telling {
    trace: Arc<Trace>,
    /// None of a subscriber.
    group: Option<Arc<str>>,
    member: u64,
}

impl Telling {
    /// None if the channel is not traced.
    pub(super) fn new<M>(shared: &Shared<M>, group: Option<&str>, member: u64) -> Option<Arc<Self>> {
        let trace = Arc::clone(shared.trace()?);
        Some(Arc::new(Self { trace, group: group.map(Arc::from), member }))
    }

    pub(super) fn member(&self) -> u64 {
        self.member
    }

    fn tell(&self, seq: u64, attempt: u32, how: OutcomeKind, reply: Option<Vec<u8>>) {
        self.trace.tell(seq, self.group.as_ref(), Some(self.member), attempt, how, reply);
    }

    /// A message is handed out for the first time.
    pub(super) fn taken(&self, seq: u64) {
        self.tell(seq, 1, OutcomeKind::Taken, None);
    }

    /// It is not, as its turn came too late.
    pub(super) fn skipped(&self, seq: u64, why: RequestLiveness) {
        self.trace.tell(seq, self.group.as_ref(), None, 0, OutcomeKind::of_late(why), None);
    }

    /// What is told of the reply to a request of a group that acknowledges, as it is handed out; and that it is.
    pub(super) fn leased<M: Message>(
        self: &Arc<Self>,
        shared: &Shared<M>,
        message: &M,
        seq: u64,
        attempt: u32,
        asked: bool,
    ) -> Option<Arc<Answering>> {
        self.tell(seq, attempt, OutcomeKind::Taken, None);
        (asked && self.trace.is_read()).then(|| Answering::new(self, shared, message, seq, attempt))
    }

    /// A message is handed out, of a group that does not acknowledge: that is told, and the reply to a request will be.
    pub(super) fn hand_out<M: Message>(self: &Arc<Self>, shared: &Shared<M>, taken: &mut Taken<M>) {
        self.taken(taken.number);
        if taken.request.is_request() && self.trace.is_read() {
            let answering = Answering::new(self, shared, &taken.message, taken.number, 1);
            let request = std::mem::take(&mut taken.request);
            taken.request = AnyResponder::first(Arc::new(Watched { answering, request }));
        }
    }
}

/// A request that is handed out, as its reply is told of.
pub(super) struct Answering {
    by: Arc<Telling>,
    seq: u64,
    attempt: u32,
    encoder: Option<ReplyEncoder>,
    replied: AtomicBool,
}

impl Answering {
    fn new<M: Message>(
        by: &Arc<Telling>,
        shared: &Shared<M>,
        message: &M,
        seq: u64,
        attempt: u32,
    ) -> Arc<Self> {
        let (by, encoder) = (Arc::clone(by), shared.reply_encoder(message));
        Arc::new(Self { by, seq, attempt, encoder, replied: AtomicBool::new(false) })
    }
}

impl Watching for Answering {
    fn replied(&self, reply: &dyn Any) {
        if self.replied.swap(true, Ordering::Relaxed) {
            return;
        }
        let encode =
            |encoder: ReplyEncoder| catch_unwind(AssertUnwindSafe(|| encoder(reply))).unwrap_or(None);
        self.by.tell(self.seq, self.attempt, OutcomeKind::Replied, self.encoder.and_then(encode));
    }

    fn streams(&self) {
        self.replied.store(true, Ordering::Relaxed);
    }
}

/// A request, and who is told of its reply, in the place of the request alone; of a group that does not acknowledge.
struct Watched {
    answering: Arc<Answering>,
    request: AnyResponder,
}

impl Owed for Watched {
    /// Its group does not acknowledge.
    fn settle(&self, _: Verdict) -> Settled {
        Settled::Done
    }

    fn request(&self) -> AnyResponder {
        self.request.clone()
    }

    fn watching(&self) -> Option<Arc<dyn Watching>> {
        Some(Arc::clone(&self.answering) as _)
    }

    fn is_kept(&self) -> bool {
        false
    }
}

/// Its last responder is gone.
impl Drop for Watched {
    fn drop(&mut self) {
        let Answering { by, seq, attempt, replied, .. } = &*self.answering;
        if !replied.load(Ordering::Relaxed) {
            by.tell(*seq, *attempt, OutcomeKind::Unanswered, None);
        }
    }
}

impl Watched {
    fn within(&self) -> impl Iterator<Item = &dyn AnyCell> {
        self.request.cell().into_iter()
    }
}

impl AnyCell for Watched {
    fn is_request(&self) -> bool {
        self.request.is_request()
    }

    fn deadline(&self) -> Option<Instant> {
        self.request.cell()?.deadline()
    }

    /// That was asked before it was handed out.
    fn begin_handling(&self, _: Option<Instant>) -> RequestLiveness {
        RequestLiveness::Live
    }

    fn state(&self, now: Option<Instant>) -> RequestLiveness {
        self.request.cell().map_or(RequestLiveness::Live, |cell| cell.state(now))
    }

    fn expire(&self) {
        self.within().for_each(AnyCell::expire);
    }

    fn close(&self) {
        self.within().for_each(AnyCell::close);
    }

    fn channel(&self) -> usize {
        self.request.cell().map_or(0, AnyCell::channel)
    }

    // The responder within is counted once for all shares.

    fn add_responder(&self) {}

    fn drop_responder(&self) {}

    fn fail_wrong_type(&self) {
        self.within().for_each(AnyCell::fail_wrong_type);
    }

    fn bury(&self, attempts: u32) {
        self.within().for_each(|cell| cell.bury(attempts));
    }

    fn evict(&self) {
        self.within().for_each(AnyCell::evict);
    }

    fn asked(&self, within: Duration) -> Option<Asked> {
        self.request.cell()?.asked(within)
    }

    fn set_holder(&self, task: TaskNumber) {
        self.within().for_each(|cell| cell.set_holder(task));
    }

    fn owed(&self) -> Option<&dyn Owed> {
        Some(self)
    }
}
