use std::collections::{BTreeMap, VecDeque};

use tokio::{sync::oneshot, time::Instant};

use super::{
    Stopped,
    waiting::{Reply, Verdict, Waiting},
};
use crate::{
    Machine,
    replica::{Digest, Replica},
};

/// What a node knows, under one lock.
pub(crate) struct Status<M: Machine> {
    pub(super) replica: Replica<M>,
    /// When it has read last, by its own clock.
    pub(super) heard: Instant,
    /// It has read all that was there when it was opened, and answers.
    pub(super) strict: bool,
    pub(super) stopped: Option<Stopped>,
    /// Its proposals that are not decided, by serial.
    pub(super) waiting: BTreeMap<u64, Waiting<M>>,
    pub(super) next_serial: u64,
    /// Before this time of the log none of those expires.
    pub(super) none_expires_before: u64,
    /// Its barriers that are on their way, by number.
    pub(super) barriers: BTreeMap<u64, oneshot::Sender<()>>,
    pub(super) next_barrier: u64,
    /// Reads that wait for a barrier to be sent.
    pub(super) reads: Vec<oneshot::Sender<()>>,
    /// The digests of its own states where snapshots are due, the last ones.
    pub(super) points: VecDeque<(u64, Digest)>,
    /// Who wrote a snapshot, by index: until it is confirmed.
    pub(super) writers: BTreeMap<u64, u64>,
    /// The newest snapshot that is confirmed.
    pub(super) confirmed: u64,
}

impl<M: Machine> Status<M> {
    pub(super) fn new(replica: Replica<M>) -> Self {
        Self {
            replica,
            heard: Instant::now(),
            strict: false,
            stopped: None,
            waiting: BTreeMap::new(),
            next_serial: 1,
            none_expires_before: u64::MAX,
            barriers: BTreeMap::new(),
            next_barrier: 1,
            reads: Vec::new(),
            points: VecDeque::new(),
            writers: BTreeMap::new(),
            confirmed: 0,
        }
    }

    /// What the log's time is by now, as far as this node can tell, in nanoseconds.
    pub(super) fn now(&self) -> u64 {
        let since = u64::try_from(self.heard.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.replica.time().saturating_add(since)
    }

    /// No entry of these will be applied any more: the log's time is past them.
    pub(super) fn expire(&mut self) {
        let time = self.replica.time();
        if time <= self.none_expires_before {
            return;
        }
        self.settle(|_, waiting| (waiting.expires < time).then_some(Verdict::Never));
        let earliest = self.waiting.values().map(|waiting| waiting.expires).min();
        self.none_expires_before = earliest.unwrap_or(u64::MAX);
    }

    /// The state comes from this snapshot, past entries that this node has not read.
    pub(super) fn jump(&mut self, replica: Replica<M>, session: u64) {
        self.settle(|serial, waiting| match replica.applied(session, serial) {
            Some(true) => Some(Verdict::Unseen),
            Some(false) if waiting.expires < replica.time() => Some(Verdict::Never),
            // The session may have ended meanwhile, and with it what it had applied.
            None if waiting.expires < replica.time() => Some(Verdict::Untold),
            _ => None,
        });
        self.replica = replica;
        self.heard = Instant::now();
        self.points.clear();
        self.writers.clear();
    }

    fn settle(&mut self, verdict: impl Fn(u64, &Waiting<M>) -> Option<Verdict>) {
        let settled = self.waiting.iter().filter_map(|(&serial, it)| Some((serial, verdict(serial, it)?)));
        for (serial, verdict) in settled.collect::<Vec<_>>() {
            if let Some(reply) = self.take(serial) {
                reply.say(verdict);
            }
        }
    }

    /// Answers nothing any more.
    pub(super) fn stop(&mut self, why: &Stopped) {
        self.stopped = Some(why.clone());
        for (_, waiting) in std::mem::take(&mut self.waiting) {
            waiting.reply.say(Verdict::Stopped(why.clone()));
        }
        self.barriers.clear();
        self.reads.clear();
    }

    /// Takes whoever waits for this proposal.
    pub(super) fn take(&mut self, serial: u64) -> Option<Reply<M>> {
        self.waiting.remove(&serial).map(|waiting| waiting.reply)
    }
}
