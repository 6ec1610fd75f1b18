use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use stratoswarm_core::{ChannelInfo, Priority, ReaderInfo, ReaderKind};
use tokio::time::sleep;

use super::{
    Job,
    plan::{ACKED, PLAIN, Plan},
};

/// What is known of one message.
#[derive(Debug, Clone, Copy, Default)]
struct Fate {
    /// How often it was accepted for sure.
    accepted: u32,
    /// A send that was given up, and that may have been accepted.
    perhaps: bool,
    timed: bool,
    /// How often the group that acknowledges settled it, and gave it up.
    done: u32,
    dead: u32,
    /// How often the other group got it.
    got: u32,
}

/// What happened in one round.
#[derive(Debug, Default)]
pub(crate) struct Book {
    fates: Mutex<HashMap<u64, Fate>>,
    pub(crate) asked: AtomicU64,
    pub(crate) answered: AtomicU64,
    /// Nobody sends any more.
    pub(crate) over: AtomicBool,
    /// Tasks that have a delivery.
    tasks: AtomicI64,
    /// By group: what is in hand, and of each key.
    in_hand: [Hands; 2],
}

#[derive(Debug, Default)]
struct Hands {
    all: AtomicI64,
    keys: [AtomicI64; 4],
    /// Of each class and key the last number that was handed out.
    last: Mutex<HashMap<(Priority, u64), u64>>,
}

impl Book {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn note(&self, id: u64, change: impl FnOnce(&mut Fate)) {
        change(self.fates.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default());
    }

    pub(crate) fn accepted(&self, id: u64) {
        self.note(id, |fate| fate.accepted += 1);
    }

    pub(crate) fn perhaps(&self, id: u64) {
        self.note(id, |fate| fate.perhaps = true);
    }

    pub(crate) fn timed(&self, id: u64) {
        self.note(id, |fate| fate.timed = true);
    }

    pub(crate) fn done(&self, id: u64) {
        self.note(id, |fate| fate.done += 1);
    }

    pub(crate) fn dead(&self, id: u64) {
        self.note(id, |fate| fate.dead += 1);
    }

    pub(crate) fn got(&self, id: u64) {
        self.note(id, |fate| fate.got += 1);
    }

    /// A task begins that has a delivery.
    pub(crate) fn begin_task(&self) {
        self.tasks.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn end_task(&self) {
        self.tasks.fetch_sub(1, Ordering::AcqRel);
    }

    pub(crate) async fn wait_for_tasks(&self) {
        while self.tasks.load(Ordering::Acquire) > 0 {
            sleep(Duration::from_micros(100)).await;
        }
    }

    /// A delivery is in hand from now on.
    pub(crate) fn take(&self, group: &str, job: &Job, seq: u64, plan: &Plan) {
        let hands = &self.in_hand[usize::from(group != ACKED)];
        let all = hands.all.fetch_add(1, Ordering::AcqRel) + 1;
        if group == ACKED && plan.ack_wait.is_none() {
            assert!(
                all.unsigned_abs() <= plan.max_in_flight as u64,
                "{all} of {} are in flight",
                plan.max_in_flight
            );
        }
        if plan.is_ordered(group) && job.id % 17 != 3 {
            let key = job.id % 4;
            let held = hands.keys[key as usize].fetch_add(1, Ordering::AcqRel);
            assert_eq!(held, 0, "{job:?}: key {key} is in another hand");
            let lane = if plan.classes.contains(&job.class) { job.class } else { Priority::Normal };
            let mut last = hands.last.lock().unwrap_or_else(PoisonError::into_inner);
            let before = last.insert((lane, key), seq);
            assert!(before <= Some(seq), "{job:?}: {seq} after {before:?}");
        }
    }

    /// It is not any more: before it is settled.
    pub(crate) fn leave(&self, group: &str, id: u64, plan: &Plan) {
        let hands = &self.in_hand[usize::from(group != ACKED)];
        hands.all.fetch_sub(1, Ordering::AcqRel);
        if plan.is_ordered(group) && id % 17 != 3 {
            hands.keys[(id % 4) as usize].fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// How many messages were accepted, if all accounts agree.
    pub(crate) fn check(&self, info: &ChannelInfo, heard: &[u64], plan: &Plan) -> u64 {
        assert_balanced(info);
        let rest = (info.len, info.granted, info.permits, info.blocked_senders, info.unserved);
        assert_eq!(rest, (0, 0, 0, 0, 0), "something is left: {info:#?}");
        let fates = self.fates.lock().unwrap_or_else(PoisonError::into_inner);
        let known: u64 = fates.values().map(|fate| u64::from(fate.accepted)).sum();
        let perhaps = fates.values().filter(|fate| fate.perhaps).count() as u64;
        let sent = info.sent - info.requests.asked;
        assert!((known..=known + perhaps).contains(&sent), "{known} to {}: {sent}", known + perhaps);
        assert!(info.requests.asked <= self.asked.load(Ordering::Relaxed));
        assert!(info.requests.answered >= self.answered.load(Ordering::Relaxed));

        let mut often = HashMap::new();
        for id in heard {
            *often.entry(*id).or_insert(0u32) += 1;
        }
        let loses = |id: u64, fate: &Fate| {
            fate.timed || plan.ttl.is_some() || id % 13 == 5 // it expired, or could not be cloned
        };
        for (id, fate) in fates.iter() {
            let (least, most) = (fate.accepted, fate.accepted + u32::from(fate.perhaps));
            for (what, count) in [
                (ACKED, fate.done + fate.dead),
                (PLAIN, fate.got),
                ("heard", often.get(id).copied().unwrap_or(0)),
            ] {
                assert!(count <= most, "{what}: {count} of message {id}: {fate:?}");
                assert!(count >= least || loses(*id, fate), "{what}: {count} of message {id}: {fate:?}");
            }
        }
        let of = |name: &str| {
            let found = info.readers.iter().find(|it| it.kind == ReaderKind::Group && it.name == name);
            found.expect("it stays").clone()
        };
        let (acked, plain) = (of(ACKED), of(PLAIN));
        for reader in [&acked, &plain] {
            let rest = (reader.left, reader.in_flight, reader.unsettled, reader.delayed, reader.behind);
            assert_eq!(rest, (0, 0, 0, 0, 0), "{reader:#?}");
            assert_eq!(reader.accepted, info.sent, "{reader:#?}");
        }
        let sum = |of: fn(&Fate) -> u32| fates.values().map(|fate| u64::from(of(fate))).sum::<u64>();
        assert!(acked.taken >= sum(|fate| fate.done) && acked.dead >= sum(|fate| fate.dead), "{acked:#?}");
        assert!(plain.taken >= sum(|fate| fate.got), "{plain:#?}");
        info.sent
    }
}

/// What was accepted is settled, dead, skipped or left.
pub(crate) fn assert_balanced(info: &ChannelInfo) {
    for reader in &info.readers {
        let ReaderInfo { accepted, taken, dead, left, .. } = reader;
        assert_eq!(*accepted, taken + dead + reader.skipped.total() + left, "{reader:#?}");
    }
}
