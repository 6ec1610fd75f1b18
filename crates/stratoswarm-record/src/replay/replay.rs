use std::{collections::HashMap, fmt, time::Duration};

use super::{
    Pace, ReplayError, ReplayReport, Replaying, Replies,
    comparing::Comparing,
    target::{Into as IntoChannel, Target},
};
use crate::{Recordable, Recorded, RecordedMessage, paths::Paths, recorded};

/// Sends what was recorded once more, into channels of the same names.
///
/// Each message is sent as any other, with the class and the time to live that it had, and waits where its channel is full: that makes it
/// late, and never changes the order, which is that of the recording. Requests are requests again, whose replies nobody reads, or which are
/// [compared](Replies::Compare) with the recorded ones; that needs a tokio runtime.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::time::Duration;
/// # use stratoswarm_core::Fabric;
/// use stratoswarm_record::{Pace, Recorded, Recording, Replay};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("run.mcap");
/// # let news = Fabric::new().channel::<u32>("numbers").open()?;
/// # let recording = Recording::create(&path).channel(&news).start_on_runtime()?;
/// # for n in 0..10 { news.send(n).await?; tokio::time::sleep(Duration::from_secs(1)).await; }
/// # recording.finish().await?;
/// let recorded = Recorded::open([&path])?; // ten numbers, one a second
/// let numbers = Fabric::new().channel::<u32>("numbers").open()?;
/// let mut worker = numbers.join("workers");
/// let report = Replay::of(&recorded)
///     .channel(&numbers)
///     .from(Duration::from_secs(2)).to(Duration::from_secs(8))
///     .filter(|record| record.number() != 4)
///     .pace(Pace::Times(2.0))
///     .run().await?;
/// assert_eq!(report.sent, 5);
/// let replayed: Vec<_> = worker.try_iter().map(|number| *number).collect();
/// assert_eq!(replayed, [2, 3, 5, 6, 7]);
/// # Ok(()) }
/// ```
#[must_use = "call `run`"]
pub struct Replay<'a> {
    recorded: &'a Recorded,
    targets: Vec<Box<dyn Target>>,
    from: Duration,
    to: Duration,
    filter: Option<Filter<'a>>,
    pace: Pace,
    replies: Replies,
    ignored: Vec<String>,
}

/// Which messages.
pub(super) type Filter<'a> = Box<dyn FnMut(&RecordedMessage<'a>) -> bool + Send + 'a>;

impl<'a> Replay<'a> {
    /// Of this recording, and of none of its channels yet.
    pub fn of(recorded: &'a Recorded) -> Self {
        let (targets, filter) = (Vec::new(), None);
        Self {
            recorded,
            targets,
            from: Duration::ZERO,
            to: Duration::MAX,
            filter,
            pace: Pace::default(),
            replies: Replies::default(),
            ignored: Vec::new(),
        }
    }

    /// Into this channel, or broadcast, what was recorded of the one of its name.
    pub fn channel<C: Recordable + Sync>(mut self, channel: &C) -> Self {
        self.targets.push(Box::new(IntoChannel::new(channel.clone())));
        self
    }

    /// What was logged so long after the first message, or later; it begins at once.
    pub fn from(mut self, from: Duration) -> Self {
        self.from = from;
        self
    }

    /// What was logged less than so long after the first message.
    pub fn to(mut self, to: Duration) -> Self {
        self.to = to;
        self
    }

    /// Only these messages.
    pub fn filter(mut self, filter: impl FnMut(&RecordedMessage<'a>) -> bool + Send + 'a) -> Self {
        self.filter = Some(Box::new(filter));
        self
    }

    /// How fast; as it was recorded, if nothing is said.
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// What becomes of requests.
    pub fn requests(mut self, replies: Replies) -> Self {
        self.replies = replies;
        self
    }

    /// Parts of replies that are not compared, such as times, as JSON pointers: `/at`, or `jobs:/at` of one channel; `*` stands for
    /// any key or place.
    pub fn ignore<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.ignored.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Sends all of it.
    ///
    /// # Errors
    /// [`ReplayError`]: before the first message is sent if a channel does not fit, later if one is closed or the recording cannot be
    /// read.
    ///
    /// # Cancel safety
    /// Dropped, it ends: what was sent was sent.
    pub async fn run(self) -> Result<ReplayReport, ReplayError> {
        self.start()?.run().await
    }

    /// Is ready to send it, message by message: [`Replaying::step`].
    ///
    /// # Errors
    /// [`ReplayError`] if a channel does not fit.
    pub fn start(self) -> Result<Replaying<'a>, ReplayError> {
        let Self { recorded, targets, from, to, filter, pace, replies, ignored } = self;
        match pace {
            Pace::Times(times) if !(times.is_finite() && times > 0.0) => {
                return Err(ReplayError::Pace { times });
            }
            _ => {}
        }
        let mut by_name = HashMap::new();
        for target in targets {
            let channel = target.name().to_owned();
            let Some(of) = recorded.channel(&channel) else {
                return Err(ReplayError::NotRecorded { channel });
            };
            if of.message != target.message() {
                let (recorded, here) = (of.message.clone(), target.message());
                return Err(ReplayError::OtherType { channel, recorded, here });
            }
            if by_name.insert(channel.clone(), target).is_some() {
                return Err(ReplayError::SameName { channel });
            }
        }
        let mut paths = Paths::default();
        if let Some(path) = ignored.into_iter().find(|path| !paths.add(path)) {
            return Err(ReplayError::Path { path });
        }
        let comparing = if replies == Replies::Compare {
            let mut there = recorded::replies(recorded)?;
            there.retain(|channel, _| by_name.contains_key(channel));
            if there.is_empty() {
                let mut channels: Vec<_> = by_name.into_keys().collect();
                channels.sort();
                return Err(ReplayError::NoReplies { channels: channels.join(", ") });
            }
            Some(Comparing::new(there, paths))
        } else {
            None
        };
        let records = recorded.in_turns().between(from, to);
        Ok(Replaying::new(records, by_name, from, filter, pace, (replies, comparing)))
    }
}

impl fmt::Debug for Replay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut it = f.debug_struct("Replay");
        it.field("from", &self.from).field("to", &self.to).field("pace", &self.pace).finish_non_exhaustive()
    }
}
