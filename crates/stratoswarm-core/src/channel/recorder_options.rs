use std::{fmt, panic::Location, sync::Arc};

use crate::{error::JoinError, handle::Shared, reader::Recorder, stats::ChannelKind};

/// How to record. Made by [`Channel::record`](crate::Channel::record) and [`Broadcast::record`](crate::Broadcast::record).
///
/// # Examples
/// ```
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").capacity(8).open()?;
/// let mut recorder = jobs.record().lossless(2).open()?;
/// let _worker = jobs.join("workers");
/// jobs.try_send(Job(1))?;
/// jobs.try_send(Job(2))?;
/// assert!(jobs.try_send(Job(3)).is_err(), "the recorder is two behind, and is to miss nothing");
/// let mut tape = Vec::new();
/// assert_eq!(recorder.drain(&mut tape, 8), 2);
/// jobs.try_send(Job(3))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "call `open`"]
pub struct RecorderOptions<'a, M> {
    shared: &'a Arc<Shared<M>>,
    depth: Option<usize>,
    lossless: bool,
}

impl<'a, M: Clone + Send + 'static> RecorderOptions<'a, M> {
    pub(super) fn new(shared: &'a Arc<Shared<M>>) -> Self {
        Self { shared, depth: None, lossless: false }
    }

    /// Keeps so many messages for it, at least one; when more wait for it, the oldest go, and it is told how many. Without, as
    /// many as the channel has room for. Memory is taken as they come.
    pub fn depth(mut self, messages: usize) -> Self {
        (self.depth, self.lossless) = (Some(messages), false);
        self
    }

    /// Has senders wait while so many messages, at least one, wait for it: it misses nothing, but for messages whose `Clone`
    /// panics. What permits and granted places were promised before it came is admitted in any case.
    pub fn lossless(mut self, messages: usize) -> Self {
        (self.depth, self.lossless) = (Some(messages), true);
        self
    }

    /// Begins to record, with the next message that is admitted.
    ///
    /// # Errors
    /// [`Incompatible`](JoinError::Incompatible) for a [lossless](Self::lossless) recorder of a broadcast, whose senders never
    /// wait.
    #[track_caller]
    pub fn open(self) -> Result<Recorder<M>, JoinError> {
        let Self { shared, depth, lossless } = self;
        if lossless && shared.kind == ChannelKind::Broadcast {
            return Err(JoinError::Incompatible { option: "lossless", with: "a broadcast" });
        }
        let depth = depth.unwrap_or_else(|| shared.current_capacity()).max(1);
        Ok(Recorder::new(shared, depth, lossless, Location::caller()))
    }
}

impl<M> fmt::Debug for RecorderOptions<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut it = f.debug_struct("RecorderOptions");
        it.field("depth", &self.depth).field("lossless", &self.lossless).finish_non_exhaustive()
    }
}
