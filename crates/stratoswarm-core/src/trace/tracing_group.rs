use std::{
    panic::{RefUnwindSafe, UnwindSafe},
    sync::Arc,
};

use super::{StepKind, TraceContext, TraceSpan, TraceStep, Tracer};

/// What a member of a group needs to have its handling traced.
pub(crate) struct TracingGroup {
    pub(crate) tracer: Arc<dyn Tracer>,
    pub(crate) channel: Arc<str>,
    pub(crate) group: Box<str>,
}

// A tracer sees to itself; nothing here is touched while it is asked.
impl UnwindSafe for TracingGroup {}
impl RefUnwindSafe for TracingGroup {}

impl TracingGroup {
    /// A message is handed out that has a context beside it.
    pub(crate) fn begin(&self, parent: TraceContext, seq: u64, attempt: u32) -> Option<Box<dyn TraceSpan>> {
        self.tracer.begin(&TraceStep {
            kind: StepKind::Process,
            channel: &self.channel,
            parent: Some(parent),
            group: Some(&self.group),
            seq: Some(seq),
            attempt,
        })
    }
}
