//! What a process serves at `/snapshot.json` and `/explain.json`, as it is read. Fields that are not known are passed over, those
//! that are missing are as in an empty swarm: whoever watches and who is watched need not be of one build.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::IntoDeserializer as _};
use stratoswarm_core::{ChannelKind, ReaderKind, RequestCounts, Skipped, VerdictKind};

/// The only format there is.
pub(super) const FORMAT: u64 = 1;

/// `/snapshot.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Served {
    pub(super) format: u64,
    pub(super) program: String,
    pub(super) pid: u32,
    pub(super) uptime_s: f64,
    /// For how long a look has been waiting for a lock; the figures are of the look before.
    pub(super) look_waiting_s: Option<f64>,
    pub(super) snapshot: Snapshot,
    pub(super) figures: Vec<Figures>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) verdicts_text: String,
}

/// `/explain.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Explained {
    pub(super) text: String,
}

/// `stratoswarm_core::Snapshot`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Snapshot {
    pub(super) channels: Vec<Channel>,
    pub(super) handles: Vec<Handle>,
    pub(super) tasks: Vec<serde::de::IgnoredAny>,
}

/// `stratoswarm_core::ChannelInfo`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Channel {
    pub(super) name: String,
    #[serde(deserialize_with = "known")]
    pub(super) kind: Option<ChannelKind>,
    pub(super) message: String,
    pub(super) capacity: u64,
    pub(super) len: u64,
    pub(super) sent: u64,
    pub(super) delivered: u64,
    pub(super) high_water: u64,
    pub(super) is_closed: bool,
    pub(super) unclaimed: u64,
    pub(super) permits: u64,
    pub(super) granted: u64,
    pub(super) blocked_senders: u64,
    pub(super) unserved: u64,
    pub(super) waits: Vec<Wait>,
    pub(super) lanes: Vec<Lane>,
    pub(super) requests: RequestCounts,
    pub(super) readers: Vec<Reader>,
    pub(super) location: String,
}

/// `stratoswarm_core::LaneInfo`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Lane {
    pub(super) priority: String,
    pub(super) capacity: u64,
    pub(super) len: u64,
    pub(super) blocked_senders: u64,
}

/// `stratoswarm_core::ReaderInfo`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reader {
    pub(super) name: String,
    #[serde(deserialize_with = "known")]
    pub(super) kind: Option<ReaderKind>,
    pub(super) members: u64,
    pub(super) taken: u64,
    pub(super) skipped: Skipped,
    pub(super) left: u64,
    pub(super) in_flight: u64,
    pub(super) is_paused: bool,
    pub(super) dead: u64,
    pub(super) unsettled: u64,
    pub(super) waits: Vec<Wait>,
    pub(super) handles: Vec<Member>,
}

/// `stratoswarm_core::WaitInfo`. What it waits for and how far it is are words of this enumeration or of a later one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wait {
    pub(super) kind: String,
    pub(super) state: String,
    pub(super) task: Option<String>,
    /// What the fabric calls that task.
    pub(super) name: Option<String>,
    pub(super) at: String,
    pub(super) waited: Duration,
}

/// `stratoswarm_core::MemberInfo`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Member {
    pub(super) task: Option<String>,
    pub(super) name: Option<String>,
}

/// `stratoswarm_core::HeldHandle`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Handle {
    pub(super) channel: String,
    pub(super) kind: String,
    pub(super) name: Option<String>,
    pub(super) location: String,
    pub(super) count: u64,
}

/// What the server works out of several snapshots; in the order of the snapshot's channels.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Figures {
    pub(super) channel: String,
    pub(super) sent_per_s: Option<f64>,
    pub(super) delivered_per_s: Option<f64>,
    pub(super) lag_s: Option<f64>,
    pub(super) lag_at_least: bool,
    pub(super) drain_s: Option<f64>,
    pub(super) wait_p99_s: Option<f64>,
    pub(super) readers: Vec<ReaderFigures>,
}

/// The same of one reader; in the order of the channel's readers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReaderFigures {
    pub(super) name: String,
    pub(super) taken_per_s: Option<f64>,
    pub(super) lag_s: Option<f64>,
    pub(super) lag_at_least: bool,
}

/// `stratoswarm_core::Verdict`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Verdict {
    pub(super) kind: String,
    pub(super) channels: Vec<String>,
    pub(super) lasted: Duration,
    pub(super) until: Option<Duration>,
    pub(super) summary: String,
    pub(super) lines: Vec<Line>,
}

/// `stratoswarm_core::Line`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Line {
    pub(super) who: String,
    pub(super) at: Option<String>,
}

impl Verdict {
    /// Its kind; none if it is of a later version.
    pub(super) fn known_kind(&self) -> Option<VerdictKind> {
        named(&self.kind)
    }
}

/// A variant without fields by the name that serde has for it.
pub(super) fn named<T: DeserializeOwned>(name: &str) -> Option<T> {
    let name: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = name.into_deserializer();
    T::deserialize(name).ok()
}

fn known<'de, T: DeserializeOwned, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Ok(named(&String::deserialize(from)?))
}
