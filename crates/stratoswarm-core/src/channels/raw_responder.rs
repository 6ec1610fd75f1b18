use super::{Responder, Ticket};
use crate::requests::AnyResponder;

/// A responder before its reply type is known; for a hand-written counterpart of [`protocol!`](crate::protocol).
#[derive(Debug)]
#[must_use = "dropping a responder tells the caller its request was not answered"]
pub struct RawResponder {
    responder: AnyResponder,
    ticket: Ticket,
}

impl RawResponder {
    pub(crate) fn new(responder: AnyResponder, ticket: Ticket) -> Self {
        Self { responder, ticket }
    }

    /// The responder for replies of type `R`.
    ///
    /// If the caller waits for another type (its [`Ask`](crate::Ask) implementation disagrees), it is told
    /// [`WrongReplyType`](crate::RequestError::WrongReplyType), and what comes back is detached.
    pub fn typed<R: Send + 'static>(self) -> Responder<R> {
        Responder::new(self.responder.into_cell(), self.ticket)
    }
}
