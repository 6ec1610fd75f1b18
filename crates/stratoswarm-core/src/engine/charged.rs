use super::Inbox;
use crate::request::AnyResponder;

/// The short way out of messages that are charged, and that have nothing else beside them.
impl<M> Inbox<M> {
    /// The charge of the next message and its sequence number, if it may go this way: there is one lane, and nobody asks to be
    /// served. It is to be [popped](Self::pop_charged) then, and the charge to be dropped once the lock is released.
    #[inline(always)]
    pub(crate) fn take_charge(&mut self) -> Option<(AnyResponder, u64)> {
        if self.is_asked() || self.has_samples() {
            return None;
        }
        let charge = self.queues.sole()?.take_charge()?; // of one lane alone nobody's turn need be kept
        self.passed += 1;
        Some(charge)
    }

    /// The message whose charge was taken.
    #[inline(always)]
    pub(crate) fn pop_charged(&mut self) -> Option<M> {
        self.queues.sole()?.pop_charged()
    }
}
