use std::{
    fmt,
    panic::Location,
    sync::{Arc, Weak},
};

use super::Broadcast;
use crate::{
    handle::{Handle, HandleKind, Shared},
    reader::LossySubscriber,
    stats::ChannelKind,
};

/// A handle of a [`Broadcast`] that does not keep it open.
///
/// # Examples
/// ```
/// # use stratoswarm_core::Fabric;
/// let news = Fabric::new().broadcast::<u32>("news").open()?;
/// let weak = news.downgrade();
/// assert!(weak.upgrade().is_some_and(|same| same.same_channel(&news)));
/// drop(news); // the last handle: the broadcast closes
/// assert!(weak.upgrade().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct WeakBroadcast<M: Clone + Send + 'static>(Weak<Shared<M>>);

impl<M: Clone + Send + 'static> WeakBroadcast<M> {
    pub(super) fn new(shared: Weak<Shared<M>>) -> Self {
        Self(shared)
    }

    /// A full handle, while another one exists; none afterwards.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").open()?;
    /// let mut reader = news.subscribe();
    /// let weak = news.downgrade();
    /// if let Some(news) = weak.upgrade() { news.send(1)?; }
    /// assert_eq!(reader.try_recv()?, Ok(1));
    /// drop(news);
    /// assert!(weak.upgrade().is_none(), "closed");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn upgrade(&self) -> Option<Broadcast<M>> {
        Handle::upgraded(&self.0, HandleKind::Broadcast, Location::caller()).map(Broadcast::new)
    }
}

impl<M: Clone + Send + 'static> LossySubscriber<M> {
    /// A handle of its broadcast that does not keep it open; none for a tap, see [`weak_channel`](Self::weak_channel).
    ///
    /// # Examples
    /// ```
    /// let news = stratoswarm_core::broadcast::<u32>(8);
    /// let mut reader = news.subscribe();
    /// let weak = reader.weak_broadcast().ok_or("of a broadcast")?;
    /// weak.upgrade().ok_or("closed")?.send(7)?;
    /// assert_eq!(reader.try_recv()?, Ok(7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn weak_broadcast(&self) -> Option<WeakBroadcast<M>> {
        let shared = self.channel();
        (shared.kind == ChannelKind::Broadcast).then(|| WeakBroadcast::new(Arc::downgrade(shared)))
    }
}

impl<M: Clone + Send + 'static> Clone for WeakBroadcast<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M: Clone + Send + 'static> fmt::Debug for WeakBroadcast<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakBroadcast")
    }
}
