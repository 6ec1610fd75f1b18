use std::{fmt, iter::Peekable, mem, time::Duration};

use super::{ReadError, Recorded, RecordedMessage, Records};

/// The messages of a recording in the order of their turns: over all channels that were
/// [traced](stratoswarm_core::ChannelBuilder::traced) that in which they were admitted. Others come when they were logged. Made by
/// [`Recorded::in_turns`](crate::Recorded::in_turns).
pub struct InTurns<'a> {
    /// Of each channel; where none was traced, of all. Taken from here with the first.
    records: Vec<Records<'a>>,
    streams: Vec<Peekable<Records<'a>>>,
}

impl<'a> InTurns<'a> {
    pub(super) fn new(recorded: &'a Recorded) -> Self {
        let channels = recorded.channels();
        let records = if channels.iter().all(|channel| channel.senders.is_empty()) {
            vec![recorded.records()]
        } else {
            channels.iter().map(|channel| recorded.records_of(&channel.name)).collect()
        };
        Self { records, streams: Vec::new() }
    }

    /// Those that were logged so long after the recording's first message or later, and before so long after it. To be said before
    /// the first is taken.
    #[must_use]
    pub fn between(mut self, from: Duration, to: Duration) -> Self {
        self.records = self.records.into_iter().map(|records| records.between(from, to)).collect();
        self
    }
}

impl<'a> Iterator for InTurns<'a> {
    type Item = Result<RecordedMessage<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.streams.extend(mem::take(&mut self.records).into_iter().map(Iterator::peekable));
        let mut first: Option<usize> = None;
        for at in 0..self.streams.len() {
            let (before, rest) = self.streams.split_at_mut(at);
            let Some(next) = rest[0].peek() else { continue };
            let Ok(next) = next else { return self.streams[at].next() };
            let is_first = match first.and_then(|first| before[first].peek()) {
                Some(Ok(first)) => is_before(next, first),
                _ => true,
            };
            if is_first {
                first = Some(at);
            }
        }
        self.streams[first?].next()
    }
}

fn is_before(one: &RecordedMessage<'_>, other: &RecordedMessage<'_>) -> bool {
    match (one.turn(), other.turn()) {
        (Some(one), Some(other)) => one < other,
        _ => one.logged() < other.logged(),
    }
}

impl fmt::Debug for InTurns<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InTurns").field("channels", &self.streams.len()).finish_non_exhaustive()
    }
}
