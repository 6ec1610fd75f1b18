use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::{
    ChannelReport, ReaderReport, ShutdownReport,
    any_channel::AnyChannel,
    directory::{Directory, Entry},
};
use crate::{
    stats::{ChannelInfo, ReaderInfo, ReaderKind},
    timers::Timer,
};

/// How often it is looked whether a channel is drained.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// So many looks are given to readers whose tasks see the end and are about to go.
const GRACE_LOOKS: u32 = 10;

/// What each reader had finished when the shutdown began.
type Finished = HashMap<u64, u64>;

/// Closes and drains all channels, one order after the other, then ends what waits there still, and reports.
pub(super) async fn run(directory: &Directory, within: Duration) -> ShutdownReport {
    let deadline = Instant::now().checked_add(within);
    let mut channels = directory.all();
    channels.sort_by(|(a, one), (b, other)| (one.order, a).cmp(&(other.order, b)));
    let channels: Vec<Entry> = channels.into_iter().map(|(_, entry)| entry).collect();
    let before: Vec<Finished> = channels.iter().map(|entry| finished(&entry.channel.info())).collect();
    for order in channels.chunk_by(|one, other| one.order == other.order) {
        for entry in order {
            entry.channel.close();
        }
        until_drained(order.iter().map(Entry::channel), deadline).await;
    }
    let_readers_go(channels.iter().map(Entry::channel), deadline).await;
    let mut report = ShutdownReport { channels: Vec::new(), held: Vec::new(), gone: directory.take_gone() };
    for (entry, before) in channels.iter().zip(&before) {
        report.channels.push(channel_report(entry.channel.info(), before));
        report.held.extend(entry.channel.held());
    }
    for entry in &channels {
        entry.channel.end();
    }
    let undelivered: u64 = report.channels.iter().map(|channel| channel.undelivered).sum();
    tracing::debug!(channels = channels.len(), undelivered, held = report.held.len(), "fabric shut down");
    report
}

/// Closes and drains one channel, then ends what waits there still, and reports.
pub(super) async fn drain(channel: &dyn AnyChannel, within: Duration) -> ChannelReport {
    let deadline = Instant::now().checked_add(within);
    let before = finished(&channel.info());
    channel.close();
    until_drained([channel].into_iter(), deadline).await;
    let_readers_go([channel].into_iter(), deadline).await;
    let report = channel_report(channel.info(), &before);
    channel.end();
    tracing::debug!(channel = report.name, undelivered = report.undelivered, "channel drained");
    report
}

/// Waits until all of them are drained, or the deadline has passed.
async fn until_drained<'a>(
    channels: impl Iterator<Item = &'a dyn AnyChannel> + Clone,
    deadline: Option<Instant>,
) {
    while !channels.clone().all(|channel| channel.is_drained()) {
        let now = Instant::now();
        if deadline.is_some_and(|deadline| deadline <= now) {
            return;
        }
        sleep_until(deadline.map_or(now + LOOK_EVERY, |deadline| deadline.min(now + LOOK_EVERY))).await;
    }
}

/// Readers whose task sees the end go by themselves: they are not "held".
async fn let_readers_go<'a>(
    channels: impl Iterator<Item = &'a dyn AnyChannel> + Clone,
    deadline: Option<Instant>,
) {
    for _ in 0..GRACE_LOOKS {
        let now = Instant::now();
        let read = channels.clone().any(|channel| channel.readers() > 0);
        if !read || deadline.is_some_and(|deadline| deadline <= now) {
            return;
        }
        sleep_until(now + LOOK_EVERY).await;
    }
}

pub(super) fn finished(info: &ChannelInfo) -> Finished {
    info.readers.iter().map(|reader| (reader.number, done(reader))).collect()
}

/// Messages taken and let go of.
fn done(reader: &ReaderInfo) -> u64 {
    reader.taken.saturating_sub(reader.in_flight.saturating_sub(reader.unsettled)) // what is unsettled is not taken
}

pub(super) fn channel_report(info: ChannelInfo, before: &Finished) -> ChannelReport {
    let readers: Vec<_> = info
        .readers
        .iter()
        .map(|reader| ReaderReport {
            name: reader.name.clone(),
            kind: reader.kind,
            drained: done(reader).saturating_sub(before.get(&reader.number).copied().unwrap_or(0)),
            in_flight: reader.in_flight,
            undelivered: reader.left - reader.unsettled,
            failure: reader.failure.clone(),
        })
        .collect();
    let lossless =
        || readers.iter().filter(|it| !matches!(it.kind, ReaderKind::Lossy | ReaderKind::Recorder));
    ChannelReport {
        name: info.name.clone(),
        drained: lossless().map(|reader| reader.drained).sum(),
        in_flight: lossless().map(|reader| reader.in_flight).sum(),
        undelivered: lossless().map(|reader| reader.undelivered).sum::<u64>() + info.unclaimed as u64,
        permits: info.permits,
        readers,
        info,
    }
}

async fn sleep_until(at: Instant) {
    let mut timer = Timer::new();
    std::future::poll_fn(|cx| timer.poll(at, cx)).await;
}
