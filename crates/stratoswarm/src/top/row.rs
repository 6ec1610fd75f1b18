use std::time::Duration;

use stratoswarm_core::{ChannelKind, RequestCounts};

use super::{
    figure::{clean, count, lag, rate},
    names::Names,
    reader_row::ReaderRow,
    served::{Channel, Figures},
    trouble::Trouble,
    wait_row::WaitRow,
};

/// From which fullness on it is shown who is the slowest, though nobody waits for him yet.
const FILLING: f64 = 0.25;

/// A channel as it is shown.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) name: String,
    /// Whether it is a broadcast, whose senders never wait.
    pub(super) is_lossy: bool,
    pub(super) trouble: Trouble,
    pub(super) len: u64,
    pub(super) capacity: u64,
    /// From 0 to 1; of lanes, that of the fullest.
    pub(super) fullness: f64,
    pub(super) sent_per_s: Option<f64>,
    pub(super) lag_s: Option<f64>,
    pub(super) lag: String,
    /// Of the time that messages wait, what 99 of 100 stay below.
    pub(super) wait_p99: Option<Duration>,
    pub(super) blocked: u64,
    /// For how long the first of those has been waiting.
    pub(super) oldest: Option<Duration>,
    pub(super) held_up_by: String,
    /// Other figures, as word and value.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) readers: Vec<ReaderRow>,
    pub(super) waits: Vec<WaitRow>,
    pub(super) requests: RequestCounts,
    pub(super) unserved: u64,
    pub(super) location: String,
}

impl Row {
    /// `trouble` is what verdicts tell of it.
    pub(super) fn new(channel: &Channel, figures: Option<&Figures>, trouble: Trouble, names: &Names) -> Self {
        let figures = figures.filter(|figures| figures.channel == channel.name);
        let of_reader = |at: usize| figures.and_then(|figures| figures.readers.get(at));
        let readers: Vec<_> = channel
            .readers
            .iter()
            .enumerate()
            .map(|(at, reader)| ReaderRow::new(reader, of_reader(at)))
            .collect();
        let waits = WaitRow::all(&channel.waits, names);
        let blocked = channel.blocked_senders;
        let is_lossy = channel.kind == Some(ChannelKind::Broadcast);
        let fullness = fullness(channel);
        Self {
            name: clean(&channel.name),
            is_lossy,
            trouble: trouble.max(if blocked > 0 { Trouble::Blocked } else { Trouble::None }),
            len: channel.len,
            capacity: capacity(channel),
            fullness,
            sent_per_s: figures.and_then(|figures| figures.sent_per_s),
            lag_s: figures.and_then(|figures| figures.lag_s),
            lag: lag(figures.and_then(|it| it.lag_s), figures.is_some_and(|it| it.lag_at_least)),
            wait_p99: figures
                .and_then(|figures| figures.wait_p99_s)
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            blocked,
            oldest: waits.iter().filter(|wait| wait.is_blocked).map(|wait| wait.since).max(),
            held_up_by: held_up_by(channel, &readers, is_lossy, blocked > 0 || fullness >= FILLING),
            facts: facts(channel, figures),
            readers,
            waits,
            requests: channel.requests,
            unserved: channel.unserved,
            location: clean(&channel.location),
        }
    }
}

/// The places of all its lanes together.
fn capacity(channel: &Channel) -> u64 {
    if channel.lanes.is_empty() {
        return channel.capacity;
    }
    channel.lanes.iter().fold(0, |sum, lane| sum.saturating_add(lane.capacity))
}

fn fullness(channel: &Channel) -> f64 {
    let share = |len: u64, capacity: u64| if len >= capacity { 1.0 } else { len as f64 / capacity as f64 };
    let whole = if capacity(channel) == 0 { 0.0 } else { share(channel.len, capacity(channel)) };
    channel.lanes.iter().map(|lane| share(lane.len, lane.capacity)).fold(whole, f64::max)
}

/// Whose turn it is that things go on; `is_pressed` where that matters to a sender.
fn held_up_by(channel: &Channel, readers: &[ReaderRow], is_lossy: bool, is_pressed: bool) -> String {
    let missed = || {
        let worst = readers.iter().filter(|reader| reader.missed > 0).max_by_key(|reader| reader.missed);
        worst.map_or_else(
            || "-".to_owned(),
            |reader| format!("{} missed {}", reader.name, count(reader.missed)),
        )
    };
    if channel.unserved > 0 {
        return format!("no group for {} requests", count(channel.unserved));
    }
    if is_lossy || !is_pressed {
        return missed();
    }
    let lossless = || readers.iter().filter(|reader| reader.is_lossless());
    let most = lossless().map(|reader| reader.left).max().unwrap_or(0);
    let at_floor: Vec<_> = lossless().filter(|reader| reader.left == most).collect();
    let Some(first) = at_floor.first() else { return "no reader".to_owned() };
    let others = if at_floor.len() > 1 { format!(" +{}", at_floor.len() - 1) } else { String::new() };
    format!("{}{others}: {}", first.name, first.doing)
}

fn facts(channel: &Channel, figures: Option<&Figures>) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("message", clean(&channel.message)),
        ("sent", count(channel.sent)),
        ("delivered", count(channel.delivered)),
        ("delivered/s", rate(figures.and_then(|figures| figures.delivered_per_s))),
        ("most waiting", count(channel.high_water)),
    ];
    if let Some(drain) = figures.and_then(|figures| figures.drain_s) {
        facts.push(("empty in", lag(Some(drain), false)));
    }
    for (name, number) in [
        ("granted", channel.granted),
        ("permits", channel.permits),
        ("kept for the first reader", channel.unclaimed),
        ("requests without a group", channel.unserved),
    ] {
        if number > 0 {
            facts.push((name, count(number)));
        }
    }
    if channel.is_closed {
        facts.push(("closed", "yes".to_owned()));
    }
    facts.extend(channel.lanes.iter().map(|lane| {
        let blocked = if lane.blocked_senders > 0 {
            format!(", {} blocked", count(lane.blocked_senders))
        } else {
            String::new()
        };
        let depth = format!("{}/{}", count(lane.len), count(lane.capacity));
        ("lane", format!("{} {depth}{blocked}", clean(&lane.priority)))
    }));
    facts
}
