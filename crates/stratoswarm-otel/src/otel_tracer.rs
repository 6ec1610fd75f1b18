use std::fmt;

use opentelemetry::{
    Context, KeyValue, global,
    trace::{Link, Span, SpanBuilder, SpanContext, SpanKind, TraceContextExt, Tracer},
};
use stratoswarm_core::{StepKind, TraceSpan, TraceStep};

use crate::{
    context::{span_context, trace_context},
    otel_span::OtelSpan,
};

/// Makes spans of OpenTelemetry of what a fabric does; given to
/// [`FabricBuilder::tracer`](stratoswarm_core::FabricBuilder::tracer).
///
/// Sampling is the provider's: a sampler that heeds parents keeps a request and all that is asked for it, or nothing.
pub struct OtelTracer<T>(T);

impl<T> OtelTracer<T>
where
    T: Tracer<Span: Send + Sync> + Send + Sync + 'static,
{
    /// By this tracer.
    pub fn new(tracer: T) -> Self {
        Self(tracer)
    }
}

impl OtelTracer<global::BoxedTracer> {
    /// By the global provider as it is now, under the name `stratoswarm`. Without one no spans are made.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_otel::OtelTracer;
    /// let fabric = Fabric::builder().tracer(OtelTracer::global()).build();
    /// # drop(fabric);
    /// ```
    pub fn global() -> Self {
        Self(global::tracer("stratoswarm"))
    }
}

impl<T> stratoswarm_core::Tracer for OtelTracer<T>
where
    T: Tracer<Span: Send + Sync> + Send + Sync + 'static,
{
    fn begin(&self, step: &TraceStep<'_>) -> Option<Box<dyn TraceSpan>> {
        let span = match step.kind {
            StepKind::Send => {
                let sent_in = step.parent.map_or_else(current, span_context);
                let links = if sent_in.is_valid() { vec![Link::with_context(sent_in)] } else { Vec::new() };
                let builder = builder("send", "send", SpanKind::Producer, step).with_links(links);
                self.0.build_with_context(builder, &Context::new()) // a root
            }
            StepKind::Request => self.child(builder("request", "send", SpanKind::Producer, step), step),
            StepKind::Process => self.child(builder("process", "process", SpanKind::Consumer, step), step),
            _ => return None,
        };
        let context = trace_context(span.span_context())?;
        if step.kind != StepKind::Request && !context.is_sampled() {
            return None; // nobody asks for it any more
        }
        Some(Box::new(OtelSpan { context, span }))
    }
}

impl<T: Tracer> OtelTracer<T> {
    /// Within what it is done for, or in the current context.
    fn child(&self, builder: SpanBuilder, step: &TraceStep<'_>) -> T::Span {
        match step.parent {
            Some(parent) => {
                let parent = Context::new().with_remote_span_context(span_context(parent));
                self.0.build_with_context(builder, &parent)
            }
            None => self.0.build(builder),
        }
    }
}

/// The span in which this thread is.
fn current() -> SpanContext {
    Context::map_current(|current| current.span().span_context().clone())
}

fn builder(name: &'static str, operation: &'static str, kind: SpanKind, step: &TraceStep<'_>) -> SpanBuilder {
    let mut attributes = vec![
        KeyValue::new("messaging.system", "stratoswarm"),
        KeyValue::new("messaging.destination.name", step.channel.to_owned()),
        KeyValue::new("messaging.operation.type", operation),
        KeyValue::new("messaging.operation.name", name),
    ];
    if let Some(group) = step.group {
        attributes.push(KeyValue::new("messaging.consumer.group.name", group.to_owned()));
    }
    if let Some(seq) = step.seq {
        attributes.push(KeyValue::new("messaging.message.id", seq.to_string()));
    }
    if step.attempt > 1 {
        attributes.push(KeyValue::new("stratoswarm.delivery.attempt", i64::from(step.attempt)));
    }
    SpanBuilder::from_name(format!("{name} {}", step.channel)).with_kind(kind).with_attributes(attributes)
}

impl<T> fmt::Debug for OtelTracer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtelTracer").finish_non_exhaustive()
    }
}
