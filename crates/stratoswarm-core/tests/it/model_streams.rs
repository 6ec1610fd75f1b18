//! Random lists of operations on reply streams whose handlers are two groups, against a queue and who owns it.

use crate::{
    fixtures::{Number, channel},
    model::config,
};
use futures::FutureExt;
use proptest::{prelude::*, test_runner::TestCaseResult};
use std::{collections::VecDeque, time::Duration};
use stratoswarm_core::{
    Receiver, ReplyOutcome, ReplyStream, RequestError, Responder, StreamResponder, TrySendError,
};
use tokio::time::{Instant, advance};

const GROUPS: usize = 2;

#[derive(Debug, Clone)]
enum Operation {
    Recv,
    Take(usize),
    /// Makes the responder into a stream.
    Stream(usize),
    Send(usize),
    Reply(usize),
    DropHandler(usize),
    DropCaller,
    Advance(u64),
}

fn operation() -> impl Strategy<Value = Operation> {
    (0..60_u8, 0..GROUPS, 1..4_u64).prop_map(|(kind, group, ms)| match kind {
        0..=19 => Operation::Recv,
        20..=25 => Operation::Take(group),
        26..=31 => Operation::Stream(group),
        32..=52 => Operation::Send(group),
        53..=54 => Operation::Reply(group),
        55..=57 => Operation::DropHandler(group),
        58 => Operation::DropCaller,
        _ => Operation::Advance(ms),
    })
}

enum Handler {
    /// Has yet to take it.
    Before,
    Asked(Responder<u64>),
    Streams(StreamResponder<u64>),
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Open,
    /// Of this group.
    Flows(usize),
    Ended,
    Unanswered,
    /// The caller has gone, or was told its end.
    Over,
}

struct Model<'a> {
    caller: Option<ReplyStream<'a, Number, Number>>,
    members: [Receiver<Number>; GROUPS],
    handlers: [Handler; GROUPS],
    buffer: usize,
    waiting: VecDeque<u64>,
    fate: Fate,
    deadline: Instant,
    sent: u64,
}

impl Model<'_> {
    fn overdue(&self) -> bool {
        self.fate == Fate::Open && self.deadline <= Instant::now()
    }

    async fn step(&mut self, operation: &Operation) -> TestCaseResult {
        match *operation {
            Operation::Recv => self.recv()?,
            Operation::Take(group) => {
                if let Handler::Before = self.handlers[group] {
                    let taken = self.members[group].try_recv();
                    // One that flows already is the other's to do, too.
                    let wanted = !self.overdue() && self.fate != Fate::Over;
                    prop_assert!(!wanted || taken.is_ok());
                    prop_assert!(!self.overdue() || taken.is_err());
                    self.handlers[group] =
                        taken.map_or(Handler::Gone, |delivery| Handler::Asked(delivery.into_parts().1));
                }
            }
            Operation::Stream(group) => {
                self.handlers[group] = match std::mem::replace(&mut self.handlers[group], Handler::Gone) {
                    Handler::Asked(responder) => Handler::Streams(responder.into_stream()),
                    other => other,
                };
            }
            Operation::Send(group) => self.send(group)?,
            Operation::Reply(group) => {
                if let Handler::Asked(_) = self.handlers[group]
                    && let Handler::Asked(responder) =
                        std::mem::replace(&mut self.handlers[group], Handler::Gone)
                {
                    let wanted = self.fate == Fate::Open && !self.overdue();
                    prop_assert_eq!(responder.is_closed(), !wanted);
                    let outcome = responder.send(self.sent);
                    if wanted {
                        prop_assert_eq!(outcome, ReplyOutcome::Received);
                        self.waiting.push_back(self.sent);
                        self.fate = Fate::Ended;
                    } else {
                        prop_assert_eq!(outcome, ReplyOutcome::TooLate(self.sent));
                    }
                    self.sent += 1;
                }
            }
            Operation::DropHandler(group) => self.drop_handler(group),
            Operation::DropCaller => {
                if self.caller.take().is_some() {
                    self.fate = Fate::Over;
                    self.waiting.clear();
                }
            }
            Operation::Advance(ms) => advance(Duration::from_millis(ms)).await,
        }
        Ok(())
    }

    fn send(&mut self, group: usize) -> TestCaseResult {
        let overdue = self.overdue();
        let Handler::Streams(out) = &mut self.handlers[group] else { return Ok(()) };
        let wanted = self.fate == Fate::Open && !overdue || self.fate == Fate::Flows(group);
        prop_assert_eq!(out.is_closed(), !wanted);
        let number = self.sent;
        self.sent += 1;
        let expected = if !wanted {
            Err(TrySendError::Closed(number))
        } else if self.waiting.len() == self.buffer {
            Err(TrySendError::Full(number))
        } else {
            self.waiting.push_back(number);
            self.fate = Fate::Flows(group);
            Ok(())
        };
        prop_assert_eq!(out.try_send(number), expected);
        Ok(())
    }

    fn drop_handler(&mut self, group: usize) {
        let overdue = self.overdue();
        match std::mem::replace(&mut self.handlers[group], Handler::Gone) {
            Handler::Before => self.handlers[group] = Handler::Before,
            Handler::Streams(_) => {
                if self.fate == Fate::Open && !overdue || self.fate == Fate::Flows(group) {
                    self.fate = Fate::Ended;
                }
            }
            Handler::Asked(_) => {
                let last = self.handlers.iter().all(|handler| matches!(handler, Handler::Gone));
                if last && self.fate == Fate::Open && !overdue {
                    self.fate = Fate::Unanswered;
                }
            }
            Handler::Gone => {}
        }
    }

    fn recv(&mut self) -> TestCaseResult {
        let overdue = self.overdue();
        let Some(caller) = &mut self.caller else { return Ok(()) };
        let row = caller.recv().now_or_never();
        if let Some(number) = self.waiting.pop_front() {
            prop_assert_eq!(row, Some(Some(Ok(number))));
            return Ok(());
        }
        match self.fate {
            Fate::Open if overdue => {
                let expired = matches!(row, Some(Some(Err(RequestError::Expired { .. }))));
                prop_assert!(expired, "{:?}", row);
                self.fate = Fate::Over;
            }
            Fate::Open | Fate::Flows(_) => prop_assert_eq!(row, None),
            Fate::Ended => prop_assert_eq!(row, Some(None)),
            Fate::Unanswered => {
                prop_assert_eq!(row, Some(Some(Err(RequestError::Unanswered))));
                self.fate = Fate::Over;
            }
            Fate::Over => prop_assert_eq!(row, Some(None), "it has ended"),
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(config(
        2_000,
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proptest-regressions/model_streams.txt"),
    ))]

    #[test]
    fn a_stream_is_a_queue_of_the_first_that_sends(
        buffer in 1..4_usize,
        timeout_ms in 1..12_u64,
        operations in prop::collection::vec(operation(), 1..80),
    ) {
        let channel = channel(4);
        let members = ["left", "right"].map(|name| channel.join(name));
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        // Unconstrained: the list never yields, so the budget of a turn would run out.
        runtime.block_on(tokio::task::unconstrained(async {
            let timeout = Duration::from_millis(timeout_ms);
            let mut caller = channel.request_stream(Number(0)).buffer(buffer).timeout(timeout);
            assert!(caller.recv().now_or_never().is_none());
            let mut model = Model {
                caller: Some(caller),
                members,
                handlers: [Handler::Before, Handler::Before],
                buffer,
                waiting: VecDeque::new(),
                fate: Fate::Open,
                deadline: Instant::now() + timeout,
                sent: 0,
            };
            for operation in &operations {
                model.step(operation).await?;
            }
            Ok::<_, TestCaseError>(())
        }))?;
        let counts = channel.info().requests;
        prop_assert_eq!(counts.asked, 1);
        prop_assert_eq!(counts.answered + counts.expired + counts.abandoned + counts.unanswered, 1, "{:?}", counts);
    }
}
