//! Random lists of operations on requests of two groups, on a paused clock, against a model of what may happen to each.

use crate::{
    accounts::assert_balanced,
    fixtures::{Number, channel},
    model::config,
};
use proptest::{prelude::*, test_runner::TestCaseResult};
use std::{task::Poll, time::Duration};
use stratoswarm_core::{
    Channel, Receiver, ReplyOutcome, RequestError, Requesting, Responder, Stage, TryRecvError, TrySendError,
};
use tokio::time::{Instant, advance};
use tokio_test::task::{self, Spawn};

const GROUPS: usize = 2;

#[derive(Debug, Clone)]
enum Operation {
    Send,
    Ask { timeout_ms: u64 },
    Advance { ms: u64 },
    Poll(usize),
    DropCaller(usize),
    Take { group: usize },
    Reply(usize),
    DropResponder(usize),
}

fn operation() -> impl Strategy<Value = Operation> {
    (0..42_u8, 0..12_usize).prop_map(|(kind, index)| match kind {
        0..=2 => Operation::Send,
        3..=10 => Operation::Ask { timeout_ms: 1 + index as u64 },
        11..=14 => Operation::Advance { ms: 1 + index as u64 % 4 },
        15..=18 => Operation::Poll(index),
        19..=20 => Operation::DropCaller(index),
        21..=32 => Operation::Take { group: index % GROUPS },
        33..=38 => Operation::Reply(index),
        _ => Operation::DropResponder(index),
    })
}

#[derive(Debug, Clone, PartialEq)]
enum Fate {
    Open,
    /// Answered with this number; the caller has not looked.
    Answered(u64),
    /// Every group let it go before the deadline; the caller has not looked.
    Unanswered,
    /// The caller has its answer. A group may still have the request to do.
    Done,
    /// The caller has gone, or has been told that it expired.
    GivenUp,
}

struct Request<'a> {
    deadline: Instant,
    fate: Fate,
    handled: bool,
    /// Groups that may still answer.
    open_groups: usize,
    caller: Option<Spawn<Requesting<'a, Number, Number>>>,
}

impl Request<'_> {
    fn overdue(&self) -> bool {
        self.deadline <= Instant::now()
    }

    /// No handler gets it any more.
    fn is_dead(&self) -> bool {
        self.fate == Fate::GivenUp || self.overdue()
    }
}

struct Model<'a> {
    channel: &'a Channel<Number>,
    groups: Vec<(Receiver<Number>, usize)>,
    /// What was accepted: for a request its index.
    accepted: Vec<Option<usize>>,
    requests: Vec<Request<'a>>,
    in_flight: Vec<(usize, Responder<u64>)>,
}

impl<'a> Model<'a> {
    /// Messages some group still has to take; dead requests do not count when a sender looks.
    fn live(&self) -> usize {
        let slowest = self.groups.iter().map(|(_, next)| *next).min().unwrap();
        let dead = |request: &Option<usize>| request.is_some_and(|index| self.requests[index].is_dead());
        self.accepted[slowest..].iter().filter(|request| !dead(request)).count()
    }

    fn has_room(&self) -> bool {
        self.live() < self.channel.capacity()
    }

    async fn apply(&mut self, operation: &Operation) -> TestCaseResult {
        match *operation {
            Operation::Send => {
                let number = Number(self.accepted.len() as u64);
                let expected = if self.has_room() { Ok(()) } else { Err(TrySendError::Full(number.clone())) };
                if expected.is_ok() {
                    self.accepted.push(None);
                }
                prop_assert_eq!(self.channel.try_send(number), expected);
            }
            Operation::Ask { timeout_ms } => self.ask(timeout_ms)?,
            Operation::Advance { ms } => advance(Duration::from_millis(ms)).await,
            Operation::Poll(index) => self.poll(index)?,
            Operation::DropCaller(index) => {
                if let Some(request) = self.with_caller(index) {
                    request.caller = None;
                    if request.fate != Fate::Done {
                        request.fate = Fate::GivenUp;
                    }
                }
            }
            Operation::Take { group } => self.take(group)?,
            Operation::Reply(index) => self.reply(index)?,
            Operation::DropResponder(index) => {
                if !self.in_flight.is_empty() {
                    let (request, responder) = self.in_flight.remove(index % self.in_flight.len());
                    drop(responder);
                    self.let_go(request);
                }
            }
        }
        assert_balanced(&self.channel.info());
        Ok(())
    }

    fn ask(&mut self, timeout_ms: u64) -> TestCaseResult {
        let timeout = Duration::from_millis(timeout_ms);
        let number = Number(self.accepted.len() as u64);
        let mut caller = task::spawn(self.channel.try_request(number).timeout(timeout));
        let room = self.has_room();
        match caller.poll() {
            Poll::Pending => {
                prop_assert!(room, "accepted, although there is no room");
                self.accepted.push(Some(self.requests.len()));
                self.requests.push(Request {
                    deadline: Instant::now() + timeout,
                    fate: Fate::Open,
                    handled: false,
                    open_groups: GROUPS,
                    caller: Some(caller),
                });
            }
            Poll::Ready(answer) => {
                prop_assert_eq!(answer, Err(RequestError::Full));
                prop_assert!(!room, "full, although there is room");
            }
        }
        Ok(())
    }

    fn with_caller(&mut self, index: usize) -> Option<&mut Request<'a>> {
        let mut waiting: Vec<_> =
            self.requests.iter_mut().filter(|request| request.caller.is_some()).collect();
        if waiting.is_empty() {
            return None;
        }
        let index = index % waiting.len();
        Some(waiting.swap_remove(index))
    }

    fn poll(&mut self, index: usize) -> TestCaseResult {
        let Some(request) = self.with_caller(index) else { return Ok(()) };
        let polled = request.caller.as_mut().unwrap().poll();
        let overdue = request.overdue();
        match (&request.fate, polled) {
            (Fate::Open, Poll::Pending) => {
                prop_assert!(!overdue, "waits beyond its deadline");
                return Ok(());
            }
            (Fate::Open, Poll::Ready(Err(RequestError::Expired { stage, waited, .. }))) => {
                prop_assert!(overdue, "early: after {waited:?}");
                prop_assert_eq!(stage, if request.handled { Stage::Handling } else { Stage::Queued });
                request.fate = Fate::GivenUp;
            }
            (Fate::Answered(expected), Poll::Ready(Ok(answer))) => {
                prop_assert_eq!(answer, *expected);
                request.fate = Fate::Done;
            }
            (Fate::Unanswered, Poll::Ready(Err(RequestError::Unanswered))) => request.fate = Fate::GivenUp,
            (fate, polled) => {
                prop_assert!(false, "{fate:?}, overdue: {overdue}, but the caller is told {polled:?}");
            }
        }
        request.caller = None;
        Ok(())
    }

    fn take(&mut self, group: usize) -> TestCaseResult {
        let (receiver, next) = &mut self.groups[group];
        let taken = receiver.try_recv();
        // Dead requests are passed over.
        while let Some(Some(index)) = self.accepted.get(*next) {
            if !self.requests[*index].is_dead() {
                break;
            }
            *next += 1;
        }
        match (taken, self.accepted.get(*next)) {
            (Err(TryRecvError::Empty), None) => {}
            (Ok(delivery), Some(request)) => {
                prop_assert_eq!(delivery.0, *next as u64);
                prop_assert_eq!(delivery.is_request(), request.is_some());
                *next += 1;
                if let Some(index) = *request {
                    self.requests[index].handled |= self.requests[index].fate != Fate::GivenUp;
                    prop_assert_eq!(delivery.deadline(), Some(self.requests[index].deadline));
                    self.in_flight.push((index, delivery.into_parts().1));
                }
            }
            (Ok(delivery), None) => prop_assert!(false, "{} is not there any more", delivery.0),
            (Err(error), expected) => {
                prop_assert!(false, "{error:?}, although {expected:?} at {next} is next");
            }
        }
        Ok(())
    }

    fn reply(&mut self, index: usize) -> TestCaseResult {
        if self.in_flight.is_empty() {
            return Ok(());
        }
        let (index, responder) = self.in_flight.remove(index % self.in_flight.len());
        let request = &mut self.requests[index];
        let open = request.fate == Fate::Open;
        prop_assert_eq!(responder.is_closed(), !open || request.overdue());
        let reply = 1_000 + index as u64;
        match responder.send(reply) {
            ReplyOutcome::Received => {
                prop_assert!(open, "received in spite of {:?}", request.fate);
                request.fate = Fate::Answered(reply);
            }
            ReplyOutcome::TooLate(back) => {
                prop_assert_eq!(back, reply);
                prop_assert!(!open || request.overdue(), "too late for an open request in time");
            }
            ReplyOutcome::NotAsked(_) => prop_assert!(false, "it was asked for"),
        }
        self.let_go(index);
        Ok(())
    }

    /// A group is through with a request.
    fn let_go(&mut self, index: usize) {
        let request = &mut self.requests[index];
        request.open_groups -= 1;
        if request.open_groups == 0 && request.fate == Fate::Open && !request.overdue() {
            request.fate = Fate::Unanswered;
        }
    }

    /// Everybody finishes: each request asked has one outcome.
    async fn settle(&mut self) -> TestCaseResult {
        self.in_flight.drain(..).map(|(index, _)| index).collect::<Vec<_>>().into_iter().for_each(|index| {
            self.let_go(index);
        });
        advance(Duration::from_millis(20)).await;
        while self.requests.iter().any(|request| request.caller.is_some()) {
            self.poll(0)?;
        }
        for group in 0..GROUPS {
            while self.groups[group].1 < self.accepted.len() {
                self.take(group)?;
            }
        }
        let info = self.channel.info();
        prop_assert_eq!(info.len, 0);
        let counts = info.requests;
        let outcomes = counts.answered + counts.expired + counts.abandoned + counts.unanswered;
        prop_assert_eq!(counts.asked, self.requests.len() as u64);
        prop_assert_eq!(outcomes, counts.asked, "{:?}", counts);
        Ok(())
    }
}

proptest! {
    #![proptest_config(config(
        2_000,
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proptest-regressions/model_requests.txt"),
    ))]

    #[test]
    fn a_request_has_one_outcome_and_no_handler_gets_a_dead_one(
        capacity in 1..6_usize,
        operations in prop::collection::vec(operation(), 1..100),
    ) {
        let channel = channel(capacity);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        // Unconstrained: the list never yields, so the budget of a turn would run out.
        runtime.block_on(tokio::task::unconstrained(async {
            let mut model = Model {
                channel: &channel,
                groups: ["left", "right"].map(|name| (channel.join(name), 0)).into(),
                accepted: Vec::new(),
                requests: Vec::new(),
                in_flight: Vec::new(),
            };
            for operation in &operations {
                model.apply(operation).await?;
            }
            model.settle().await
        }))?;
    }
}
