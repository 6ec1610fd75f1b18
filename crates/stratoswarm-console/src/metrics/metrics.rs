use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
};

use prometheus_client::{encoding::prometheus_text, registry::Registry};
use stratoswarm_core::{
    ChannelInfo, ChannelTimes, ReaderKind, ReaderTimes, TaskState, Times, Verdict, VerdictKind,
};

use super::{ChannelRow, Families, Labels, LaneRow, ReaderRow, Rising, TimesRow};
use crate::{
    look::{Seen, View},
    trends::ChannelTrend,
};

/// What the text is.
pub(crate) const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// So many channels are named; the others are one together.
const NAMED: usize = 200;

/// What the others are called.
const OTHER: &str = "other";

/// How the requests end, in the order of their counts.
const OUTCOMES: [&str; 4] = ["answered", "expired", "abandoned", "unanswered"];

/// How far requests had come whose deadline passed, in the order of their counts.
const STAGES: [&str; 4] = ["unserved", "sending", "queued", "handling"];

/// Why messages are passed over, in the order of their counts.
const REASONS: [&str; 5] = ["expired", "abandoned", "panicked", "missed", "conflated"];

const VERDICTS: [VerdictKind; 11] = [
    VerdictKind::Deadlock,
    VerdictKind::StuckUntil,
    VerdictKind::LooksStuck,
    VerdictKind::Slow,
    VerdictKind::Outside,
    VerdictKind::Unpolled,
    VerdictKind::NoMember,
    VerdictKind::NoReader,
    VerdictKind::Unserved,
    VerdictKind::Leak,
    VerdictKind::LostWake,
];

/// Makes the text of each scrape. It remembers which channels have names of their own, so that these stay the same, and what those
/// counted that have none.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    named: HashSet<String>,
    channels: Rising<ChannelKey, 11>,
    lanes: Rising<LaneKey, 1>,
    readers: Rising<ReaderKey, 8>,
    waiting: Rising<ReaderKey, { TimesRow::COUNTS }>,
    handling: Rising<ReaderKey, { TimesRow::COUNTS }>,
}

/// Its name, and its kind.
type ChannelKey = (String, String);
/// The channel's name, and the class.
type LaneKey = (String, String);
/// The channel's name, the group's, which others have not, and the kind.
type ReaderKey = (String, String, &'static str);

/// What one look comes to.
#[derive(Default)]
struct Rows {
    channels: BTreeMap<ChannelKey, ChannelRow>,
    lanes: BTreeMap<LaneKey, LaneRow>,
    readers: BTreeMap<ReaderKey, ReaderRow>,
    budgets: BTreeMap<String, (u64, u64)>,
    folded: usize,
}

impl Metrics {
    /// The text of one scrape.
    pub(crate) fn text(&mut self, view: &View) -> Result<String, fmt::Error> {
        let mut families = Families::default();
        if let Some(seen) = &view.seen {
            self.tell(seen, view.verdicts.as_deref().unwrap_or_default(), &mut families);
        }
        let waiting = view.waiting.unwrap_or_default().as_secs_f64();
        families.gauge(
            "look_waiting_seconds",
            "For how long the look has been waiting for a lock that somebody holds; all else is older then",
            [(Vec::new(), waiting)],
        );
        let mut registry = Registry::with_prefix("stratoswarm");
        registry.register_collector(Box::new(families));
        let mut text = String::new();
        prometheus_text::encode(&mut text, &registry)?;
        Ok(text)
    }

    fn tell(&mut self, seen: &Seen, verdicts: &[Verdict], families: &mut Families) {
        let snapshot = &*seen.snapshot;
        self.name(&snapshot.channels);
        let rows = self.rows(&snapshot.channels, &seen.trends);
        families.gauge("channels", "Channels that are open", [(Vec::new(), snapshot.channels.len() as f64)]);
        families.gauge(
            "folded_channels",
            "How many of them are told of together, as the channel `other`",
            [(Vec::new(), rows.folded as f64)],
        );
        tell_channels(&rows, families);
        tell_lanes(&rows, families);
        tell_readers(&rows, families);
        let waiting = self.times(&seen.times, |metrics| &mut metrics.waiting, |reader| &reader.waiting);
        families.histogram(
            "wait_seconds",
            "How long messages waited for a reader, by those that are looked at",
            waiting,
        );
        let handling = self.times(&seen.times, |metrics| &mut metrics.handling, |reader| &reader.handling);
        families.histogram("handle_seconds", "How long they were worked on", handling);
        let budgets = |value: fn(&(u64, u64)) -> u64| {
            let samples = rows.budgets.iter();
            samples.map(move |(name, budget)| (vec![("budget", name.clone())], value(budget) as f64))
        };
        families.gauge("budget_used_bytes", "Bytes that messages are charged", budgets(|budget| budget.0));
        families.gauge("budget_capacity_bytes", "Bytes that there are for them", budgets(|budget| budget.1));
        let states = [TaskState::Running, TaskState::Woken, TaskState::Parked].map(|state| {
            let count = snapshot.tasks.iter().filter(|task| task.state == state).count();
            (vec![("state", format!("{state:?}").to_lowercase())], count as f64)
        });
        families.gauge("tasks", "Tasks that the fabric was told of", states);
        let stuck = VERDICTS.map(|kind| {
            let count = verdicts.iter().filter(|verdict| verdict.kind == kind).count();
            (vec![("verdict", kind.to_string().to_lowercase().replace(' ', "_"))], count as f64)
        });
        families.gauge("stuck", "What does not move, or too slowly", stuck);
    }

    /// What `which` of the times of all readers come to.
    fn times(
        &mut self,
        channels: &[ChannelTimes],
        sums: fn(&mut Self) -> &mut Rising<ReaderKey, { TimesRow::COUNTS }>,
        which: fn(&ReaderTimes) -> &Times,
    ) -> Vec<(Labels, TimesRow)> {
        let mut keys = BTreeSet::new();
        sums(self).begin();
        for channel in channels {
            let is_named = self.named.contains(&channel.name);
            for reader in &channel.readers {
                let name = if is_named { channel.name.as_str() } else { OTHER };
                let group = if is_named && reader.kind == ReaderKind::Group { &*reader.name } else { "" };
                let key = (name.to_owned(), group.to_owned(), kind_name(reader.kind));
                let row = TimesRow::of(which(reader));
                if row.messages() > 0 {
                    sums(self).add(&key, &format!("{}/{}", channel.name, reader.name), row.counts);
                    keys.insert(key);
                }
            }
        }
        let rows = keys.into_iter().map(|key| {
            let row = TimesRow { counts: sums(self).sum(&key) };
            (reader_labels(&key), row)
        });
        rows.collect()
    }

    /// Those that have a name of their own keep it while they are there.
    fn name(&mut self, channels: &[ChannelInfo]) {
        if channels.len() < self.named.len() || self.named.len() == NAMED {
            let open: HashSet<_> = channels.iter().map(|info| info.name.as_str()).collect();
            self.named.retain(|name| open.contains(name.as_str()));
        }
        for info in channels {
            if self.named.len() == NAMED {
                return;
            }
            if info.name != OTHER && !self.named.contains(&info.name) {
                self.named.insert(info.name.clone());
            }
        }
    }

    fn rows(&mut self, channels: &[ChannelInfo], trends: &[ChannelTrend]) -> Rows {
        let mut rows = Rows::default();
        self.channels.begin();
        self.lanes.begin();
        self.readers.begin();
        for (index, info) in channels.iter().enumerate() {
            let is_named = self.named.contains(&info.name);
            let channel = if is_named { info.name.as_str() } else { OTHER };
            rows.folded += usize::from(!is_named);
            let (key, row) = ((channel.to_owned(), info.kind.to_string()), ChannelRow::of(info));
            let total = rows.channels.entry(key.clone()).or_default();
            total.add(&row);
            total.counts = if is_named {
                row.counts
            } else {
                self.channels.add(&key, &info.name, row.counts);
                self.channels.sum(&key)
            };
            for lane in &info.lanes {
                let class = format!("{:?}", lane.priority).to_lowercase();
                let (key, row) = ((channel.to_owned(), class), LaneRow::of(lane));
                let total = rows.lanes.entry(key.clone()).or_default();
                total.add(&row);
                total.counts = if is_named {
                    row.counts
                } else {
                    self.lanes.add(&key, &info.name, row.counts);
                    self.lanes.sum(&key)
                };
            }
            let trends = trends.get(index).map_or(&[][..], |trend| &trend.readers);
            for (index, reader) in info.readers.iter().enumerate() {
                let row = ReaderRow::of(reader, trends.get(index));
                let group = if is_named && reader.kind == ReaderKind::Group { &*reader.name } else { "" };
                let key = (channel.to_owned(), group.to_owned(), kind_name(reader.kind));
                let total = rows.readers.entry(key.clone()).or_default();
                total.add(&row);
                if group.is_empty() {
                    self.readers.add(&key, &format!("{}/{}", info.name, reader.name), row.counts);
                    total.counts = self.readers.sum(&key);
                } else {
                    total.counts = row.counts;
                }
            }
            if let Some(budget) = &info.budget {
                rows.budgets.insert(budget.name.clone(), (budget.used as u64, budget.capacity as u64));
            }
        }
        rows
    }
}

fn tell_channels(rows: &Rows, families: &mut Families) {
    let labels = |(channel, kind): &ChannelKey| -> Labels {
        vec![("channel", channel.clone()), ("kind", kind.clone())]
    };
    let gauge =
        |value: fn(&ChannelRow) -> f64| rows.channels.iter().map(move |(key, row)| (labels(key), value(row)));
    let count = |at: usize| rows.channels.iter().map(move |(key, row)| (labels(key), row.counts[at]));
    families.gauge("depth", "Messages that wait for the slowest reader", gauge(|row| row.len as f64));
    families.gauge("capacity", "Messages that may wait", gauge(|row| row.capacity as f64));
    families.counter("sent", "Messages accepted", count(0));
    families.counter("delivered", "Hand-overs to readers", count(1));
    families.gauge("blocked_senders", "Senders that wait for room", gauge(|row| row.blocked as f64));
    families.gauge(
        "blocked_seconds",
        "For how long the first of them has waited",
        gauge(|row| row.blocked_s),
    );
    families.gauge(
        "granted_places",
        "Places that senders were granted and have not used yet",
        gauge(|row| row.granted as f64),
    );
    families.gauge(
        "unserved_requests",
        "Requests that wait for a group to exist",
        gauge(|row| row.unserved as f64),
    );
    families.gauge("bytes", "Bytes that its messages are charged", gauge(|row| row.bytes as f64));
    families.counter("requests_asked", "Requests accepted", count(2));
    let ended = rows.channels.iter().flat_map(|(key, row)| {
        OUTCOMES.iter().zip(&row.counts[3..]).map(move |(outcome, count)| {
            ([labels(key), vec![("outcome", (*outcome).to_owned())]].concat(), *count)
        })
    });
    families.counter("requests", "Requests that have ended", ended);
    let expired = rows.channels.iter().flat_map(|(key, row)| {
        STAGES
            .iter()
            .zip(&row.counts[7..])
            .map(move |(stage, count)| ([labels(key), vec![("stage", (*stage).to_owned())]].concat(), *count))
    });
    families.counter("requests_expired", "Requests whose deadline passed, also those not accepted", expired);
}

fn tell_lanes(rows: &Rows, families: &mut Families) {
    let labels =
        |(channel, lane): &LaneKey| -> Labels { vec![("channel", channel.clone()), ("lane", lane.clone())] };
    let gauge = |value: fn(&LaneRow) -> u64| {
        rows.lanes.iter().map(move |(key, row)| (labels(key), value(row) as f64))
    };
    families.gauge("lane_depth", "Messages that wait in one lane", gauge(|row| row.len));
    families.gauge("lane_capacity", "Messages that may wait in it", gauge(|row| row.capacity));
    families.gauge("lane_blocked_senders", "Senders that wait for room in it", gauge(|row| row.blocked));
    let sent = rows.lanes.iter().map(|(key, row)| (labels(key), row.counts[0]));
    families.counter("lane_sent", "Messages accepted in it", sent);
}

fn tell_readers(rows: &Rows, families: &mut Families) {
    let labels = reader_labels;
    let gauge =
        |value: fn(&ReaderRow) -> f64| rows.readers.iter().map(move |(key, row)| (labels(key), value(row)));
    let count = |at: usize| rows.readers.iter().map(move |(key, row)| (labels(key), row.counts[at]));
    families.gauge(
        "readers",
        "Readers; of those without a name all of one kind",
        gauge(|row| row.readers as f64),
    );
    families.gauge("reader_members", "Handles that read", gauge(|row| row.members as f64));
    families.gauge("reader_left", "Messages that it has yet to take", gauge(|row| row.left as f64));
    families.gauge(
        "reader_in_flight",
        "Messages that are being worked on",
        gauge(|row| row.in_flight as f64),
    );
    families.gauge(
        "reader_lag_seconds",
        "How old the oldest message is that it has not taken; of several readers the most",
        gauge(|row| row.lag_s),
    );
    families.counter("reader_taken", "Messages that it was given", count(0));
    families.counter("reader_dead", "Messages that it gave up", count(1));
    families.counter("reader_redelivered", "Deliveries after the first of a message", count(2));
    let skipped = rows.readers.iter().flat_map(|(key, row)| {
        REASONS.iter().zip(&row.counts[3..]).map(move |(reason, count)| {
            ([labels(key), vec![("reason", (*reason).to_owned())]].concat(), *count)
        })
    });
    families.counter("reader_skipped", "Messages that it passed without getting them", skipped);
}

fn reader_labels((channel, group, kind): &ReaderKey) -> Labels {
    vec![("channel", channel.clone()), ("group", group.clone()), ("kind", (*kind).to_owned())]
}

fn kind_name(kind: ReaderKind) -> &'static str {
    match kind {
        ReaderKind::Group => "group",
        ReaderKind::Subscriber => "subscriber",
        ReaderKind::Lossy => "lossy",
        ReaderKind::Recorder => "recorder",
        _ => "reader",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use stratoswarm_core::{Fabric, examples::Job};

    use super::*;
    use crate::look::Source;

    fn look(source: &Source) -> View {
        source.look(true).unwrap()
    }

    #[track_caller]
    fn has(text: &str, lines: &[&str]) {
        for line in lines {
            assert!(text.lines().any(|found| found == *line), "{text} lacks {line}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn sampled_times_are_histograms() {
        let fabric = Fabric::new();
        let source = Source::new(&fabric, "test");
        let jobs = fabric.channel::<Job>("jobs").open().unwrap();
        let (mut worker, mut audit) = (jobs.join("workers"), jobs.subscribe());
        look(&source); // from here on
        for waits in [2, 20] {
            jobs.try_send(Job(1)).unwrap();
            tokio::time::advance(std::time::Duration::from_millis(waits)).await;
            let job = worker.try_recv().unwrap();
            audit.try_recv().unwrap();
            tokio::time::advance(std::time::Duration::from_millis(200)).await;
            drop(job);
        }
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        let text = Metrics::default().text(&look(&source)).unwrap();
        let workers = r#"channel="jobs",group="workers",kind="group""#;
        has(
            &text,
            &[
                &format!(r#"stratoswarm_wait_seconds_bucket{{{workers},le="0.001"}} 0"#),
                &format!(r#"stratoswarm_wait_seconds_bucket{{{workers},le="0.003"}} 1"#),
                &format!(r#"stratoswarm_wait_seconds_bucket{{{workers},le="0.03"}} 2"#),
                &format!(r#"stratoswarm_wait_seconds_bucket{{{workers},le="+Inf"}} 2"#),
                &format!("stratoswarm_wait_seconds_count{{{workers}}} 2"),
                &format!(r#"stratoswarm_handle_seconds_bucket{{{workers},le="0.3"}} 2"#),
                r#"stratoswarm_wait_seconds_count{channel="jobs",group="",kind="subscriber"} 2"#,
            ],
        );
        assert!(!text.contains(r#"stratoswarm_handle_seconds_count{channel="jobs",group="","#), "{text}");
    }

    #[test]
    fn figures_are_those_of_the_moment() {
        let fabric = Fabric::new();
        let jobs = fabric.channel::<Job>("jobs").capacity(2).open().unwrap();
        let mut worker = jobs.join("workers");
        let (_one, _other, _tap) = (jobs.subscribe(), jobs.subscribe(), jobs.tap());
        for n in 0..2 {
            jobs.try_send(Job(n)).unwrap();
        }
        let in_work = worker.try_recv().unwrap();
        let text = Metrics::default().text(&look(&Source::new(&fabric, ""))).unwrap();
        has(
            &text,
            &[
                "# TYPE stratoswarm_depth gauge",
                "# TYPE stratoswarm_sent_total counter",
                r#"stratoswarm_depth{channel="jobs",kind="channel"} 2.0"#,
                r#"stratoswarm_capacity{channel="jobs",kind="channel"} 2.0"#,
                r#"stratoswarm_sent_total{channel="jobs",kind="channel"} 2.0"#,
                r#"stratoswarm_delivered_total{channel="jobs",kind="channel"} 1.0"#,
                r#"stratoswarm_reader_left{channel="jobs",group="workers",kind="group"} 1.0"#,
                r#"stratoswarm_reader_in_flight{channel="jobs",group="workers",kind="group"} 1.0"#,
                r#"stratoswarm_readers{channel="jobs",group="",kind="subscriber"} 2.0"#,
                r#"stratoswarm_reader_left{channel="jobs",group="",kind="subscriber"} 4.0"#,
                r#"stratoswarm_reader_left{channel="jobs",group="",kind="lossy"} 2.0"#,
                r#"stratoswarm_requests_total{channel="jobs",kind="channel",outcome="expired"} 0.0"#,
                r#"stratoswarm_stuck{verdict="deadlock"} 0.0"#,
                r#"stratoswarm_stuck{verdict="no_reader"} 0.0"#,
                "stratoswarm_channels 1.0",
                "stratoswarm_folded_channels 0.0",
                "stratoswarm_look_waiting_seconds 0.0",
            ],
        );
        drop(in_work);
    }

    #[test]
    fn what_is_stuck_is_counted_by_its_kind_and_the_wait_by_its_age() {
        let fabric = Fabric::new();
        let jobs = fabric.channel::<Job>("jobs").capacity(1).open().unwrap();
        jobs.try_send(Job(1)).unwrap();
        let sender = jobs.clone();
        let stuck = std::thread::spawn(move || sender.blocking_send(Job(2)));
        let source = Source::new(&fabric, "");
        let (mut metrics, begin) = (Metrics::default(), Instant::now());
        let text = loop {
            let text = metrics.text(&look(&source)).unwrap();
            if text.contains(r#"stuck{verdict="no_reader"} 1.0"#) || begin.elapsed().as_secs() > 20 {
                break text;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        };
        has(
            &text,
            &[
                r#"stratoswarm_stuck{verdict="no_reader"} 1.0"#,
                r#"stratoswarm_blocked_senders{channel="jobs",kind="channel"} 1.0"#,
            ],
        );
        let age = text.lines().find_map(|line| {
            line.strip_prefix("stratoswarm_blocked_seconds{channel=\"jobs\",kind=\"channel\"} ")
        });
        assert!(age.unwrap().parse::<f64>().unwrap() > 1.0, "{age:?}");
        jobs.close();
        drop((jobs, fabric));
        let _ = stuck.join();
    }

    #[test]
    fn beyond_200_channels_they_are_one_whose_counters_never_fall() {
        let fabric = Fabric::new();
        let open = |n: usize| fabric.channel::<Job>(format!("topic-{n:03}")).open().unwrap();
        let mut channels: Vec<_> = (0..200).map(open).collect();
        let source = Source::new(&fabric, "");
        let mut metrics = Metrics::default();
        assert!(!metrics.text(&look(&source)).unwrap().contains("channel=\"other\""));
        let before = fabric.channel::<Job>("a-topic").open().unwrap(); // first by its name
        channels.push(open(201));
        for channel in channels.iter().chain([&before]) {
            channel.try_send(Job(1)).unwrap();
        }
        let text = metrics.text(&look(&source)).unwrap();
        has(
            &text,
            &[
                "stratoswarm_folded_channels 2.0",
                r#"stratoswarm_sent_total{channel="other",kind="channel"} 2.0"#,
                r#"stratoswarm_depth{channel="other",kind="channel"} 2.0"#,
                r#"stratoswarm_sent_total{channel="topic-199",kind="channel"} 1.0"#,
            ],
        );
        assert!(!text.contains("a-topic"), "who had a name keeps it");
        channels.push(open(202));
        metrics.text(&look(&source)).unwrap();
        fabric.remove("a-topic");
        fabric.remove("topic-000");
        let text = metrics.text(&look(&source)).unwrap();
        has(
            &text,
            &[
                "stratoswarm_folded_channels 1.0",
                r#"stratoswarm_sent_total{channel="topic-201",kind="channel"} 1.0"#,
                r#"stratoswarm_sent_total{channel="other",kind="channel"} 2.0"#,
            ],
        );
        channels[201].try_send(Job(1)).unwrap();
        let text = metrics.text(&look(&source)).unwrap();
        has(&text, &[r#"stratoswarm_sent_total{channel="other",kind="channel"} 3.0"#]);
    }

    #[test]
    fn a_channel_of_the_name_of_all_others_is_one_of_them() {
        let fabric = Fabric::new();
        let _other = fabric.channel::<Job>(OTHER).capacity(7).open().unwrap();
        let text = Metrics::default().text(&look(&Source::new(&fabric, ""))).unwrap();
        has(
            &text,
            &[
                "stratoswarm_folded_channels 1.0",
                r#"stratoswarm_capacity{channel="other",kind="channel"} 7.0"#,
            ],
        );
    }

    #[test]
    fn names_can_be_anything() {
        let fabric = Fabric::new();
        let _odd = fabric.channel::<Job>("a \"b\"\n\\c{d=\"e\"} ü").open().unwrap();
        let text = Metrics::default().text(&look(&Source::new(&fabric, ""))).unwrap();
        has(&text, &[r#"stratoswarm_sent_total{channel="a \"b\"\n\\c{d=\"e\"} ü",kind="channel"} 0.0"#]);
    }

    #[test]
    fn lanes_and_budgets_have_figures_of_their_own() {
        use stratoswarm_core::{Message, NoReply, Priority};
        #[derive(Clone)]
        struct Urgent(Priority);
        impl Message for Urgent {
            type Reply = NoReply;
            fn priority(&self) -> Priority {
                self.0
            }
        }
        let fabric = Fabric::new();
        let jobs = fabric.channel::<Urgent>("jobs").capacity(10).lane(Priority::Critical, 4).open().unwrap();
        let _bytes = fabric.channel::<bytes::Bytes>("bytes").max_bytes(1_000).open().unwrap();
        jobs.try_send(Urgent(Priority::Critical)).unwrap();
        let text = Metrics::default().text(&look(&Source::new(&fabric, ""))).unwrap();
        has(
            &text,
            &[
                r#"stratoswarm_lane_depth{channel="jobs",lane="critical"} 1.0"#,
                r#"stratoswarm_lane_capacity{channel="jobs",lane="critical"} 4.0"#,
                r#"stratoswarm_lane_sent_total{channel="jobs",lane="normal"} 0.0"#,
                r#"stratoswarm_budget_capacity_bytes{budget="bytes"} 1000.0"#,
            ],
        );
    }

    #[test]
    fn the_dashboard_and_the_documentation_name_what_there_is() {
        use stratoswarm_core::{Message, NoReply, Priority};
        #[derive(Clone)]
        struct Urgent;
        impl Message for Urgent {
            type Reply = NoReply;
        }
        let fabric = Fabric::new();
        let _lanes = fabric.channel::<Urgent>("jobs").lane(Priority::High, 1).max_bytes(9).open().unwrap();
        let text = Metrics::default().text(&look(&Source::new(&fabric, ""))).unwrap();
        let known: HashSet<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE stratoswarm_")?.split(' ').next())
            .collect();
        let dashboard = include_str!("../../../../docs/grafana.json");
        let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
        let asked =
            dashboard.split("stratoswarm_").skip(1).map(|rest| rest.split(|c| !is_name(c)).next().unwrap());
        let family = |name: &'static str| name.strip_suffix("_bucket").unwrap_or(name);
        let missing: Vec<_> = asked.filter(|name| !known.contains(family(name))).collect();
        assert_eq!(missing, [""; 0], "on the dashboard");
        let page = include_str!("../../../../docs/console.md");
        let rows =
            page.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split('|').nth(1));
        let told: HashSet<_> = rows
            .flat_map(|row| row.split('`').skip(1).step_by(2))
            .map(|name| name.split('{').next().unwrap())
            .filter(|name| !name.starts_with('/'))
            .collect();
        assert_eq!(told, known, "in the documentation");
    }
}
