use crate::request::AnyResponder;

/// What a message carries besides itself, or what is not there: it lies beside the messages, so that one without costs
/// nothing.
pub(crate) struct Tag {
    /// The number of the message; of a gap, the first number that is not here.
    pub(super) at: u64,
    /// The responder of a request, or when a message that was only sent expires.
    pub(super) request: AnyResponder,
    /// So many numbers from `at` on are not here. 0: the message `at` is.
    pub(super) gap: u32,
    /// How many groups have yet to take the request from here; [`ALL`](Self::ALL) of what every reader needs.
    pub(super) claims: u32,
    /// The message gave up its place: its caller has gone, or its deadline has passed.
    pub(super) released: bool,
}

impl Tag {
    /// The claims of all readers.
    pub(super) const ALL: u32 = u32::MAX;

    /// The expiry of a message that was only sent.
    pub(super) fn expiry(at: u64, expiry: AnyResponder) -> Self {
        Self { at, request: expiry, gap: 0, claims: Self::ALL, released: false }
    }

    pub(super) fn request(at: u64, request: AnyResponder, claims: u32) -> Self {
        Self { at, request, gap: 0, claims, released: false }
    }

    pub(super) fn gap(at: u64, gap: u32) -> Self {
        Self { at, request: AnyResponder::none(), gap, claims: 0, released: false }
    }
}
