use std::fmt::{self, Display};

use super::{
    Recordable, Recording, RecordingBuilder, StartError, hints::Hints, recording_builder::Planned,
    source::Redact,
};

/// How one channel is recorded; made by [`RecordingBuilder::channel`].
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{ChannelRegistry, messages::{Error, SystemEvent}};
/// # use stratoswarm_record::Recording;
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("run.mcap");
/// let registry = ChannelRegistry::new();
/// let recording = Recording::create(path)
///     .channel(registry.gpu()).lossless(64)
///     .channel(registry.events())
///         .volatile(["/FitnessImproved/agent"])
///         .redact(|event| if let SystemEvent::Error(error) = event { error.message.clear() })
///     .start()?;
/// registry.events().send(Error { component: "gpu".into(), message: "secret".into() }.into())?;
/// assert_eq!(recording.finish().await?.channels[1].recorded, 1);
/// # Ok(()) }
/// ```
#[must_use = "call `start`"]
pub struct ChannelRecording<C: Recordable> {
    recording: RecordingBuilder,
    channel: C,
    depth: Option<usize>,
    lossless: bool,
    redact: Option<Redact<C::Message>>,
    hints: Hints,
}

impl<C: Recordable> ChannelRecording<C> {
    pub(super) fn new(recording: RecordingBuilder, channel: C) -> Self {
        Self { recording, channel, depth: None, lossless: false, redact: None, hints: Hints::default() }
    }

    /// Keeps so many messages until the recorder looks; when more come, the oldest go, and their numbers are recorded as missing. As
    /// many as the channel has room for, and at least 10,000, if nothing is said. Memory is taken as they come.
    pub fn depth(mut self, messages: usize) -> Self {
        (self.depth, self.lossless) = (Some(messages), false);
        self
    }

    /// Has senders wait while so many messages wait to be recorded: none is missed, but one whose `Clone` or encoding panics. Not
    /// for a broadcast, whose senders never wait.
    pub fn lossless(mut self, messages: usize) -> Self {
        (self.depth, self.lossless) = (Some(messages), true);
        self
    }

    /// Changes the clone of each message before it is encoded, so that what must not be kept is in no byte of the file. A message on
    /// which it panics is recorded as missing. Of a traced channel the replies are not recorded then, as they may say it again.
    pub fn redact(mut self, redact: impl FnMut(&mut C::Message) + Send + 'static) -> Self {
        self.redact = Some(Box::new(redact));
        self
    }

    /// Parts of the messages that are others in each run, such as times, as JSON pointers; `*` stands for any key or place. The
    /// file says so, and [`Diff`](crate::Diff) passes over them.
    pub fn volatile<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.hints.volatile.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Says which parts of its messages have other names in each run, each the same wherever it is, as identifiers that are made by
    /// chance: JSON pointers. A [`Diff`](crate::Diff) lets the one stand for the other.
    pub fn renamed<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.hints.renamed.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Says which senders do several things at once, so that their messages have no order of their own: names, or sites. A
    /// [`Diff`](crate::Diff) by senders compares them in any order.
    pub fn unordered<S: Into<String>>(mut self, senders: impl IntoIterator<Item = S>) -> Self {
        self.hints.unordered.extend(senders.into_iter().map(Into::into));
        self
    }

    /// Says which senders send something else in each run, as what they tell is measured: names, or sites. A
    /// [`Diff`](crate::Diff) by senders passes over their messages.
    pub fn passed_over<S: Into<String>>(mut self, senders: impl IntoIterator<Item = S>) -> Self {
        self.hints.passed_over.extend(senders.into_iter().map(Into::into));
        self
    }

    /// One more channel.
    pub fn channel<D: Recordable>(self, channel: &D) -> ChannelRecording<D> {
        self.planned().channel(channel)
    }

    /// As [`RecordingBuilder::rotate`].
    pub fn rotate(self, bytes: u64) -> RecordingBuilder {
        self.planned().rotate(bytes)
    }

    /// As [`RecordingBuilder::keep`].
    pub fn keep(self, parts: usize) -> RecordingBuilder {
        self.planned().keep(parts)
    }

    /// As [`RecordingBuilder::meta`].
    pub fn meta(self, name: impl Into<String>, value: impl Display) -> RecordingBuilder {
        self.planned().meta(name, value)
    }

    /// As [`RecordingBuilder::required`].
    pub fn required(self) -> RecordingBuilder {
        self.planned().required()
    }

    /// As [`RecordingBuilder::start`].
    ///
    /// # Errors
    /// [`StartError`]
    pub fn start(self) -> Result<Recording, StartError> {
        self.planned().start()
    }

    /// As [`RecordingBuilder::start_on_runtime`].
    ///
    /// # Errors
    /// [`StartError`]
    ///
    /// # Panics
    /// Outside of a tokio runtime, as `tokio::spawn` does.
    pub fn start_on_runtime(self) -> Result<Recording, StartError> {
        self.planned().start_on_runtime()
    }

    fn planned(self) -> RecordingBuilder {
        let Self { mut recording, channel, depth, lossless, redact, hints } = self;
        recording.plan(Planned::new(channel, depth, lossless, redact, hints));
        recording
    }
}

impl<C: Recordable> fmt::Debug for ChannelRecording<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut it = f.debug_struct("ChannelRecording");
        it.field("depth", &self.depth).field("lossless", &self.lossless).finish_non_exhaustive()
    }
}
