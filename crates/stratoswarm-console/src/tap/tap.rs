use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde::Serialize;
use stratoswarm_core::ChannelInfo;
use tokio::task::spawn_blocking;

use super::{Payloads, Shown, Tape};
use crate::look::{View, Watching};

/// From one event to the next while something passes.
const EVERY: Duration = Duration::from_millis(200);
/// While nothing does.
const IDLE: Duration = Duration::from_secs(1);

/// Tells what passes through one channel.
pub(crate) struct Tap {
    watching: Watching,
    channel: String,
    before: Option<Counts>,
    /// What records its messages, if they may be shown; away while it is read.
    tape: Option<Box<dyn Tape>>,
}

struct Counts {
    at: Instant,
    sent: u64,
    delivered: u64,
    lanes: BTreeMap<String, u64>,
}

/// What passed between two looks.
#[derive(Serialize)]
struct Passed<'a> {
    channel: &'a str,
    /// In how many seconds.
    over_s: f64,
    sent: u64,
    delivered: u64,
    /// Of a channel that has several: sent in each.
    lanes: BTreeMap<&'a str, u64>,
    /// How many wait now.
    waiting: usize,
    /// How old the oldest of them is.
    oldest_s: Option<f64>,
    /// The newest of them, where the program shows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<Shown>>,
    /// How many more there were.
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<u64>,
}

impl Tap {
    pub(crate) async fn new(watching: Watching, channel: String, payloads: &Arc<Payloads>) -> Self {
        let (payloads, name) = (Arc::clone(payloads), channel.clone());
        let tape = spawn_blocking(move || payloads.open(&name)).await.ok().flatten();
        Self { watching, channel, before: None, tape }
    }

    /// The next event; none once the channel is gone.
    pub(crate) async fn next(mut self) -> Option<(Bytes, Self)> {
        loop {
            let view = self.watching.next().await?;
            if view.waiting.is_some() {
                continue; // nothing is new
            }
            let (info, oldest) = find(&view, &self.channel)?;
            let now = Counts::new(info, view.at);
            let Some(before) = &self.before else {
                self.before = Some(now);
                continue;
            };
            let over = now.at.duration_since(before.at);
            let has_passed = now.sent != before.sent || now.delivered != before.delivered;
            if over < if has_passed { EVERY } else { IDLE } {
                continue;
            }
            let (mut messages, mut missed) = (None, None);
            if let Some(mut tape) = self.tape.take()
                && let Ok((tape, (shown, more))) = spawn_blocking(move || {
                    let taken = tape.take();
                    (tape, taken)
                })
                .await
            {
                (self.tape, messages, missed) = (Some(tape), Some(shown), Some(more));
            } // else a message's `Serialize` has panicked
            let passed = Passed {
                channel: &self.channel,
                over_s: over.as_secs_f64(),
                sent: now.sent.saturating_sub(before.sent),
                delivered: now.delivered.saturating_sub(before.delivered),
                lanes: now
                    .lanes
                    .iter()
                    .map(|(lane, sent)| (lane.as_str(), before.since(lane, *sent)))
                    .collect(),
                waiting: info.len,
                oldest_s: oldest,
                messages,
                missed,
            };
            let json = serde_json::to_string(&passed).unwrap_or_default();
            self.before = Some(now);
            return Some((format!("event: passed\ndata: {json}\n\n").into(), self));
        }
    }
}

/// The channel as a look saw it, and how old what waits in it is.
pub(crate) fn find<'a>(view: &'a View, channel: &str) -> Option<(&'a ChannelInfo, Option<f64>)> {
    let seen = view.seen.as_ref()?;
    let at = seen.snapshot.channels.iter().position(|info| info.name == channel)?;
    let oldest = seen.trends.get(at).and_then(|trend| trend.lag_s);
    Some((&seen.snapshot.channels[at], oldest))
}

impl Counts {
    fn new(info: &ChannelInfo, at: Instant) -> Self {
        let lanes = info.lanes.iter();
        let lanes = lanes.map(|lane| (format!("{:?}", lane.priority).to_lowercase(), lane.sent)).collect();
        Self { at, sent: info.sent, delivered: info.delivered, lanes }
    }

    fn since(&self, lane: &str, sent: u64) -> u64 {
        sent.saturating_sub(self.lanes.get(lane).copied().unwrap_or(0))
    }
}
