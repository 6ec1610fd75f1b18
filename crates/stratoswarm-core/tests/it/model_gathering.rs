//! Random lists of operations on questions to all groups, while these come and go, against a model of what each may end as.

use crate::{
    accounts::assert_balanced,
    fixtures::{Number, channel},
    model::config,
};
use proptest::{prelude::*, test_runner::TestCaseResult};
use std::{collections::VecDeque, task::Poll, time::Duration};
use stratoswarm_core::{
    Channel, Delivery, Gathered, Gathering, Receiver, ReplyOutcome, RequestError, TryRecvError,
};
use tokio::time::{Instant, advance};
use tokio_test::task::{self, Spawn};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

#[derive(Debug, Clone)]
enum Operation {
    Send,
    Ask { need: Need, until_deadline: bool, timeout_ms: u64 },
    Advance { ms: u64 },
    Poll(usize),
    DropCaller(usize),
    Take { group: usize },
    Reply(usize),
    DropDelivery(usize),
    Join { group: usize },
    Remove { group: usize },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Need {
    All,
    First(usize),
    Quorum(usize),
}

fn operation() -> impl Strategy<Value = Operation> {
    (0..48_u8, 0..12_usize, any::<bool>()).prop_map(|(kind, index, until_deadline)| match kind {
        0..=2 => Operation::Send,
        3..=10 => {
            let need = match index % 3 {
                0 => Need::All,
                1 => Need::First(index / 3),
                _ => Need::Quorum(index / 3),
            };
            Operation::Ask { need, until_deadline, timeout_ms: 2 + index as u64 }
        }
        11..=12 => Operation::Advance { ms: 1 + index as u64 % 4 },
        13..=16 => Operation::Poll(index),
        17 => Operation::DropCaller(index),
        18..=29 => Operation::Take { group: index % NAMES.len() },
        30..=37 => Operation::Reply(index),
        38..=41 => Operation::DropDelivery(index),
        42..=44 => Operation::Join { group: index % NAMES.len() },
        _ => Operation::Remove { group: 1 + index % (NAMES.len() - 1) }, // one stays, so that there is a group
    })
}

/// What a group that was asked has done.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Open,
    Answered,
    Missing,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Open,
    /// Enough has come, or all that can; the caller has not looked.
    Over,
    /// The caller has its result.
    Done,
    /// The caller has gone, or was told that it expired.
    GivenUp,
}

struct Question<'a> {
    need: Need,
    until_deadline: bool,
    deadline: Instant,
    fate: Fate,
    /// By name and number of the group.
    parts: Vec<(&'static str, usize, Part)>,
    replies: Vec<(String, u64)>,
    caller: Option<Spawn<Gathering<'a, Number, Number>>>,
}

impl Question<'_> {
    fn overdue(&self) -> bool {
        self.deadline <= Instant::now()
    }

    fn strict(&self) -> Option<usize> {
        match self.need {
            Need::Quorum(count) if !self.until_deadline => Some(count),
            _ => None,
        }
    }

    /// Looks whether it is over now.
    fn look(&mut self) {
        let open = self.parts.iter().filter(|(.., part)| *part == Part::Open).count();
        let got = self.replies.len();
        let enough = matches!(self.need, Need::First(count) | Need::Quorum(count) if got >= count);
        if self.fate == Fate::Open
            && (open == 0 || enough || self.strict().is_some_and(|count| got + open < count))
        {
            self.fate = Fate::Over;
        }
    }

    /// This group answers, or will not; whether the caller gets the reply.
    fn decide(&mut self, group: usize, reply: Option<u64>) -> bool {
        let wanted = self.fate == Fate::Open && !self.overdue();
        let part = self.parts.iter_mut().find(|(_, number, part)| *number == group && *part == Part::Open);
        let (true, Some((name, _, part))) = (wanted, part) else { return false };
        *part = if reply.is_some() { Part::Answered } else { Part::Missing };
        self.replies.extend(reply.map(|reply| ((*name).to_owned(), reply)));
        self.look();
        true
    }

    fn gathered(&self) -> (Vec<(String, u64)>, Vec<&'static str>) {
        let missing = self.parts.iter().filter(|(.., part)| *part != Part::Answered);
        (self.replies.clone(), missing.map(|(name, ..)| *name).collect())
    }
}

struct Group {
    number: usize,
    receiver: Receiver<Number>,
    /// What it has to take: questions by their index, messages as none.
    queue: VecDeque<Option<usize>>,
}

struct Model<'a> {
    channel: &'a Channel<Number>,
    groups: [Option<Group>; NAMES.len()],
    questions: Vec<Question<'a>>,
    in_hand: Vec<(usize, usize, Delivery<Number>)>,
    groups_made: usize,
}

impl<'a> Model<'a> {
    fn new(channel: &'a Channel<Number>) -> Self {
        let groups = [const { None }; NAMES.len()];
        let mut model = Self { channel, groups, questions: Vec::new(), in_hand: Vec::new(), groups_made: 0 };
        model.join(0);
        model
    }

    fn join(&mut self, at: usize) {
        if self.groups[at].is_none() {
            let receiver = self.channel.join(NAMES[at]);
            self.groups[at] = Some(Group { number: self.groups_made, receiver, queue: VecDeque::new() });
            self.groups_made += 1;
        }
    }

    async fn apply(&mut self, operation: &Operation) -> TestCaseResult {
        match *operation {
            Operation::Send => {
                prop_assert!(self.channel.try_send(Number(u64::MAX)).is_ok());
                self.groups.iter_mut().flatten().for_each(|group| group.queue.push_back(None));
            }
            Operation::Ask { need, until_deadline, timeout_ms } => {
                self.ask(need, until_deadline, timeout_ms)?;
            }
            Operation::Advance { ms } => advance(Duration::from_millis(ms)).await,
            Operation::Poll(index) => self.poll(index)?,
            Operation::DropCaller(index) => {
                if let Some(question) = self.with_caller(index) {
                    question.caller = None;
                    question.fate = Fate::GivenUp;
                }
            }
            Operation::Take { group } => self.take(group)?,
            Operation::Reply(index) => self.reply(index)?,
            Operation::DropDelivery(index) => {
                if !self.in_hand.is_empty() {
                    let (question, group, delivery) = self.in_hand.remove(index % self.in_hand.len());
                    drop(delivery);
                    self.questions[question].decide(group, None);
                }
            }
            Operation::Join { group } => self.join(group),
            Operation::Remove { group } => {
                if let Some(gone) = self.groups[group].take() {
                    self.channel.remove_group(NAMES[group]);
                    for question in gone.queue.into_iter().flatten() {
                        self.questions[question].decide(gone.number, None);
                    }
                }
            }
        }
        assert_balanced(&self.channel.info());
        Ok(())
    }

    fn ask(&mut self, need: Need, until_deadline: bool, timeout_ms: u64) -> TestCaseResult {
        let timeout = Duration::from_millis(timeout_ms);
        let mut gathering = self.channel.request_all(Number(self.questions.len() as u64)).timeout(timeout);
        gathering = match need {
            Need::All => gathering,
            Need::First(count) => gathering.first(count),
            Need::Quorum(count) => gathering.quorum(count),
        };
        if until_deadline {
            gathering = gathering.until_deadline();
        }
        let mut caller = task::spawn(gathering);
        let group =
            |(name, group): (&'static str, &Option<Group>)| Some((name, group.as_ref()?.number, Part::Open));
        let mut parts: Vec<_> = NAMES.into_iter().zip(&self.groups).filter_map(group).collect();
        parts.sort_by_key(|(_, number, _)| *number);
        let deadline = Instant::now() + timeout;
        let mut question = Question {
            need,
            until_deadline,
            deadline,
            fate: Fate::Open,
            parts,
            replies: Vec::new(),
            caller: None,
        };
        let polled = caller.poll();
        if let Some(wanted) = question.strict().filter(|count| *count > question.parts.len()) {
            prop_assert_eq!(polled, Poll::Ready(Err(RequestError::NoQuorum { got: 0, wanted })));
            return Ok(());
        }
        let index = self.questions.len();
        self.groups.iter_mut().flatten().for_each(|group| group.queue.push_back(Some(index)));
        question.look();
        if question.fate == Fate::Over {
            question.fate = Fate::Done;
            prop_assert!(matches!(polled, Poll::Ready(Ok(_))), "{:?}", polled);
        } else {
            prop_assert!(polled.is_pending(), "{:?}", polled);
            question.caller = Some(caller);
        }
        self.questions.push(question);
        Ok(())
    }

    fn with_caller(&mut self, index: usize) -> Option<&mut Question<'a>> {
        let mut waiting: Vec<_> = self.questions.iter_mut().filter(|it| it.caller.is_some()).collect();
        if waiting.is_empty() {
            return None;
        }
        let index = index % waiting.len();
        Some(waiting.swap_remove(index))
    }

    fn poll(&mut self, index: usize) -> TestCaseResult {
        let Some(question) = self.with_caller(index) else { return Ok(()) };
        let caller = question.caller.as_mut().unwrap();
        let told = caller.is_woken();
        let polled = caller.poll();
        let (replies, missing) = question.gathered();
        let wanted = match question.need {
            Need::All => question.parts.len(),
            Need::First(count) | Need::Quorum(count) => count,
        };
        let no_quorum = Err(RequestError::NoQuorum { got: replies.len(), wanted });
        let same = |result: Result<Gathered<u64>, RequestError>| {
            let gathered = result.map(|it| (it.replies, it.missing))?;
            Ok((
                gathered.0,
                gathered
                    .1
                    .iter()
                    .map(|it| NAMES[NAMES.iter().position(|name| name == it).unwrap()])
                    .collect::<Vec<_>>(),
            ))
        };
        match (question.fate, polled) {
            (Fate::Open, Poll::Pending) => {
                prop_assert!(!question.overdue(), "waits beyond its deadline");
                return Ok(());
            }
            (Fate::Open, Poll::Ready(result)) => {
                prop_assert!(question.overdue(), "early: {result:?}");
                let expected = if question.until_deadline { Ok((replies, missing)) } else { no_quorum };
                prop_assert_eq!(same(result), expected);
                question.fate = Fate::GivenUp;
            }
            (Fate::Over, Poll::Ready(result)) => {
                prop_assert!(told, "nobody has told its caller");
                let failed = question.strict().is_some_and(|count| replies.len() < count);
                prop_assert_eq!(same(result), if failed { no_quorum } else { Ok((replies, missing)) });
                question.fate = Fate::Done;
            }
            (fate, polled) => prop_assert!(false, "{fate:?}, but the caller is told {polled:?}"),
        }
        question.caller = None;
        Ok(())
    }

    fn take(&mut self, at: usize) -> TestCaseResult {
        let Some(group) = &mut self.groups[at] else { return Ok(()) };
        let taken = group.receiver.try_recv();
        let dead = |question: &Question<'_>| question.fate == Fate::GivenUp || question.overdue();
        while let Some(Some(index)) = group.queue.front() {
            if !dead(&self.questions[*index]) {
                break;
            }
            group.queue.pop_front();
        }
        match (taken, group.queue.pop_front()) {
            (Err(TryRecvError::Empty), None) => {}
            (Ok(delivery), Some(None)) => prop_assert!(!delivery.is_request()),
            (Ok(delivery), Some(Some(index))) => {
                prop_assert_eq!((delivery.0, delivery.is_request()), (index as u64, true));
                self.in_hand.push((index, group.number, delivery));
            }
            (taken, expected) => prop_assert!(false, "{taken:?}, although {expected:?} is next"),
        }
        Ok(())
    }

    fn reply(&mut self, index: usize) -> TestCaseResult {
        if self.in_hand.is_empty() {
            return Ok(());
        }
        let (index, group, delivery) = self.in_hand.remove(index % self.in_hand.len());
        let reply = 100 * index as u64 + group as u64;
        let expected = if self.questions[index].decide(group, Some(reply)) {
            ReplyOutcome::Received
        } else {
            ReplyOutcome::TooLate(reply)
        };
        prop_assert_eq!(delivery.reply(reply), expected);
        Ok(())
    }

    /// Everybody finishes: each question has one outcome.
    async fn settle(&mut self) -> TestCaseResult {
        for (question, group, delivery) in std::mem::take(&mut self.in_hand) {
            drop(delivery);
            self.questions[question].decide(group, None);
        }
        advance(Duration::from_millis(20)).await;
        while self.questions.iter().any(|question| question.caller.is_some()) {
            self.poll(0)?;
        }
        for group in 0..NAMES.len() {
            while self.groups[group].as_ref().is_some_and(|group| !group.queue.is_empty()) {
                self.take(group)?;
            }
        }
        let info = self.channel.info();
        prop_assert_eq!(info.len, 0);
        let counts = info.requests;
        prop_assert_eq!(counts.asked, self.questions.len() as u64);
        let outcomes = counts.answered + counts.expired + counts.abandoned + counts.unanswered;
        prop_assert_eq!(outcomes, counts.asked, "{:?}", counts);
        Ok(())
    }
}

proptest! {
    #![proptest_config(config(
        2_000,
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proptest-regressions/model_gathering.txt"),
    ))]

    #[test]
    fn a_question_to_all_ends_with_what_its_groups_did(operations in prop::collection::vec(operation(), 1..120)) {
        let channel = channel(1_000);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        // Unconstrained: the list never yields, so the budget of a turn would run out.
        runtime.block_on(tokio::task::unconstrained(async {
            let mut model = Model::new(&channel);
            for operation in &operations {
                model.apply(operation).await?;
            }
            model.settle().await
        }))?;
    }
}
