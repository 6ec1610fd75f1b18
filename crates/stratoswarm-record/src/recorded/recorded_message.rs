use std::{path::Path, time::Duration};

use serde::de::DeserializeOwned;
use stratoswarm_core::Priority;

use super::{ChannelSummary, ReadError, RecordedSender, Stretch};
use crate::{
    body::{Head, Message},
    tree::Tree,
};

/// A message of a recording, and what was recorded beside it.
#[derive(Debug, Clone)]
pub struct RecordedMessage<'a> {
    pub(super) channel: &'a ChannelSummary,
    pub(super) path: &'a Path,
    pub(super) at: u64,
    pub(super) stretch: Stretch,
    pub(super) times: (u64, u64),
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
}

impl<'a> RecordedMessage<'a> {
    /// Its channel.
    pub fn channel(&self) -> &'a ChannelSummary {
        self.channel
    }

    /// Its number in the channel: how many messages had been admitted before it.
    pub fn number(&self) -> u64 {
        self.head.n
    }

    /// Its class of traffic.
    pub fn class(&self) -> Priority {
        self.head.c
    }

    /// How long it was to live still when it was logged; none if for ever.
    pub fn left(&self) -> Option<Duration> {
        self.head.d.map(Duration::from_nanos)
    }

    /// Whether somebody waited for its reply.
    pub fn is_request(&self) -> bool {
        self.head.r
    }

    /// Who sent it, if the channel was [traced](stratoswarm_core::ChannelBuilder::traced).
    pub fn sender(&self) -> Option<&'a RecordedSender> {
        let id = self.head.s?;
        self.channel.senders.iter().find(|sender| sender.id == id)
    }

    /// The turn of its admission, by one count for all traced channels of its fabric: in the order of all that was admitted and
    /// handed out there.
    pub fn turn(&self) -> Option<u64> {
        self.head.t
    }

    /// How long after the first message of the recording it was logged.
    pub fn at(&self) -> Duration {
        self.stretch.at(self.logged())
    }

    /// When it was logged, in nanoseconds since 1970: by the look that found it.
    pub fn logged(&self) -> u64 {
        self.times.1
    }

    /// The look before that, in nanoseconds since 1970: it was sent between the two.
    pub fn logged_after(&self) -> u64 {
        self.times.0
    }

    /// How many bytes it has in the file.
    pub fn length(&self) -> usize {
        self.body.len()
    }

    /// The message itself.
    ///
    /// # Errors
    /// [`ReadError::Message`] if it is none of this type.
    pub fn message<M: DeserializeOwned>(&self) -> Result<M, ReadError> {
        let read: Result<Message<M>, _> = cbor4ii::serde::from_slice(&self.body);
        read.map(|read| read.m).map_err(|error| self.wrong(error.to_string()))
    }

    /// The message as JSON, whatever its type: bytes in base64, numbers that JSON has not as text.
    ///
    /// # Errors
    /// [`ReadError::Message`] if it is no CBOR, has more than 200,000 values, or more than 12 MiB as text.
    pub fn json(&self) -> Result<String, ReadError> {
        self.tree()?.json().map_err(|why| self.wrong(why))
    }

    pub(crate) fn tree(&self) -> Result<Tree, ReadError> {
        Tree::of_message(&self.body).map_err(|why| self.wrong(why))
    }

    /// The same, or why not.
    pub(crate) fn text(&self) -> String {
        self.json().unwrap_or_else(|error| error.to_string())
    }

    fn wrong(&self, why: String) -> ReadError {
        let (path, channel) = (self.path.to_owned(), self.channel.name.clone());
        ReadError::Message { path, at: self.at, channel, why }
    }
}
