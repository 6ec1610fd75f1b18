//! Records what the channels of [`stratoswarm_core`] carry, and reads it: what did it get, in which order?
//!
//! - [`Recording`] writes messages as CBOR into [MCAP](https://mcap.dev) files: what each channel admitted, in its order, or which
//!   numbers are missing, and why. It slows no sender down but by one clone of its message.
//! - [`Recorded`] reads such files, also those that were cut off or damaged, and says where; [`Follow`] while they are written;
//!   [`Rewrite`] makes a whole one of them, or one with a part.
//! - [`Replay`] sends what was recorded once more, at any pace, requests as requests, whose replies it compares with the recorded ones.
//! - [`Diff`] finds the first difference between two recordings.
//!
//! Messages must be [`Wire`](stratoswarm_core::Wire): `wire!(Job as "lab.job")`, or a name in `protocol!`. Those of the preset are.
//!
//! # What is guaranteed
//! - Recorded and missed messages together are what a channel admitted while it was recorded; which numbers are missing is in the
//!   file, and in the report. With [`lossless`](ChannelRecording::lossless) none is, but what cannot be cloned or encoded.
//! - A sender pays for one clone of its message, and wakes the recorder only when half of what may wait for it is there.
//! - A file has its name once it can be read, is for its owner alone, and takes no other's place. Cut off at any byte, as by the
//!   end of its process, it has all messages but those of the last second or mebibyte; on a full disk the program goes on, and
//!   what was written before can be read, and of the rest as much as there is room for.
//! - When a file is full the next one is there before it ends: what comes meanwhile waits.
//! - What [`redact`](ChannelRecording::redact) has cleared is in no byte of the file, nor what [`Rewrite::redact`] has.
//! - Any bytes can be opened: what cannot be read is told with its place, and takes no more than 64 MiB of memory.
//! - A replay changes no order within a channel; under a paused clock its times are those of the recording, to the millisecond.
//!   Over several channels its order is that of their turns, where they were traced, and else that in which the recorder found
//!   the messages.
//! - Of channels that are [traced](stratoswarm_core::ChannelBuilder::traced) a file tells who sent each message, in which order over
//!   all of them, and what became of it, replies among that; or how many of those outcomes are missing. Every part of a
//!   recording tells of the senders of its messages. Of a channel that is redacted replies are
//!   not recorded, as they may say the same again.
//!
//! # What is in a file
//! One topic for each channel, of its name, and one for its gaps, `<name>/gaps`. A message is a map with keys of one letter: `n`
//! its number, `c` its class if that is not `Normal`, `d` the nanoseconds that are left until its deadline, `r` whether it is a
//! request, and `m` the message itself; of a traced channel also `s` its sender and `t` its turn. A gap has `from`, `to` and
//! `why`. A topic `<name>/outcomes` has what became of the messages of a traced channel: `n` the number, `g` the group, `w` its
//! member, `t` the turn, `a` which delivery it was, `how` it went, and `R` the reply; or how many are `missed`. Metadata
//! `stratoswarm` tells of the run, `meta` what the program said, `account` how many bytes of each channel there are, and `sender <s> of <name>` where its handles were made, and in
//! the next line their name.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod body;
mod cbor;
mod diff;
mod draft;
mod mcap;
mod outcome_body;
mod part_paths;
mod paths;
mod recorded;
mod recording;
mod replay;
mod shortened;
mod tree;

pub use diff::{Diff, DiffError, Divergence, Order};
pub use part_paths::part_paths;
pub use recorded::{
    ChannelSummary, Damage, Follow, Gap, InTurns, ReadError, Recorded, RecordedMessage, RecordedOutcome,
    RecordedOutcomes, RecordedSender, Records, Rewrite,
};
pub use recording::{
    ChannelRecording, RecordError, Recordable, RecordedChannel, Recording, RecordingBuilder, RecordingReport,
    StartError,
};

pub use replay::{DifferingReply, Pace, Replay, ReplayError, ReplayReport, Replayed, Replaying, Replies};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

/// What the files say they are.
const PROFILE: &str = "stratoswarm";

/// The name of what the recorder says of a run.
const RUN: &str = "stratoswarm";

/// The name of what the program says of it.
const META: &str = "meta";

/// The name of what a file says at its end of its channels, by their numbers: how many bytes, and when the first and the last
/// message came.
const ACCOUNT: &str = "account";

/// Which version of the records these are.
const FORMAT: u32 = 1;
