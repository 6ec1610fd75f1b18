use std::sync::Arc;

/// Counts a delivery as in hand for as long as it lives; the delivery itself has no `Drop`, so that the message can be
/// moved out of it.
#[derive(Debug)]
pub(crate) struct Ticket {
    _token: Option<Arc<()>>,
}

impl Ticket {
    #[inline]
    pub(crate) fn new(token: &Arc<()>) -> Self {
        Self { _token: Some(Arc::clone(token)) }
    }

    pub(crate) fn none() -> Self {
        Self { _token: None }
    }
}
