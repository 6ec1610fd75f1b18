use std::thread;

use opentelemetry::{
    KeyValue,
    trace::{Span, Status},
};
use stratoswarm_core::{TraceContext, TraceSpan};

/// A step that is under way.
pub(crate) struct OtelSpan<S: Span> {
    pub(crate) context: TraceContext,
    pub(crate) span: S,
}

impl<S: Span> OtelSpan<S> {
    fn fail_as(&mut self, reason: &'static str) {
        self.span.set_attribute(KeyValue::new("error.type", reason));
        self.span.set_status(Status::error(reason));
    }
}

impl<S: Span + Send + Sync> TraceSpan for OtelSpan<S> {
    fn context(&self) -> TraceContext {
        self.context
    }

    fn fail(&mut self, reason: &'static str) {
        self.fail_as(reason);
    }
}

impl<S: Span> Drop for OtelSpan<S> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.fail_as("panic");
        }
        self.span.end();
    }
}
