use std::{collections::HashMap, fmt, time::Duration};

use tokio::time::{Instant, sleep_until};

use super::{Pace, ReplayError, ReplayReport, Replayed, Replies, replay::Filter, target::Target};
use crate::{InTurns, Recorded, RecordedMessage};

/// Longer than anybody waits, and a clock can say when it is over.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// A replay that goes on by calls; made by [`Replay::start`](crate::Replay::start).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_record::{Recorded, Recording, Replay};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("run.mcap");
/// # let numbers = Fabric::new().channel::<u32>("numbers").open()?;
/// # let recording = Recording::create(&path).channel(&numbers).start_on_runtime()?;
/// # for n in 0..3 { numbers.send(n).await?; }
/// # recording.finish().await?;
/// # let recorded = Recorded::open([&path])?;
/// let numbers = Fabric::new().channel::<u32>("numbers").open()?;
/// let mut worker = numbers.join("workers");
/// let mut replay = Replay::of(&recorded).channel(&numbers).start()?;
/// while let Some(replayed) = replay.step().await? {
///     assert_eq!(*worker.try_recv()?, replayed.number as u32);
/// }
/// # Ok(()) }
/// ```
pub struct Replaying<'a> {
    records: InTurns<'a>,
    targets: HashMap<String, Box<dyn Target>>,
    /// When the first message of the recording was logged, in nanoseconds since 1970.
    begins: u64,
    from: Duration,
    to: Duration,
    filter: Option<Filter<'a>>,
    pace: Pace,
    replies: Replies,
    report: ReplayReport,
}

impl<'a> Replaying<'a> {
    pub(super) fn new(
        recorded: &'a Recorded,
        targets: HashMap<String, Box<dyn Target>>,
        (from, to): (Duration, Duration),
        filter: Option<Filter<'a>>,
        (pace, replies): (Pace, Replies),
    ) -> Self {
        let (records, begins) = (recorded.in_turns(), recorded.begins().unwrap_or(0));
        Self { records, targets, begins, from, to, filter, pace, replies, report: ReplayReport::default() }
    }

    /// Sends the next message, at once, and waits until it is accepted; which one that was. None: there are no more.
    ///
    /// # Errors
    /// [`ReplayError`] if its channel is closed, or the recording cannot be read. The next call goes on behind that message.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the message may have been sent or not, and is not sent by the next call.
    pub async fn step(&mut self) -> Result<Option<Replayed>, ReplayError> {
        match self.next() {
            Some(next) => {
                let (record, at) = next?;
                self.send(&record, at).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// Sends all that is left, at the pace that was stated, from now on.
    ///
    /// # Errors
    /// As of [`step`](Self::step).
    ///
    /// # Cancel safety
    /// Dropped, it ends: what was sent was sent.
    pub async fn run(mut self) -> Result<ReplayReport, ReplayError> {
        let base = Instant::now();
        let mut first = None;
        while let Some(next) = self.next() {
            let (record, at) = next?;
            let first = *first.get_or_insert(if self.report.sent == 0 { self.from.min(at) } else { at });
            let after = at.saturating_sub(first);
            let after = match self.pace {
                Pace::Original => after,
                Pace::Times(times) => {
                    Duration::try_from_secs_f64(after.as_secs_f64() / times).unwrap_or(FOR_EVER)
                }
                Pace::Max => Duration::ZERO,
            };
            let due = base + after.min(FOR_EVER);
            if self.pace != Pace::Max {
                sleep_until(due).await;
            }
            self.send(&record, at).await?;
            if self.pace != Pace::Max {
                self.report.latest_by = self.report.latest_by.max(due.elapsed());
            }
        }
        Ok(self.report)
    }

    async fn send(&mut self, record: &RecordedMessage<'a>, at: Duration) -> Result<Replayed, ReplayError> {
        let (channel, number) = (record.channel().name.clone(), record.number());
        if let Some(target) = self.targets.get(&channel) {
            target.send(record, self.replies).await?;
            self.report.sent += 1;
        }
        Ok(Replayed { channel, number, at })
    }

    /// The next message that is to be sent, and when it was.
    fn next(&mut self) -> Option<Result<(RecordedMessage<'a>, Duration), ReplayError>> {
        loop {
            let record = match self.records.next()? {
                Ok(record) => record,
                Err(error) => return Some(Err(error.into())),
            };
            let at = Duration::from_nanos(record.logged().saturating_sub(self.begins));
            let is_asked_for = at >= self.from
                && at < self.to
                && self.targets.contains_key(&record.channel().name)
                && self.filter.as_mut().is_none_or(|filter| filter(&record));
            if is_asked_for {
                return Some(Ok((record, at)));
            }
        }
    }
}

impl fmt::Debug for Replaying<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replaying").field("report", &self.report).finish_non_exhaustive()
    }
}
