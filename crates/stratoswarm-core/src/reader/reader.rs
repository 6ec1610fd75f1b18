use std::task::{Context, Poll};

use super::sealed::Sealed;

/// A reader of a channel: [`Receiver`](crate::Receiver), [`Subscriber`](crate::Subscriber) or
/// [`LossySubscriber`](crate::LossySubscriber); or of several, a [`Mux`](crate::Mux).
///
/// It names what their [`Recv`](crate::Recv) gives. It cannot be implemented elsewhere.
pub trait Reader: Sealed {
    /// What `recv` gives.
    type Item;

    /// Polls for the next item. `firm`: whoever polls ends the wait by [`give_up`](Self::give_up), if it is not ready.
    #[doc(hidden)]
    fn poll_read(&mut self, cx: &mut Context<'_>, firm: bool) -> Poll<Option<Self::Item>>;

    /// Whether a wait is registered.
    #[doc(hidden)]
    fn waits(&self) -> bool;

    /// Ends a wait; a wake that came for it goes on to the next member.
    #[doc(hidden)]
    fn give_up(&mut self);
}
