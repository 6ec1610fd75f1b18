//! Random lists of operations on a lossless channel, against a model of a page: what was accepted, and cursors.
//!
//! `PROPTEST_CASES` sets the number of cases. A list that fails is kept in `tests/proptest-regressions`.

use crate::{
    accounts::assert_balanced,
    fixtures::{Number, park, ready},
    model_reads::{Got, Way, hear},
};
use proptest::{
    prelude::*,
    test_runner::{FileFailurePersistence, TestCaseResult},
};
use std::collections::VecDeque;
use stratoswarm_core::{
    Channel, Fabric, LossySubscriber, Permit, ReaderKind, Receiver, SendError, Sending, Subscriber,
    TrySendError,
};
use tokio_test::task::{self, Spawn};

pub(crate) fn config(cases: u32, regressions: &'static str) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases);
    ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(regressions))),
        ..ProptestConfig::default()
    }
}

// Indices are taken modulo what there is to choose from.
#[derive(Debug, Clone)]
enum Operation {
    TrySend,
    Send,
    SendMany(usize),
    Poll(usize),
    Cancel(usize),
    Reserve,
    UsePermit(usize),
    DropPermit(usize),
    TryRecv(usize),
    Recv(usize),
    RecvMany(usize, usize),
    Join { group: usize, from_oldest: bool },
    Subscribe { from_oldest: bool },
    Tap,
    Leave(usize),
    RemoveGroup(usize),
    Close,
}

/// Drawn from three small numbers: that is much cheaper than a choice among strategies, and there are many.
fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    (0..67_u8, 0..8_usize, 0..4_usize).prop_map(|(kind, index, small)| match kind {
        0..=7 => TrySend,
        8..=15 => Send,
        16..=18 => SendMany(small + 1),
        19..=22 => Poll(index),
        23..=25 => Cancel(index),
        26..=27 => Reserve,
        28..=29 => UsePermit(index),
        30 => DropPermit(index),
        31..=42 => TryRecv(index),
        43..=48 => Recv(index),
        49..=52 => RecvMany(index, small + 1),
        53..=56 => Join { group: index % 2, from_oldest: small % 2 == 0 },
        57..=59 => Subscribe { from_oldest: small % 2 == 0 },
        60 => Tap,
        61..=63 => Leave(index),
        64..=65 => RemoveGroup(index % 2),
        _ => Close,
    })
}

const GROUPS: [&str; 2] = ["left", "right"];
const MOST_READERS: usize = 4;

enum Reader {
    Member { group: usize, receiver: Receiver<Number> },
    Subscriber { next: usize, subscriber: Subscriber<Number> },
    Tap { next: usize, tap: LossySubscriber<Number> },
}

/// A send that waited when it was first polled.
struct Waiting<'a> {
    number: u64,
    granted: bool,
    send: Spawn<Sending<'a, Number>>,
}

/// The channel and what is known about it.
struct Model<'a> {
    channel: &'a Channel<Number>,
    capacity: usize,
    /// All that was accepted, in order; cursors are indices into it.
    accepted: Vec<u64>,
    next_number: u64,
    closed: bool,
    groups: [Option<usize>; 2],
    readers: Vec<Reader>,
    /// Where a first reader starts while there is none.
    kept_from: usize,
    waiting: VecDeque<Waiting<'a>>,
    permits: Vec<Permit<'a, Number>>,
}

impl<'a> Model<'a> {
    fn new(channel: &'a Channel<Number>) -> Self {
        Self {
            channel,
            capacity: channel.capacity(),
            accepted: Vec::new(),
            next_number: 0,
            closed: false,
            groups: [None; 2],
            readers: Vec::new(),
            kept_from: 0,
            waiting: VecDeque::new(),
            permits: Vec::new(),
        }
    }

    fn slowest(&self) -> Option<usize> {
        let subscribers = self.readers.iter().filter_map(|reader| match reader {
            Reader::Subscriber { next, .. } => Some(*next),
            Reader::Member { .. } | Reader::Tap { .. } => None,
        });
        self.groups.iter().copied().flatten().chain(subscribers).min()
    }

    fn oldest_kept(&self) -> usize {
        self.slowest().unwrap_or(self.kept_from)
    }

    fn len(&self) -> usize {
        self.accepted.len() - self.oldest_kept()
    }

    fn granted(&self) -> usize {
        self.waiting.iter().filter(|waiting| waiting.granted).count()
    }

    fn room(&self) -> usize {
        self.capacity.saturating_sub(self.len() + self.permits.len() + self.granted())
    }

    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// Freed places go to the longest waiters, who are told.
    fn grant(&mut self) -> TestCaseResult {
        while self.room() > 0
            && let Some(longest) = self.waiting.iter_mut().find(|waiting| !waiting.granted)
        {
            longest.granted = true;
        }
        for waiting in &self.waiting {
            prop_assert_eq!(waiting.send.is_woken(), waiting.granted, "the send of {}", waiting.number);
        }
        Ok(())
    }

    /// A reader or a group went; `slowest` is from before.
    fn after_leaving(&mut self, slowest: Option<usize>) {
        if slowest.is_some() && self.slowest().is_none() {
            self.kept_from = self.accepted.len();
        }
    }

    fn apply(&mut self, operation: &Operation) -> TestCaseResult {
        match *operation {
            Operation::TrySend => self.try_send()?,
            Operation::Send => self.send()?,
            Operation::SendMany(count) => self.send_many(count)?,
            Operation::Poll(index) => self.poll(index)?,
            Operation::Cancel(index) => {
                if !self.waiting.is_empty() {
                    let index = index % self.waiting.len();
                    self.waiting.remove(index);
                }
            }
            Operation::Reserve => self.reserve()?,
            Operation::UsePermit(index) => {
                if !self.permits.is_empty() {
                    let permit = self.permits.remove(index % self.permits.len());
                    let number = self.number();
                    permit.send(Number(number));
                    self.accepted.push(number);
                }
            }
            Operation::DropPermit(index) => {
                if !self.permits.is_empty() {
                    drop(self.permits.remove(index % self.permits.len()));
                }
            }
            Operation::TryRecv(index) => self.recv(index, Way::Try)?,
            Operation::Recv(index) => self.recv(index, Way::Once)?,
            Operation::RecvMany(index, limit) => self.recv(index, Way::Many(limit))?,
            Operation::Join { group, from_oldest } => self.join(group, from_oldest),
            Operation::Subscribe { from_oldest } => self.subscribe(from_oldest),
            Operation::Tap => {
                if self.readers.len() < MOST_READERS {
                    self.readers.push(Reader::Tap { next: self.accepted.len(), tap: self.channel.tap() });
                }
            }
            Operation::Leave(index) => {
                if !self.readers.is_empty() {
                    let slowest = self.slowest();
                    drop(self.readers.remove(index % self.readers.len()));
                    self.after_leaving(slowest);
                }
            }
            Operation::RemoveGroup(group) => self.remove_group(group)?,
            Operation::Close => self.close()?,
        }
        self.grant()?;
        self.check()
    }

    fn try_send(&mut self) -> TestCaseResult {
        let number = self.number();
        let expected = if self.closed {
            Err(TrySendError::Closed(Number(number)))
        } else if self.room() == 0 {
            Err(TrySendError::Full(Number(number)))
        } else {
            self.accepted.push(number);
            Ok(())
        };
        prop_assert_eq!(self.channel.try_send(Number(number)), expected);
        Ok(())
    }

    fn send(&mut self) -> TestCaseResult {
        let number = self.number();
        let mut send = task::spawn(self.channel.send(Number(number)));
        if self.closed {
            prop_assert_eq!(ready(&mut send), Err(SendError(Number(number))));
        } else if self.room() > 0 {
            prop_assert_eq!(ready(&mut send), Ok(()));
            self.accepted.push(number);
        } else {
            park(&mut send);
            self.waiting.push_back(Waiting { number, granted: false, send });
        }
        Ok(())
    }

    /// Sends what finds room and cancels the rest.
    fn send_many(&mut self, count: usize) -> TestCaseResult {
        let numbers: Vec<_> = (0..count).map(|_| self.number()).collect();
        let mut batch: Vec<_> = numbers.iter().copied().map(Number).collect();
        let fits = if self.closed { 0 } else { self.room().min(count) };
        let mut sending = task::spawn(self.channel.send_many(&mut batch));
        if self.closed {
            prop_assert!(ready(&mut sending).is_err());
        } else if fits == count {
            prop_assert!(ready(&mut sending).is_ok());
        } else {
            park(&mut sending);
        }
        drop(sending);
        let rest: Vec<_> = numbers[fits..].iter().copied().map(Number).collect();
        prop_assert_eq!(batch, rest);
        self.accepted.extend(&numbers[..fits]);
        Ok(())
    }

    fn poll(&mut self, index: usize) -> TestCaseResult {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let index = index % self.waiting.len();
        if !self.waiting[index].granted {
            prop_assert!(self.waiting[index].send.poll().is_pending());
            return Ok(());
        }
        let mut waiting = self.waiting.remove(index).expect("the index is below the length");
        prop_assert_eq!(ready(&mut waiting.send), Ok(()));
        self.accepted.push(waiting.number);
        Ok(())
    }

    fn reserve(&mut self) -> TestCaseResult {
        let expected = !self.closed && self.room() > 0;
        let permit = self.channel.try_reserve();
        prop_assert_eq!(permit.is_ok(), expected);
        self.permits.extend(permit.ok());
        Ok(())
    }

    fn join(&mut self, group: usize, from_oldest: bool) {
        if self.readers.len() >= MOST_READERS {
            return;
        }
        let options = self.channel.group(GROUPS[group]);
        let start =
            if from_oldest || self.slowest().is_none() { self.oldest_kept() } else { self.accepted.len() };
        let new = self.groups[group].is_none();
        let receiver = if from_oldest && new { options.from_oldest() } else { options }.join().unwrap();
        self.groups[group].get_or_insert(start);
        self.readers.push(Reader::Member { group, receiver });
    }

    fn subscribe(&mut self, from_oldest: bool) {
        if self.readers.len() >= MOST_READERS {
            return;
        }
        let next =
            if from_oldest || self.slowest().is_none() { self.oldest_kept() } else { self.accepted.len() };
        let subscriber = self.channel.subscribe();
        let subscriber = if from_oldest { subscriber.from_oldest() } else { subscriber };
        self.readers.push(Reader::Subscriber { next, subscriber });
    }

    fn remove_group(&mut self, group: usize) -> TestCaseResult {
        let has_members = self
            .readers
            .iter()
            .any(|reader| matches!(reader, Reader::Member { group: of, .. } if *of == group));
        if !has_members {
            let slowest = self.slowest();
            let left = self.groups[group].take().map_or(0, |next| self.accepted.len() - next);
            prop_assert_eq!(self.channel.remove_group(GROUPS[group]), left);
            self.after_leaving(slowest);
        }
        Ok(())
    }

    fn close(&mut self) -> TestCaseResult {
        // Those that were granted a place are in before the close; the others are refused.
        while let Some(index) = self.waiting.iter().position(|waiting| waiting.granted) {
            self.poll(index)?;
        }
        self.channel.close();
        self.closed = true;
        for mut waiting in std::mem::take(&mut self.waiting) {
            prop_assert_eq!(ready(&mut waiting.send), Err(SendError(Number(waiting.number))));
        }
        Ok(())
    }

    fn recv(&mut self, index: usize, way: Way) -> TestCaseResult {
        if self.readers.is_empty() {
            return Ok(());
        }
        let index = index % self.readers.len();
        let ended = self.closed && self.permits.is_empty();
        let (next, got) = match &mut self.readers[index] {
            Reader::Member { group, receiver } => {
                let next = self.groups[*group].as_mut().expect("a group with members exists");
                (next, way.receiver(receiver))
            }
            Reader::Subscriber { next, subscriber } => (next, way.subscriber(subscriber)),
            Reader::Tap { next, tap } => return hear(next, &self.accepted, &tap.try_recv(), ended),
        };
        let available = self.accepted.len() - *next;
        match got {
            Got::Numbers(numbers) => {
                prop_assert!(!numbers.is_empty());
                prop_assert!(numbers.len() <= available, "{numbers:?} of {available}");
                prop_assert_eq!(&numbers[..], &self.accepted[*next..*next + numbers.len()]);
                *next += numbers.len();
            }
            Got::Nothing => prop_assert!(available == 0 && !ended, "nothing, although {available} are left"),
            Got::End => prop_assert!(available == 0 && ended, "the end, although {available} are left"),
        }
        Ok(())
    }

    fn left(&self, index: usize) -> usize {
        let next = match &self.readers[index] {
            Reader::Member { group, .. } => self.groups[*group].expect("a group with members exists"),
            Reader::Subscriber { next, .. } | Reader::Tap { next, .. } => *next,
        };
        self.accepted.len() - next
    }

    fn check(&self) -> TestCaseResult {
        let info = self.channel.info();
        assert_balanced(&info);
        prop_assert_eq!(info.len, self.len());
        prop_assert_eq!(self.channel.len(), self.len());
        prop_assert_eq!(info.permits, self.permits.len());
        prop_assert_eq!(info.sent, self.accepted.len() as u64);
        prop_assert_eq!(info.is_closed, self.closed);
        for (name, next) in GROUPS.iter().zip(self.groups) {
            let found =
                info.readers.iter().find(|reader| reader.kind == ReaderKind::Group && reader.name == *name);
            let left = next.map(|next| (self.accepted.len() - next) as u64);
            prop_assert_eq!(found.map(|group| group.left), left, "what is left for {}", name);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(config(3_000, concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proptest-regressions/model.txt")))]

    #[test]
    fn a_channel_is_a_bounded_log_with_cursors(
        capacity in 1..6_usize,
        sampled: bool,
        operations in prop::collection::vec(operation(), 1..120),
    ) {
        let fabric = Fabric::new();
        let _sampling = sampled.then(|| fabric.sample_times());
        let channel = fabric.channel("numbers").capacity(capacity).open().unwrap();
        let mut model = Model::new(&channel);
        for operation in &operations {
            model.apply(operation)?;
        }
        // In the end everybody gets what is left for them.
        model.close()?;
        model.permits.clear();
        for index in 0..model.readers.len() {
            while model.left(index) > 0 {
                model.recv(index, Way::Try)?;
            }
            model.recv(index, Way::Try)?;
        }
        model.check()?;
    }
}
