use super::{StepKind, TraceContext};

/// What is begun, as a [`Tracer`](crate::Tracer) is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TraceStep<'a> {
    /// What is done with the message.
    pub kind: StepKind,
    /// The name of the channel.
    pub channel: &'a str,
    /// Where it belongs: of what is processed, the context beside the message; else that of the delivery it was said to be
    /// [within](crate::Sending::within); none if nothing was said.
    pub parent: Option<TraceContext>,
    /// The group that processes it.
    pub group: Option<&'a str>,
    /// The sequence number of what is processed.
    pub seq: Option<u64>,
    /// Which delivery of it that is: 1 for the first.
    pub attempt: u32,
}
