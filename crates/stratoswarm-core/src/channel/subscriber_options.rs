use std::{fmt, hash::Hash, panic::Location};

use super::Channel;
use crate::{
    engine::{Flows, Order, Start},
    error::JoinError,
    message::Message,
    reader::Subscriber,
};

/// How to subscribe. Made by [`Channel::subscriber`].
///
/// # Examples
/// ```
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job as Tick;
/// let ticks = Fabric::new().channel::<Tick>("ticks").capacity(2).open()?;
/// let mut audit = ticks.subscriber().buffer(100).open()?; // senders wait for it only when it is a hundred behind
/// for n in 1..=5 { ticks.try_send(Tick(n))?; }
/// assert_eq!(audit.try_recv()?, Tick(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "call `open`"]
pub struct SubscriberOptions<'a, M: Message> {
    channel: &'a Channel<M>,
    start: Start,
    buffer: Option<usize>,
    latest: Option<Flows<M>>,
    name: Option<&'a str>,
}

impl<'a, M: Message> SubscriberOptions<'a, M> {
    pub(super) fn new(channel: &'a Channel<M>) -> Self {
        Self { channel, start: Start::Next, buffer: None, latest: None, name: None }
    }

    /// Begins with the oldest message that another reader still has to get, instead of the next one sent.
    pub fn from_oldest(mut self) -> Self {
        self.start = Start::Oldest;
        self
    }

    /// Begins there, instead of with the next message sent.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, JoinError, Start};
    /// # use stratoswarm_core::examples::Job as Tick;
    /// let ticks = Fabric::new().channel::<Tick>("ticks").retain(2).open()?;
    /// let mut log = ticks.subscribe();
    /// for n in 0..5 { ticks.try_send(Tick(n))?; log.try_recv()?; }
    /// assert_eq!(ticks.subscriber().start(Start::Oldest).open()?.try_recv()?, Tick(3));
    /// let gone = ticks.subscriber().start(Start::Seq(0)).open();
    /// assert_eq!(gone.err(), Some(JoinError::NotRetained { oldest: 3 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// Holds senders back only when so many messages wait for it, at least one, in place of the channel's capacity; of a channel
    /// with lanes, so many of a lane. It takes no memory before they wait.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job as Tick;
    /// let ticks = Fabric::new().channel::<Tick>("ticks").capacity(2).open()?;
    /// let _audit = ticks.subscriber().buffer(3).open()?;
    /// for n in 1..=3 { ticks.try_send(Tick(n))?; }
    /// assert!(ticks.try_send(Tick(4)).is_err(), "now it is three behind");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn buffer(mut self, messages: usize) -> Self {
        self.buffer = Some(messages.max(1));
        self
    }

    /// Of messages with one key it is handed the newest only, in the place of the oldest that it replaces; see
    /// [`GroupOptions::latest_by`](crate::GroupOptions::latest_by).
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::{Fabric, Message, NoReply};
    /// # #[derive(Clone, Debug, PartialEq)] struct Price(&'static str, u32); impl Message for Price { type Reply = NoReply; }
    /// let prices = Fabric::new().channel::<Price>("prices").capacity(2).open()?;
    /// let mut screen = prices.subscriber().latest_by(|price: &Price| price.0).open()?;
    /// for cents in 1..=5 { prices.try_send(Price("A", cents))?; }
    /// assert_eq!(screen.try_recv()?, Price("A", 5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn latest_by<K>(mut self, key: impl Fn(&M) -> K + Send + 'static) -> Self
    where
        K: Hash + Eq + Clone + Send + 'static,
    {
        self.latest = Some(Flows::new(Order::Latest, key));
        self
    }

    /// A name for it, which its figures, explanations and a shutdown's report show in place of its number. Several may have the same.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job as Tick;
    /// let ticks = Fabric::new().channel::<Tick>("ticks").open()?;
    /// let audit = ticks.subscriber().named("audit").open()?;
    /// assert_eq!(ticks.info().readers[0].name, "audit");
    /// # drop(audit);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    /// Subscribes.
    ///
    /// # Errors
    /// What it is to [start](Self::start) at is not there any more, or the channel retains nothing and a number is asked for.
    #[track_caller]
    pub fn open(self) -> Result<Subscriber<M>, JoinError> {
        let Self { channel, start, buffer, latest, name } = self;
        Subscriber::with(channel.shared(), start, buffer, latest, name, Location::caller())
    }
}

impl<M: Message> fmt::Debug for SubscriberOptions<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriberOptions").field("buffer", &self.buffer).finish_non_exhaustive()
    }
}
