use std::{
    collections::HashSet,
    fmt::{self, Display},
    hash::{BuildHasher, RandomState},
    io,
    path::PathBuf,
};

use stratoswarm_core::{JoinError, Wire};
use tokio::sync::watch;

use super::{
    ChannelRecording, Recordable, Recording, StartError,
    hints::Hints,
    parts::{Disk, Parts, file_system, refusal},
    session::{Session, channel_of},
    source::{Redact, Source, Tap},
    time::Clock,
};
use crate::mcap::{ChannelRecord, Encoding, Pairs, Preamble};

/// How many messages a channel keeps for the recorder at least, where nothing is said.
const LEAST_DEPTH: usize = 10_000;

/// Channels have numbers of 16 bits in a file, from 1 on, and each needs two.
const MOST_CHANNELS: usize = 32_767;

/// What to record, and where to. Made by [`Recording::create`].
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::ChannelRegistry;
/// # use stratoswarm_record::Recording;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("run.mcap");
/// let registry = ChannelRegistry::new();
/// let recording = Recording::create(path)
///     .rotate(1 << 30).keep(5)
///     .channel(registry.scheduler())
///     .channel(registry.events())
///     .start()?;
/// let report = recording.finish().await?;
/// assert!(report.parts[0].ends_with("run.0001.mcap"));
/// # Ok(()) }
/// ```
#[must_use = "call `start`"]
pub struct RecordingBuilder {
    path: PathBuf,
    rotate: Option<u64>,
    keep: Option<usize>,
    meta: Pairs,
    required: bool,
    planned: Vec<Box<dyn Plan>>,
    disk: Disk,
}

impl RecordingBuilder {
    pub(super) fn new(path: PathBuf) -> Self {
        let disk = Box::new(file_system);
        let (meta, planned) = (Pairs::new(), Vec::new());
        Self { path, rotate: None, keep: None, meta, required: false, planned, disk }
    }

    /// Goes on in another file when one has so many bytes: of `run.mcap` they are `run.0001.mcap`, `run.0002.mcap` and so on. Each can be
    /// read by itself. What comes meanwhile waits, and is not missed.
    pub fn rotate(mut self, bytes: u64) -> Self {
        self.rotate = Some(bytes);
        self
    }

    /// Keeps so many parts, at least one: the oldest goes as the next one comes, or when the disk is full. Of use with
    /// [`rotate`](Self::rotate) only.
    pub fn keep(mut self, parts: usize) -> Self {
        self.keep = Some(parts.max(1));
        self
    }

    /// What is to be said of the recording in each of its files, such as the seed of the run.
    pub fn meta(mut self, name: impl Into<String>, value: impl Display) -> Self {
        self.meta.insert(name.into(), value.to_string());
        self
    }

    /// Has [`finish`](Recording::finish) fail if the recording ended early, and the report of a fabric's
    /// [shutdown](stratoswarm_core::Fabric::shutdown) say of each recorded channel why it did:
    /// [`ReaderReport::failure`](stratoswarm_core::ReaderReport::failure). Otherwise that is in the recording's report, and a
    /// warning is told to `tracing`, only.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// One more channel, or broadcast. Its messages are recorded from the start of the recording on. It is not kept open.
    pub fn channel<C: Recordable>(self, channel: &C) -> ChannelRecording<C> {
        ChannelRecording::new(self, channel.clone())
    }

    /// Begins to record, by a thread.
    ///
    /// # Errors
    /// [`StartError`] if the file is there already or cannot be written, or a channel cannot be recorded as was asked for. Nothing is
    /// left behind then.
    pub fn start(self) -> Result<Recording, StartError> {
        let (path, required) = (self.path.clone(), self.required);
        let (session, failed) = self.session(Clock::std())?;
        Recording::in_thread(session, failed, required).map_err(|source| StartError::Io { path, source })
    }

    /// Begins to record, by a task on the current runtime, which each message wakes. Its times are those of tokio's clock, exact
    /// where that is paused; so it is for tests. It writes in the task.
    ///
    /// # Errors
    /// As of [`start`](Self::start).
    ///
    /// # Panics
    /// Outside of a tokio runtime, as `tokio::spawn` does.
    pub fn start_on_runtime(self) -> Result<Recording, StartError> {
        let required = self.required;
        let (session, failed) = self.session(Clock::tokio())?;
        Ok(Recording::in_task(session, failed, required))
    }

    pub(super) fn plan(&mut self, planned: impl Plan + 'static) {
        self.planned.push(Box::new(planned));
    }

    /// Another place for the files.
    #[cfg(test)]
    pub(super) fn disk(mut self, disk: Disk) -> Self {
        self.disk = disk;
        self
    }

    pub(super) fn session(
        self,
        clock: Clock,
    ) -> Result<(Session, watch::Receiver<Option<super::RecordError>>), StartError> {
        let Self { path, rotate, keep, meta, required, planned, disk } = self;
        let mut names = HashSet::new();
        if planned.len() > MOST_CHANNELS {
            return Err(StartError::TooManyChannels { channels: planned.len() });
        }
        let (mut channels, mut sources) = (Vec::new(), Vec::new());
        let mut outcomes = channel_of(planned.len())..=u16::MAX;
        let parts = Parts::new(path.clone(), rotate.is_some(), keep, disk)?;
        for (index, plan) in planned.into_iter().enumerate() {
            let Opened { name, metadata, source, has_outcomes } = plan.open()?;
            if !names.insert(name.clone()) {
                return Err(StartError::SameName { name });
            }
            let id = channel_of(index);
            channels.push(ChannelRecord { id, topic: name.clone(), metadata });
            let metadata = Pairs::from([("gaps_of".to_owned(), id.to_string())]);
            channels.push(ChannelRecord { id: id + 1, topic: format!("{name}/gaps"), metadata });
            let outcomes = has_outcomes.then(|| outcomes.next()).flatten();
            if let Some(outcomes) = outcomes {
                let metadata = Pairs::from([("outcomes_of".to_owned(), id.to_string())]);
                channels.push(ChannelRecord { id: outcomes, topic: format!("{name}/outcomes"), metadata });
            }
            sources.push((name, source, outcomes));
        }
        let metadata = vec![(crate::RUN.to_owned(), about(clock)), (crate::META.to_owned(), meta)];
        let (tell, failed) = watch::channel(None);
        let session = Session::begin(
            sources,
            parts,
            Preamble { channels, metadata, encoding: Encoding::Cbor },
            (rotate, required),
            clock,
            tell,
        );
        session.map(|session| (session, failed)).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => refusal(path),
            _ => StartError::Io { path, source },
        })
    }
}

/// What is said of the run.
fn about(clock: Clock) -> Pairs {
    let run = RandomState::new().hash_one(std::process::id());
    let program = std::env::current_exe().ok();
    let program = program.as_ref().and_then(|path| path.file_name()).unwrap_or_default();
    Pairs::from(
        [
            ("format", crate::FORMAT.to_string()),
            ("run", format!("{run:016x}")),
            ("program", program.to_string_lossy().into_owned()),
            ("start", clock.now().to_string()),
            ("resolution", clock.resolution().to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    )
}

/// A channel that is to be recorded.
pub(super) trait Plan: Send {
    fn open(self: Box<Self>) -> Result<Opened, StartError>;
}

pub(super) struct Opened {
    name: String,
    metadata: Pairs,
    source: Box<dyn Source>,
    has_outcomes: bool,
}

pub(super) struct Planned<C: Recordable> {
    channel: C,
    depth: Option<usize>,
    lossless: bool,
    redact: Option<Redact<C::Message>>,
    hints: Hints,
}

impl<C: Recordable> Planned<C> {
    pub(super) fn new(
        channel: C,
        depth: Option<usize>,
        lossless: bool,
        redact: Option<Redact<C::Message>>,
        hints: Hints,
    ) -> Self {
        Self { channel, depth, lossless, redact, hints }
    }
}

impl<C: Recordable> Plan for Planned<C> {
    fn open(self: Box<Self>) -> Result<Opened, StartError> {
        let Self { channel, depth, lossless, redact, hints } = *self;
        if let Some(path) = hints.wrong() {
            return Err(StartError::Path { path: path.clone() });
        }
        let info = channel.facts();
        let depth = depth.unwrap_or(info.capacity.max(LEAST_DEPTH)).max(1);
        let options = channel.options();
        let options = if lossless { options.lossless(depth) } else { options.depth(depth) };
        let refused = |source: JoinError| StartError::Channel { channel: info.name.clone(), source };
        let recorder = options.open().map_err(refused)?;
        let mut metadata = Pairs::from(
            [
                ("type", C::Message::NAME.to_owned()),
                ("rust", info.message.to_owned()),
                ("kind", info.kind.to_string()),
                ("capacity", info.capacity.to_string()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        hints.put(&mut metadata);
        // Of a message there are a few: where it went, and what came of it there.
        let outcomes = channel.outcomes_of(depth.saturating_mul(4), redact.is_none());
        let has_outcomes = outcomes.is_some();
        let source = Box::new(Tap::new(recorder, (depth, lossless), info.sent, redact, outcomes));
        Ok(Opened { name: info.name, metadata, source, has_outcomes })
    }
}

impl fmt::Debug for RecordingBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut it = f.debug_struct("RecordingBuilder");
        it.field("path", &self.path)
            .field("rotate", &self.rotate)
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}
