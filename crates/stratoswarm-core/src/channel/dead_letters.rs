use std::sync::Arc;

use super::Channel;
use crate::{
    contain::contain,
    engine::Bury,
    error::TrySendError,
    handle::Handle,
    message::{DeadLetter, Message},
};

/// A channel that takes what a group gives up. No report names the handle: it is the group's.
pub(super) struct DeadLetters<M: Message>(Channel<DeadLetter<M>>);

impl<M: Message> DeadLetters<M> {
    pub(super) fn to(channel: &Channel<DeadLetter<M>>) -> Arc<dyn Bury<M>> {
        Arc::new(Self(Channel::new(Handle::unlisted(Arc::clone(channel.shared())))))
    }
}

impl<M: Message> Bury<M> for DeadLetters<M> {
    fn bury(&self, letter: DeadLetter<M>) -> Result<(), &'static str> {
        match self.0.try_send(letter) {
            Ok(()) => Ok(()),
            Err(refused) => {
                let why = match &refused {
                    TrySendError::Full(_) => "they are full",
                    TrySendError::Closed(_) => "they are closed",
                };
                contain(|| drop(refused));
                Err(why)
            }
        }
    }

    fn address(&self) -> usize {
        self.0.shared().address()
    }
}
