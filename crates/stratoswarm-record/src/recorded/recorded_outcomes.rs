use std::fmt;

use super::{
    ReadError, Recorded, RecordedOutcome,
    scan::{PartWalk, failed, is_of_outcomes, walk},
};
use crate::{mcap::Event, outcome_body::MissedOutcomes, tree::Tree};

/// What became of the messages of one channel, in the order of turns; made by
/// [`Recorded::outcomes_of`](crate::Recorded::outcomes_of). What the recorder missed is [told](Self::missed) once all was read.
pub struct RecordedOutcomes<'a> {
    recorded: &'a Recorded,
    topic: String,
    next: usize,
    walk: Option<(PartWalk, Option<u16>)>,
    missed: u64,
}

impl<'a> RecordedOutcomes<'a> {
    pub(super) fn new(recorded: &'a Recorded, channel: &str) -> Self {
        Self { recorded, topic: format!("{channel}/outcomes"), next: 0, walk: None, missed: 0 }
    }

    /// How many outcomes are missing in what was read.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Nothing comes after this error.
    fn fail(&mut self, error: ReadError) -> ReadError {
        (self.walk, self.next) = (None, self.recorded.parts().len());
        error
    }
}

impl Iterator for RecordedOutcomes<'_> {
    type Item = Result<RecordedOutcome, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some((walking, id)) = &mut self.walk else {
                let part = self.recorded.parts().get(self.next)?;
                self.next += 1;
                match walk(&part.path) {
                    Ok(walk) => self.walk = Some((walk, None)),
                    Err(error) => return Some(Err(self.fail(error))),
                }
                continue;
            };
            let path = &self.recorded.parts()[self.next - 1].path;
            match walking.next() {
                Ok(Some(Event::Channel(channel))) if channel.topic == self.topic => {
                    if is_of_outcomes(&channel) {
                        *id = Some(channel.id);
                    }
                }
                Ok(Some(Event::Message { at, channel, body, .. })) if Some(channel) == *id => {
                    if let Ok(MissedOutcomes { missed, .. }) = cbor4ii::serde::from_slice(body) {
                        self.missed = self.missed.saturating_add(missed);
                        continue;
                    }
                    let read = cbor4ii::serde::from_slice(body).map_err(|error| error.to_string());
                    let read = read.and_then(|read| Ok(RecordedOutcome::new(read, Tree::of_record(body)?)));
                    return Some(read.map_err(|why| ReadError::Message {
                        path: path.clone(),
                        at,
                        channel: self.topic.clone(),
                        why,
                    }));
                }
                Ok(Some(_)) => {}
                Ok(None) => self.walk = None,
                Err(error) => {
                    let error = failed(path, error);
                    return Some(Err(self.fail(error)));
                }
            }
        }
    }
}

impl fmt::Debug for RecordedOutcomes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedOutcomes").field("topic", &self.topic).finish_non_exhaustive()
    }
}
