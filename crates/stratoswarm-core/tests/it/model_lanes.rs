//! Random lists of operations on a channel with lanes whose messages expire, against a model: one queue for each lane and
//! reader, and the rule which comes next.

use crate::{accounts::assert_balanced, fixtures::Number, model::config};
use proptest::{prelude::*, test_runner::TestCaseResult};
use std::{collections::VecDeque, time::Duration};
use stratoswarm_core::{Channel, Fabric, Priority, Receiver, Subscriber};
use tokio::{
    runtime::{Builder, Runtime},
    time::{Instant, advance},
};
use tokio_test::task;

const CLASSES: [Priority; 4] = [Priority::Critical, Priority::High, Priority::Normal, Priority::Low];

#[derive(Debug, Clone)]
enum Operation {
    /// Of a class; good for so many milliseconds.
    Send(usize, Option<u64>),
    /// Several of one class after the other.
    Burst(usize, usize),
    Read(usize),
    ReadAll(usize),
    Advance(u64),
    Resize(usize, usize),
    Pause(usize),
    Resume(usize),
    Join,
    Subscribe,
    /// A member leaves, and its group with it; or a subscriber.
    Leave(usize),
}

fn operation() -> impl Strategy<Value = Operation> {
    let index = 0..8usize;
    prop_oneof![
        6 => (0..4usize, prop::option::of(1..6u64)).prop_map(|(class, ttl)| Operation::Send(class, ttl)),
        2 => (0..4usize, 1..6usize).prop_map(|(class, count)| Operation::Burst(class, count)),
        6 => index.clone().prop_map(Operation::Read),
        1 => index.clone().prop_map(Operation::ReadAll),
        3 => (1..4u64).prop_map(Operation::Advance),
        1 => (0..4usize, 1..6usize).prop_map(|(class, capacity)| Operation::Resize(class, capacity)),
        1 => index.clone().prop_map(Operation::Pause),
        2 => index.clone().prop_map(Operation::Resume),
        1 => Just(Operation::Join),
        1 => Just(Operation::Subscribe),
        1 => index.prop_map(Operation::Leave),
    ]
}

#[derive(Debug, Clone)]
struct Item {
    seq: u64,
    expires: Option<Instant>,
}

impl Item {
    fn is_over(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

enum Handle {
    Group(Receiver<Number>, String),
    Subscriber(Subscriber<Number>),
}

struct Reader {
    handle: Handle,
    lanes: Vec<VecDeque<Item>>,
    overtaken: Vec<u32>,
    paused: bool,
    expired: u64,
}

impl Reader {
    /// What it must be handed next.
    fn next(&mut self, max_bypass: u32, now: Instant) -> Option<u64> {
        if self.paused {
            return None;
        }
        loop {
            let waiting: Vec<_> =
                (0..self.lanes.len()).filter(|lane| !self.lanes[*lane].is_empty()).collect();
            let first = *waiting.first()?;
            let mut chosen = first;
            for lane in waiting.iter().skip(1) {
                let late = self.overtaken[*lane] >= max_bypass;
                if late && (chosen == first || self.overtaken[*lane] > self.overtaken[chosen]) {
                    chosen = *lane;
                }
            }
            let item = self.lanes[chosen].pop_front()?;
            if item.is_over(now) {
                self.expired += 1;
                continue; // nobody had a turn by that
            }
            for lane in 0..self.lanes.len() {
                if lane == chosen || self.lanes[lane].is_empty() {
                    self.overtaken[lane] = 0;
                } else if lane > chosen {
                    self.overtaken[lane] += 1;
                }
            }
            return Some(item.seq);
        }
    }

    fn read(&mut self) -> Option<u64> {
        match &mut self.handle {
            Handle::Group(receiver, _) => receiver.try_recv().ok().map(|delivery| {
                assert_eq!(delivery.seq(), delivery.0, "each number is a sequence number");
                delivery.into_message().0
            }),
            Handle::Subscriber(subscriber) => subscriber.try_recv().ok().map(|number| number.0),
        }
    }
}

struct Model {
    channel: Channel<Number>,
    runtime: Runtime,
    /// The lanes' capacities, the most urgent first.
    capacities: Vec<usize>,
    /// The lane of each class.
    of: [usize; 4],
    max_bypass: u32,
    readers: Vec<Reader>,
    sent: u64,
    joined: usize,
}

impl Model {
    fn new(lanes: &[Option<usize>], max_bypass: u32, sampled: bool) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let fabric = Fabric::new();
        let normal = lanes[2].unwrap_or(3);
        let mut builder = fabric.channel("numbers").capacity(normal);
        let (mut capacities, mut of) = (Vec::new(), [usize::MAX; 4]);
        for (at, class) in CLASSES.into_iter().enumerate() {
            let capacity = if class == Priority::Normal { Some(normal) } else { lanes[at] };
            if let Some(capacity) = capacity {
                of[at] = capacities.len();
                capacities.push(capacity);
                builder = if class == Priority::Normal { builder } else { builder.lane(class, capacity) };
            }
        }
        let normal = of[2];
        of.iter_mut().filter(|lane| **lane == usize::MAX).for_each(|lane| *lane = normal);
        let builder = if capacities.len() > 1 { builder.max_bypass(max_bypass) } else { builder };
        let (channel, joined) = (builder.open().unwrap(), 0);
        if sampled {
            std::mem::forget(fabric.sample_times()); // for ever
        }
        let mut model =
            Self { channel, runtime, capacities, of, max_bypass, readers: Vec::new(), sent: 0, joined };
        model.come(true);
        model
    }

    fn now(&self) -> Instant {
        let _guard = self.runtime.enter();
        Instant::now()
    }

    fn come(&mut self, group: bool) {
        let handle = if group {
            let name = format!("group {}", self.joined);
            self.joined += 1;
            Handle::Group(self.channel.group(&name).ephemeral().join().unwrap(), name)
        } else {
            Handle::Subscriber(self.channel.subscribe())
        };
        let lanes = self.capacities.len();
        let (queues, overtaken) = (vec![VecDeque::new(); lanes], vec![0; lanes]);
        self.readers.push(Reader { handle, lanes: queues, overtaken, paused: false, expired: 0 });
    }

    fn send(&mut self, class: usize, ttl: Option<u64>) -> TestCaseResult {
        let (now, lane) = (self.now(), self.of[class]);
        let live = |reader: &Reader| reader.lanes[lane].iter().filter(|item| !item.is_over(now)).count();
        let fits = self.readers.iter().all(|reader| live(reader) < self.capacities[lane]);
        let _guard = self.runtime.enter();
        let sending = self.channel.send(Number(self.sent)).priority(CLASSES[class]);
        let sent = match ttl {
            Some(ttl) => task::spawn(sending.ttl(Duration::from_millis(ttl))).poll().is_ready(),
            None => task::spawn(sending).poll().is_ready(),
        };
        prop_assert_eq!(sent, fits, "lane {} of {:?}", lane, self.capacities);
        if sent {
            let item = Item { seq: self.sent, expires: ttl.map(|ttl| now + Duration::from_millis(ttl)) };
            self.readers.iter_mut().for_each(|reader| reader.lanes[lane].push_back(item.clone()));
            self.sent += 1;
        }
        Ok(())
    }

    fn read(&mut self, reader: usize) -> Result<bool, TestCaseError> {
        let now = self.now();
        let _guard = self.runtime.enter();
        let reader = &mut self.readers[reader];
        let (expected, got) = (reader.next(self.max_bypass, now), reader.read());
        prop_assert_eq!(got, expected);
        Ok(got.is_some())
    }

    fn run(&mut self, operation: &Operation) -> TestCaseResult {
        let count = self.readers.len();
        match *operation {
            Operation::Send(class, ttl) => self.send(class, ttl)?,
            Operation::Burst(class, count) => (0..count).try_for_each(|_| self.send(class, None))?,
            Operation::Read(reader) => drop(self.read(reader % count)?),
            Operation::ReadAll(reader) => while self.read(reader % count)? {},
            Operation::Advance(ms) => self.runtime.block_on(advance(Duration::from_millis(ms))),
            Operation::Resize(class, capacity) => {
                let lane = self.of[class];
                let own = class == 2 || lane != self.of[2];
                prop_assert_eq!(self.channel.set_capacity(CLASSES[class], capacity).is_ok(), own);
                if own {
                    self.capacities[lane] = capacity;
                }
            }
            Operation::Pause(reader) | Operation::Resume(reader) => {
                let (paused, reader) =
                    (matches!(operation, Operation::Pause(_)), &mut self.readers[reader % count]);
                if let Handle::Group(_, name) = &reader.handle {
                    let known =
                        if paused { self.channel.pause_group(name) } else { self.channel.resume_group(name) };
                    prop_assert!(known);
                    reader.paused = paused;
                }
            }
            Operation::Join => self.come(true),
            Operation::Subscribe => self.come(false),
            Operation::Leave(reader) if count > 1 => drop(self.readers.swap_remove(reader % count)),
            Operation::Leave(_) => {}
        }
        let info = self.channel.info();
        prop_assert_eq!(info.sent, self.sent);
        for reader in &info.readers {
            prop_assert_eq!(reader.accepted, reader.taken + reader.skipped.total() + reader.left);
        }
        let expired: u64 = self.readers.iter().map(|reader| reader.expired).sum();
        let counted: u64 = info.readers.iter().map(|reader| reader.skipped.expired).sum();
        prop_assert_eq!(counted, expired);
        Ok(())
    }
}

proptest! {
    #![proptest_config(config(256, "tests/proptest-regressions/model_lanes.txt"))]

    #[test]
    fn a_channel_with_lanes_is_a_queue_for_each_and_a_rule(
        lanes in prop::array::uniform4(prop::option::of(1..5usize)),
        max_bypass in 1..5u32,
        sampled: bool,
        operations in prop::collection::vec(operation(), 1..120),
    ) {
        let mut model = Model::new(&lanes, max_bypass, sampled);
        for operation in &operations {
            model.run(operation)?;
        }
        for reader in 0..model.readers.len() {
            let reader = &mut model.readers[reader];
            if let Handle::Group(_, name) = &reader.handle {
                model.channel.resume_group(name);
            }
            reader.paused = false;
        }
        for reader in 0..model.readers.len() {
            while model.read(reader)? {}
        }
        assert_balanced(&model.channel.info());
    }
}
