use std::{
    fmt,
    panic::Location,
    sync::{Arc, Weak},
};

use super::Channel;
use crate::{
    handle::{Handle, HandleKind, Shared},
    message::Message,
    reader::{LossySubscriber, Receiver, Subscriber},
    stats::ChannelKind,
};

/// A handle of a [`Channel`] that does not keep it open.
///
/// # Examples
/// ```
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let weak = jobs.downgrade();
/// assert!(weak.upgrade().is_some_and(|same| same.same_channel(&jobs)));
/// drop(jobs); // the last handle: the channel closes
/// assert!(weak.upgrade().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct WeakChannel<M: Message>(Weak<Shared<M>>);

impl<M: Message> WeakChannel<M> {
    pub(super) fn new(shared: Weak<Shared<M>>) -> Self {
        Self(shared)
    }

    /// A full handle, while another one exists; none afterwards.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
    /// let weak = jobs.downgrade();
    /// let full = weak.upgrade().ok_or("closed")?;
    /// drop(jobs);
    /// full.try_send(Job(1))?; // it keeps the channel open
    /// drop(full);
    /// assert!(weak.upgrade().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn upgrade(&self) -> Option<Channel<M>> {
        Handle::upgraded(&self.0, HandleKind::Channel, Location::caller()).map(Channel::new)
    }
}

impl<M: Message> Receiver<M> {
    /// A handle of the channel that does not keep it open.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// let mut reader = jobs.join("workers");
    /// let again = reader.downgrade();
    /// again.upgrade().ok_or("closed")?.try_send(Job(1))?;
    /// assert!(reader.try_recv().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn downgrade(&self) -> WeakChannel<M> {
        WeakChannel::new(Arc::downgrade(self.channel()))
    }
}

impl<M: Message> Subscriber<M> {
    /// A handle of the channel that does not keep it open.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// # let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").open()?;
    /// let mut reader = jobs.subscribe();
    /// let again = reader.downgrade();
    /// again.upgrade().ok_or("closed")?.try_send(Job(1))?;
    /// assert!(reader.try_recv().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn downgrade(&self) -> WeakChannel<M> {
        WeakChannel::new(Arc::downgrade(self.channel()))
    }
}

impl<M: Message> LossySubscriber<M> {
    /// A handle of the channel that it taps, which does not keep it open; none for a broadcast's subscriber, see
    /// [`weak_broadcast`](Self::weak_broadcast).
    ///
    /// # Examples
    /// ```
    /// let numbers = stratoswarm_core::channel::<u32>(8);
    /// let mut tap = numbers.tap();
    /// let weak = tap.weak_channel().ok_or("of a channel")?;
    /// weak.upgrade().ok_or("closed")?.try_send(7)?;
    /// assert_eq!(tap.try_recv()?, Ok(7));
    /// assert!(tap.weak_broadcast().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn weak_channel(&self) -> Option<WeakChannel<M>> {
        let shared = self.channel();
        (shared.kind == ChannelKind::Channel).then(|| WeakChannel::new(Arc::downgrade(shared)))
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
