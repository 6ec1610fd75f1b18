use super::{Gap, RecordedSender};

/// What a recording has of one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelSummary {
    /// Its name.
    pub name: String,
    /// The name of its messages' type, as [`Wire`](stratoswarm_core::Wire) has it.
    pub message: String,
    /// The name of that type in the program that recorded it.
    pub rust_type: String,
    /// `channel` or `broadcast`.
    pub kind: String,
    /// How many messages may have waited in it.
    pub capacity: u64,
    /// What of its messages is another in each run: JSON pointers.
    pub volatile: Vec<String>,
    /// What of its messages has other names in each run, as identifiers that are made by chance: JSON pointers.
    pub renamed: Vec<String>,
    /// The senders that do several things at once, so that their messages have no order of their own.
    pub unordered: Vec<String>,
    /// The senders whose messages are others in each run.
    pub passed_over: Vec<String>,
    /// Who sent messages, if it was traced.
    pub senders: Vec<RecordedSender>,
    /// How many messages are there.
    pub messages: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// How many messages the recorder missed.
    pub missed: u64,
    /// Which ones those are: the first 1,000 ranges.
    pub gaps: Vec<Gap>,
}
