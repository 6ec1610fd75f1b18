use std::{
    collections::{HashMap, HashSet},
    fmt,
    panic::Location,
    time::Instant,
};

use stratoswarm_core::{
    ChannelInfo, ChannelKind, ChannelTimes, ReaderInfo, ReaderKind, ReaderTimes, Snapshot,
};

use super::{ChannelTrend, ReaderTrend, curve::Curve, lately::Lately};

/// Rates are over the last second.
const SECOND: u64 = 1_000_000;
/// Growth is over more, as batches come and go.
const FIVE_SECONDS: u64 = 5 * SECOND;

/// Figures over time, from snapshots that somebody takes again and again, about each 100 ms: it keeps what was sent and taken
/// over the last minute at most, in at most 128 points for each channel and reader.
///
/// The lag of a reader is the horizontal distance between the curve of what was sent and that of what it took, to one look. No
/// clock is read when a message is sent. Of a channel with lanes, or a group that takes messages out of their order, it is that of a
/// reader which takes them in order.
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
/// use stratoswarm_console::Trends;
/// use stratoswarm_core::{Fabric, examples::Job};
///
/// let fabric = Fabric::new();
/// let jobs = fabric.channel::<Job>("jobs").open()?;
/// let mut worker = jobs.join("workers");
/// let (mut trends, begin) = (Trends::new(), Instant::now());
/// trends.add(&fabric.snapshot(), begin);
/// for n in 0..10 { jobs.try_send(Job(n))?; }
/// drop(worker.try_recv()?);
/// let figures = trends.add(&fabric.snapshot(), begin + Duration::from_secs(1));
/// assert_eq!((figures[0].sent_per_s, figures[0].delivered_per_s), (Some(10.0), Some(1.0)));
/// assert_eq!(figures[0].readers[0].lag_s, Some(0.9), "the second of ten messages was sent then");
/// assert_eq!(figures[0].readers[0].drain_s, Some(9.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Trends {
    begin: Option<Instant>,
    channels: HashMap<String, Channel>,
}

impl Trends {
    /// Nothing seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what is known of sampled times, before the look of the same moment: what is told of them is of the last ten to twenty
    /// seconds.
    pub fn add_times(&mut self, times: &[ChannelTimes], at: Instant) {
        let at = self.micros(at);
        for channel in times {
            let Some(known) = self.channels.get_mut(&channel.name) else { continue };
            known.times(&channel.readers, at);
        }
    }

    fn micros(&mut self, at: Instant) -> u64 {
        let begin = *self.begin.get_or_insert(at);
        u64::try_from(at.saturating_duration_since(begin).as_micros()).unwrap_or(u64::MAX)
    }

    /// Adds a look, and tells what is known by now of each of its channels, in its order. `at` is when the snapshot was taken; one
    /// that is before the last is taken for the same moment.
    pub fn add(&mut self, snapshot: &Snapshot, at: Instant) -> Vec<ChannelTrend> {
        let at = self.micros(at);
        if self.channels.len() > snapshot.channels.len() {
            let names: HashSet<_> = snapshot.channels.iter().map(|info| info.name.as_str()).collect();
            self.channels.retain(|name, _| names.contains(name.as_str()));
        }
        let add = |info: &ChannelInfo| {
            if let Some(channel) = self.channels.get_mut(&info.name) {
                return channel.add(info, at);
            }
            self.channels.entry(info.name.clone()).or_insert_with(|| Channel::new(info)).add(info, at)
        };
        snapshot.channels.iter().map(add).collect()
    }
}

impl fmt::Debug for Trends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trends").field("channels", &self.channels.len()).finish_non_exhaustive()
    }
}

struct Channel {
    opened_at: &'static Location<'static>,
    last_at: u64,
    sent: Curve,
    delivered: Curve,
    waiting: Curve,
    readers: Vec<Reader>,
    /// Of what is kept for a reader to come.
    unclaimed: Behind,
}

struct Reader {
    kind: ReaderKind,
    name: String,
    taken: Curve,
    behind: Behind,
    lately: Lately,
}

/// Since when the oldest message waits that a reader has not taken.
#[derive(Default)]
struct Behind(Option<Since>);

#[derive(Clone, Copy)]
struct Since {
    /// How many were sent before it.
    position: u64,
    at: u64,
    /// It may have been there before.
    at_least: bool,
}

impl Channel {
    fn new(info: &ChannelInfo) -> Self {
        Self {
            opened_at: info.location,
            last_at: 0,
            sent: Curve::default(),
            delivered: Curve::default(),
            waiting: Curve::default(),
            readers: Vec::new(),
            unclaimed: Behind::default(),
        }
    }

    fn add(&mut self, info: &ChannelInfo, at: u64) -> ChannelTrend {
        let is_another =
            info.location != self.opened_at || self.sent.last().is_some_and(|last| info.sent < last);
        if is_another {
            *self = Self::new(info);
        }
        let at = at.max(self.last_at);
        self.last_at = at;
        self.sent.add(at, info.sent);
        self.delivered.add(at, info.delivered);
        self.waiting.add(at, info.len as u64);
        let readers: Vec<_> =
            info.readers.iter().enumerate().map(|(index, reader)| self.reader(index, reader)).collect();
        if self.readers.len() > info.readers.len() {
            self.readers.retain(|known| info.readers.iter().any(|reader| known.is(reader)));
        }
        let (lag, lag_at_least) = self.lag(info, &readers, at);
        let holds = |reader: &&ReaderTrend| matters(info.kind, reader.kind);
        let drains: Vec<_> = readers.iter().filter(holds).map(|reader| reader.drain_s).collect();
        ChannelTrend {
            channel: info.name.clone(),
            sent_per_s: self.sent.rate(SECOND),
            delivered_per_s: self.delivered.rate(SECOND),
            lag_s: lag,
            lag_at_least,
            growth_per_s: self.waiting.rate(FIVE_SECONDS),
            drain_s: drains.into_iter().reduce(|one, other| Some(one?.max(other?))).flatten(),
            wait_p99_s: wait_p99(readers.iter().filter(holds)),
            readers,
        }
    }

    /// What is known of how long messages wait.
    fn times(&mut self, readers: &[ReaderTimes], at: u64) {
        for times in readers {
            let is = |known: &&mut Reader| known.kind == times.kind && known.name == times.name;
            if let Some(known) = self.readers.iter_mut().find(is) {
                known.lately.add(times, at);
            }
        }
    }

    /// How a reader goes. Most of them stay where they were in the list.
    fn reader(&mut self, index: usize, info: &ReaderInfo) -> ReaderTrend {
        let at = self.last_at;
        let known = match self.readers.get(index) {
            Some(known) if known.is(info) => Some(index),
            _ => self.readers.iter().position(|known| known.is(info)),
        };
        let place = known.unwrap_or_else(|| {
            self.readers.push(Reader::new(info));
            self.readers.len() - 1
        });
        let (name, kind) = (info.name.clone(), info.kind);
        let mut trend = ReaderTrend {
            name,
            kind,
            taken_per_s: None,
            lag_s: None,
            lag_at_least: false,
            drain_s: None,
            waiting: None,
            handling: None,
        };
        if let Some(known) = self.readers.get_mut(place) {
            if known.taken.last().is_some_and(|last| info.taken < last) {
                *known = Reader::new(info); // another of this name
            }
            known.taken.add(at, info.taken);
            trend.taken_per_s = known.taken.rate(SECOND);
            let (lag, at_least) = known.behind.lag(&self.sent, info.left, at);
            (trend.lag_s, trend.lag_at_least) = (Some(lag), at_least);
            trend.drain_s = match trend.taken_per_s {
                _ if info.left == 0 => Some(0.0),
                Some(rate) if rate > 0.0 => Some(info.left as f64 / rate),
                _ => None,
            };
            (trend.waiting, trend.handling) = known.lately.times();
        }
        trend
    }

    fn lag(&mut self, info: &ChannelInfo, readers: &[ReaderTrend], at: u64) -> (Option<f64>, bool) {
        let holding = readers.iter().filter(|reader| matters(info.kind, reader.kind));
        let slowest =
            holding.max_by(|a, b| a.lag_s.partial_cmp(&b.lag_s).unwrap_or(std::cmp::Ordering::Equal));
        let (lag, at_least) = match slowest {
            Some(slowest) => (slowest.lag_s, slowest.lag_at_least),
            None => {
                let (lag, at_least) = self.unclaimed.lag(&self.sent, info.unclaimed as u64, at);
                (Some(lag), at_least)
            }
        };
        (lag, at_least)
    }
}

/// The most that 99 of 100 messages waited for any of these readers, in seconds.
fn wait_p99<'a>(readers: impl Iterator<Item = &'a ReaderTrend>) -> Option<f64> {
    let times = readers.filter_map(|reader| reader.waiting.as_ref()?.quantile(0.99));
    times.max().map(|time| time.as_secs_f64())
}

/// Whether the channel's lag is this reader's: senders wait for it, or all are lossy.
fn matters(channel: ChannelKind, reader: ReaderKind) -> bool {
    channel == ChannelKind::Broadcast || matches!(reader, ReaderKind::Group | ReaderKind::Subscriber)
}

impl Reader {
    fn new(info: &ReaderInfo) -> Self {
        Self {
            kind: info.kind,
            name: info.name.clone(),
            taken: Curve::default(),
            behind: Behind::default(),
            lately: Lately::default(),
        }
    }

    fn is(&self, info: &ReaderInfo) -> bool {
        self.kind == info.kind && self.name == info.name
    }
}

impl Behind {
    /// How old the oldest message is of which `left` are left, in seconds; and whether it may be older.
    fn lag(&mut self, sent: &Curve, left: u64, at: u64) -> (f64, bool) {
        if left == 0 {
            self.0 = None;
            return (0.0, false);
        }
        let position = sent.last().unwrap_or(0).saturating_sub(left);
        let since = match (sent.went_above(position), self.0) {
            (Some(passed), _) => Since { position, at: passed, at_least: false },
            // What has stood still for longer than the curve goes back was seen when it began to.
            (None, Some(known)) if known.position == position => known,
            (None, _) => Since { position, at: sent.begin().unwrap_or(at), at_least: true },
        };
        self.0 = Some(since);
        (at.saturating_sub(since.at) as f64 / 1e6, since.at_least)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use stratoswarm_core::{Fabric, examples::Job};

    use super::*;

    struct Watched {
        fabric: Fabric,
        trends: Trends,
        begin: Instant,
    }

    impl Watched {
        fn new() -> Self {
            Self { fabric: Fabric::new(), trends: Trends::new(), begin: Instant::now() }
        }

        fn at(&mut self, tenths: u64) -> Vec<ChannelTrend> {
            let at = self.begin + Duration::from_millis(100 * tenths);
            self.trends.add(&self.fabric.snapshot(), at)
        }
    }

    #[test]
    fn a_steady_reader_that_is_behind_has_a_steady_lag() {
        let mut seen = Watched::new();
        let jobs = seen.fabric.channel::<Job>("jobs").capacity(1_000).open().unwrap();
        let mut worker = jobs.join("workers");
        seen.at(0);
        for tenth in 1..=40 {
            for n in 0..10 {
                jobs.try_send(Job(n)).unwrap();
            }
            for _ in 0..if tenth > 5 { 10 } else { 0 } {
                drop(worker.try_recv().unwrap());
            }
            let figures = &seen.at(tenth)[0];
            if tenth > 20 {
                assert_eq!(figures.lag_s, Some(0.5), "{figures:?}");
                assert_eq!((figures.sent_per_s, figures.delivered_per_s), (Some(100.0), Some(100.0)));
                assert_eq!(figures.drain_s, Some(0.5));
            }
        }
        assert!(seen.at(60)[0].growth_per_s.unwrap().abs() < 1e-9);
        assert_eq!(seen.at(60)[0].sent_per_s, Some(0.0));
        assert_eq!(seen.at(60)[0].readers[0].drain_s, None, "it takes nothing");
    }

    #[test]
    fn what_stands_still_for_hours_is_as_old_as_it_is() {
        let mut seen = Watched::new();
        let jobs = seen.fabric.channel::<Job>("jobs").open().unwrap();
        let _worker = jobs.join("workers");
        seen.at(0);
        jobs.try_send(Job(1)).unwrap();
        for tenth in 1..=36_000 {
            seen.at(tenth);
        }
        let figures = &seen.at(36_001)[0];
        assert_eq!((figures.lag_s, figures.lag_at_least), (Some(3_600.1), false));
    }

    #[test]
    fn of_what_was_there_before_the_first_look_the_lag_is_at_least_so_much() {
        let mut seen = Watched::new();
        let jobs = seen.fabric.channel::<Job>("jobs").open().unwrap();
        let mut worker = jobs.join("workers");
        for n in 0..2 {
            jobs.try_send(Job(n)).unwrap();
        }
        seen.at(0);
        let figures = seen.at(20);
        assert_eq!((figures[0].lag_s, figures[0].lag_at_least), (Some(2.0), true));
        drop((worker.try_recv().unwrap(), worker.try_recv().unwrap()));
        let figures = seen.at(21);
        assert_eq!(
            (figures[0].lag_s, figures[0].lag_at_least, figures[0].drain_s),
            (Some(0.0), false, Some(0.0))
        );
    }

    #[test]
    fn a_channel_that_was_opened_anew_begins_anew() {
        let mut seen = Watched::new();
        let open = |fabric: &Fabric| fabric.channel::<Job>("jobs").open().unwrap();
        let jobs = open(&seen.fabric);
        for n in 0..5 {
            jobs.try_send(Job(n)).unwrap();
        }
        seen.at(0);
        assert!(seen.at(10)[0].sent_per_s.is_some());
        seen.fabric.remove("jobs");
        let jobs = open(&seen.fabric);
        jobs.try_send(Job(1)).unwrap();
        assert_eq!(seen.at(11)[0].sent_per_s, None, "it has been seen once");
        seen.fabric.remove("jobs");
        assert_eq!(seen.at(12), []);
        assert!(seen.trends.channels.is_empty(), "what is gone is forgotten");
    }

    #[test]
    fn senders_wait_for_the_slowest_and_not_for_a_tap() {
        let mut seen = Watched::new();
        let jobs = seen.fabric.channel::<Job>("jobs").open().unwrap();
        let (mut fast, _slow, _tap) = (jobs.subscribe(), jobs.subscribe(), jobs.tap());
        seen.at(0);
        jobs.try_send(Job(1)).unwrap();
        fast.try_recv().unwrap();
        seen.at(1);
        let figures = seen.at(11).remove(0);
        let lags: Vec<_> = figures.readers.iter().map(|reader| (reader.kind, reader.lag_s)).collect();
        let expected = [
            (ReaderKind::Subscriber, Some(0.0)),
            (ReaderKind::Subscriber, Some(1.1)),
            (ReaderKind::Lossy, Some(1.1)),
        ];
        assert_eq!((lags.as_slice(), figures.lag_s), (expected.as_slice(), Some(1.1)));
        assert_eq!(figures.drain_s, None);
    }

    #[test]
    fn messages_that_nobody_comes_for_are_behind_too() {
        let mut seen = Watched::new();
        let jobs = seen.fabric.channel::<Job>("jobs").open().unwrap();
        seen.at(0);
        jobs.try_send(Job(1)).unwrap();
        seen.at(1);
        let figures = seen.at(31).remove(0);
        assert_eq!(figures.lag_s, Some(3.1));
        assert!(figures.growth_per_s.unwrap() > 0.0);
    }

    #[tokio::test(start_paused = true)]
    async fn times_are_those_of_the_last_seconds() {
        let mut seen = Watched::new();
        let sampling = seen.fabric.sample_times();
        let jobs = seen.fabric.channel::<Job>("jobs").open().unwrap();
        let mut worker = jobs.join("workers");
        let mut at = |tenths: u64| {
            let now = seen.begin + Duration::from_millis(100 * tenths);
            seen.trends.add_times(&sampling.times(), now);
            seen.at(tenths).remove(0)
        };
        assert_eq!(at(0).wait_p99_s, None);
        for (tenth, waits) in [(1, 50), (105, 2), (150, 2)] {
            jobs.try_send(Job(1)).unwrap();
            tokio::time::advance(Duration::from_millis(waits)).await;
            drop(worker.try_recv().unwrap());
            let figures = at(tenth);
            assert!(figures.wait_p99_s.is_some_and(|wait| (wait - 0.05).abs() < 0.001), "{figures:?}");
            assert_eq!(figures.readers[0].handling.as_ref().unwrap().longest(), Duration::ZERO);
        }
        let later = at(206);
        assert!(later.wait_p99_s.is_some_and(|wait| wait < 0.003), "the first has gone: {later:?}");
        assert_eq!(at(420).wait_p99_s, None, "nothing has come");
    }

    #[test]
    fn looks_out_of_order_do_no_harm() {
        let mut seen = Watched::new();
        let jobs = seen.fabric.channel::<Job>("jobs").open().unwrap();
        seen.at(10);
        jobs.try_send(Job(1)).unwrap();
        let at = seen.begin;
        assert_eq!(seen.trends.add(&seen.fabric.snapshot(), at)[0].sent_per_s, None);
    }
}
