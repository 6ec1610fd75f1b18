use std::{fmt, iter::FusedIterator, vec};

use super::{Channel, Permit};
use crate::{message::Message, waiting::WaitId};

/// Several places in a channel, as [`Permit`]s one after the other. Those that are not taken out are given back with the drop.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(3).open()?;
/// let mut permits = jobs.reserve_many(3).await?;
/// assert!(jobs.try_send(Job(0)).is_err(), "all places are taken");
/// permits.next().ok_or("three")?.send(Job(1));
/// permits.next().ok_or("two more")?.send(Job(2));
/// drop(permits); // the third is free again
/// jobs.try_send(Job(3))?;
/// # Ok(()) }
/// ```
#[must_use = "dropped permits give their places to the next senders"]
pub struct Permits<'a, M: Message> {
    channel: &'a Channel<M>,
    ids: vec::IntoIter<WaitId>,
}

impl<'a, M: Message> Permits<'a, M> {
    pub(super) fn new(channel: &'a Channel<M>, ids: Vec<WaitId>) -> Self {
        Self { channel, ids: ids.into_iter() }
    }
}

impl<'a, M: Message> Iterator for Permits<'a, M> {
    type Item = Permit<'a, M>;

    fn next(&mut self) -> Option<Permit<'a, M>> {
        self.ids.next().map(|id| Permit::new(self.channel, id))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ids.size_hint()
    }
}

impl<M: Message> ExactSizeIterator for Permits<'_, M> {}

impl<M: Message> FusedIterator for Permits<'_, M> {}

impl<M: Message> Drop for Permits<'_, M> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

impl<M: Message> fmt::Debug for Permits<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permits")
            .field("channel", &self.channel.name())
            .field("left", &self.ids.len())
            .finish_non_exhaustive()
    }
}
