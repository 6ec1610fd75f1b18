use std::fmt;

use super::Channel;
use crate::{
    handle::{Account, Shared, weigh},
    message::Message,
    waiting::WaitId,
};

/// A place in a channel, kept until it is used or dropped.
///
/// It stays valid when the channel closes: readers see the end only after the last permit.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, Message, NoReply};
/// # #[derive(Clone)] struct Job(u32);
/// # impl Message for Job { type Reply = NoReply; }
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
/// let permit = jobs.reserve().await?;
/// assert!(jobs.try_send(Job(2)).is_err(), "the place is taken");
/// permit.send(Job(1)); // cannot fail
/// assert_eq!(jobs.len(), 1);
/// # Ok(()) }
/// ```
#[must_use = "a dropped permit gives its place to the next sender"]
pub struct Permit<'a, M: Message> {
    channel: &'a Channel<M>,
    /// None once it is used.
    id: Option<WaitId>,
}

impl<'a, M: Message> Permit<'a, M> {
    pub(super) fn new(channel: &'a Channel<M>, id: WaitId) -> Self {
        Self { channel, id: Some(id) }
    }

    /// Sends the message in the reserved place.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let mut worker = jobs.join("workers");
    /// let permit = jobs.try_reserve()?;
    /// jobs.close();
    /// assert!(jobs.try_send(Job(1)).is_err());
    /// permit.send(Job(2)); // promised before the close
    /// assert_eq!(worker.try_recv()?.0, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send(mut self, message: M) {
        if let Some(id) = self.id.take() {
            self.channel.shared().send_permitted(id, message, self.channel.sender());
        }
    }
}

impl<M: Message> Drop for Permit<'_, M> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.channel.shared().return_permit(id);
        }
    }
}

impl<M: Message> fmt::Debug for Permit<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("channel", &self.channel.name()).finish_non_exhaustive()
    }
}

impl<M: Message> Shared<M> {
    pub(super) fn send_permitted(&self, id: WaitId, message: M, sender: u32) {
        let mut expiry = self.expiry();
        if let Some(account) = self.account() {
            // It cannot wait: it is charged what it weighs, though that be too much, in the place of what its permit was.
            expiry = account.exchange(Account::advance::<M>(), weigh(&message)).beside(None, expiry);
        }
        if self.with(|log, effects| log.push_permitted(id, message, expiry, sender, effects)) {
            tracing::warn!(
                channel = &*self.name,
                "a permit was used after the shutdown: nobody waits for its message"
            );
        }
    }

    pub(super) fn return_permit(&self, id: WaitId) {
        self.with(|log, effects| log.return_permit(id, effects));
        if let Some(account) = self.account() {
            account.give_back(Account::advance::<M>());
        }
    }
}
