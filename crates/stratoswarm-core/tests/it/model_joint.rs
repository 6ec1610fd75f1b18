//! Random lists of operations on all classes of traffic at once, on a paused clock: a channel with lanes whose messages expire,
//! a group that acknowledges, perhaps with keys, and a plain group and a subscriber beside it. What each reader has of each
//! message is in `model_views`; every account is compared after every operation.

use crate::{
    model::config,
    model_views::{Entry, Keys, Kind, Rules, State, View, ms},
};
use proptest::{prelude::*, test_runner::TestCaseResult};
use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    pin::Pin,
    task::Poll,
};
use stratoswarm_core::{
    Ack, Channel, DeadLetter, DeadReason, Delivery, Fabric, Message, Priority, ReaderKind, Receiver,
    ReplyOutcome, RequestError, Requesting, Settled, Subscriber, TryRecvError,
};
use tokio::time::{Instant, advance};
use tokio_test::task::{self, Spawn};

const CLASSES: [Priority; 4] = [Priority::Critical, Priority::High, Priority::Normal, Priority::Low];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Work {
    number: u64,
    class: Priority,
}

impl Message for Work {
    type Reply = u64;

    fn priority(&self) -> Priority {
        self.class
    }
}

// Indices are taken modulo what there is to choose from.
#[derive(Debug, Clone)]
enum Operation {
    /// Of a class, good for so many milliseconds; if there is no room, it waits or is given up.
    Send(usize, Option<u64>, bool),
    SendMany(Vec<usize>),
    Ask(usize),
    /// The caller of a request goes, or a sender that waits.
    GoAway(usize),
    Recv(usize),
    TryRecv(usize),
    OtherRecv,
    SubscriberRecv,
    Ack(usize),
    Reply(usize),
    Nak(usize),
    NakAfter(usize, u64),
    Term(usize),
    InProgress(usize),
    Drop(usize),
    Join,
    Leave(usize),
    Advance(u64),
    Pause,
    Resume,
    Resize(usize, usize),
    Remove,
    Close,
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    (0..100_u8, 0..8_usize, 0..4_usize, 1..30_u64).prop_map(|(kind, index, small, millis)| match kind {
        0..=11 => Send(small, (index < 3).then_some(millis), index % 2 == 0),
        12..=14 => SendMany((0..=small).map(|at| (at * index + small) % 4).collect()),
        15..=20 => Ask(small),
        21..=22 => GoAway(index),
        23..=36 => TryRecv(index),
        37..=44 => Recv(index),
        45..=50 => OtherRecv,
        51..=56 => SubscriberRecv,
        57..=64 => Ack(index),
        65..=67 => Reply(index),
        68..=71 => Nak(index),
        72..=73 => NakAfter(index, millis),
        74 => Term(index),
        75..=76 => InProgress(index),
        77..=80 => Drop(index),
        81..=82 => Join,
        83..=84 => Leave(index),
        85..=90 => Advance(millis),
        91 => Pause,
        92..=95 => Resume,
        96..=97 => Resize(small, index % 4 + 1),
        98 => {
            if index < 4 {
                Remove
            } else {
                Join
            }
        }
        _ => {
            if index < 2 {
                Close
            } else {
                Resume
            }
        }
    })
}

type Receiving = Pin<Box<dyn Future<Output = (Receiver<Work>, Option<Delivery<Work>>)>>>;
type Sending<'a> = Pin<Box<dyn Future<Output = bool> + 'a>>;

enum Member {
    Idle(Receiver<Work>),
    Parked(Spawn<Receiving>),
}

enum Hand {
    Whole(Delivery<Work>),
    Acked(Ack),
}

struct Held {
    number: u64,
    attempt: u32,
    hand: Hand,
}

impl Held {
    fn into_ack(self) -> Ack {
        match self.hand {
            Hand::Whole(delivery) => delivery.into_acked().1,
            Hand::Acked(ack) => ack,
        }
    }
}

enum Sender<'a> {
    Send(Spawn<Sending<'a>>),
    Ask(Spawn<Requesting<'a, Work, Work>>),
}

/// A message that waits for room.
struct Waiting<'a> {
    number: u64,
    lane: usize,
    ttl: Option<u64>,
    sender: Sender<'a>,
}

impl Waiting<'_> {
    fn is_woken(&self) -> bool {
        match &self.sender {
            Sender::Send(sending) => sending.is_woken(),
            Sender::Ask(asking) => asking.is_woken(),
        }
    }
}

const WORKERS: &str = "workers";

/// The channel, and what is known about it.
struct Model<'a> {
    jobs: &'a Channel<Work>,
    dead: &'a Channel<DeadLetter<Work>>,
    rules: Rules,
    max_bypass: u32,
    /// The lanes' capacities, the most urgent first, and the lane of each class.
    capacities: Vec<usize>,
    of: [usize; 4],
    lengths: Vec<usize>,
    workers: Option<View>,
    other: View,
    subscribed: View,
    members: Vec<Member>,
    held: Vec<Held>,
    receiver: Receiver<Work>,
    subscriber: Subscriber<Work>,
    waiting: Vec<Waiting<'a>>,
    asked: Vec<(u64, Spawn<Requesting<'a, Work, Work>>)>,
    replied: BTreeSet<u64>,
    /// What is known of former groups' dead letters, and what may be among them besides.
    buried: BTreeMap<u64, u32>,
    perhaps: BTreeSet<u64>,
    next_number: u64,
    closed: bool,
}

impl<'a> Model<'a> {
    fn join(&self) -> Receiver<Work> {
        let group = self.jobs.group(WORKERS).ack(self.rules.policy());
        let group = if self.rules.letters { group.dead_letters(self.dead) } else { group };
        match self.rules.keys {
            Keys::None => group,
            Keys::Ordered => group.ordered_by(|work: &Work| work.number % 3),
            Keys::Fair => group.fair_by(|work: &Work| work.number % 3),
        }
        .join()
        .unwrap()
    }

    fn view(&self) -> View {
        View::new(Kind::Keeps(self.rules), self.capacities.len(), self.max_bypass, self.closed)
    }

    fn views(&self) -> impl Iterator<Item = &View> {
        self.workers.iter().chain([&self.other, &self.subscribed])
    }

    fn views_mut(&mut self) -> impl Iterator<Item = &mut View> {
        self.workers.iter_mut().chain([&mut self.other, &mut self.subscribed])
    }

    /// Whether a message finds room in a lane, what is over by this time not counted.
    fn fits(&self, lane: usize, now: Instant) -> bool {
        self.views().all(|view| view.places(lane, now) < self.capacities[lane])
    }

    fn is_awaited(&self, lane: usize) -> bool {
        self.waiting.iter().any(|waiting| waiting.lane == lane)
    }

    fn work(&mut self, class: usize) -> (Work, usize) {
        self.next_number += 1;
        (Work { number: self.next_number - 1, class: CLASSES[class] }, self.of[class])
    }

    fn accept(&mut self, number: u64, lane: usize, ttl: Option<u64>, asked: bool) -> TestCaseResult {
        let now = Instant::now();
        prop_assert!(!self.closed && self.fits(lane, now), "{} has no room in lane {}", number, lane);
        let expires = ttl.map(|ttl| now + ms(ttl));
        let seq = self.jobs.info().sent - 1; // the last is this one, or it is set right by who sends several
        let (state, abandoned, attempts) = (State::Queued, false, 0);
        let entry = Entry { number, seq, lane, expires, asked, abandoned, state, attempts };
        self.views_mut().for_each(|view| view.accept(entry.clone()));
        Ok(())
    }

    // ---- senders

    fn send(&mut self, class: usize, ttl: Option<u64>, stays: bool) -> TestCaseResult {
        let (work, lane) = self.work(class);
        let sending = self.jobs.send(work);
        let sending: Sending<'a> = match ttl {
            Some(ttl) => {
                let sending = sending.ttl(ms(ttl));
                Box::pin(async move { sending.await.is_ok() })
            }
            None => Box::pin(async move { sending.await.is_ok() }),
        };
        let mut sending = task::spawn(sending);
        match settle_down(&mut sending) {
            Poll::Ready(true) => {
                prop_assert!(!self.is_awaited(lane), "it overtook one that waits");
                self.accept(work.number, lane, ttl, false)?;
            }
            Poll::Ready(false) => prop_assert!(self.closed),
            Poll::Pending => {
                prop_assert!(!self.closed && (self.is_awaited(lane) || !self.fits(lane, Instant::now())));
                if stays {
                    let (number, sender) = (work.number, Sender::Send(sending));
                    self.waiting.push(Waiting { number, lane, ttl, sender });
                }
            }
        }
        Ok(())
    }

    /// What finds room of a batch; the rest is given up.
    fn send_many(&mut self, classes: &[usize]) -> TestCaseResult {
        let works: Vec<_> = classes.iter().map(|class| self.work(*class)).collect();
        let mut batch: Vec<_> = works.iter().map(|(work, _)| *work).collect();
        let before = self.jobs.info().sent;
        let mut sending = task::spawn(self.jobs.send_many(&mut batch));
        let polled = settle_down(&mut sending);
        drop(sending);
        let sent = works.len() - batch.len();
        for (at, (work, lane)) in works[..sent].iter().enumerate() {
            prop_assert!(!self.is_awaited(*lane), "it overtook one that waits");
            self.accept(work.number, *lane, None, false)?;
            let seq = before + at as u64;
            self.views_mut().filter_map(|view| view.entries.last_mut()).for_each(|entry| entry.seq = seq);
        }
        match works.get(sent) {
            None => prop_assert!(matches!(polled, Poll::Ready(Ok(())))),
            Some(_) if self.closed => prop_assert!(matches!(polled, Poll::Ready(Err(_)))),
            Some((first, lane)) => {
                prop_assert_eq!(first, &batch[0]);
                prop_assert!(self.is_awaited(*lane) || !self.fits(*lane, Instant::now()));
            }
        }
        Ok(())
    }

    fn ask(&mut self, class: usize) -> TestCaseResult {
        let (work, lane) = self.work(class);
        let before = self.jobs.info().sent;
        let mut asking = task::spawn(self.jobs.request(work));
        if settle_down(&mut asking).is_ready() {
            prop_assert!(self.closed, "nobody has answered");
        } else if self.jobs.info().sent > before {
            prop_assert!(!self.is_awaited(lane), "it overtook one that waits");
            self.accept(work.number, lane, None, true)?;
            self.asked.push((work.number, asking));
        } else {
            prop_assert!(!self.closed && (self.is_awaited(lane) || !self.fits(lane, Instant::now())));
            let (number, ttl, sender) = (work.number, None, Sender::Ask(asking));
            self.waiting.push(Waiting { number, lane, ttl, sender });
        }
        Ok(())
    }

    fn go_away(&mut self, index: usize) {
        let count = self.asked.len() + self.waiting.len();
        if count == 0 {
            return;
        }
        let index = index % count;
        if index >= self.asked.len() {
            self.waiting.remove(index - self.asked.len());
            return;
        }
        let (number, asking) = self.asked.remove(index);
        drop(asking);
        for view in self.views_mut() {
            view.entries.iter_mut().filter(|entry| entry.number == number).for_each(|it| it.abandoned = true);
        }
    }

    /// Whoever was woken goes on, each lane's senders in their order; nobody else has room.
    fn serve_senders(&mut self) -> TestCaseResult {
        while let Some(at) = self.waiting.iter().position(Waiting::is_woken) {
            let before = self.jobs.info().sent;
            let mut waiting = self.waiting.remove(at);
            let ended = match &mut waiting.sender {
                Sender::Send(sending) => settle_down(sending).is_ready(),
                Sender::Ask(asking) => settle_down(asking).is_ready(),
            };
            if self.jobs.info().sent > before {
                let older = self.waiting[..at].iter().any(|older| older.lane == waiting.lane);
                prop_assert!(!older, "{} came before one that waits longer", waiting.number);
                let asked = matches!(waiting.sender, Sender::Ask(_));
                self.accept(waiting.number, waiting.lane, waiting.ttl, asked)?;
                if let Sender::Ask(asking) = waiting.sender {
                    self.asked.push((waiting.number, asking));
                }
            } else if ended {
                prop_assert!(self.closed);
            } else {
                self.waiting.insert(at, waiting);
            }
        }
        let (now, before) = (Instant::now(), Instant::now().checked_sub(ms(2)).unwrap_or_else(Instant::now));
        for lane in (0..self.capacities.len()).filter(|lane| self.is_awaited(*lane)) {
            let seen = self.views().all(|view| view.places_unseen(lane) < self.capacities[lane]);
            prop_assert!(!self.closed && !seen, "a sender sleeps though there is room in lane {}", lane);
            let expired = self.fits(lane, before) && self.fits(lane, now);
            prop_assert!(!expired, "a sender sleeps though there has been room in lane {}", lane);
        }
        Ok(())
    }

    fn hear_replies(&mut self) -> TestCaseResult {
        for at in (0..self.asked.len()).rev() {
            if self.asked[at].1.is_woken()
                && let Poll::Ready(reply) = self.asked[at].1.poll()
            {
                let (number, _) = self.asked.remove(at);
                match reply {
                    Ok(reply) => prop_assert!(reply == number + 1 && self.replied.contains(&number)),
                    Err(RequestError::Unanswered | RequestError::DeadLettered { .. }) => {
                        prop_assert!(!self.replied.contains(&number));
                    }
                    Err(other) => prop_assert!(false, "{:?}", other),
                }
            }
        }
        Ok(())
    }

    // ---- readers

    /// A member of the workers was handed this one.
    fn got(&mut self, delivery: Delivery<Work>) -> TestCaseResult {
        let (number, attempt) = (delivery.number, delivery.attempt());
        let now = Instant::now();
        let Some(workers) = &mut self.workers else {
            return Err(TestCaseError::fail("a group that is gone hands out"));
        };
        workers.handed(number, attempt, now)?;
        let entry = workers.entries.iter().find(|entry| entry.number == number).unwrap();
        prop_assert_eq!((delivery.seq(), delivery.is_request()), (entry.seq, entry.asked));
        prop_assert_eq!(delivery.deadline(), entry.expires);
        self.held.push(Held { number, attempt, hand: Hand::Whole(delivery) });
        Ok(())
    }

    /// A member of the workers found nothing, or the end.
    fn got_none(&self, end: bool) -> TestCaseResult {
        let Some(workers) = &self.workers else {
            prop_assert!(end, "a group that is gone has ended");
            return Ok(());
        };
        found_none(workers, end)
    }

    fn look(&mut self) {
        if let Some(workers) = self.workers.as_mut().filter(|workers| !workers.paused) {
            workers.sweep(Instant::now());
        }
    }

    fn recv(&mut self, index: usize) -> TestCaseResult {
        if self.members.is_empty() {
            return Ok(());
        }
        let mut receiving = match self.members.swap_remove(index % self.members.len()) {
            Member::Parked(receiving) => receiving,
            Member::Idle(mut receiver) => task::spawn(Box::pin(async move {
                let delivery = receiver.recv().await;
                (receiver, delivery)
            }) as Receiving),
        };
        self.look();
        match receiving.poll() {
            Poll::Pending => {
                self.got_none(false)?;
                self.members.push(Member::Parked(receiving));
            }
            Poll::Ready((receiver, delivery)) => {
                self.members.push(Member::Idle(receiver));
                match delivery {
                    Some(delivery) => self.got(delivery)?,
                    None => self.got_none(true)?,
                }
            }
        }
        Ok(())
    }

    fn try_recv(&mut self, index: usize) -> TestCaseResult {
        let idle = self.members.iter_mut().filter_map(|member| match member {
            Member::Idle(receiver) => Some(receiver),
            Member::Parked(_) => None,
        });
        let mut idle: Vec<_> = idle.collect();
        if idle.is_empty() {
            return Ok(());
        }
        let index = index % idle.len();
        let taken = idle[index].try_recv();
        self.look();
        match taken {
            Ok(delivery) => self.got(delivery),
            Err(none) => self.got_none(none == TryRecvError::Closed),
        }
    }

    fn other_recv(&mut self) -> TestCaseResult {
        match self.receiver.try_recv().map(|delivery| (delivery.attempt(), delivery.into_message())) {
            Ok((attempt, work)) => self.other.handed(work.number, attempt, Instant::now()),
            Err(none) => found_none(&self.other, none == TryRecvError::Closed),
        }
    }

    fn subscriber_recv(&mut self) -> TestCaseResult {
        match self.subscriber.try_recv() {
            Ok(work) => self.subscribed.handed(work.number, 1, Instant::now()),
            Err(none) => found_none(&self.subscribed, none == TryRecvError::Closed),
        }
    }

    // ---- verdicts

    /// The delivery is still the one that counts.
    fn current(&self, held: &Held) -> Option<usize> {
        let entries = &self.workers.as_ref()?.entries;
        let at = entries.iter().position(|entry| entry.number == held.number)?;
        let in_flight = matches!(entries[at].state, State::InFlight(_));
        (in_flight && entries[at].attempts == held.attempt).then_some(at)
    }

    fn settle(
        &mut self,
        index: usize,
        how: impl FnOnce(Ack) -> Option<Settled>,
        then: impl FnOnce(&mut View, usize),
    ) -> TestCaseResult {
        if self.held.is_empty() {
            return Ok(());
        }
        let held = self.held.swap_remove(index % self.held.len());
        let current = self.current(&held);
        let settled = how(held.into_ack());
        let expected = if current.is_some() { Settled::Done } else { Settled::Lapsed };
        prop_assert!(settled.is_none_or(|settled| settled == expected), "{:?}", settled);
        if let Some((at, workers)) = current.zip(self.workers.as_mut()) {
            then(workers, at);
        }
        Ok(())
    }

    fn reply(&mut self, index: usize) -> TestCaseResult {
        if self.held.is_empty() {
            return Ok(());
        }
        let held = self.held.swap_remove(index % self.held.len());
        let current = self.current(&held);
        if let Hand::Whole(delivery) = held.hand {
            let (asked, awaited) =
                (delivery.is_request(), self.asked.iter().any(|(number, _)| *number == held.number));
            match delivery.reply(held.number + 1) {
                ReplyOutcome::Received => {
                    prop_assert!(awaited && self.replied.insert(held.number));
                }
                ReplyOutcome::TooLate(_) => {
                    prop_assert!(asked && (!awaited || self.replied.contains(&held.number)));
                }
                ReplyOutcome::NotAsked(_) => prop_assert!(!asked),
            }
        } else {
            held.into_ack().ack();
        }
        if let Some((at, workers)) = current.zip(self.workers.as_mut()) {
            workers.entries[at].state = State::Taken;
        }
        Ok(())
    }

    fn in_progress(&mut self, index: usize) -> TestCaseResult {
        if self.held.is_empty() {
            return Ok(());
        }
        let held = self.held.swap_remove(index % self.held.len());
        let (number, attempt, current) = (held.number, held.attempt, self.current(&held));
        let ack = held.into_ack();
        let expected = if current.is_some() { Settled::Done } else { Settled::Lapsed };
        prop_assert_eq!(ack.in_progress(), expected);
        self.held.push(Held { number, attempt, hand: Hand::Acked(ack) });
        let lapses = self.rules.ack_wait.map(|wait| Instant::now() + ms(wait));
        if let Some((at, workers)) = current.zip(self.workers.as_mut()) {
            workers.entries[at].state = State::InFlight(lapses);
        }
        Ok(())
    }

    // ---- the rest

    async fn apply(&mut self, operation: &Operation) -> TestCaseResult {
        let now = Instant::now();
        match operation {
            Operation::Send(class, ttl, stays) => self.send(*class, *ttl, *stays)?,
            Operation::SendMany(classes) => self.send_many(classes)?,
            Operation::Ask(class) => self.ask(*class)?,
            Operation::GoAway(index) => self.go_away(*index),
            Operation::Recv(index) => self.recv(*index)?,
            Operation::TryRecv(index) => self.try_recv(*index)?,
            Operation::OtherRecv => self.other_recv()?,
            Operation::SubscriberRecv => self.subscriber_recv()?,
            Operation::Ack(index) => {
                self.settle(*index, |ack| Some(ack.ack()), |view, at| view.entries[at].state = State::Taken)?;
            }
            Operation::Reply(index) => self.reply(*index)?,
            Operation::Nak(index) => {
                let back = |view: &mut View, at| view.give_back(at, view.backoff(at), now);
                self.settle(*index, |ack| Some(ack.nak()), back)?;
            }
            Operation::NakAfter(index, millis) => {
                let how = |ack: Ack| Some(ack.nak_after(ms(*millis)));
                self.settle(*index, how, |view, at| view.give_back(at, *millis, now))?;
            }
            Operation::Term(index) => {
                let how = |ack: Ack| Some(ack.term("spoilt"));
                self.settle(*index, how, |view, at| view.entries[at].state = State::Dead)?;
            }
            Operation::InProgress(index) => self.in_progress(*index)?,
            Operation::Drop(index) => {
                let back = |view: &mut View, at| view.give_back(at, view.backoff(at), now);
                self.settle(
                    *index,
                    |ack| {
                        drop(ack);
                        None
                    },
                    back,
                )?;
            }
            Operation::Join => {
                if self.members.len() < 4 {
                    self.members.push(Member::Idle(self.join()));
                    if self.workers.is_none() {
                        self.workers = Some(self.view());
                    }
                }
            }
            Operation::Leave(index) => {
                if !self.members.is_empty() {
                    self.members.swap_remove(index % self.members.len()); // woken, parked or idle
                }
            }
            Operation::Advance(millis) => advance(ms(*millis)).await,
            Operation::Pause | Operation::Resume => {
                let paused = matches!(operation, Operation::Pause);
                let known =
                    if paused { self.jobs.pause_group(WORKERS) } else { self.jobs.resume_group(WORKERS) };
                prop_assert_eq!(known, self.workers.is_some());
                self.workers.iter_mut().for_each(|workers| workers.paused = paused);
            }
            Operation::Resize(class, capacity) => {
                let lane = self.of[*class];
                let own = *class == 2 || lane != self.of[2];
                prop_assert_eq!(self.jobs.set_capacity(CLASSES[*class], *capacity).is_ok(), own);
                if own {
                    self.capacities[lane] = *capacity;
                }
            }
            Operation::Remove => self.remove()?,
            Operation::Close => self.close(),
        }
        self.serve_senders()?;
        self.hear_replies()?;
        self.check()
    }

    fn close(&mut self) {
        self.jobs.close();
        self.closed = true;
        self.views_mut().for_each(View::close);
    }

    /// The workers go, with what they had: what they hold counts no more, and their members find the end.
    fn remove(&mut self) -> TestCaseResult {
        let Some(workers) = self.workers.take() else {
            prop_assert_eq!(self.jobs.remove_group(WORKERS), 0);
            return Ok(());
        };
        let (left, over) = workers.left(Instant::now());
        self.bury(&workers);
        let removed = self.jobs.remove_group(WORKERS) as u64;
        prop_assert!((left..=left + over).contains(&removed), "{removed} of {left} and {over}");
        while !self.held.is_empty() {
            self.settle(0, |ack| Some(ack.ack()), |_, _| {})?;
        }
        for member in std::mem::take(&mut self.members) {
            match member {
                Member::Idle(mut receiver) => {
                    prop_assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Closed));
                }
                Member::Parked(mut receiving) => {
                    prop_assert!(receiving.is_woken());
                    prop_assert!(matches!(receiving.poll(), Poll::Ready((_, None))));
                }
            }
        }
        Ok(())
    }

    /// Remembers what is dead, or may have died unseen.
    fn bury(&mut self, workers: &View) {
        let now = Instant::now();
        for entry in workers.entries.iter().filter(|_| self.rules.letters) {
            if entry.state == State::Dead {
                self.buried.insert(entry.number, entry.attempts);
            } else if !entry.asked && workers.is_over(entry, now) {
                self.perhaps.insert(entry.number);
            }
        }
    }

    fn check(&mut self) -> TestCaseResult {
        let (info, now) = (self.jobs.info(), Instant::now());
        let of = |kind, name: Option<&str>| {
            info.readers.iter().find(|it| it.kind == kind && name.is_none_or(|name| it.name == name))
        };
        let workers = of(ReaderKind::Group, Some(WORKERS));
        prop_assert_eq!(workers.is_some(), self.workers.is_some());
        if let Some((figures, view)) = workers.zip(self.workers.as_ref()) {
            view.check(figures, now)?;
            prop_assert_eq!(figures.in_flight, self.held.len() as u64);
        }
        self.other.check(of(ReaderKind::Group, Some("other")).unwrap(), now)?;
        self.subscribed.check(of(ReaderKind::Subscriber, None).unwrap(), now)?;
        // Each lane has what its fullest reader has, and no more than its capacity, unless that has become less.
        let lengths: Vec<_> = info.lanes.iter().map(|lane| lane.len).collect();
        let lengths = if lengths.is_empty() { vec![info.len] } else { lengths };
        for (lane, length) in lengths.iter().copied().enumerate() {
            let live = self.views().map(|view| view.places(lane, now)).max().unwrap_or(0);
            let most = self.views().map(|view| view.places_unseen(lane)).max().unwrap_or(0);
            prop_assert!((live..=most).contains(&length), "{length} in lane {lane}, of {live} to {most}");
            prop_assert!(length <= self.capacities[lane].max(self.lengths[lane]), "{:?}", info.lanes);
        }
        self.lengths = lengths;
        self.check_sleepers()
    }

    /// No member sleeps over something: a tick after it is due at the latest.
    fn check_sleepers(&self) -> TestCaseResult {
        let parked = || {
            self.members.iter().filter_map(|member| match member {
                Member::Parked(receiving) => Some(receiving.is_woken()),
                Member::Idle(_) => None,
            })
        };
        let Some(workers) = &self.workers else { return Ok(()) };
        if parked().next().is_none() {
            return Ok(());
        }
        let (now, mut seen) = (Instant::now(), workers.clone());
        if !seen.paused {
            seen.sweep(now.checked_sub(ms(2)).unwrap_or(now));
        }
        if seen.has_some(now) && workers.has_some(now) | (seen.left(now) != (0, 0)) {
            prop_assert!(parked().any(|woken| woken), "all sleep over {:?}", seen);
        }
        if workers.closed && workers.left(now) == (0, 0) {
            prop_assert!(parked().all(|woken| woken), "one sleeps after the end");
        }
        Ok(())
    }

    /// All comes to an end, and every message has had it.
    fn finish(mut self, letters: &mut Receiver<DeadLetter<Work>>) -> TestCaseResult {
        self.close();
        self.jobs.resume_group(WORKERS);
        self.workers.iter_mut().for_each(|workers| workers.paused = false);
        self.serve_senders()?;
        let now = Instant::now();
        while !self.held.is_empty() {
            let back = |view: &mut View, at| view.give_back(at, 0, now);
            self.settle(
                0,
                |ack| {
                    drop(ack);
                    None
                },
                back,
            )?;
        }
        self.check()?;
        self.members.clear();
        if self.workers.is_some() {
            self.members.push(Member::Idle(self.join()));
        }
        let most = self.other.entries.len() + 1;
        for _ in 0..most {
            self.try_recv(0)?;
            self.settle(0, |ack| Some(ack.ack()), |view, at| view.entries[at].state = State::Taken)?;
            self.other_recv()?;
            self.subscriber_recv()?;
            self.hear_replies()?;
            self.check()?;
        }
        let (info, now) = (self.jobs.info(), Instant::now());
        prop_assert!(self.waiting.is_empty() && info.len == 0);
        for reader in &info.readers {
            prop_assert_eq!(reader.left, 0, "{:?}", reader);
        }
        for view in self.views() {
            prop_assert_eq!(view.left(now).0, 0, "{:?}", view);
        }
        // The callers have been told, and the dead letters are those that were given up.
        prop_assert!(self.asked.is_empty(), "{} callers wait", self.asked.len());
        if let Some(workers) = self.workers.take() {
            for entry in workers.entries.iter().filter(|_| self.rules.letters) {
                let died = matches!(entry.state, State::Queued | State::Back) && !entry.asked;
                if entry.state == State::Dead || died {
                    self.buried.insert(entry.number, entry.attempts);
                }
            }
        }
        let mut found = BTreeMap::new();
        while let Ok(letter) = letters.try_recv().map(Delivery::into_message) {
            let (number, attempts) = (letter.message.number, letter.attempts);
            let perhaps = self.perhaps.contains(&number) && letter.reason == DeadReason::Expired;
            if !perhaps || self.buried.contains_key(&number) {
                prop_assert!(found.insert(number, attempts).is_none(), "{number} is twice among the dead");
            }
        }
        prop_assert_eq!(found, self.buried);
        Ok(())
    }
}

/// Polls until it waits for somebody else.
fn settle_down<F: Future>(task: &mut Spawn<F>) -> Poll<F::Output> {
    for _ in 0..10 {
        let polled = task.poll();
        if polled.is_ready() || !task.is_woken() {
            return polled;
        }
    }
    panic!("wakes itself for ever");
}

fn found_none(view: &View, end: bool) -> TestCaseResult {
    let now = Instant::now();
    let (left, over) = view.left(now);
    prop_assert!(!view.has_some(now), "nothing was found though there is something: {:?}", view);
    if end {
        prop_assert!(view.closed && left == 0, "the end, though something is left: {:?}", view);
    } else {
        prop_assert!(!view.closed || left > 0 || view.paused && over > 0, "no end, though nothing is left");
    }
    Ok(())
}

fn rules() -> impl Strategy<Value = Rules> {
    (
        prop_oneof![Just(Keys::None), Just(Keys::Ordered), Just(Keys::Fair)],
        1..4_u32,
        prop_oneof![Just([0, 0]), Just([0, 7]), Just([5, 20])],
        prop_oneof![Just(usize::MAX), 1..4_usize],
        prop_oneof![Just(None), Just(Some(0)), Just(Some(10)), Just(Some(30))],
        any::<bool>(),
    )
        .prop_map(|(keys, max_deliver, backoff, max_in_flight, ack_wait, letters)| Rules {
            keys,
            max_deliver,
            backoff,
            max_in_flight,
            ack_wait,
            letters,
        })
}

proptest! {
    #![proptest_config(config(
        256,
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proptest-regressions/model_joint.txt"),
    ))]

    #[test]
    fn all_classes_of_traffic_together_account_for_every_message(
        critical in prop::option::of(1..4_usize),
        normal in 1..5_usize,
        low in prop::option::of(1..4_usize),
        max_bypass in 1..4_u32,
        rules in rules(),
        sampled: bool,
        operations in prop::collection::vec(operation(), 1..120),
    ) {
        let fabric = Fabric::new();
        let _sampling = sampled.then(|| fabric.sample_times());
        let mut builder = fabric.channel::<Work>("jobs").capacity(normal).no_default_timeout();
        let (mut capacities, mut of) = (Vec::new(), [usize::MAX; 4]);
        for (class, capacity) in [(0, critical), (2, Some(normal)), (3, low)] {
            let Some(capacity) = capacity else { continue };
            of[class] = capacities.len();
            capacities.push(capacity);
            builder = if class == 2 { builder } else { builder.lane(CLASSES[class], capacity) };
        }
        of = of.map(|lane| if lane == usize::MAX { of[2] } else { lane });
        let jobs = if capacities.len() > 1 { builder.max_bypass(max_bypass) } else { builder }.open().unwrap();
        let dead = fabric.channel("dead").capacity(1000).open().unwrap();
        let mut letters = dead.join("inspectors");
        let (receiver, subscriber) = (jobs.join("other"), jobs.subscribe());
        let view = |kind| View::new(kind, capacities.len(), max_bypass, false);
        let (other, subscribed) = (view(Kind::Group), view(Kind::Subscriber));
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        // Unconstrained: the list never yields, so the budget of a turn would run out.
        runtime.block_on(tokio::task::unconstrained(async {
            let mut model = Model {
                jobs: &jobs,
                dead: &dead,
                rules,
                max_bypass,
                lengths: vec![0; capacities.len()],
                capacities,
                of,
                workers: None,
                other,
                subscribed,
                members: Vec::new(),
                held: Vec::new(),
                receiver,
                subscriber,
                waiting: Vec::new(),
                asked: Vec::new(),
                replied: BTreeSet::new(),
                buried: BTreeMap::new(),
                perhaps: BTreeSet::new(),
                next_number: 0,
                closed: false,
            };
            model.apply(&Operation::Join).await?;
            for operation in &operations {
                model.apply(operation).await?;
            }
            model.finish(&mut letters)
        }))?;
    }
}
