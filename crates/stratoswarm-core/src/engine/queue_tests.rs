//! Two queues, of which one begins where the other ends, against two maps from numbers to messages; also of a lane, where a
//! message's sequence number is another.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    panic::resume_unwind,
    sync::Arc,
    task::Waker,
};

use proptest::prelude::*;

use super::{Batch, InFlightGuard, Queue, Tag, Taken};
use crate::request::{AnyCell, AnyResponder, ReplyCell};

/// Every seventh cannot be cloned.
#[derive(Debug, PartialEq, Eq)]
struct Word(u64);

impl Clone for Word {
    fn clone(&self) -> Self {
        if self.0 % 7 == 3 {
            resume_unwind(Box::new("no clone")); // without the panic hook
        }
        Self(self.0)
    }
}

/// What a queue should hold: of each number its message, and of requests whether their places were given up.
#[derive(Debug, Default)]
struct Model {
    at: BTreeMap<u64, (u64, Option<bool>)>,
    end: u64,
}

impl Model {
    fn push(&mut self, word: u64, request: Option<bool>) {
        self.at.insert(self.end, (word, request));
        self.end += 1;
    }

    fn released(&self, from: u64) -> u64 {
        self.at.range(from..).filter(|(_, (_, request))| *request == Some(true)).count() as u64
    }
}

#[derive(Debug, Clone)]
enum Step {
    Push,
    PushRequest,
    PushMany(usize, usize),
    /// From the front queue.
    Take,
    TakeMany(usize),
    PopPlain,
    Move(usize),
    Copy(usize),
    Gap(u32),
    Release(u64),
    ReleaseEvery(u64),
    /// Gives the request of a message behind to its copy in front.
    Attach(u64),
    DropBefore(u64),
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Push),
        4 => Just(Step::PushRequest),
        1 => (0_usize..9, 0_usize..9).prop_map(|(of, count)| Step::PushMany(of, count)),
        4 => Just(Step::Take),
        2 => (0_usize..6).prop_map(Step::TakeMany),
        2 => Just(Step::PopPlain),
        3 => (0_usize..6).prop_map(Step::Move),
        3 => (0_usize..6).prop_map(Step::Copy),
        2 => (1_u32..4).prop_map(Step::Gap),
        2 => (0_u64..12).prop_map(Step::Release),
        1 => (2_u64..5).prop_map(Step::ReleaseEvery),
        3 => (0_u64..12).prop_map(Step::Attach),
        1 => (0_u64..4).prop_map(Step::DropBefore),
        1 => Just(Step::Clear),
    ];
    prop::collection::vec(step, 0..80)
}

#[derive(Default)]
struct Words(Vec<(u64, u64)>);

impl Batch<Word, (u64, u64)> for Words {
    fn buffer(&mut self) -> &mut Vec<(u64, u64)> {
        &mut self.0
    }

    fn plain(message: Word, number: u64, _: InFlightGuard) -> (u64, u64) {
        (number, message.0)
    }

    fn take(&mut self, taken: Taken<Word>) -> bool {
        self.0.push((taken.number, taken.message.0));
        true
    }
}

/// A request that knows its number.
fn request(number: u64) -> AnyResponder {
    let caller = crate::stats::Caller::here(crate::stats::WaitKind::Request, std::panic::Location::caller());
    let cell = ReplyCell::<u32>::new(None, number as usize, caller, Waker::noop().clone());
    AnyResponder::first(Arc::new(cell))
}

fn number(of: &dyn AnyCell) -> u64 {
    of.channel() as u64
}

/// `lane`: each word is its message's sequence number.
fn check(queue: &Queue<Word>, model: &Model, lane: bool) -> Result<(), TestCaseError> {
    let held: BTreeMap<_, _> = queue
        .numbered()
        .map(|(number, message, tag)| (number, (message.0, tag.map(|tag| tag.released))))
        .collect();
    prop_assert_eq!(&held, &model.at);
    prop_assert_eq!((queue.len(), queue.is_empty()), (model.at.len(), model.at.is_empty()));
    prop_assert_eq!(queue.end(), model.end);
    if lane {
        let seqs = model.at.values().map(|(word, _)| *word);
        prop_assert_eq!(queue.seqs().collect::<Vec<_>>(), seqs.collect::<Vec<_>>());
    }
    prop_assert_eq!(queue.released(), model.released(0));
    for from in queue.front()..=queue.end() {
        prop_assert_eq!(queue.released_from(from, true), model.released(from));
    }
    let requests: Vec<_> =
        queue.requests().map(|(at, of, released)| (at, of.cell().map(number), released)).collect();
    let expected = model.at.iter().filter_map(|(at, (_, request))| Some((*at, Some(*at), (*request)?)));
    prop_assert_eq!(requests, expected.collect::<Vec<_>>());
    Ok(())
}

/// Both queues, and what they should hold.
struct Pair {
    front: Queue<Word>,
    behind: Queue<Word>,
    model_front: Model,
    model_behind: Model,
    words: u64,
    lane: bool,
}

impl Pair {
    fn new(lane: bool) -> Self {
        let (front, behind) =
            if lane { (Queue::with_seqs(), Queue::with_seqs()) } else { (Queue::new(), Queue::new()) };
        Self { front, behind, model_front: Model::default(), model_behind: Model::default(), words: 0, lane }
    }

    fn word(&mut self) -> Word {
        self.words += 1;
        if self.lane {
            self.words = self.words.max(self.model_behind.end); // no number is ahead of its sequence number
        }
        Word(self.words)
    }

    fn push(&mut self, request: Option<AnyResponder>) {
        let (word, number) = (self.word(), self.model_behind.end);
        self.model_behind.push(word.0, request.as_ref().map(|_| false));
        match request {
            _ if self.lane => {
                let seq = word.0;
                self.behind.push_numbered(word, seq, request.map(|it| Tag::request(number, it, 1)), 1000);
            }
            None => self.behind.push(word, 1000),
            Some(request) => self.behind.push_request(word, request, 1, 1000),
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Push => self.push(None),
            Step::PushRequest => self.push(Some(request(self.model_behind.end))),
            // As if messages of another lane were between.
            Step::PushMany(of, count) if self.lane => {
                self.words += of as u64;
                (0..count).for_each(|_| self.push(None));
            }
            Step::PushMany(of, count) => {
                let count = count.min(of);
                let mut words: Vec<_> = (0..of).map(|_| self.word()).collect();
                words.iter().take(count).for_each(|word| self.model_behind.push(word.0, None));
                let rest: Vec<_> = words.iter().skip(count).map(|word| word.0).collect();
                let words = if of % 2 == 0 {
                    self.behind.push_many(&mut words, count);
                    words
                } else {
                    let mut queue = VecDeque::from(words);
                    self.behind.push_many_of(&mut queue, count);
                    queue.into()
                };
                prop_assert_eq!(words.iter().map(|word| word.0).collect::<Vec<_>>(), rest);
            }
            Step::Take => {
                let taken = self.front.take_numbered(None);
                let taken = taken.map(|it| (it.number, (it.message.0, it.request.is_some())));
                let expected = self.model_front.at.pop_first();
                let expected = expected.map(|(at, (word, request))| {
                    (if self.lane { word } else { at }, (word, request.is_some()))
                });
                prop_assert_eq!(taken, expected);
            }
            Step::TakeMany(most) => self.take_many(most)?,
            Step::PopPlain => {
                let number = self.front.front();
                self.front.even_until();
                let seq = self.front.front_seq();
                if let Some(word) = self.front.pop_plain() {
                    prop_assert_eq!(seq, if self.lane { word.0 } else { number });
                    prop_assert_eq!(self.model_front.at.pop_first(), Some((number, (word.0, None))));
                }
            }
            Step::Move(count) => self.move_first(count),
            Step::Copy(count) => self.copy(count)?,
            Step::Gap(count) => {
                // What is not there in front is not there behind either.
                self.move_first(usize::MAX);
                self.front.push_gap(count);
                self.model_front.end += u64::from(count);
                self.behind.skip_to(self.front.end());
                self.model_behind.end = self.model_front.end;
            }
            Step::Release(number) => {
                let number = self.front.front() + number;
                for (queue, model) in
                    [(&mut self.front, &mut self.model_front), (&mut self.behind, &mut self.model_behind)]
                {
                    let request = model.at.get_mut(&number).and_then(|(_, request)| request.as_mut());
                    let released = request.is_some_and(|released| !std::mem::replace(released, true));
                    prop_assert_eq!(queue.release(number), released);
                }
            }
            Step::ReleaseEvery(nth) => {
                for (queue, model) in
                    [(&mut self.front, &mut self.model_front), (&mut self.behind, &mut self.model_behind)]
                {
                    let before = model.released(0);
                    for (at, (_, request)) in &mut model.at {
                        *request = request.map(|released| released || at.is_multiple_of(nth));
                    }
                    let some = queue.release_where(|cell| number(cell).is_multiple_of(nth));
                    prop_assert_eq!(some, model.released(0) > before);
                }
            }
            Step::Attach(at) => {
                let at = self.front.front() + at;
                let there = self.model_front.at.get_mut(&at).filter(|(_, request)| request.is_none());
                let attached = self.front.attach(Tag::request(at, request(at), 1)).is_ok();
                prop_assert_eq!(attached, there.is_some());
                if let Some((_, request)) = there {
                    *request = Some(false);
                }
            }
            Step::DropBefore(count) => self.drop_before(count)?,
            Step::Clear => {
                let (messages, _) = self.front.clear();
                prop_assert_eq!(messages.len(), self.model_front.at.len());
                self.model_front.at.clear();
            }
        }
        check(&self.front, &self.model_front, self.lane)?;
        check(&self.behind, &self.model_behind, self.lane)
    }

    fn take_many(&mut self, most: usize) -> Result<(), TestCaseError> {
        let mut words = Words::default();
        let even = self.front.even_until() - self.front.front();
        prop_assert!(self.lane || even > 1000);
        let most = most.min(usize::try_from(even).unwrap_or(usize::MAX));
        let taken = self.front.take_plain_many(most, None, &mut words);
        prop_assert_eq!(taken, words.0.len());
        if !self.front.has_tags() {
            prop_assert_eq!(taken, most.min(self.model_front.at.len()));
        }
        for (number, word) in words.0 {
            let (at, first) = self.model_front.at.pop_first().expect("it was there");
            prop_assert_eq!((if self.lane { first.0 } else { at }, first), (number, (word, None)));
        }
        Ok(())
    }

    fn move_first(&mut self, count: usize) {
        if self.front.is_empty() {
            self.front.skip_to(self.behind.front());
            self.model_front.end = self.behind.front();
        }
        self.behind.move_first(count, &mut self.front);
        let numbers: Vec<_> = self.model_behind.at.keys().copied().take(count).collect();
        for number in numbers {
            let (word, request) = self.model_behind.at.remove(&number).expect("it is there");
            self.model_front.push(word, request);
        }
    }

    fn drop_before(&mut self, count: u64) -> Result<(), TestCaseError> {
        let before = self.behind.front() + count;
        let (mut dropped, mut let_go) = (Vec::new(), Vec::new());
        self.behind.drop_before(before, &mut dropped, &mut let_go);
        let kept = self.model_behind.at.split_off(&before);
        let gone = std::mem::replace(&mut self.model_behind.at, kept);
        let words: Vec<_> = dropped.into_iter().map(|word| word.0).collect();
        prop_assert_eq!(words, gone.values().map(|(word, _)| *word).collect::<Vec<_>>());
        let requests = gone.values().filter(|(_, request)| request.is_some()).count();
        prop_assert_eq!(let_go.len(), requests);
        // In front they never were.
        self.front.skip_gap_to(self.behind.front());
        self.model_front.end = self.model_front.end.max(self.behind.front());
        Ok(())
    }

    /// Copies the first messages to the front queue, and drops them here.
    fn copy(&mut self, count: usize) -> Result<(), TestCaseError> {
        let count = count.min(self.behind.len());
        if self.front.is_empty() {
            self.front.skip_to(self.behind.front());
            self.model_front.end = self.behind.front();
        }
        let panicked = self.behind.copy(0..count, &mut self.front);
        let copied: Vec<_> = self.model_behind.at.values().map(|(word, _)| *word).take(count).collect();
        prop_assert_eq!(panicked, copied.iter().filter(|word| *word % 7 == 3).count() as u64);
        for word in copied {
            if word % 7 == 3 {
                self.model_front.end += 1;
            } else {
                self.model_front.push(word, None);
            }
        }
        let (mut dropped, mut let_go) = (Vec::new(), Vec::new());
        self.behind.drop_before(self.front.end(), &mut dropped, &mut let_go);
        let end = self.front.end();
        let kept: BTreeSet<_> = self.model_behind.at.range(end..).map(|(at, _)| *at).collect();
        self.model_behind.at.retain(|at, _| kept.contains(at));
        Ok(())
    }
}

proptest! {
    #[test]
    fn two_queues_hold_what_two_maps_do(steps in steps(), lane: bool) {
        let mut pair = Pair::new(lane);
        for step in &steps {
            pair.step(step)?;
        }
    }
}
