use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use bytes::Bytes;
use stratoswarm_core::{ChannelTimes, Snapshot, Verdict};

use super::document::Document;
use crate::{map::Map, trends::ChannelTrend};

/// What an event of a stream begins with.
const EVENT: &[u8] = b"event: snapshot\ndata: ";

/// What was seen at one moment.
#[derive(Debug)]
pub(crate) struct View {
    /// Who is looked at.
    pub(super) program: Arc<str>,
    /// For how long by then.
    pub(super) uptime: Duration,
    /// When it was begun to look.
    pub(crate) at: Instant,
    /// None before the first look that ended.
    pub(crate) seen: Option<Seen>,
    /// What does not move; none in a look that nobody waited for.
    pub(crate) verdicts: Option<Vec<Verdict>>,
    /// Of a look that somebody waited for.
    pub(super) map: Option<Map>,
    /// For how long a look has been waiting by now for a lock that somebody holds.
    pub(crate) waiting: Option<Duration>,
    /// Made once, and by those who ask for it.
    pub(super) event: OnceLock<Bytes>,
}

/// What a look brought.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) trends: Arc<Vec<ChannelTrend>>,
    /// Sampled times since the beginning.
    pub(crate) times: Arc<Vec<ChannelTimes>>,
}

impl View {
    /// As an event of a stream.
    pub(crate) fn event(&self) -> Bytes {
        let event = || {
            let mut event = EVENT.to_vec();
            // Maps of texts and numbers: nothing of it can fail.
            let _ = serde_json::to_writer(&mut event, &Document::new(self));
            event.extend_from_slice(b"\n\n");
            event.into()
        };
        self.event.get_or_init(event).clone()
    }

    /// As one object.
    pub(crate) fn json(&self) -> Bytes {
        let event = self.event();
        event.slice(EVENT.len()..event.len() - 2)
    }

    /// The map in Graphviz's language; none before the first look that ended.
    pub(crate) fn dot(&self) -> Option<String> {
        self.map.as_ref().map(|map| map.dot(&format!("{} {}", self.program, std::process::id())))
    }

    /// Whether somebody waited for it.
    pub(super) fn is_whole(&self) -> bool {
        self.verdicts.is_some()
    }
}
