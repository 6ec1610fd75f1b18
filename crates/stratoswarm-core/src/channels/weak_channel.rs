use std::{fmt, panic::Location, sync::Weak};

use super::{Channel, Message, Shared, upgrade};

/// A handle of a [`Channel`] that does not keep it open.
pub struct WeakChannel<M: Message>(Weak<Shared<M>>);

impl<M: Message> WeakChannel<M> {
    pub(super) fn new(shared: Weak<Shared<M>>) -> Self {
        Self(shared)
    }

    /// A full handle, while another one exists; none afterwards.
    #[track_caller]
    pub fn upgrade(&self) -> Option<Channel<M>> {
        let at = Location::caller();
        upgrade(&self.0).map(|shared| Channel::listed(shared, at))
    }
}

impl<M: Message> Clone for WeakChannel<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M: Message> fmt::Debug for WeakChannel<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakChannel")
    }
}
