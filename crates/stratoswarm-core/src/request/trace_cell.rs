use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{AnyCell, AnyResponder, Asked, Owed, RequestLiveness};
use crate::{
    tasks::TaskNumber,
    trace::{TraceContext, TraceSpan},
};

/// Where a message belongs in a trace, beside whatever else lies beside it; of what is handed out, with the span of its handling,
/// which is over with the last reference.
pub(crate) struct TraceCell {
    context: TraceContext,
    /// Its expiry, its responder, or what is owed for it. Counted once for all shares.
    beside: AnyResponder,
    /// Dropped last: the caller is told first.
    _span: Option<Box<dyn TraceSpan>>,
}

impl TraceCell {
    /// Of a message on its way in.
    pub(crate) fn beside(context: Option<TraceContext>, beside: AnyResponder) -> AnyResponder {
        let Some(context) = context else { return beside };
        AnyResponder::first(Arc::new(Self { context, beside, _span: None }))
    }

    /// Of a message that is handed out.
    pub(crate) fn handling(span: Box<dyn TraceSpan>, beside: AnyResponder) -> AnyResponder {
        AnyResponder::first(Arc::new(Self { context: span.context(), beside, _span: Some(span) }))
    }

    fn cell(&self) -> Option<&dyn AnyCell> {
        self.beside.cell()
    }
}

impl AnyCell for TraceCell {
    fn is_request(&self) -> bool {
        self.beside.is_request()
    }

    fn trace(&self) -> Option<TraceContext> {
        Some(self.context)
    }

    fn within(&self) -> Option<&AnyResponder> {
        Some(&self.beside)
    }

    fn deadline(&self) -> Option<Instant> {
        self.cell()?.deadline()
    }

    fn begin_handling(&self, now: Option<Instant>) -> RequestLiveness {
        self.cell().map_or(RequestLiveness::Live, |cell| cell.begin_handling(now))
    }

    fn state(&self, now: Option<Instant>) -> RequestLiveness {
        self.cell().map_or(RequestLiveness::Live, |cell| cell.state(now))
    }

    fn expire(&self) {
        self.cell().into_iter().for_each(AnyCell::expire);
    }

    fn close(&self) {
        self.cell().into_iter().for_each(AnyCell::close);
    }

    fn channel(&self) -> usize {
        self.cell().map_or(0, AnyCell::channel)
    }

    // What is within is counted once for all shares.

    fn add_responder(&self) {}

    fn drop_responder(&self) {}

    fn fail_wrong_type(&self) {
        self.cell().into_iter().for_each(AnyCell::fail_wrong_type);
    }

    fn bury(&self, attempts: u32) {
        self.cell().into_iter().for_each(|cell| cell.bury(attempts));
    }

    fn evict(&self) {
        self.cell().into_iter().for_each(AnyCell::evict);
    }

    fn attempt(&self) -> u32 {
        self.cell().map_or(1, AnyCell::attempt)
    }

    fn asked(&self, within: Duration) -> Option<Asked> {
        self.cell()?.asked(within)
    }

    fn set_holder(&self, task: TaskNumber) {
        self.cell().into_iter().for_each(|cell| cell.set_holder(task));
    }

    fn owed(&self) -> Option<&dyn Owed> {
        self.beside.owed()
    }
}
