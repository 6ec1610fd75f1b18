use std::{fmt, time::Duration};

use super::{
    ReadError, Recorded, RecordedMessage, Stretch,
    scan::{Numbers, PartWalk, failed, walk},
};
use crate::mcap::Event;

/// The messages of a recording, one after another; made by [`Recorded::records`].
///
/// What is [damaged](Recorded::damage) is passed over. An error stands for one message that is no record, or ends the iteration as
/// the file cannot be read any more.
pub struct Records<'a> {
    recorded: &'a Recorded,
    /// The parts that are yet to come.
    next: usize,
    walk: Option<(PartWalk, Numbers)>,
    /// Of one channel.
    only: Option<usize>,
    stretch: Stretch,
}

impl<'a> Records<'a> {
    pub(super) fn new(recorded: &'a Recorded, only: Option<usize>) -> Self {
        let stretch = Stretch::all(recorded.begins().unwrap_or(0));
        Self { recorded, next: 0, walk: None, only, stretch }
    }

    /// Those that were logged so long after the recording's first message or later, and before so long after it.
    #[must_use]
    pub fn between(mut self, from: Duration, to: Duration) -> Self {
        self.stretch = self.stretch.between(from, to);
        self
    }

    fn fail(&mut self, error: ReadError) -> ReadError {
        (self.walk, self.next) = (None, self.recorded.parts().len());
        error
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<RecordedMessage<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some((walking, numbers)) = &mut self.walk else {
                let part = self.recorded.parts().get(self.next)?;
                self.next += 1;
                match walk(&part.path) {
                    Ok(walk) => self.walk = Some((walk, Numbers::default())),
                    Err(error) => return Some(Err(self.fail(error))),
                }
                continue;
            };
            let path = &self.recorded.parts()[self.next - 1].path;
            match walking.next() {
                Ok(Some(Event::Channel(channel))) => numbers.meet(&channel, self.recorded.names()),
                Ok(Some(Event::Message { at, channel, publish, log, body })) => {
                    let Some(index) = numbers.get(channel) else { continue };
                    if self.only.is_some_and(|only| only != index) || !self.stretch.has(log) {
                        continue;
                    }
                    let channel = &self.recorded.channels()[index];
                    return Some(match cbor4ii::serde::from_slice(body) {
                        Ok(head) => {
                            let (stretch, times, body) = (self.stretch, (publish, log), body.to_vec());
                            Ok(RecordedMessage { channel, path, at, stretch, times, head, body })
                        }
                        Err(error) => Err(ReadError::Message {
                            path: path.clone(),
                            at,
                            channel: channel.name.clone(),
                            why: error.to_string(),
                        }),
                    });
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

impl fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").field("next", &self.next).finish_non_exhaustive()
    }
}
