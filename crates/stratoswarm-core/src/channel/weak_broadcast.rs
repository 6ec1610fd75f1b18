use std::{fmt, panic::Location, sync::Weak};

use super::Broadcast;
use crate::handle::{Handle, HandleKind, Shared};

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
