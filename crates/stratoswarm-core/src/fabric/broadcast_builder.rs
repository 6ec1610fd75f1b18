use std::{any::type_name, fmt, marker::PhantomData, panic::Location, sync::Arc};

use super::{
    Fabric,
    entry::{Entry, describe},
    owner::Of,
};
use crate::{
    accounts::ChannelKind,
    channels::{Broadcast, Shared},
    error::OpenError,
};

/// Messages that are kept for a subscriber, where nothing else is said.
const DEFAULT_CAPACITY: usize = 1024;

/// How to open a broadcast; made by [`Fabric::broadcast`].
///
/// Options that are not stated match whatever the broadcast has if it is open already.
///
/// # Examples
/// ```
/// # use stratoswarm_core::Fabric;
/// # let fabric = Fabric::new();
/// let news = fabric.broadcast::<String>("news").capacity(16).open()?;
/// assert!(fabric.broadcast::<String>("news").open()?.same_channel(&news));
/// assert!(fabric.broadcast::<u64>("news").open().is_err(), "the name is taken by another type");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "call `open`"]
pub struct BroadcastBuilder<'a, M> {
    fabric: &'a Fabric,
    name: String,
    capacity: Option<usize>,
    order: Option<i32>,
    message: Of<M>,
}

impl<'a, M: Clone + Send + 'static> BroadcastBuilder<'a, M> {
    pub(super) fn new(fabric: &'a Fabric, name: String) -> Self {
        Self { fabric, name, capacity: None, order: None, message: PhantomData }
    }

    /// How many messages are kept for a subscriber before the oldest goes, at least 1; 1,024 if not stated.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").capacity(2).open()?;
    /// let mut reader = news.subscribe();
    /// for n in 1..=3 { news.send(n)?; }
    /// assert!(reader.try_recv()?.is_err(), "the first is gone");
    /// assert_eq!(reader.try_recv()?, Ok(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn capacity(mut self, messages: usize) -> Self {
        self.capacity = Some(messages);
        self
    }

    /// The place in the closing order of a [shutdown](Fabric::shutdown): lower closes first; 0 if not stated.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # let fabric = Fabric::new();
    /// let news = fabric.broadcast::<u32>("news").order(90).open()?; // told until the end
    /// let progress = fabric.broadcast::<f32>("progress").open()?;
    /// let report = fabric.shutdown(std::time::Duration::from_secs(1)).await;
    /// let closed: Vec<_> = report.channels.iter().map(|channel| &*channel.name).collect();
    /// assert_eq!(closed, ["progress", "news"]);
    /// # drop((news, progress));
    /// # Ok(()) }
    /// ```
    pub fn order(mut self, order: i32) -> Self {
        self.order = Some(order);
        self
    }

    /// Opens the broadcast, or finds it if it is there already. A closed one is there until it is drained.
    ///
    /// # Errors
    /// The name is taken by a channel of another type or with other options than those stated; the capacity is 0; the
    /// fabric is shut down.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, OpenError};
    /// # let fabric = Fabric::new();
    /// let news = fabric.broadcast::<u32>("news").open()?;
    /// let refused = fabric.broadcast::<u32>("none").capacity(0).open();
    /// assert_eq!(refused.err(), Some(OpenError::ZeroCapacity));
    /// # drop(news);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn open(self) -> Result<Broadcast<M>, OpenError> {
        let at = Location::caller();
        if self.capacity == Some(0) {
            return Err(OpenError::ZeroCapacity);
        }
        let found = |entry: &Entry, broadcast: Option<&Broadcast<M>>| match broadcast {
            Some(broadcast) if self.matches(entry, broadcast) => Ok(handle(broadcast, at)),
            _ => Err(OpenError::Conflict(format!(
                "channel {:?} is open as {}, asked for as {}",
                self.name,
                entry.describe(),
                self.describe(),
            ))),
        };
        let make = || {
            let capacity = self.capacity.unwrap_or(DEFAULT_CAPACITY);
            let shared = Shared::new(&self.name, ChannelKind::Broadcast, capacity, None, at);
            let broadcast = Broadcast::unlisted(shared);
            let made = handle(&broadcast, at);
            (Entry::new(self.order.unwrap_or(0), broadcast), made)
        };
        let broadcast = self.fabric.open(&self.name, found, make)?;
        tracing::debug!(channel = broadcast.name(), capacity = broadcast.capacity(), "broadcast opened");
        Ok(broadcast)
    }

    fn matches(&self, entry: &Entry, broadcast: &Broadcast<M>) -> bool {
        self.capacity.is_none_or(|capacity| capacity == broadcast.capacity())
            && self.order.is_none_or(|order| order == entry.order)
    }

    fn describe(&self) -> String {
        let mut text = describe(ChannelKind::Broadcast, type_name::<M>(), self.capacity);
        if let Some(order) = self.order {
            text.push_str(&format!(", order {order}"));
        }
        text
    }
}

fn handle<M: Clone + Send + 'static>(
    broadcast: &Broadcast<M>,
    at: &'static Location<'static>,
) -> Broadcast<M> {
    broadcast.shared().add_sender();
    Broadcast::listed(Arc::clone(broadcast.shared()), at)
}

impl<M> fmt::Debug for BroadcastBuilder<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}
