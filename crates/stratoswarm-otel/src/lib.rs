//! Spans of OpenTelemetry for what goes through the channels of [`stratoswarm_core`].
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use opentelemetry::trace::TracerProvider;
//! use opentelemetry_sdk::trace::SdkTracerProvider;
//! use stratoswarm_core::{Fabric, examples::Job};
//! use stratoswarm_otel::OtelTracer;
//!
//! let provider = SdkTracerProvider::builder().build(); // with the exporter of your choice
//! let fabric = Fabric::builder().tracer(OtelTracer::new(provider.tracer("agents"))).build();
//! let jobs = fabric.channel::<Job>("jobs").open()?;
//! let mut worker = jobs.join("workers");
//! jobs.send(Job(1)).await?; // the span `send jobs`
//! let job = worker.recv().await.ok_or("closed")?; // the span `process jobs` begins
//! assert!(job.trace().is_some_and(|trace| trace.is_sampled()));
//! drop(job); // and ends
//! # Ok(()) }
//! ```
//!
//! # The spans
//!
//! | step | span | kind | its parent |
//! |---|---|---|---|
//! | a send | `send CHANNEL`, until it is accepted | `PRODUCER` | none: a trace of its own, with a link to where it was sent |
//! | a request | `request CHANNEL`, until the reply | `PRODUCER` | where it was asked: its caller waits |
//! | its handling by a group | `process CHANNEL`, until the delivery is done with | `CONSUMER` | the send or the request |
//!
//! Where it was sent is the delivery that was named by `within(&delivery)`, or else the current context of OpenTelemetry. So a
//! swarm that works for ever has no trace that grows for ever: each message begins one, and the links lead from one to the next.
//!
//! Attributes follow the conventions for messaging, which are still in development: `messaging.system` is `stratoswarm`, then
//! `messaging.destination.name`, `messaging.operation.type` and `.name`, `messaging.consumer.group.name`, and
//! `messaging.message.id`, the sequence number. A delivery that is made again has `stratoswarm.delivery.attempt`. What failed has
//! `error.type`, for example `expired`, `full`, or `panic` of a handler.
//!
//! # Cost
//!
//! A fabric without a tracer pays nothing. With one, each message goes the way of those that expire, and each span costs what it costs
//! in OpenTelemetry. 25 bytes go along with a message: of a send only if it is sampled, of a request in any case. `tracestate` and
//! baggage do not.
#![forbid(unsafe_code)]

mod context;
mod otel_span;
mod otel_tracer;

pub use context::{context_of, span_context};
pub use otel_tracer::OtelTracer;
