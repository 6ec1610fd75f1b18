use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use stratoswarm_core::{Snapshot, Verdict};

use crate::trends::ChannelTrend;

/// What an event of a stream begins with.
const EVENT: &[u8] = b"event: snapshot\ndata: ";

/// What was seen at one moment.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// When it was begun to look.
    pub(crate) at: Instant,
    /// None before the first look that ended.
    pub(crate) seen: Option<Seen>,
    /// Empty in a look that nobody waits for.
    event: Bytes,
}

/// What a look brought.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) trends: Arc<Vec<ChannelTrend>>,
    pub(crate) verdicts: Vec<Verdict>,
}

impl View {
    pub(super) fn new(at: Instant, seen: Option<Seen>, json: Option<&[u8]>) -> Self {
        let event = json.map(|json| [EVENT, json, b"\n\n"].concat().into());
        Self { at, seen, event: event.unwrap_or_default() }
    }

    /// As an event of a stream; none of a look that nobody waited for.
    pub(crate) fn event(&self) -> Option<Bytes> {
        (!self.event.is_empty()).then(|| self.event.clone())
    }

    /// As one object.
    pub(crate) fn json(&self) -> Option<Bytes> {
        let end = self.event.len().checked_sub(2)?;
        Some(self.event.slice(EVENT.len()..end))
    }
}
