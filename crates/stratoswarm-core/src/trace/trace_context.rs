use std::fmt;

/// A place in a trace, as in W3C's `traceparent`, version 00: 25 bytes.
///
/// # Examples
/// ```
/// use stratoswarm_core::TraceContext;
///
/// let place = TraceContext::new([0x4b; 16], [0xf0; 8], 1);
/// assert!(place.is_sampled());
/// assert_eq!(place.to_string(), "00-4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b-f0f0f0f0f0f0f0f0-01");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    flags: u8,
}

impl TraceContext {
    /// The bytes in the order in which they are written; of the flags, bit 0 says that the trace is sampled.
    pub const fn new(trace_id: [u8; 16], span_id: [u8; 8], flags: u8) -> Self {
        Self { trace_id, span_id, flags }
    }

    /// Which trace.
    pub const fn trace_id(&self) -> [u8; 16] {
        self.trace_id
    }

    /// Which span of it.
    pub const fn span_id(&self) -> [u8; 8] {
        self.span_id
    }

    /// The flags.
    pub const fn flags(&self) -> u8 {
        self.flags
    }

    /// Whether its spans are kept.
    pub const fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }
}

/// As a `traceparent`.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace_id, span_id, flags } = *self;
        write!(
            f,
            "00-{:032x}-{:016x}-{flags:02x}",
            u128::from_be_bytes(trace_id),
            u64::from_be_bytes(span_id)
        )
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceContext({self})")
    }
}
