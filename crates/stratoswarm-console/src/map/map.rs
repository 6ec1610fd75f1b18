use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;
use stratoswarm_core::{ChannelInfo, HeldHandle, ReaderKind, Snapshot, Verdict, VerdictKind};

use super::{
    Flows, Layout, Placed,
    layout::{HEIGHT, WIDTH},
};
use crate::trends::{ChannelTrend, ReaderTrend};

/// So many channels are on it; the others are in the table alone.
const CHANNELS: usize = 24;
/// So many places that send to one channel.
const SENDERS: usize = 3;

/// What is drawn, and where. Boxes are of one size.
#[derive(Debug, Serialize)]
pub(crate) struct Map {
    width: u32,
    height: u32,
    box_width: u32,
    box_height: u32,
    pub(super) boxes: Vec<Drawn>,
    pub(super) lines: Vec<Drawing>,
    /// Channels that are not on it.
    pub(super) left_out: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct Drawn {
    pub(super) kind: What,
    pub(super) name: String,
    pub(super) note: String,
    x: u32,
    y: u32,
    /// How full it is, from 0 to 1; of channels.
    fill: f64,
    pub(super) is_stuck: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum What {
    /// A place in the source where handles that send were made.
    Sender,
    Channel,
    Reader,
    Task,
}

#[derive(Debug, Serialize)]
pub(super) struct Drawing {
    path: String,
    /// From which box to which; the path says it to the page.
    #[serde(skip)]
    pub(super) ends: (usize, usize),
    /// By the rate.
    pub(super) width: f64,
    /// Somebody waits there.
    pub(super) is_blocked: bool,
    pub(super) is_stuck: bool,
}

/// What the boxes and lines are, before they have places.
#[derive(Default)]
struct Graph {
    boxes: Vec<Drawn>,
    of: HashMap<(What, String), usize>,
    lines: BTreeMap<(usize, usize), Line>,
}

#[derive(Default)]
struct Line {
    rate: f64,
    is_blocked: bool,
    is_stuck: bool,
}

impl Map {
    pub(crate) fn new(
        snapshot: &Snapshot,
        trends: &[ChannelTrend],
        verdicts: &[Verdict],
        flows: &Flows,
    ) -> Self {
        let shown = shown(snapshot, trends, verdicts);
        let mut graph = Graph::default();
        for &(info, trend) in &shown {
            graph.channel(info, verdicts);
            graph.senders(info, trend, &snapshot.handles);
        }
        for &(info, trend) in &shown {
            graph.readers(info, trend, flows);
        }
        for verdict in verdicts {
            graph.cycle(verdict);
        }
        let left_out = snapshot.channels.len() - shown.len();
        graph.draw(left_out)
    }
}

/// Those in trouble first, then the fullest and the busiest.
fn shown<'a>(
    snapshot: &'a Snapshot,
    trends: &'a [ChannelTrend],
    verdicts: &[Verdict],
) -> Vec<(&'a ChannelInfo, &'a ChannelTrend)> {
    let stuck: HashSet<_> = verdicts.iter().flat_map(|verdict| &verdict.channels).collect();
    let mut shown: Vec<_> = snapshot.channels.iter().zip(trends).enumerate().collect();
    if shown.len() > CHANNELS {
        let weight = |(info, trend): &(&ChannelInfo, &ChannelTrend)| {
            (
                stuck.contains(&info.name),
                info.blocked_senders,
                info.len as f64 / info.capacity.max(1) as f64,
                trend.sent_per_s.unwrap_or(0.0),
            )
        };
        let by_weight = |(_, one): &(usize, _), (_, other): &(usize, _)| {
            weight(other).partial_cmp(&weight(one)).unwrap_or(std::cmp::Ordering::Equal)
        };
        shown.select_nth_unstable_by(CHANNELS - 1, by_weight);
        shown.truncate(CHANNELS);
        shown.sort_by_key(|(at, _)| *at); // so that they stand still while their figures change
    }
    shown.into_iter().map(|(_, channel)| channel).collect()
}

impl Graph {
    fn at(&mut self, kind: What, key: String, name: &str) -> usize {
        let boxes = &mut self.boxes;
        *self.of.entry((kind, key)).or_insert_with(|| {
            let name = name.to_owned();
            boxes.push(Drawn { kind, name, note: String::new(), x: 0, y: 0, fill: 0.0, is_stuck: false });
            boxes.len() - 1
        })
    }

    fn channel(&mut self, info: &ChannelInfo, verdicts: &[Verdict]) {
        let at = self.at(What::Channel, info.name.clone(), &info.name);
        let drawn = &mut self.boxes[at];
        drawn.note = format!("{} of {}", info.len, info.capacity);
        drawn.fill = (info.len as f64 / info.capacity.max(1) as f64).min(1.0);
        drawn.is_stuck = verdicts.iter().any(|verdict| verdict.channels.contains(&info.name));
    }

    /// The places where most of the handles were made that send here.
    fn senders(&mut self, info: &ChannelInfo, trend: &ChannelTrend, handles: &[HeldHandle]) {
        let sends = |handle: &&HeldHandle| matches!(handle.kind, "Channel" | "Broadcast");
        let mut sites = BTreeMap::<(&str, u32), usize>::new();
        for handle in handles.iter().filter(|handle| handle.channel == info.name).filter(sends) {
            *sites.entry((handle.location.file(), handle.location.line())).or_default() += handle.count;
        }
        let mut sites: Vec<_> = sites.into_iter().collect();
        sites.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let to = self.at(What::Channel, info.name.clone(), &info.name);
        for ((file, line), count) in sites.into_iter().take(SENDERS) {
            let short = file.rsplit(['/', '\\']).next().unwrap_or(file);
            let from = self.at(What::Sender, format!("{file}:{line}"), &format!("{short}:{line}"));
            self.boxes[from].note = format!("×{count}");
            let line = self.lines.entry((from, to)).or_default();
            line.rate = trend.sent_per_s.unwrap_or(0.0);
            line.is_blocked = info.blocked_senders > 0;
        }
    }

    /// Its readers, those without a name together, and where they send to.
    fn readers(&mut self, info: &ChannelInfo, trend: &ChannelTrend, flows: &Flows) {
        let from = self.at(What::Channel, info.name.clone(), &info.name);
        let mut folded = BTreeMap::<&str, (usize, f64, f64)>::new();
        for (reader, trend) in info.readers.iter().zip(&trend.readers) {
            let (rate, lag) = (trend.taken_per_s.unwrap_or(0.0), trend.lag_s.unwrap_or(0.0));
            if reader.kind != ReaderKind::Group {
                let of = folded.entry(kinds(reader.kind)).or_default();
                *of = (of.0 + 1, of.1 + rate, of.2.max(lag));
                continue;
            }
            let to = self.at(What::Reader, format!("{}/{}", info.name, reader.name), &reader.name);
            self.boxes[to].note = note(reader.members, trend);
            self.boxes[to].is_stuck = reader.members == 0 && info.blocked_senders > 0;
            self.lines.entry((from, to)).or_default().rate = rate;
            for channel in flows.from(&info.name, &reader.name) {
                if let Some(&channel) = self.of.get(&(What::Channel, channel.to_owned())) {
                    self.lines.entry((to, channel)).or_default();
                }
            }
        }
        for (kind, (count, rate, lag)) in folded {
            let to = self.at(What::Reader, format!("{}/{kind}", info.name), kind);
            self.boxes[to].note = format!("×{count}, {lag:.1} s behind");
            self.lines.entry((from, to)).or_default().rate = rate;
        }
    }

    /// Who waits for whom in a circle: the lines of the verdict tell it, one after the other.
    fn cycle(&mut self, verdict: &Verdict) {
        if !matches!(verdict.kind, VerdictKind::Deadlock | VerdictKind::StuckUntil | VerdictKind::LooksStuck)
        {
            return;
        }
        let circle: Vec<_> = verdict.lines.iter().map(|line| self.whose(&line.who)).collect();
        for (at, &from) in circle.iter().enumerate() {
            let to = circle[(at + 1) % circle.len()];
            let line = self.lines.entry((from, to)).or_default();
            (line.is_stuck, line.is_blocked) = (true, true);
        }
    }

    /// The box of a channel, in backquotes, or of a task.
    fn whose(&mut self, who: &str) -> usize {
        let channel = who.strip_prefix('`').and_then(|who| who.strip_suffix('`'));
        let at = match channel {
            Some(name) => self.at(What::Channel, name.to_owned(), name),
            None => self.at(What::Task, who.to_owned(), who),
        };
        self.boxes[at].is_stuck = true;
        at
    }

    fn draw(mut self, left_out: usize) -> Map {
        let ends: Vec<_> = self.lines.keys().copied().collect();
        let layout = Layout::new(self.boxes.len(), &ends);
        for (drawn, Placed { x, y }) in self.boxes.iter_mut().zip(&layout.boxes) {
            (drawn.x, drawn.y) = (*x, *y);
        }
        let lines = layout.paths(&ends).into_iter().zip(&self.lines).map(|(path, (&ends, line))| Drawing {
            path,
            ends,
            width: (1.0 + 1.5 * (1.0 + line.rate).log10()).min(8.0),
            is_blocked: line.is_blocked,
            is_stuck: line.is_stuck,
        });
        Map {
            width: layout.width,
            height: layout.height,
            box_width: WIDTH,
            box_height: HEIGHT,
            lines: lines.collect(),
            boxes: self.boxes,
            left_out,
        }
    }
}

fn note(members: usize, trend: &ReaderTrend) -> String {
    let members = match members {
        0 => "no member".to_owned(),
        1 => "1 member".to_owned(),
        members => format!("{members} members"),
    };
    match trend.lag_s {
        Some(lag) if lag >= 0.05 => format!("{members}, {lag:.1} s behind"),
        _ => members,
    }
}

fn kinds(kind: ReaderKind) -> &'static str {
    match kind {
        ReaderKind::Subscriber => "subscribers",
        ReaderKind::Lossy => "lossy subscribers",
        ReaderKind::Recorder => "recorders",
        _ => "readers",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use stratoswarm_core::{Fabric, examples::Job};

    use super::*;
    use crate::trends::Trends;

    fn map(fabric: &Fabric) -> Map {
        let snapshot = fabric.snapshot();
        let trends = Trends::new().add(&snapshot, Instant::now());
        Map::new(&snapshot, &trends, &fabric.explain(), &Flows::default())
    }

    fn names(map: &Map) -> Vec<(What, &str)> {
        map.boxes.iter().map(|drawn| (drawn.kind, drawn.name.as_str())).collect()
    }

    #[test]
    fn senders_channels_and_readers_are_on_it() {
        let fabric = Fabric::new();
        let jobs = fabric.channel::<Job>("jobs").capacity(4).open().unwrap();
        let _readers = (jobs.join("workers"), jobs.subscribe(), jobs.subscribe(), jobs.tap());
        jobs.try_send(Job(1)).unwrap();
        let map = map(&fabric);
        let names = names(&map);
        assert_eq!(names[0], (What::Channel, "jobs"));
        assert!(names.contains(&(What::Reader, "workers")) && names.contains(&(What::Reader, "subscribers")));
        assert!(
            names.iter().any(|(kind, name)| *kind == What::Sender && name.starts_with("map.rs:")),
            "{names:?}"
        );
        assert_eq!((map.lines.len(), map.left_out), (4, 0));
        assert_eq!((map.boxes[0].fill, map.boxes[0].note.as_str()), (0.25, "1 of 4"));
    }

    #[test]
    fn of_many_channels_those_in_trouble_are_on_it() {
        let fabric = Fabric::new();
        let open = |n: usize| fabric.channel::<Job>(format!("topic-{n:03}")).capacity(1).open().unwrap();
        let channels: Vec<_> = (0..100).map(open).collect();
        channels[77].try_send(Job(1)).unwrap();
        let map = map(&fabric);
        assert_eq!(map.left_out, 100 - CHANNELS);
        assert!(names(&map).contains(&(What::Channel, "topic-077")));
    }

    #[tokio::test]
    async fn whoever_waits_for_each_other_is_a_circle_on_it() {
        let fabric = Fabric::new();
        let open = |name: &str| fabric.channel::<Job>(name).capacity(1).open().unwrap();
        let (ping, pong) = (open("ping"), open("pong"));
        for (name, here, there) in [("a", ping.clone(), pong.clone()), ("b", pong, ping)] {
            let mut inbox = here.join("workers");
            fabric.spawn(name, async move {
                loop {
                    while inbox.try_recv().is_ok() {}
                    for n in 0..2 {
                        there.send(Job(n)).await.unwrap();
                    }
                }
            });
        }
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let map = map(&fabric);
        let stuck = map.lines.iter().filter(|line| line.is_stuck).count();
        assert_eq!(stuck, 4, "{map:?}");
        let stuck: Vec<_> =
            map.boxes.iter().filter(|drawn| drawn.is_stuck).map(|drawn| &*drawn.name).collect();
        assert!(["a", "b", "ping", "pong"].iter().all(|name| stuck.contains(name)), "{stuck:?}");
    }

    #[tokio::test]
    async fn readers_that_were_seen_to_send_lead_on() {
        let fabric = Fabric::new();
        let (jobs, results) = (
            fabric.channel::<Job>("jobs").open().unwrap(),
            fabric.channel::<Job>("results").capacity(1).open().unwrap(),
        );
        let mut worker = jobs.join("workers");
        tokio::spawn(async move {
            while let Some(job) = worker.recv().await {
                results.send(Job(job.0)).await.unwrap();
            }
        });
        let mut flows = Flows::default();
        for n in 0..3 {
            tokio::task::yield_now().await;
            flows.add(&fabric.snapshot());
            jobs.try_send(Job(n)).unwrap();
        }
        tokio::task::yield_now().await;
        flows.add(&fabric.snapshot());
        assert_eq!(flows.from("jobs", "workers").collect::<Vec<_>>(), ["results"]);
        let snapshot = fabric.snapshot();
        let map = Map::new(&snapshot, &Trends::new().add(&snapshot, Instant::now()), &[], &flows);
        let at = |name: &str| map.boxes.iter().find(|drawn| drawn.name == name).unwrap().x;
        assert!(at("jobs") < at("workers") && at("workers") < at("results"), "{map:?}");
    }
}
