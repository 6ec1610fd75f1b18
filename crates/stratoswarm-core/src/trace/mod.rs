//! Where a message belongs in a trace. A fabric that is given a [`Tracer`] tells it of each step, and hands on what it says; one
//! without asks nobody.
//!
//! The channels of such a fabric have a lane, as those have whose messages expire: what lies beside a message is then on the way
//! anyway, and the short ways of others ask nothing.

mod step_kind;
mod trace_context;
mod trace_span;
mod trace_step;
mod tracer;
mod tracing_group;

pub use step_kind::StepKind;
pub use trace_context::TraceContext;
pub use trace_span::TraceSpan;
pub use trace_step::TraceStep;
pub use tracer::Tracer;
pub(crate) use tracing_group::TracingGroup;
