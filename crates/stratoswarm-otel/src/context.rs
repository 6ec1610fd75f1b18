use opentelemetry::{
    Context, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt, TraceState},
};
use stratoswarm_core::{Delivery, Message, TraceContext};

/// The context in which a delivery is handled: what is begun in it is a child of `process CHANNEL`. That of a delivery without a
/// trace is empty.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use opentelemetry::trace::{FutureExt, TracerProvider};
/// # use opentelemetry_sdk::trace::SdkTracerProvider;
/// # use stratoswarm_core::{Fabric, examples::Job};
/// use stratoswarm_otel::{OtelTracer, context_of};
///
/// # let provider = SdkTracerProvider::builder().build();
/// # let fabric = Fabric::builder().tracer(OtelTracer::new(provider.tracer("agents"))).build();
/// # let (jobs, steps) = (fabric.channel::<Job>("jobs").open()?, fabric.channel::<Job>("steps").open()?);
/// # let mut worker = jobs.join("workers");
/// # jobs.send(Job(1)).await?;
/// let job = worker.recv().await.ok_or("closed")?;
/// let within = context_of(&job);
/// async { steps.send(Job(2)).await }.with_context(within).await?; // links to `process jobs`
/// # Ok(()) }
/// ```
pub fn context_of<M: Message>(delivery: &Delivery<M>) -> Context {
    delivery
        .trace()
        .map_or_else(Context::new, |trace| Context::new().with_remote_span_context(span_context(trace)))
}

/// A place in a trace in OpenTelemetry's words.
pub fn span_context(trace: TraceContext) -> SpanContext {
    SpanContext::new(
        TraceId::from_bytes(trace.trace_id()),
        SpanId::from_bytes(trace.span_id()),
        TraceFlags::new(trace.flags()),
        false, // it is of this process
        TraceState::NONE,
    )
}

/// The same the other way round; none of a tracer that makes no spans.
pub(crate) fn trace_context(span: &SpanContext) -> Option<TraceContext> {
    span.is_valid().then(|| {
        TraceContext::new(span.trace_id().to_bytes(), span.span_id().to_bytes(), span.trace_flags().to_u8())
    })
}
