use super::{TraceSpan, TraceStep};

/// Who is told of each step on the way of a fabric's messages; see [`FabricBuilder::tracer`](crate::FabricBuilder::tracer).
pub trait Tracer: Send + Sync + 'static {
    /// A step begins, in the task that does it; no lock is held. None: it is not traced. What is returned is dropped when the step
    /// is over.
    ///
    /// Of a send, the context lies beside the message only if it is sampled; of a request in any case, so that what is asked for it
    /// is sampled or not as it is.
    fn begin(&self, step: &TraceStep<'_>) -> Option<Box<dyn TraceSpan>>;
}
