use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::look::{Doer, Look, On, Waiting, doer, is_for_bytes, owner};
use crate::{
    engine::{Kind, LaneFacts, LogFacts, ReaderFacts},
    handle::ChannelFacts,
};

/// What is assumed of what the fabric does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Tasks that it does not track may do anything; deadlines come.
    Certain,
    /// The same, as if no request had a deadline: what is stuck then is stuck until one passes.
    Until,
    /// Tasks that it does not track, and that wait on its channels, wait for nothing else.
    Suspected,
}

/// Who waits for what, and for whom.
pub(super) struct Graph<'a> {
    pub(super) look: &'a Look,
    pub(super) waits: Vec<Waiting>,
    of: BTreeMap<Doer, Vec<usize>>,
    /// Of each channel, when the next of its queued requests expires.
    expiries: Vec<Option<Instant>>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(look: &'a Look) -> Self {
        let waits = look.waits();
        let mut of: BTreeMap<_, Vec<_>> =
            look.tasks.keys().map(|n| (Doer::Tracked(*n), Vec::new())).collect();
        for (at, wait) in waits.iter().enumerate() {
            of.entry(wait.doer).or_default().push(at);
        }
        let expiry = |channel: &ChannelFacts| {
            let queued = channel.asked.iter().filter(|asked| !asked.is_handled);
            queued.filter_map(|asked| asked.deadline).min()
        };
        let expiries = look.channels.iter().map(expiry).collect();
        Self { look, waits, of, expiries }
    }

    pub(super) fn waits_of(&self, doer: Doer) -> impl Iterator<Item = &Waiting> {
        self.of.get(&doer).into_iter().flatten().map(|at| &self.waits[*at])
    }

    /// Those who cannot move by themselves, whatever the others do: all that are not in the least fixpoint of being alive.
    pub(super) fn stuck(&self, mode: Mode) -> BTreeSet<Doer> {
        let mut stuck: BTreeSet<_> =
            self.of.keys().copied().filter(|doer| !self.moves(*doer, mode)).collect();
        // Whoever waits for one is looked at again once that one can move.
        let mut behind: BTreeMap<Doer, Vec<Doer>> = BTreeMap::new();
        for doer in &stuck {
            let blockers = self.waits_of(*doer).flat_map(|wait| self.blockers(wait));
            for blocker in blockers.chain(self.look.joined_by(*doer)) {
                behind.entry(blocker).or_default().push(*doer);
            }
        }
        let mut ahead: Vec<_> = stuck.iter().copied().collect();
        while let Some(doer) = ahead.pop() {
            let is_freed = stuck.contains(&doer)
                && (self.waits_of(doer).any(|wait| self.can_end(wait, &stuck, mode))
                    || self.look.joined_by(doer).any(|child| !stuck.contains(&child)));
            if is_freed {
                stuck.remove(&doer);
                ahead.extend(behind.remove(&doer).into_iter().flatten());
            }
        }
        stuck
    }

    /// Whether it moves, or may move, whatever happens on the channels.
    fn moves(&self, doer: Doer, mode: Mode) -> bool {
        match doer {
            Doer::Tracked(_) => self.look.task(doer).is_none_or(|task| self.look.moves(task)),
            Doer::Task(_) | Doer::Future(_) => mode != Mode::Suspected,
        }
    }

    fn log(&self, channel: usize) -> Option<&LogFacts> {
        self.look.channels[channel].log.as_ref()
    }

    fn can_end(&self, wait: &Waiting, stuck: &BTreeSet<Doer>, mode: Mode) -> bool {
        let channel = wait.on.channel();
        let Some(log) = self.log(channel) else { return true };
        if log.closed {
            return true;
        }
        let lives = |doer: &Doer| !stuck.contains(doer);
        match wait.on {
            On::Message { .. } | On::End { .. } | On::Bytes { .. } => true,
            On::Group { .. } => log.readers.iter().any(is_group),
            On::Room { lane, .. } => {
                let lane = &log.lanes[lane];
                let holders = holders(lane);
                let floor = floor(log, lane);
                let is_sure = mode == Mode::Suspected;
                // A permit may be another's by now, and what expires frees its place.
                !is_sure && !lane.permits.is_empty()
                    || mode != Mode::Until && self.expiry(channel, lane).is_some()
                    || holders.iter().any(lives)
                    || !floor.is_empty() && floor.iter().all(|reader| can_take(reader, lives))
                    || floor.is_empty() && holders.is_empty() && has_lossless(log)
            }
            On::Reply { request, .. } => {
                let asked = self.look.request(channel, request);
                let due = asked.deadline.is_some() && mode != Mode::Until;
                due || match asked.holder.filter(|_| asked.is_handled) {
                    Some(holder) => lives(&Doer::Tracked(holder)),
                    None => log.readers.iter().any(|reader| is_group(reader) && can_take(reader, lives)),
                }
            }
        }
    }

    /// When something that is queued in a lane expires, and frees its place by that. Of which lane a request is, is not known.
    fn expiry(&self, channel: usize, lane: &LaneFacts) -> Option<Instant> {
        self.expiries[channel].into_iter().chain(lane.expires).min()
    }

    /// The deadline that may end a wait, if there is one.
    pub(super) fn deadline(&self, wait: &Waiting) -> Option<Instant> {
        let channel = wait.on.channel();
        match wait.on {
            On::Reply { request, .. } => self.look.request(channel, request).deadline,
            On::Room { lane, .. } => self.expiry(channel, &self.log(channel)?.lanes[lane]),
            _ => None,
        }
    }

    /// Whom a wait is for, as far as they are known.
    pub(super) fn blockers(&self, wait: &Waiting) -> Vec<Doer> {
        let channel = wait.on.channel();
        let Some(log) = self.log(channel) else { return Vec::new() };
        let mut doers = match wait.on {
            On::Message { .. } | On::End { .. } | On::Bytes { .. } | On::Group { .. } => Vec::new(),
            On::Room { lane, .. } => {
                let lane = &log.lanes[lane];
                let mut doers = holders(lane);
                doers.extend(
                    floor(log, lane).into_iter().flat_map(|reader| reader.members.iter().filter_map(owner)),
                );
                doers
            }
            On::Reply { request, .. } => {
                let asked = self.look.request(channel, request);
                match asked.holder.filter(|_| asked.is_handled) {
                    Some(holder) => vec![Doer::Tracked(holder)],
                    None => {
                        let groups = log.readers.iter().filter(|reader| is_group(reader));
                        groups.flat_map(|reader| reader.members.iter().filter_map(owner)).collect()
                    }
                }
            }
        };
        doers.sort_unstable();
        doers.dedup();
        doers
    }
}

/// Those who have a place in a lane and have not used it.
fn holders(lane: &LaneFacts) -> Vec<Doer> {
    let all = lane.granted.iter().filter(|wait| !is_for_bytes(wait)).chain(&lane.permits);
    all.map(|wait| doer(wait.caller.who, wait.waker)).collect()
}

/// The readers that all have to take something before there is room.
pub(super) fn floor<'a>(log: &'a LogFacts, lane: &LaneFacts) -> Vec<&'a ReaderFacts> {
    log.readers.iter().filter(|reader| lane.floor.contains(&reader.number)).collect()
}

pub(super) fn is_group(reader: &ReaderFacts) -> bool {
    matches!(reader.kind, Kind::Group(_))
}

pub(super) fn has_lossless(log: &LogFacts) -> bool {
    log.readers.iter().any(|reader| reader.kind != Kind::Recorder)
}

/// Whether one of its members may take something. Nobody knows of one that was never polled.
fn can_take(reader: &ReaderFacts, lives: impl Fn(&Doer) -> bool) -> bool {
    let members = &reader.members;
    // Whoever has what is not settled frees its place by that, and may be anybody.
    reader.keeps && reader.in_flight > 0
        || !members.is_empty()
            && (reader.paused || members.iter().any(|member| owner(member).is_none_or(|doer| lives(&doer))))
}
