use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::{
    error::RequestError,
    trace::{TraceContext, TraceSpan},
};

/// Where a request belongs in a trace.
#[derive(Default)]
pub(super) struct RequestTrace {
    /// In whose name it is asked.
    pub(super) parent: Option<TraceContext>,
    /// It was begun; then, unless it is not traced, by this.
    pub(super) begun: Option<Option<Box<dyn TraceSpan>>>,
}

// A span is touched by `&mut` alone, and sees to itself.
impl UnwindSafe for RequestTrace {}
impl RefUnwindSafe for RequestTrace {}

impl RequestTrace {
    /// What lies beside the request.
    pub(super) fn context(&self) -> Option<TraceContext> {
        self.begun.as_ref()?.as_ref().map(|span| span.context())
    }

    /// It is over.
    #[cold]
    pub(super) fn end<T>(self, outcome: Result<&T, &RequestError>) {
        if let (Some(Some(mut span)), Err(error)) = (self.begun, outcome) {
            span.fail(reason(error));
        }
    }

    /// Its caller has gone.
    #[cold]
    pub(super) fn cancel(self) {
        if let Some(Some(mut span)) = self.begun {
            span.fail("cancelled");
        }
    }
}

fn reason(error: &RequestError) -> &'static str {
    match error {
        RequestError::Closed => "closed",
        RequestError::Full => "full",
        RequestError::Unserved => "unserved",
        RequestError::Unanswered => "unanswered",
        RequestError::Evicted => "evicted",
        RequestError::WrongReplyType => "wrong_reply_type",
        RequestError::NoQuorum { .. } => "no_quorum",
        RequestError::DeadLettered { .. } => "dead_lettered",
        RequestError::Expired { .. } => "expired",
    }
}
