use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    ChannelSummary, Damage, InTurns, ReadError, RecordedOutcomes, Records,
    scan::{Part, Scan},
};

/// A recording that can be read: a file, or the parts of one that rotated; also such that were cut off, or are still written.
///
/// Opening it goes over its files once. Memory is taken for one chunk and the descriptions, at most some 50 MiB, whatever is in them.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_record::{Recorded, Recording};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("run.mcap");
/// let news = Fabric::new().broadcast::<String>("news").open()?;
/// let recording = Recording::create(&path).meta("seed", 7).channel(&news).start()?;
/// news.send("first".to_owned())?;
/// recording.finish().await?;
///
/// let recorded = Recorded::open([&path])?;
/// assert_eq!((recorded.meta()["seed"].as_str(), recorded.channels()[0].messages), ("7", 1));
/// assert!(recorded.damage().is_empty());
/// for record in recorded.records() {
///     let record = record?;
///     assert_eq!((record.channel().name.as_str(), record.number()), ("news", 0));
///     assert_eq!(record.message::<String>()?, "first");
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Recorded {
    parts: Vec<Part>,
    scan: Scan,
    names: BTreeMap<String, usize>,
}

impl Recorded {
    /// Opens a file, or the parts of one recording in any order.
    ///
    /// # Errors
    /// [`ReadError`] if one of them cannot be read at all. What can be read in part can be opened:
    /// [`damage`](Self::damage) tells what is missing.
    pub fn open<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self, ReadError> {
        let mut scan = Scan::default();
        let parts = paths.into_iter().map(|path| scan.part(path.as_ref())).collect::<Result<_, _>>()?;
        Self::of(scan, parts)
    }

    /// The same by the summaries at the ends of the files alone, which takes no longer for a large file than for a small one. What is damaged
    /// before them is not seen; of a file that has none that is whole all is read.
    ///
    /// # Errors
    /// As of [`open`](Self::open).
    pub fn glance<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self, ReadError> {
        let mut scan = Scan::default();
        let parts = paths.into_iter().map(|path| scan.glance(path.as_ref())).collect::<Result<_, _>>()?;
        Self::of(scan, parts)
    }

    fn of(mut scan: Scan, mut parts: Vec<Part>) -> Result<Self, ReadError> {
        parts.sort_by_key(Part::number);
        for pair in parts.windows(2) {
            let [one, other] = pair else { continue };
            if one.run.get("run") != other.run.get("run") || one.number() == other.number() {
                return Err(ReadError::NotOneRun { first: one.path.clone(), second: other.path.clone() });
            }
            scan.missing(one, other);
        }
        if parts.is_empty() {
            return Err(ReadError::Nothing);
        }
        let names = scan.channels.iter().enumerate().map(|(index, channel)| (channel.name.clone(), index));
        Ok(Self { names: names.collect(), parts, scan })
    }

    /// Its channels, in the order in which they were stated.
    pub fn channels(&self) -> &[ChannelSummary] {
        &self.scan.channels
    }

    /// The channel of this name.
    pub fn channel(&self, name: &str) -> Option<&ChannelSummary> {
        self.names.get(name).map(|&index| &self.scan.channels[index])
    }

    /// What was said of it when it began: [`meta`](crate::RecordingBuilder::meta).
    pub fn meta(&self) -> &BTreeMap<String, String> {
        &self.parts[0].meta
    }

    /// What the recorder says of itself: `program`, `run` (a random name), `start` (nanoseconds since 1970) and the `resolution` of times.
    pub fn run(&self) -> &BTreeMap<String, String> {
        &self.parts[0].run
    }

    /// Its files, in their order.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.parts.iter().map(|part| &part.path)
    }

    /// What of the files cannot be read, parts between others that are not here among it: the first 1,000 places.
    pub fn damage(&self) -> &[Damage] {
        &self.scan.damage
    }

    /// How long it is from the first message to the last; none if there is no message.
    pub fn duration(&self) -> Option<Duration> {
        self.scan.times.map(|(first, last)| Duration::from_nanos(last - first))
    }

    /// When its first message was logged, in nanoseconds since 1970.
    pub fn begins(&self) -> Option<u64> {
        self.scan.times.map(|(first, _)| first)
    }

    /// Its messages, in the order of the files: within a channel that of admission, over several that of the recorder's looks.
    pub fn records(&self) -> Records<'_> {
        Records::new(self, None)
    }

    /// The same in the order of turns: over all channels that were [traced](stratoswarm_core::ChannelBuilder::traced) that of
    /// admission. It goes over the files once for each channel at a time.
    pub fn in_turns(&self) -> InTurns<'_> {
        InTurns::new(self)
    }

    /// Those of one channel.
    pub fn records_of(&self, channel: &str) -> Records<'_> {
        // One that is not there has no messages.
        Records::new(self, Some(self.names.get(channel).copied().unwrap_or(usize::MAX)))
    }

    /// What became of the messages of a channel, if it was [traced](stratoswarm_core::ChannelBuilder::traced).
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::{ChannelRegistry, Fabric, OutcomeKind, messages::{CostCall, CostQuote, QueryCost}};
    /// # use stratoswarm_record::{Recorded, Recording};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("run.mcap");
    /// let registry = ChannelRegistry::open_traced_on(&Fabric::new())?;
    /// let recording = Recording::create(&path).channel(registry.cost()).start()?;
    /// let mut model = registry.cost().join("models");
    /// tokio::spawn(async move {
    ///     if let Some(CostCall::QueryCost(_, reply)) = model.recv().await.map(CostCall::from) {
    ///         reply.send(CostQuote { price: 1.5, samples: 3 });
    ///     }
    /// });
    /// registry.cost().request(QueryCost { tasks: 3 }).await?;
    /// recording.finish().await?;
    ///
    /// let recorded = Recorded::open([&path])?;
    /// let outcomes = recorded.outcomes_of("cost").collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!((outcomes[0].how(), outcomes[0].group()), (OutcomeKind::Taken, Some("models")));
    /// assert_eq!(outcomes[1].how(), OutcomeKind::Replied);
    /// assert_eq!(outcomes[1].reply::<CostQuote>().ok_or("no reply")?.samples, 3);
    /// # Ok(()) }
    /// ```
    pub fn outcomes_of(&self, channel: &str) -> RecordedOutcomes<'_> {
        RecordedOutcomes::new(self, channel)
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub(super) fn names(&self) -> &BTreeMap<String, usize> {
        &self.names
    }
}
