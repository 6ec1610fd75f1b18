/// Where a new reader begins; given to [`GroupOptions::start`](crate::GroupOptions::start) and
/// [`SubscriberOptions::start`](crate::SubscriberOptions::start).
///
/// A group that exists goes on where it is, whatever is stated. The first reader of a channel gets what was kept for it in any
/// case. What has expired is left out. A reader never begins with more than the channel's capacity.
///
/// # Examples
/// ```
/// # use stratoswarm_core::Fabric;
/// use stratoswarm_core::Start;
///
/// # use stratoswarm_core::examples::Job as Tick;
/// let ticks = Fabric::new().channel::<Tick>("ticks").capacity(8).retain(4).group("workers").open()?;
/// let mut worker = ticks.join("workers");
/// for n in 0..6 { ticks.try_send(Tick(n))?; }
/// assert_eq!(worker.try_iter().count(), 6, "nobody has anything left");
/// let read = |start| Ok::<_, stratoswarm_core::JoinError>(ticks.subscriber().start(start).open()?.try_iter().map(|tick| tick.0).collect());
/// let (last, from): (Vec<_>, Vec<_>) = (read(Start::Last(2))?, read(Start::Seq(3))?);
/// assert_eq!((last, from), (vec![4, 5], vec![3, 4, 5]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Start {
    /// At the next message that is sent.
    #[default]
    Next,
    /// At the oldest that is retained, or that another reader still has: but for what another holds back that acknowledges or
    /// has keys.
    Oldest,
    /// At most so many messages back, of those that [`Oldest`](Self::Oldest) gives: at the sequence number that is so many
    /// before the next.
    Last(usize),
    /// At this sequence number, which must still be there, in a channel that [retains](crate::ChannelBuilder::retain). At the
    /// next message if it is yet to come.
    Seq(u64),
}
