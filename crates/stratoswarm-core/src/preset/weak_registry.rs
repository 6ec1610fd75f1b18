use std::{fmt, sync::Weak};

use super::{ChannelRegistry, channels::Channels};

/// A handle to a [`ChannelRegistry`] that does not keep its channels open.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stratoswarm_core::{ChannelRegistry, messages::QueryCost};
///
/// let registry = ChannelRegistry::new();
/// let mut model = registry.cost().join("models");
/// let weak = registry.downgrade(); // for the task that serves, which must not keep the channels open
/// weak.upgrade().ok_or("closed")?.cost().send(QueryCost { tasks: 3 }.into()).await?;
/// drop(registry); // the last full handle
/// assert!(model.recv().await.is_some(), "sent before");
/// assert!(model.recv().await.is_none(), "closed and drained");
/// assert!(weak.upgrade().is_none());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct WeakRegistry {
    pub(super) channels: Weak<Channels>,
}

impl WeakRegistry {
    /// The registry, while another handle to it exists.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::ChannelRegistry;
    /// let registry = ChannelRegistry::new();
    /// let weak = registry.downgrade();
    /// let full = weak.upgrade().ok_or("closed")?;
    /// drop(registry);
    /// assert!(!full.gpu().is_closed(), "the other full handle keeps the channels open");
    /// drop(full);
    /// assert!(weak.upgrade().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn upgrade(&self) -> Option<ChannelRegistry> {
        self.channels.upgrade().map(|channels| ChannelRegistry { channels })
    }
}

impl fmt::Debug for WeakRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakRegistry").finish_non_exhaustive()
    }
}
