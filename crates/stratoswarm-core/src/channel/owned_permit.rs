use std::{fmt, sync::Arc};

use super::Channel;
use crate::{handle::Shared, message::Message, waiting::WaitId};

/// A [`Permit`](crate::Permit) that owns its handle: it can be kept, and sent to another task.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
/// let mut worker = jobs.join("workers");
/// let permit = jobs.clone().reserve_owned().await?;
/// assert!(jobs.try_send(Job(2)).is_err(), "the place is taken");
/// tokio::spawn(async move { permit.send(Job(1)) }); // cannot fail
/// assert_eq!(worker.recv().await.map(|job| job.0), Some(1));
/// # Ok(()) }
/// ```
#[must_use = "a dropped permit gives its place to the next sender"]
pub struct OwnedPermit<M: Message> {
    place: Held<M>,
    channel: Channel<M>,
}

/// A place that is given back with the drop.
struct Held<M: Message> {
    shared: Arc<Shared<M>>,
    /// None once it is used.
    id: Option<WaitId>,
}

impl<M: Message> OwnedPermit<M> {
    pub(super) fn new(channel: Channel<M>, id: WaitId) -> Self {
        Self { place: Held { shared: Arc::clone(channel.shared()), id: Some(id) }, channel }
    }

    /// Sends the message in the reserved place; the handle comes back.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let permit = jobs.reserve_owned().await?; // has the only handle
    /// let jobs = permit.send(Job(1)); // and gives it back
    /// jobs.send(Job(2)).await?;
    /// assert_eq!(jobs.len(), 2);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn send(self, message: M) -> Channel<M> {
        let Self { mut place, channel } = self;
        if let Some(id) = place.id.take() {
            place.shared.send_permitted(id, message, channel.sender());
        }
        channel
    }
}

impl<M: Message> OwnedPermit<M> {
    /// Gives the place back unused, to the next sender; the handle comes back.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
    /// let jobs = jobs.try_reserve_owned()?.release();
    /// jobs.try_send(Job(1))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn release(self) -> Channel<M> {
        self.channel
    }
}

impl<M: Message> Drop for Held<M> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.shared.return_permit(id);
        }
    }
}

impl<M: Message> fmt::Debug for OwnedPermit<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit").field("channel", &self.channel).finish_non_exhaustive()
    }
}
