//! Every short pattern of arrivals in a channel with lanes, whoever reads: what is handed out, and what waits how long.

use crate::accounts::assert_balanced;
use std::collections::VecDeque;
use stratoswarm_core::{AckPolicy, Channel, Fabric, Message, NoReply, Priority, Receiver, Subscriber};

const CLASSES: [Priority; 4] = [Priority::Critical, Priority::High, Priority::Normal, Priority::Low];

/// Its class, and its number in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Classed(Priority, usize);

impl Message for Classed {
    type Reply = NoReply;

    fn priority(&self) -> Priority {
        self.0
    }
}

enum Reader {
    Member(Receiver<Classed>),
    Subscriber(Subscriber<Classed>),
}

impl Reader {
    fn take(&mut self) -> Classed {
        let taken = match self {
            Self::Member(receiver) => receiver.try_recv().map(|delivery| delivery.into_message()),
            Self::Subscriber(subscriber) => subscriber.try_recv(),
        };
        taken.expect("something waits")
    }
}

/// One letter of a pattern: a message comes into this lane, or one is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Arrives(usize),
    Taken,
}

/// What the guarantee says of what waits for the readers, which take at the same moments.
struct Watch {
    classes: Vec<Priority>,
    max_bypass: u32,
    /// What waits in each lane.
    waiting: Vec<VecDeque<usize>>,
    arrived: Vec<usize>,
    /// How many messages of more urgent lanes overtook the next of each, and how many were handed out before it at all.
    overtaken: Vec<u32>,
    others: Vec<u32>,
    longest: Vec<u32>,
}

impl Watch {
    fn new(classes: &[Priority], max_bypass: u32) -> Self {
        let none = vec![0; classes.len()];
        Self {
            classes: classes.to_vec(),
            max_bypass,
            waiting: vec![VecDeque::new(); classes.len()],
            arrived: vec![0; classes.len()],
            overtaken: none.clone(),
            others: none.clone(),
            longest: none,
        }
    }

    fn is_late(&self, lane: usize) -> bool {
        !self.waiting[lane].is_empty() && self.overtaken[lane] >= self.max_bypass
    }

    fn arrives(&mut self, lane: usize) -> Classed {
        self.waiting[lane].push_back(self.arrived[lane]);
        self.arrived[lane] += 1;
        Classed(self.classes[lane], self.arrived[lane] - 1)
    }

    fn taken(&mut self, message: Classed) {
        let lane = self.classes.iter().position(|class| *class == message.0).unwrap();
        assert_eq!(self.waiting[lane].front(), Some(&message.1), "a lane is in order");
        // The most urgent, unless one that was overtaken as often as it may be has its turn.
        if (0..self.classes.len()).any(|lane| self.is_late(lane)) {
            assert!(self.is_late(lane), "another has its turn: {:?}, and not {lane}", self.overtaken);
        } else {
            assert!(self.waiting[..lane].iter().all(VecDeque::is_empty), "a more urgent one waits");
        }
        let bound = self.max_bypass + 2 * (self.classes.len() as u32 - 1);
        assert!(self.others[lane] <= bound, "handed out after {} others", self.others[lane]);
        self.longest[lane] = self.longest[lane].max(self.others[lane]);
        self.waiting[lane].pop_front();
        (self.overtaken[lane], self.others[lane]) = (0, 0);
        for other in (0..self.classes.len()).filter(|other| *other != lane) {
            let waits = u32::from(!self.waiting[other].is_empty());
            self.others[other] += waits;
            self.overtaken[other] += if lane < other { waits } else { 0 };
        }
    }
}

/// All patterns of so many letters: what comes between two takes comes in the order of its lanes, as in no other would it
/// make a difference; and nothing is taken where nothing is.
fn patterns(lanes: usize, letters: usize, then: &mut impl FnMut(&[Step])) {
    fn go(
        lanes: usize,
        left: usize,
        waiting: usize,
        pattern: &mut Vec<Step>,
        then: &mut impl FnMut(&[Step]),
    ) {
        if left == 0 {
            return then(pattern);
        }
        let first = match pattern.last() {
            Some(Step::Arrives(lane)) => *lane,
            _ => 0,
        };
        for lane in first..lanes {
            pattern.push(Step::Arrives(lane));
            go(lanes, left - 1, waiting + 1, pattern, then);
            pattern.pop();
        }
        if waiting > 0 {
            pattern.push(Step::Taken);
            go(lanes, left - 1, waiting - 1, pattern, then);
            pattern.pop();
        }
    }
    go(lanes, letters, 0, &mut Vec::new(), then);
}

/// Every pattern of so many letters, and then all is taken that is left; how long each lane waited at most.
fn run(
    lanes: usize,
    max_bypass: u32,
    letters: usize,
    join: impl Fn(&Channel<Classed>) -> Vec<Reader>,
) -> Vec<u32> {
    // `Normal` is always there.
    let classes = if lanes == 2 { &CLASSES[1..3] } else { &CLASSES[..lanes] };
    let fabric = Fabric::new();
    let builder = fabric.channel::<Classed>("classed").capacity(letters);
    let others = classes.iter().filter(|class| **class != Priority::Normal);
    let builder = others.fold(builder, |builder, class| builder.lane(*class, letters));
    let channel = builder.max_bypass(max_bypass).open_unlisted().unwrap();
    let mut readers = join(&channel);
    let mut watch = Watch::new(classes, max_bypass);
    patterns(lanes, letters, &mut |pattern| {
        let left = pattern.len() - 2 * pattern.iter().filter(|step| **step == Step::Taken).count();
        for step in pattern.iter().chain(std::iter::repeat_n(&Step::Taken, left)) {
            if let Step::Arrives(lane) = step {
                channel.try_send(watch.arrives(*lane)).expect("there is room");
                continue;
            }
            let taken = readers[0].take();
            for reader in &mut readers[1..] {
                assert_eq!(
                    reader.take(),
                    taken,
                    "who takes at the same moments is handed the same: {pattern:?}"
                );
            }
            watch.taken(taken);
        }
        assert!(channel.is_empty(), "{pattern:?}");
    });
    assert_balanced(&channel.info());
    watch.longest
}

#[test]
fn whatever_comes_when_a_lane_is_overtaken_no_more_often_than_it_may_be() {
    for (lanes, letters) in [(2, 10), (3, 9), (4, 7)] {
        for max_bypass in 1..=3 {
            let longest =
                run(lanes, max_bypass, letters, |channel| vec![Reader::Member(channel.join("workers"))]);
            assert!(longest[lanes - 1] >= max_bypass, "and more urgent ones go first up to then");
        }
    }
}

#[test]
fn readers_of_every_kind_are_handed_the_same_in_the_same_order() {
    let join = |channel: &Channel<Classed>| {
        let keeps = channel.group("keeps").ack(AckPolicy::explicit()).join().unwrap();
        let ordered = channel.group("ordered").ordered_by(|message: &Classed| message.1 % 2).join().unwrap();
        vec![
            Reader::Member(channel.join("workers")),
            Reader::Subscriber(channel.subscribe()),
            Reader::Member(keeps),
            Reader::Member(ordered),
        ]
    };
    for (lanes, letters) in [(2, 8), (3, 6), (4, 5)] {
        for max_bypass in 1..=2 {
            run(lanes, max_bypass, letters, join);
        }
    }
}
