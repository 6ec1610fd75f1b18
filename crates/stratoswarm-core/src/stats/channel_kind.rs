use std::fmt;

/// Whether senders wait for readers.
///
/// # Examples
/// ```
/// # use stratoswarm_core::{ChannelKind, Fabric};
/// # use stratoswarm_core::examples::Job;
/// # let fabric = Fabric::new();
/// let jobs = fabric.channel::<Job>("jobs").open()?;
/// let news = fabric.broadcast::<u32>("news").open()?;
/// let lossy = fabric.channels().into_iter().find(|info| info.kind == ChannelKind::Broadcast);
/// assert_eq!(lossy.map(|info| info.name).as_deref(), Some("news"));
/// assert_eq!(jobs.info().kind.to_string(), "channel");
/// # drop(news);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ChannelKind {
    /// Lossless: senders wait for the slowest reader. A [`Channel`](crate::Channel).
    Channel,
    /// Lossy: senders never wait, and readers that are too slow miss messages. A [`Broadcast`](crate::Broadcast).
    Broadcast,
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Channel => "channel",
            Self::Broadcast => "broadcast",
        })
    }
}
