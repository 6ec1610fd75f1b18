//! Channels without a fabric: no name to find them by, and nobody who shuts them down.

use std::{any::type_name, panic::Location, time::Duration};

use crate::{
    channel::{Broadcast, Channel},
    handle::{Handle, HandleKind, Shared, Traffic},
    message::Message,
    stats::ChannelKind,
};

/// How long requests wait if nothing else is stated.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// A channel of your own, without a [`Fabric`](crate::Fabric): it closes with its last [`Channel`]. `capacity` is how many
/// messages may wait, at least 1: 0 counts as 1. In figures and logs it has the name of its message's type.
///
/// For all other options, a name and an ordered end, open it in a fabric.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let numbers = stratoswarm_core::channel::<u32>(32);
/// let mut worker = numbers.join("workers");
/// numbers.send(7).await?;
/// drop(numbers);
/// assert_eq!(worker.recv().await.map(|number| *number), Some(7));
/// assert!(worker.recv().await.is_none());
/// # Ok(()) }
/// ```
#[track_caller]
pub fn channel<M: Message>(capacity: usize) -> Channel<M> {
    let at = Location::caller();
    let (name, kind, timeout) = (type_name::<M>(), ChannelKind::Channel, Some(DEFAULT_TIMEOUT));
    let shared = Shared::new(name, kind, capacity.max(1), timeout, Traffic::plain(), at);
    Channel::new(Handle::sending(shared, HandleKind::Channel, None, at))
}

/// A broadcast of your own, without a [`Fabric`](crate::Fabric): it closes with its last [`Broadcast`]. `capacity` is how many
/// messages are kept for a subscriber before the oldest goes, at least 1: 0 counts as 1.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let news = stratoswarm_core::broadcast::<&str>(16);
/// let mut reader = news.subscribe();
/// news.send("started")?;
/// assert_eq!(reader.recv().await, Some(Ok("started")));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn broadcast<M: Clone + Send + 'static>(capacity: usize) -> Broadcast<M> {
    let at = Location::caller();
    let shared =
        Shared::new(type_name::<M>(), ChannelKind::Broadcast, capacity.max(1), None, Traffic::plain(), at);
    Broadcast::new(Handle::sending(shared, HandleKind::Broadcast, None, at))
}
