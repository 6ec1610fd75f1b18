use std::{collections::HashMap, fmt, time::Duration};

use tokio::time::{Instant, sleep_until};

use super::{
    Pace, ReplayError, ReplayReport, Replayed, Replies, comparing::Comparing, replay::Filter, target::Target,
};
use crate::{InTurns, RecordedMessage};

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
    /// What is sent begins so long after the recording's first message.
    from: Duration,
    filter: Option<Filter<'a>>,
    pace: Pace,
    replies: Replies,
    comparing: Option<Comparing>,
    report: ReplayReport,
}

impl<'a> Replaying<'a> {
    pub(super) fn new(
        records: InTurns<'a>,
        targets: HashMap<String, Box<dyn Target>>,
        from: Duration,
        filter: Option<Filter<'a>>,
        pace: Pace,
        (replies, comparing): (Replies, Option<Comparing>),
    ) -> Self {
        Self { records, targets, from, filter, pace, replies, comparing, report: ReplayReport::default() }
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
            Some(record) => self.send(&record?).await.map(Some),
            None => Ok(None),
        }
    }

    /// Waits for the replies that are to be compared and have not come yet, and tells what became of the replay until now.
    ///
    /// # Cancel safety
    /// Dropped, nobody is told.
    pub async fn finish(self) -> ReplayReport {
        let Self { comparing, mut report, .. } = self;
        if let Some(comparing) = comparing {
            comparing.finish(&mut report).await;
        }
        report
    }

    /// Sends all that is left, at the pace that was stated, from now on, and waits for the replies that are to be compared.
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
            let record = next?;
            let at = record.at();
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
            self.send(&record).await?;
            if self.pace != Pace::Max {
                self.report.latest_by = self.report.latest_by.max(due.elapsed());
            }
        }
        Ok(self.finish().await)
    }

    async fn send(&mut self, record: &RecordedMessage<'a>) -> Result<Replayed, ReplayError> {
        let (channel, number) = (record.channel().name.clone(), record.number());
        let is_request = record.is_request() && self.replies != Replies::AsSends;
        let mut expected = None;
        if let Some(comparing) = self.comparing.as_mut().filter(|_| is_request) {
            expected = comparing.expect(&channel, number);
            comparing.settle(&mut self.report);
        }
        if let Some(target) = self.targets.get(&channel) {
            target.send(record, is_request, expected).await?;
            self.report.sent += 1;
        }
        Ok(Replayed { channel, number, at: record.at() })
    }

    /// The next message that is to be sent.
    fn next(&mut self) -> Option<Result<RecordedMessage<'a>, ReplayError>> {
        loop {
            let record = match self.records.next()? {
                Ok(record) => record,
                Err(error) => return Some(Err(error.into())),
            };
            if self.targets.contains_key(&record.channel().name)
                && self.filter.as_mut().is_none_or(|filter| filter(&record))
            {
                return Some(Ok(record));
            }
        }
    }
}

impl fmt::Debug for Replaying<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replaying").field("report", &self.report).finish_non_exhaustive()
    }
}
