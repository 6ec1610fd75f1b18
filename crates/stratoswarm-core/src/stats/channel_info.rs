use std::panic::Location;

use super::{BudgetInfo, ChannelKind, LaneInfo, ReaderInfo, RequestCounts, WaitInfo};

/// The figures of one channel, read under its lock, so that nothing is admitted meanwhile. Each reader's account is whole: accepted
/// = taken + skipped + dead + left.
///
/// What readers do meanwhile shows in one figure and not yet in another, as they need the channel's lock only now and then: `len` and
/// the lanes' may be less than what a reader had left, `in_flight` become less. Callers count what became of their requests, and budgets
/// what is charged, beside it.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(1).open()?;
/// jobs.send(Job(1)).await?; // and nobody takes it
/// let mut stuck = jobs.send(Job(2));
/// assert!(futures::poll!(&mut stuck).is_pending());
/// let info = jobs.info();
/// assert_eq!((info.len, info.capacity, info.unclaimed), (1, 1, 1));
/// assert_eq!((info.blocked_senders, info.readers.len()), (1, 0), "no reader: so it is stuck");
/// assert_eq!(info.blocked_at[0].file(), file!(), "and here is the `send`");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ChannelInfo {
    /// The channel's name.
    pub name: String,
    /// Channel or broadcast.
    pub kind: ChannelKind,
    /// The message type's name.
    pub message: &'static str,
    /// How many messages may wait, of those that have no [lane](Self::lanes) of their own.
    pub capacity: usize,
    /// How many wait now: accepted and not yet taken by the slowest lossless reader. Of a broadcast: how many its
    /// slowest subscriber can still get.
    pub len: usize,
    /// Messages accepted.
    pub sent: u64,
    /// Hand-overs to readers, also those that have left; a message with two readers counts twice.
    pub delivered: u64,
    /// The most messages that ever waited at once, of those that `capacity` is about. Of a broadcast: as far as seen when messages come and subscribers
    /// take them in batches, so it may be less.
    pub high_water: usize,
    /// Whether nothing more is accepted.
    pub is_closed: bool,
    /// Messages kept for the first reader to come, while there is neither group nor subscriber.
    pub unclaimed: usize,
    /// Permits not used yet.
    pub permits: usize,
    /// Senders that were granted a place and have not used it yet.
    pub granted: usize,
    /// Senders that wait for room, requests and permits to be among them.
    pub blocked_senders: usize,
    /// Where the waiting senders were called, the longest waiting first.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::stats::serialize::locations"))]
    pub blocked_at: Vec<&'static Location<'static>>,
    /// Requests that wait for a group to exist.
    pub unserved: usize,
    /// All of these, and who waits for the close: who, where, and for how long.
    pub waits: Vec<WaitInfo>,
    /// The lanes of a channel that has several, the most urgent first; none of one that has not.
    pub lanes: Vec<LaneInfo>,
    /// What became of the requests.
    pub requests: RequestCounts,
    /// Every reader that is there: groups, subscribers, taps; and those that left with work in flight, or after the close.
    pub readers: Vec<ReaderInfo>,
    /// How many bytes its messages are charged, of a channel that bounds those; 0 of others.
    pub bytes: usize,
    /// What they are charged to, together with other channels' if it is a [`Budget`](crate::Budget) that they share.
    pub budget: Option<BudgetInfo>,
    /// Where it was opened.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::stats::serialize::location"))]
    pub location: &'static Location<'static>,
}
