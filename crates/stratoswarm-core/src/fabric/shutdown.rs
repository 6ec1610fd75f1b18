use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::{ChannelReport, Fabric, ReaderReport, ShutdownReport};
use crate::{
    accounts::{ChannelInfo, ReaderInfo, ReaderKind},
    timers::Timer,
};

/// How often a closed channel is looked at until it is drained.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// How many times more, for the tasks of drained readers to end.
const GRACE_LOOKS: u32 = 10;

/// What the readers of a channel, by their numbers, had finished when the shutdown began.
type Finished = HashMap<u64, u64>;

/// Closes and drains order by order, then reports.
pub(super) async fn run(fabric: &Fabric, within: Duration) -> ShutdownReport {
    let deadline = Instant::now().checked_add(within);
    let orders = fabric.closing_order();
    let names: Vec<_> = orders.iter().flatten().cloned().collect();
    let before: Vec<Finished> =
        names.iter().map(|name| fabric.with(name, |it| finished(&it.info())).unwrap_or_default()).collect();
    for order in &orders {
        for name in order {
            fabric.with(name, |channel| channel.close());
        }
        while !order.iter().all(|name| fabric.with(name, |it| it.is_drained()).unwrap_or(true)) {
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                break;
            }
            sleep_until(deadline.map_or(now + LOOK_EVERY, |deadline| deadline.min(now + LOOK_EVERY))).await;
        }
    }
    // Readers whose task sees the end go by themselves: they are not "held".
    for _ in 0..GRACE_LOOKS {
        let now = Instant::now();
        let readers = |name: &String| fabric.with(name, |it| it.readers()).unwrap_or(0);
        if names.iter().all(|name| readers(name) == 0) || deadline.is_some_and(|deadline| deadline <= now) {
            break;
        }
        sleep_until(now + LOOK_EVERY).await;
    }
    let mut report = ShutdownReport { channels: Vec::new(), held: Vec::new() };
    for (name, before) in names.iter().zip(&before) {
        fabric.with(name, |channel| {
            report.channels.push(channel_report(channel.info(), before));
            report.held.extend(channel.held());
        });
    }
    let undelivered: u64 = report.channels.iter().map(|channel| channel.undelivered).sum();
    tracing::debug!(channels = names.len(), undelivered, held = report.held.len(), "fabric shut down");
    report
}

fn finished(info: &ChannelInfo) -> Finished {
    info.readers.iter().map(|reader| (reader.number, done(reader))).collect()
}

fn done(reader: &ReaderInfo) -> u64 {
    reader.taken.saturating_sub(reader.in_hand)
}

fn channel_report(info: ChannelInfo, before: &Finished) -> ChannelReport {
    let readers: Vec<_> = info
        .readers
        .iter()
        .map(|reader| ReaderReport {
            name: reader.name.clone(),
            kind: reader.kind,
            drained: done(reader).saturating_sub(before.get(&reader.number).copied().unwrap_or(0)),
            in_hand: reader.in_hand,
            undelivered: reader.left,
        })
        .collect();
    let lossless = || readers.iter().filter(|reader| reader.kind != ReaderKind::Lossy);
    ChannelReport {
        name: info.name.clone(),
        drained: lossless().map(|reader| reader.drained).sum(),
        in_hand: lossless().map(|reader| reader.in_hand).sum(),
        undelivered: lossless().map(|reader| reader.undelivered).sum::<u64>() + info.unclaimed as u64,
        readers,
        info,
    }
}

/// Sleeps on the clock of whatever runs this, a tokio runtime or not.
async fn sleep_until(at: Instant) {
    let mut timer = Timer::new();
    std::future::poll_fn(|cx| timer.poll(at, cx)).await;
}
