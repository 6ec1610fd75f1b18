use std::{any::type_name, fmt, marker::PhantomData, panic::Location, sync::Arc};

use super::{
    Fabric,
    directory::{Entry, Place, describe},
    owner::Of,
};
use crate::{
    channel::Broadcast,
    error::OpenError,
    handle::{Handle, HandleKind, Shared, Traffic},
    stats::ChannelKind,
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
    ephemeral: bool,
    traced: bool,
    message: Of<M>,
}

impl<'a, M: Clone + Send + 'static> BroadcastBuilder<'a, M> {
    pub(super) fn new(fabric: &'a Fabric, name: String) -> Self {
        Self {
            fabric,
            name,
            capacity: None,
            order: None,
            ephemeral: false,
            traced: false,
            message: PhantomData,
        }
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
    /// let news = fabric.broadcast::<u32>("news").shutdown_order(90).open()?; // told until the end
    /// let progress = fabric.broadcast::<f32>("progress").open()?;
    /// let report = fabric.shutdown(std::time::Duration::from_secs(1)).await;
    /// let closed: Vec<_> = report.channels.iter().map(|channel| &*channel.name).collect();
    /// assert_eq!(closed, ["progress", "news"]);
    /// # drop((news, progress));
    /// # Ok(()) }
    /// ```
    pub fn shutdown_order(mut self, order: i32) -> Self {
        self.order = Some(order);
        self
    }

    /// The broadcast lives only as long as its handles: the fabric's own does not count. So it closes with the last
    /// [`Broadcast`], and with the last handle of any kind it is gone, and its name free.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # let fabric = Fabric::new();
    /// let news = fabric.broadcast::<u32>("news").ephemeral().open()?;
    /// let mut reader = news.subscribe();
    /// news.send(1)?;
    /// drop(news);
    /// assert_eq!(reader.blocking_recv(), Some(Ok(1)), "what is there can be drained");
    /// assert_eq!(reader.blocking_recv(), None);
    /// drop(reader);
    /// assert!(fabric.channels().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ephemeral(mut self) -> Self {
        self.ephemeral = true;
        self
    }

    /// Has it told who sent each message and when it was admitted, by one count of the fabric, to
    /// [recorders](crate::Broadcast::record). A sender is a [name](crate::Broadcast::named), or the place where a handle without
    /// one was made.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").traced().open()?;
    /// let mut recorder = news.record().open()?;
    /// news.named("editor").send(7)?;
    /// let origin = recorder.try_recv()??.origin.ok_or("not traced")?;
    /// assert_eq!(news.senders()[origin.sender as usize].label(), "editor");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn traced(mut self) -> Self {
        self.traced = true;
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
        self.open_as(at, |shared| Handle::revived(shared, HandleKind::Broadcast, at))
    }

    /// As [`open`](Self::open), with a handle that a shutdown's report does not name among those that still exist: for a
    /// registry of yours that keeps its channels until the program ends, as [`ChannelRegistry`](crate::ChannelRegistry) does.
    ///
    /// # Errors
    /// Those of `open`.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// let fabric = Fabric::new();
    /// let kept = fabric.broadcast::<u32>("numbers").open_unlisted()?;
    /// let report = fabric.shutdown(std::time::Duration::from_secs(1)).await;
    /// assert!(kept.is_closed() && report.held.is_empty());
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn open_unlisted(self) -> Result<Broadcast<M>, OpenError> {
        self.open_as(Location::caller(), |shared| Some(Handle::unlisted(shared)))
    }

    fn open_as(
        mut self,
        at: &'static Location<'static>,
        handle: impl Fn(Arc<Shared<M>>) -> Option<Handle<M>>,
    ) -> Result<Broadcast<M>, OpenError> {
        self.capacity = self.fabric.directory().settings.capacity.or(self.capacity);
        if self.capacity == Some(0) {
            return Err(OpenError::ZeroCapacity);
        }
        let found = |entry: &Entry| match entry.of::<M>(ChannelKind::Broadcast) {
            Some(shared) if self.matches(entry, &shared) => handle(shared).map(Ok),
            _ => Some(Err(OpenError::Conflict {
                name: self.name.clone(),
                open: entry.describe(),
                asked: self.describe(),
            })),
        };
        let make = || {
            let capacity = self.capacity.unwrap_or(DEFAULT_CAPACITY);
            let shared =
                Shared::new(&self.name, ChannelKind::Broadcast, capacity, None, Traffic::plain(), at);
            if self.traced {
                shared.trace_by(&self.fabric.directory().turns);
            }
            Ok(shared)
        };
        let place = Place { name: &self.name, order: self.order.unwrap_or(0), ephemeral: self.ephemeral };
        let broadcast = Broadcast::new(self.fabric.directory().open(place, found, make, &handle)?);
        tracing::debug!(channel = broadcast.name(), capacity = broadcast.capacity(), "broadcast opened");
        Ok(broadcast)
    }

    fn matches(&self, entry: &Entry, broadcast: &Shared<M>) -> bool {
        self.capacity.is_none_or(|capacity| capacity == broadcast.capacity)
            && self.order.is_none_or(|order| order == entry.order)
            && (entry.ephemeral || !self.ephemeral)
            && (!self.traced || broadcast.trace().is_some())
    }

    fn describe(&self) -> String {
        let mut text = describe(ChannelKind::Broadcast, type_name::<M>(), self.capacity);
        if let Some(order) = self.order {
            text.push_str(&format!(", order {order}"));
        }
        if self.ephemeral {
            text.push_str(", ephemeral");
        }
        if self.traced {
            text.push_str(", traced");
        }
        text
    }
}

impl<M> fmt::Debug for BroadcastBuilder<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastBuilder").field("name", &self.name).finish_non_exhaustive()
    }
}
