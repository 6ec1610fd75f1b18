/// What a worker's loop did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Served {
    /// Deliveries whose handler ran to its end.
    pub finished: u64,
    /// Deliveries whose handler panicked; their callers were told
    /// [`Unanswered`](crate::RequestError::Unanswered).
    pub panicked: u64,
}
