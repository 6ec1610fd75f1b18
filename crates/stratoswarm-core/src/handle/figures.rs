//! The engine's figures as users see them.

use std::time::Duration;

use super::{Account, Shared};
use crate::{
    engine::{KeptFigures, Kind, LaneFigures, Member, ReaderFigures, ReaderSamples},
    stats::{
        Caller, ChannelInfo, ChannelKind, ChannelTimes, LaneInfo, MemberInfo, ReaderInfo, ReaderKind,
        ReaderTimes, RequestCounts, WaitInfo, WaitKind, WaitState,
    },
    timers,
};

impl<M> Shared<M> {
    pub(crate) fn times(&self) -> ChannelTimes {
        let samples = self.log.lock().times();
        let readers = samples.into_iter().map(|samples| ReaderTimes::new(samples, self.kind)).collect();
        ChannelTimes { name: self.name.to_string(), readers }
    }

    pub(crate) fn info(&self) -> ChannelInfo {
        let counts = self.counters.counts(); // first: what was asked meanwhile only adds to what waits
        let figures = self.log.lock().figures();
        let lists = [
            (&figures.granted, WaitState::Granted),
            (&figures.blocked, WaitState::Waiting),
            (&figures.permits, WaitState::Held),
            (&figures.unserved, WaitState::Unserved),
            (&figures.ending, WaitState::Waiting),
        ];
        let waits = lists.iter().flat_map(|(callers, state)| {
            callers.iter().map(|caller| WaitInfo::new(caller, state_of(caller, *state)))
        });
        let mut waits: Vec<_> = waits.collect();
        let requests = RequestCounts { asked: figures.asked, ..counts };
        if requests.open() > 0 {
            self.add_asking(&mut waits);
        }
        ChannelInfo {
            name: self.name.to_string(),
            kind: self.kind,
            message: std::any::type_name::<M>(),
            capacity: usize::try_from(figures.capacity).unwrap_or(usize::MAX),
            len: figures.len as usize,
            sent: figures.sent,
            delivered: figures.delivered,
            high_water: figures.high_water as usize,
            is_closed: figures.closed,
            unclaimed: figures.unclaimed as usize,
            permits: figures.permits.len(),
            granted: figures.granted_places as usize,
            blocked_senders: figures.blocked.len(),
            blocked_at: figures.blocked.iter().map(|caller| caller.at).collect(),
            unserved: figures.unserved.len(),
            waits,
            lanes: figures.lanes.iter().map(LaneInfo::new).collect(),
            requests,
            readers: figures.readers.into_iter().map(|reader| ReaderInfo::new(reader, self.kind)).collect(),
            bytes: self.account().map_or(0, |account| account.used() as usize),
            budget: self.account().map(Account::info),
            location: self.location,
        }
    }
}

impl<M> Shared<M> {
    /// Adds those whose requests were accepted, and that have no answer yet.
    fn add_asking(&self, waits: &mut Vec<WaitInfo>) {
        // Who waits to be accepted is in the list of those who wait for an answer, too.
        let mut sending: Vec<_> = waits.iter().map(|wait| (wait.at, wait.task, wait.tracked)).collect();
        for asked in timers::requests(self.address()).iter().filter_map(|cell| cell.asked(NOT_FOR_LONG)) {
            let state = if asked.is_handled { WaitState::Handled } else { WaitState::Queued };
            let wait = WaitInfo::new(&asked.caller, state);
            let key = (wait.at, wait.task, wait.tracked);
            match sending.iter().position(|it| *it == key) {
                Some(at) if !asked.is_handled => {
                    sending.swap_remove(at);
                }
                _ => waits.push(wait),
            }
        }
    }
}

/// A reply is stored under the lock of its request, in no time: one that takes longer is left out.
const NOT_FOR_LONG: Duration = Duration::from_millis(1);

/// Who waits for bytes has his place, and is to be told from those who have all they waited for.
fn state_of(caller: &Caller, state: WaitState) -> WaitState {
    if caller.kind == WaitKind::Budget { WaitState::Waiting } else { state }
}

impl LaneInfo {
    fn new(figures: &LaneFigures) -> Self {
        Self {
            priority: figures.priority,
            capacity: usize::try_from(figures.capacity).unwrap_or(usize::MAX),
            sent: figures.sent,
            len: figures.len as usize,
            high_water: figures.high_water as usize,
            blocked_senders: figures.waiting,
        }
    }
}

impl ReaderInfo {
    pub(crate) fn new(figures: ReaderFigures, channel: ChannelKind) -> Self {
        let ReaderFigures {
            name,
            number,
            kind,
            members,
            accepted,
            taken,
            skipped,
            left,
            in_flight,
            paused,
            kept,
            parked,
            listed,
            failure,
        } = figures;
        let KeptFigures { dead, redelivered, unsettled, delayed, behind } = kept;
        let (kind, name) = shown(kind, name, number, channel);
        let waits = parked.iter().map(|caller| WaitInfo::new(caller, WaitState::Waiting)).collect();
        Self {
            name,
            number,
            kind,
            members,
            accepted,
            taken,
            skipped,
            left,
            in_flight,
            is_paused: paused,
            dead,
            redelivered,
            unsettled,
            delayed,
            behind,
            waits,
            handles: listed.iter().map(MemberInfo::new).collect(),
            failure,
        }
    }
}

impl MemberInfo {
    fn new(member: &Member) -> Self {
        let who = member.who.as_ref();
        let (task, tracked) = (who.and_then(|who| who.task), who.and_then(|who| who.tracked));
        Self { at: member.at, task, name: None, tracked }
    }
}

impl ReaderTimes {
    pub(crate) fn new(samples: ReaderSamples, channel: ChannelKind) -> Self {
        let ReaderSamples { name, number, kind, waiting, handling } = samples;
        let (kind, name) = shown(kind, name, number, channel);
        Self { name, kind, waiting, handling }
    }
}

/// What a reader is called in figures.
fn shown(kind: Kind, name: String, number: u64, channel: ChannelKind) -> (ReaderKind, String) {
    match kind {
        Kind::Group(_) => (ReaderKind::Group, name),
        Kind::Subscriber if !name.is_empty() => (ReaderKind::Subscriber, name),
        Kind::Subscriber => (ReaderKind::Subscriber, format!("subscriber {number}")),
        Kind::Lossy if channel == ChannelKind::Channel => (ReaderKind::Lossy, format!("tap {number}")),
        Kind::Lossy => (ReaderKind::Lossy, format!("subscriber {number}")),
        Kind::Recorder => (ReaderKind::Recorder, format!("recorder {number}")),
    }
}
