use std::{collections::HashMap, panic::Location, time::Duration};

use tokio::{task, time::Instant};

use crate::{
    engine::{Member, ReaderFacts},
    fabric::Fabric,
    handle::ChannelFacts,
    request::Asked,
    tasks::{Phase, TaskFacts, TaskNumber, Who},
    waiting::Wait,
};

/// How long a look waits for a lock. What is locked for longer is a finding.
const PATIENCE: Duration = Duration::from_millis(50);

/// A fabric at one moment, one channel after the other.
pub(super) struct Look {
    pub(super) at: Instant,
    pub(super) channels: Vec<ChannelFacts>,
    pub(super) tasks: HashMap<TaskNumber, TaskFacts>,
    /// How many clones of wakers the channels have, by their data.
    wakers: HashMap<usize, usize>,
    /// Those that a task has started and waits for.
    children: HashMap<TaskNumber, Vec<TaskNumber>>,
}

/// Who waits, or holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Doer {
    /// A task that the fabric tracks.
    Tracked(TaskNumber),
    /// Another task of tokio, by a number made of its identity.
    Task(u64),
    /// A future that runs in no task, by its waker.
    Future(usize),
}

/// One wait, whatever for.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) doer: Doer,
    /// What tells it from all others.
    pub(super) key: u64,
    pub(super) since: Duration,
    pub(super) at: &'static Location<'static>,
    pub(super) on: On,
}

/// What somebody waits for. Channels and lanes by their places in the look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// A place in a lane.
    Room { channel: usize, lane: usize },
    /// Bytes of a channel's bound or budget; it has its place.
    Bytes { channel: usize },
    /// A group that serves its request.
    Group { channel: usize },
    /// The reply to a request.
    Reply { channel: usize, request: usize },
    /// A message, by the reader of this place.
    Message { channel: usize, reader: usize },
    /// The end of a channel, or of its readers.
    End { channel: usize },
}

impl On {
    pub(super) fn channel(self) -> usize {
        match self {
            Self::Room { channel, .. }
            | Self::Bytes { channel }
            | Self::Group { channel }
            | Self::Reply { channel, .. }
            | Self::Message { channel, .. }
            | Self::End { channel } => channel,
        }
    }
}

impl Look {
    /// None if the fabric itself is locked for long.
    pub(super) fn at(fabric: &Fabric) -> Option<Self> {
        let (channels, tasks) = fabric.facts(PATIENCE)?;
        let tasks: HashMap<_, _> = tasks.into_iter().map(|task| (task.number, task)).collect();
        let mut children: HashMap<_, Vec<_>> = HashMap::new();
        for task in tasks.values() {
            if let Some(parent) =
                task.parent.and_then(|parent| tasks.get(&parent)).filter(|parent| parent.joins)
            {
                children.entry(parent.number).or_default().push(task.number);
            }
        }
        let mut wakers = HashMap::new();
        for waker in channels.iter().flat_map(wakers_of) {
            *wakers.entry(waker).or_default() += 1;
        }
        Some(Self { at: Instant::now(), channels, tasks, wakers, children })
    }

    pub(super) fn name(&self, doer: Doer) -> String {
        match doer {
            Doer::Tracked(number) => match self.tasks.get(&number) {
                Some(task) => task.name.to_string(),
                None => "a task that has ended".to_owned(),
            },
            Doer::Task(number) => format!("task {number}"),
            Doer::Future(_) => "a future outside of tasks".to_owned(),
        }
    }

    pub(super) fn task(&self, doer: Doer) -> Option<&TaskFacts> {
        match doer {
            Doer::Tracked(number) => self.tasks.get(&number),
            _ => None,
        }
    }

    /// Every wait that there is.
    pub(super) fn waits(&self) -> Vec<Waiting> {
        let mut waits = Vec::new();
        for (channel, facts) in self.channels.iter().enumerate() {
            let mut add = |wait: &Wait, on: On| {
                waits.push(Waiting {
                    doer: doer(wait.caller.who, wait.waker),
                    key: key(facts, wait.id.get()),
                    since: wait.caller.since.elapsed(),
                    at: wait.caller.at,
                    on,
                });
            };
            if let Some(log) = &facts.log {
                for (lane, of) in log.lanes.iter().enumerate() {
                    of.line.iter().for_each(|wait| add(wait, On::Room { channel, lane }));
                    of.unserved.iter().for_each(|wait| add(wait, On::Group { channel }));
                    let budget = of.granted.iter().filter(|wait| is_for_bytes(wait));
                    budget.for_each(|wait| add(wait, On::Bytes { channel }));
                }
                for (reader, of) in log.readers.iter().enumerate() {
                    of.parked.iter().for_each(|wait| add(wait, On::Message { channel, reader }));
                }
                log.ending.iter().for_each(|wait| add(wait, On::End { channel }));
            }
            for (request, asked) in facts.asked.iter().enumerate() {
                waits.push(Waiting {
                    doer: doer(asked.caller.who, asked.waker),
                    key: asked.address as u64,
                    since: asked.caller.since.elapsed(),
                    at: asked.caller.at,
                    on: On::Reply { channel, request },
                });
            }
        }
        waits
    }

    pub(super) fn request(&self, channel: usize, request: usize) -> &Asked {
        &self.channels[channel].asked[request]
    }

    /// How many clones of a tracked task's waker somebody has who is not one of these channels.
    pub(super) fn foreign(&self, task: &TaskFacts) -> usize {
        task.clones.saturating_sub(self.wakers.get(&task.waker).copied().unwrap_or(0))
    }

    /// Those that a task has started and waits for.
    pub(super) fn joined_by(&self, doer: Doer) -> impl Iterator<Item = Doer> {
        let children = match doer {
            Doer::Tracked(number) => self.children.get(&number),
            _ => None,
        };
        children.into_iter().flatten().map(|child| Doer::Tracked(*child))
    }

    /// Whether a tracked task can move without a channel's doing: it runs, or is about to, or something else may wake it.
    pub(super) fn moves(&self, task: &TaskFacts) -> bool {
        task.phase != Phase::Parked || self.foreign(task) > usize::from(task.joins)
    }
}

/// The wakers that a channel has, by their data.
fn wakers_of(channel: &ChannelFacts) -> Vec<usize> {
    let mut wakers: Vec<_> = channel.asked.iter().filter_map(|asked| asked.waker).collect();
    if let Some(log) = &channel.log {
        let lanes = log.lanes.iter();
        let lanes =
            lanes.flat_map(|it| it.line.iter().chain(&it.granted).chain(&it.permits).chain(&it.unserved));
        let parked = log.readers.iter().flat_map(|reader| &reader.parked);
        wakers.extend(lanes.chain(parked).chain(&log.ending).filter_map(|wait| wait.waker));
    }
    wakers
}

/// Whose a wait is.
pub(super) fn doer(who: Who, waker: Option<usize>) -> Doer {
    match (who.tracked, who.task) {
        (Some(number), _) => Doer::Tracked(number),
        (None, Some(task)) => Doer::Task(number_of(task)),
        (None, None) => Doer::Future(waker.unwrap_or(0)),
    }
}

/// Who polled a member last.
pub(super) fn owner(member: &Member) -> Option<Doer> {
    let who = member.who?;
    (who.tracked.is_some() || who.task.is_some()).then(|| doer(who, None))
}

/// tokio shows a task's number in no other way.
fn number_of(task: task::Id) -> u64 {
    task.to_string().parse().unwrap_or(0)
}

/// What tells a wait from those of all channels.
pub(super) fn key(channel: &ChannelFacts, id: u64) -> u64 {
    (channel.address as u64) ^ id.rotate_left(48)
}

pub(super) fn is_for_bytes(wait: &Wait) -> bool {
    wait.caller.kind == crate::stats::WaitKind::Budget
}

/// What a reader is called.
pub(super) fn reader_name(reader: &ReaderFacts) -> String {
    use crate::engine::Kind;
    match reader.kind {
        Kind::Group(_) => format!("group {}", reader.name),
        Kind::Subscriber if !reader.name.is_empty() => format!("subscriber {}", reader.name),
        Kind::Subscriber => format!("subscriber {}", reader.number),
        Kind::Lossy => format!("tap {}", reader.number),
        Kind::Recorder => format!("recorder {}", reader.number),
    }
}
