//! Random lists of operations on a group that acknowledges, beside one that does not, on a paused clock: against a model that
//! has one state for each message. Its accounts are compared after every operation.

use crate::{fixtures::Number, model::config};
use proptest::{prelude::*, test_runner::TestCaseResult};
use std::{
    collections::{BTreeSet, VecDeque},
    future::Future,
    pin::Pin,
    task::Poll,
    time::Duration,
};
use stratoswarm_core::{
    Ack, AckPolicy, Channel, DeadLetter, Delivery, Fabric, Receiver, Sending, Settled, TryRecvError,
    TrySendError,
};
use tokio::time::{Instant, advance};
use tokio_test::task::{self, Spawn};

// Indices are taken modulo what there is to choose from.
#[derive(Debug, Clone)]
enum Operation {
    TrySend,
    Send,
    TryRecv(usize),
    Recv(usize),
    GiveUp(usize),
    OtherRecv,
    Ack(usize),
    Nak(usize),
    NakAfter(usize, u64),
    Drop(usize),
    Term(usize),
    InProgress(usize),
    Advance(u64),
    Join,
    Leave(usize),
    Close,
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    (0..60_u8, 0..8_usize, 0..40_u64).prop_map(|(kind, index, millis)| match kind {
        0..=7 => TrySend,
        8..=11 => Send,
        12..=19 => TryRecv(index),
        20..=28 => Recv(index),
        29 => GiveUp(index),
        30..=32 => OtherRecv,
        33..=38 => Ack(index),
        39..=42 => Nak(index),
        43..=44 => NakAfter(index, millis),
        45..=48 => Drop(index),
        49 => Term(index),
        50..=51 => InProgress(index),
        52..=55 => Advance(millis),
        56 => Join,
        57..=58 => Leave(index),
        _ => Close,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Queued,
    Ready,
    Delayed(Instant),
    InFlight(Option<Instant>),
    Settled,
    Dead,
}

#[derive(Debug, Clone)]
struct Entry {
    number: u64,
    state: State,
    attempts: u32,
}

#[derive(Debug, Clone, Copy)]
struct Rules {
    max_deliver: u32,
    backoff: [u64; 2],
    max_in_flight: usize,
    ack_wait: Option<u64>,
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

impl Rules {
    fn policy(&self) -> AckPolicy {
        let policy = AckPolicy::explicit()
            .max_deliver(self.max_deliver)
            .backoff(self.backoff.map(ms))
            .max_in_flight(self.max_in_flight);
        self.ack_wait.map_or(policy.clone(), |wait| policy.ack_wait(ms(wait)))
    }
}

/// What a member gets that looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Given { number: u64, attempt: u32 },
    Empty,
    Closed,
}

/// What is known of the group.
#[derive(Debug, Clone)]
struct Group {
    rules: Rules,
    entries: Vec<Entry>,
    closed: bool,
    redelivered: u64,
    dead: Vec<(u64, u32)>,
}

impl Group {
    fn count(&self, of: impl Fn(State) -> bool) -> u64 {
        self.entries.iter().filter(|entry| of(entry.state)).count() as u64
    }

    fn left(&self) -> u64 {
        self.count(|state| !matches!(state, State::Settled | State::Dead))
    }

    fn unsettled(&self) -> u64 {
        self.count(|state| matches!(state, State::InFlight(_)))
    }

    fn give_back(&mut self, at: usize, delay: u64) {
        let entry = &mut self.entries[at];
        if entry.attempts >= self.rules.max_deliver {
            entry.state = State::Dead;
            self.dead.push((entry.number, entry.attempts));
        } else if delay > 0 && !self.closed {
            entry.state = State::Delayed(Instant::now() + ms(delay));
        } else {
            entry.state = State::Ready;
        }
    }

    fn backoff(&self, at: usize) -> u64 {
        self.rules.backoff[(self.entries[at].attempts as usize - 1).min(1)]
    }

    fn close(&mut self) {
        self.closed = true;
        for entry in &mut self.entries {
            if matches!(entry.state, State::Delayed(_)) {
                entry.state = State::Ready;
            }
        }
    }

    /// Sees to what is due at this time: the earliest first.
    fn sweep(&mut self, now: Instant) {
        let due = self.entries.iter().enumerate().filter_map(|(at, entry)| match entry.state {
            State::Delayed(until) | State::InFlight(Some(until)) if until <= now => Some((until, at)),
            _ => None,
        });
        let mut due: Vec<_> = due.collect();
        due.sort();
        for (_, at) in due {
            match self.entries[at].state {
                State::Delayed(_) => self.entries[at].state = State::Ready,
                _ => self.give_back(at, 0),
            }
        }
    }

    fn look(&mut self, now: Instant) -> Look {
        self.sweep(now);
        if self.unsettled() < self.rules.max_in_flight as u64 {
            let first = |of: State| self.entries.iter().position(|entry| entry.state == of);
            if let Some(at) = first(State::Ready).or_else(|| first(State::Queued)) {
                let entry = &mut self.entries[at];
                entry.attempts += 1;
                entry.state = State::InFlight(self.rules.ack_wait.map(|wait| now + ms(wait)));
                self.redelivered += u64::from(entry.attempts > 1);
                return Look::Given { number: entry.number, attempt: entry.attempts };
            }
        }
        if self.closed && self.left() == 0 { Look::Closed } else { Look::Empty }
    }
}

type Receiving = Pin<Box<dyn Future<Output = (Receiver<Number>, Option<Delivery<Number>>)>>>;

enum Member {
    Idle(Receiver<Number>),
    Parked(Spawn<Receiving>),
}

struct Held {
    number: u64,
    attempt: u32,
    ack: Ack,
}

struct Model<'a> {
    jobs: &'a Channel<Number>,
    group: Group,
    members: Vec<Member>,
    held: Vec<Held>,
    other: Receiver<Number>,
    other_taken: u64,
    waiting: VecDeque<(u64, Spawn<Sending<'a, Number>>)>,
    letters: Receiver<DeadLetter<Number>>,
    letters_seen: usize,
    next_number: u64,
}

impl Model<'_> {
    fn free(&self) -> bool {
        let other = self.group.entries.len() as u64 - self.other_taken;
        other.max(self.group.left()) < self.jobs.capacity() as u64
    }

    fn accept(&mut self, number: u64) {
        self.group.entries.push(Entry { number, state: State::Queued, attempts: 0 });
    }

    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number - 1
    }

    /// The delivery is still the one that counts.
    fn current(&self, held: &Held) -> Option<usize> {
        let at = self.group.entries.iter().position(|entry| entry.number == held.number)?;
        let entry = &self.group.entries[at];
        (matches!(entry.state, State::InFlight(_)) && entry.attempts == held.attempt).then_some(at)
    }

    fn got(&mut self, delivery: Delivery<Number>, expected: Look) -> TestCaseResult {
        let (number, attempt) = (delivery.0, delivery.attempt());
        self.held.push(Held { number, attempt, ack: delivery.into_acked().1 });
        prop_assert_eq!(Look::Given { number, attempt }, expected);
        Ok(())
    }

    fn settle(
        &mut self,
        index: usize,
        how: impl FnOnce(Ack) -> Settled,
        then: impl FnOnce(&mut Group, usize),
    ) -> TestCaseResult {
        if self.held.is_empty() {
            return Ok(());
        }
        let held = self.held.swap_remove(index % self.held.len());
        let current = self.current(&held);
        let expected = if current.is_some() { Settled::Done } else { Settled::Lapsed };
        prop_assert_eq!(how(held.ack), expected);
        if let Some(at) = current {
            then(&mut self.group, at);
        }
        Ok(())
    }

    fn poll(&mut self, index: usize) -> TestCaseResult {
        if self.members.is_empty() {
            return Ok(());
        }
        let index = index % self.members.len();
        let mut receiving = match self.members.swap_remove(index) {
            Member::Parked(receiving) => receiving,
            Member::Idle(mut receiver) => task::spawn(Box::pin(async move {
                let delivery = receiver.recv().await;
                (receiver, delivery)
            }) as Receiving),
        };
        let expected = self.group.look(Instant::now());
        match receiving.poll() {
            Poll::Pending => {
                prop_assert_eq!(expected, Look::Empty);
                self.members.push(Member::Parked(receiving));
            }
            Poll::Ready((receiver, delivery)) => {
                self.members.push(Member::Idle(receiver));
                match delivery {
                    Some(delivery) => self.got(delivery, expected)?,
                    None => prop_assert_eq!(expected, Look::Closed),
                }
            }
        }
        Ok(())
    }

    async fn apply(&mut self, operation: &Operation) -> TestCaseResult {
        match *operation {
            Operation::TrySend => {
                let number = self.number();
                let free = self.free() && self.waiting.is_empty();
                match self.jobs.try_send(Number(number)) {
                    Ok(()) => {
                        prop_assert!(free && !self.group.closed);
                        self.accept(number);
                    }
                    Err(TrySendError::Full(_)) => prop_assert!(!free && !self.group.closed),
                    Err(TrySendError::Closed(_)) => prop_assert!(self.group.closed),
                }
            }
            Operation::Send => {
                let number = self.number();
                let free = self.free() && self.waiting.is_empty();
                let mut sending = task::spawn(self.jobs.send(Number(number)));
                let mut polled = sending.poll();
                while polled.is_pending() && sending.is_woken() {
                    polled = sending.poll();
                }
                match polled {
                    Poll::Ready(Ok(())) => {
                        prop_assert!(free);
                        self.accept(number);
                    }
                    Poll::Ready(Err(_)) => prop_assert!(self.group.closed),
                    Poll::Pending => {
                        prop_assert!(!free && !self.group.closed);
                        self.waiting.push_back((number, sending));
                    }
                }
            }
            Operation::TryRecv(index) => {
                let idle = self.members.iter_mut().filter_map(|member| match member {
                    Member::Idle(receiver) => Some(receiver),
                    Member::Parked(_) => None,
                });
                let mut idle: Vec<_> = idle.collect();
                if !idle.is_empty() {
                    let index = index % idle.len();
                    let taken = idle[index].try_recv();
                    let expected = self.group.look(Instant::now());
                    match taken {
                        Ok(delivery) => self.got(delivery, expected)?,
                        Err(TryRecvError::Empty) => prop_assert_eq!(expected, Look::Empty),
                        Err(_) => prop_assert_eq!(expected, Look::Closed),
                    }
                }
            }
            Operation::Recv(index) => self.poll(index)?,
            Operation::GiveUp(index) => {
                // Woken or not: its wake goes on, and if it watched, another does.
                let mut parked =
                    self.members.iter().enumerate().filter(|(_, it)| matches!(it, Member::Parked(_)));
                let count = parked.clone().count();
                if count > 0
                    && let Some((at, _)) = parked.nth(index % count)
                {
                    self.members.swap_remove(at);
                }
            }
            Operation::OtherRecv => {
                let more = self.other_taken < self.group.entries.len() as u64;
                prop_assert_eq!(self.other.try_recv().is_ok(), more);
                self.other_taken += u64::from(more);
            }
            Operation::Ack(index) => {
                self.settle(index, Ack::ack, |group, at| group.entries[at].state = State::Settled)?;
            }
            Operation::Nak(index) => {
                self.settle(index, Ack::nak, |group, at| group.give_back(at, group.backoff(at)))?;
            }
            Operation::NakAfter(index, millis) => {
                self.settle(index, |ack| ack.nak_after(ms(millis)), |group, at| group.give_back(at, millis))?;
            }
            Operation::Drop(index) => {
                if !self.held.is_empty() {
                    let held = self.held.swap_remove(index % self.held.len());
                    let current = self.current(&held);
                    drop(held);
                    if let Some(at) = current {
                        self.group.give_back(at, self.group.backoff(at));
                    }
                }
            }
            Operation::Term(index) => self.settle(
                index,
                |ack| ack.term("spoilt"),
                |group, at| {
                    let entry = &mut group.entries[at];
                    entry.state = State::Dead;
                    group.dead.push((entry.number, entry.attempts));
                },
            )?,
            Operation::InProgress(index) => {
                if !self.held.is_empty() {
                    let held = &self.held[index % self.held.len()];
                    let current = self.current(held);
                    let expected = if current.is_some() { Settled::Done } else { Settled::Lapsed };
                    prop_assert_eq!(held.ack.in_progress(), expected);
                    if let Some(at) = current {
                        let lapses = self.group.rules.ack_wait.map(|wait| Instant::now() + ms(wait));
                        self.group.entries[at].state = State::InFlight(lapses);
                    }
                }
            }
            Operation::Advance(millis) => advance(ms(millis)).await,
            Operation::Join => {
                if self.members.len() < 4 {
                    self.members.push(Member::Idle(self.jobs.join("workers")));
                }
            }
            Operation::Leave(index) => {
                if !self.members.is_empty() {
                    self.members.swap_remove(index % self.members.len());
                }
            }
            Operation::Close => {
                self.jobs.close();
                self.group.close();
            }
        }
        self.serve_senders()?;
        self.check()
    }

    /// Senders that wait are served at once, in their order.
    fn serve_senders(&mut self) -> TestCaseResult {
        while (self.group.closed || self.free())
            && let Some((number, mut sending)) = self.waiting.pop_front()
        {
            prop_assert!(
                sending.is_woken(),
                "a sender sleeps though there is room, or the channel is closed"
            );
            match sending.poll() {
                Poll::Ready(Ok(())) if !self.group.closed => self.accept(number),
                Poll::Ready(Err(_)) if self.group.closed => {}
                polled => prop_assert!(false, "{polled:?}"),
            }
        }
        Ok(())
    }

    fn check(&mut self) -> TestCaseResult {
        let info = self.jobs.info();
        let group = info.readers.iter().find(|it| it.name == "workers").unwrap();
        let model = &self.group;
        let used = group.taken + group.dead + group.skipped.total() + group.left;
        prop_assert_eq!(group.accepted, used);
        prop_assert_eq!(group.accepted, model.entries.len() as u64);
        prop_assert_eq!(group.taken, model.count(|state| state == State::Settled));
        prop_assert_eq!(group.dead, model.count(|state| state == State::Dead));
        prop_assert_eq!(group.left, model.left());
        prop_assert_eq!(group.unsettled, model.unsettled());
        prop_assert_eq!(group.delayed, model.count(|state| matches!(state, State::Delayed(_))));
        prop_assert_eq!(group.redelivered, model.redelivered);
        prop_assert!(info.len <= info.capacity);
        let letters = std::iter::from_fn(|| self.letters.try_recv().ok());
        let letters: BTreeSet<_> =
            letters.map(|letter| letter.into_message()).map(|it| (it.message.0, it.attempts)).collect();
        let dead: BTreeSet<_> = model.dead[self.letters_seen..].iter().copied().collect();
        self.letters_seen = model.dead.len();
        prop_assert_eq!(letters, dead);
        // Nobody sleeps over something: a tick after it is due at the latest.
        let parked = || {
            self.members.iter().filter_map(|member| match member {
                Member::Parked(receiving) => Some(receiving.is_woken()),
                Member::Idle(_) => None,
            })
        };
        if parked().next().is_some() {
            let before = Instant::now().checked_sub(ms(2)).unwrap_or_else(Instant::now);
            match model.clone().look(before) {
                Look::Given { .. } => prop_assert!(parked().any(|woken| woken), "all sleep over {:?}", model),
                Look::Closed if model.left() == 0 => {
                    prop_assert!(parked().all(|woken| woken), "one sleeps after the end");
                }
                Look::Closed => prop_assert!(parked().any(|woken| woken), "nobody sees the last one lapse"),
                Look::Empty => {}
            }
        }
        Ok(())
    }

    /// All comes to an end.
    async fn finish(&mut self) -> TestCaseResult {
        self.jobs.close();
        self.group.close();
        self.serve_senders()?;
        self.held.clear();
        for entry in 0..self.group.entries.len() {
            if matches!(self.group.entries[entry].state, State::InFlight(_)) {
                self.group.give_back(entry, 0);
            }
        }
        self.check()?;
        if self.members.is_empty() {
            self.members.push(Member::Idle(self.jobs.join("workers")));
        }
        for _ in 0..self.group.entries.len() * 8 {
            self.poll(0)?;
            let last = self.held.len();
            if last > 0 {
                self.settle(last - 1, Ack::ack, |group, at| group.entries[at].state = State::Settled)?;
            }
            self.check()?;
            advance(ms(1)).await;
        }
        prop_assert_eq!(self.group.left(), 0);
        Ok(())
    }
}

proptest! {
    #![proptest_config(config(
        2_000,
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proptest-regressions/model_acks.txt"),
    ))]

    #[test]
    fn what_was_accepted_is_settled_or_dead_or_left_at_every_moment(
        capacity in 1..6_usize,
        max_deliver in 1..4_u32,
        backoff in prop_oneof![Just([0, 0]), Just([0, 7]), Just([5, 20])],
        max_in_flight in prop_oneof![Just(usize::MAX), 1..4_usize],
        ack_wait in prop_oneof![Just(None), Just(Some(0)), Just(Some(10)), Just(Some(30))],
        members in 0..4_usize,
        sampled: bool,
        operations in prop::collection::vec(operation(), 1..120),
    ) {
        let rules = Rules { max_deliver, backoff, max_in_flight, ack_wait };
        let fabric = Fabric::new();
        let _sampling = sampled.then(|| fabric.sample_times());
        let jobs = fabric.channel::<Number>("jobs").capacity(capacity).open().unwrap();
        let dead = fabric.channel("dead").capacity(1000).open().unwrap();
        let letters = dead.join("inspectors");
        let first = jobs.group("workers").ack(rules.policy()).dead_letters(&dead).join().unwrap();
        let other = jobs.join("other");
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        // Unconstrained: the list never yields, so the budget of a turn would run out.
        runtime.block_on(tokio::task::unconstrained(async {
            let mut model = Model {
                jobs: &jobs,
                group: Group { rules, entries: Vec::new(), closed: false, redelivered: 0, dead: Vec::new() },
                members: Vec::new(),
                held: Vec::new(),
                other,
                other_taken: 0,
                waiting: VecDeque::new(),
                letters,
                letters_seen: 0,
                next_number: 0,
            };
            model.members.extend((0..members).map(|_| Member::Idle(first.join_again())));
            drop(first);
            for operation in &operations {
                model.apply(operation).await?;
            }
            model.finish().await
        }))?;
    }
}
