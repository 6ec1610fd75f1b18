use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use stratoswarm_core::{Snapshot, Verdict};

use super::View;
use crate::{map::Map, trends::ChannelTrend};

/// The number of the format: it goes up when something that is there changes its meaning or goes.
const FORMAT: u32 = 1;

/// What `/snapshot.json` and the stream give.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    format: u32,
    program: &'a str,
    pid: u32,
    at_unix_s: f64,
    uptime_s: f64,
    /// For how long a look has been waiting for a lock; what else is there is of the look before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    look_waiting_s: Option<f64>,
    snapshot: Shown<'a>,
    figures: &'a [ChannelTrend],
    verdicts: &'a [Verdict],
    verdicts_text: String,
    /// What the page draws.
    #[serde(skip_serializing_if = "Option::is_none")]
    map: Option<&'a Map>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Seen(&'a Snapshot),
    /// Before the first look that ended: the same of nothing.
    Nothing {
        channels: [(); 0],
        handles: [(); 0],
        tasks: [(); 0],
    },
}

/// What `/explain.json` gives.
#[derive(Serialize)]
pub(super) struct Explanation<'a> {
    verdicts: &'a [Verdict],
    text: String,
}

const NOTHING: Shown<'_> = Shown::Nothing { channels: [], handles: [], tasks: [] };

impl<'a> Document<'a> {
    pub(super) fn new(view: &'a View) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let verdicts = view.verdicts.as_deref().unwrap_or_default();
        Self {
            format: FORMAT,
            program: &view.program,
            pid: std::process::id(),
            at_unix_s: seconds(now.saturating_sub(view.at.elapsed())),
            uptime_s: seconds(view.uptime),
            look_waiting_s: view.waiting.map(seconds),
            snapshot: view.seen.as_ref().map_or(NOTHING, |seen| Shown::Seen(&seen.snapshot)),
            figures: view.seen.as_ref().map_or(&[], |seen| &seen.trends),
            verdicts,
            verdicts_text: text(verdicts),
            map: view.map.as_ref(),
        }
    }
}

impl<'a> Explanation<'a> {
    /// `quiet`: that all wait for something to do, which is in the text alone, as it is no fault.
    pub(super) fn new(verdicts: &'a [Verdict], quiet: Option<&Verdict>) -> Self {
        Self { verdicts, text: quiet.map_or_else(|| text(verdicts), ToString::to_string) }
    }
}

/// To the millisecond.
fn seconds(time: Duration) -> f64 {
    time.as_millis() as f64 / 1e3
}

fn text(verdicts: &[Verdict]) -> String {
    verdicts.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
