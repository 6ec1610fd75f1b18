use std::{
    collections::{VecDeque, vec_deque},
    mem,
    ops::ControlFlow,
};

use super::{Batch, Hand, Slot, Taken, Ticket};
use crate::requests::AnyResponder;

/// Of a burst's storage, that of so many messages is kept for the next one, if they are no larger than [`KEPT_BYTES`]
/// together; more is given back once it is drained.
const KEPT: usize = 1024;

/// See [`KEPT`].
const KEPT_BYTES: usize = 512 * 1024;

/// Messages at consecutive positions, and beside them the responders of those that are requests.
///
/// Beside, so that a message that is only sent carries nothing but itself.
pub(crate) struct Queue<M> {
    messages: VecDeque<M>,
    /// The position of the first message, or of the next to come.
    front: u64,
    /// By position, ascending.
    requests: VecDeque<(u64, AnyResponder)>,
}

impl<M> Queue<M> {
    /// For how many messages storage is kept when a burst is over.
    pub(super) const KEPT: usize = match size_of::<M>() {
        0 => usize::MAX, // takes none
        size if size > KEPT_BYTES => 1,
        size if KEPT_BYTES / size < KEPT => KEPT_BYTES / size,
        _ => KEPT,
    };

    pub(crate) fn new() -> Self {
        Self { messages: VecDeque::new(), front: 0, requests: VecDeque::new() }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The position of the first message, or of the next to come.
    #[inline]
    pub(crate) fn front(&self) -> u64 {
        self.front
    }

    /// For how many messages there is storage.
    #[inline]
    pub(super) fn storage(&self) -> usize {
        self.messages.capacity()
    }

    /// `most` is how many messages there can be: storage grows with that in mind.
    #[inline(always)]
    pub(super) fn push(&mut self, message: M, most: u64) {
        if self.messages.len() == self.messages.capacity() {
            self.grow(most);
        }
        self.messages.push_back(message);
    }

    /// In large steps beyond what is kept between bursts: each step touches new memory and copies the old.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, most: u64) {
        let len = self.messages.len();
        if len >= Self::KEPT {
            let room = usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(len);
            self.messages.reserve_exact(room.clamp(1, 7 * len));
        }
    }

    #[inline]
    pub(super) fn push_request(&mut self, message: M, request: AnyResponder) {
        self.requests.push_back((self.front + self.messages.len() as u64, request));
        self.messages.push_back(message);
    }

    pub(super) fn extend(&mut self, messages: impl Iterator<Item = M>) {
        self.messages.extend(messages);
    }

    /// Takes the first `count` messages from a vector, which keeps its storage.
    pub(super) fn append(&mut self, messages: &mut Vec<M>, count: usize) {
        if count < messages.len() {
            self.messages.extend(messages.drain(..count));
            return;
        }
        // As a queue, for which no time is needed, they are copied as a whole.
        let mut all = VecDeque::from(mem::take(messages));
        self.messages.append(&mut all);
        *messages = all.into();
    }

    /// Skips a position that has no message; the queue must be empty.
    pub(super) fn skip_to(&mut self, position: u64) {
        self.front = position;
    }

    /// The first message and the responder that came with it.
    #[inline(always)]
    pub(super) fn pop(&mut self) -> Option<Slot<M>> {
        let message = self.messages.pop_front()?;
        let position = self.front;
        self.front = position + 1;
        let request =
            if self.requests.is_empty() { AnyResponder::none() } else { self.pop_request(position) };
        Some(Slot { message, request })
    }

    fn pop_request(&mut self, position: u64) -> AnyResponder {
        match self.requests.front() {
            Some((at, _)) if *at == position => self.requests.pop_front().map(|(_, request)| request),
            _ => None,
        }
        .unwrap_or_default()
    }

    /// The first message on its way out.
    #[inline(always)]
    pub(super) fn take(&mut self, hand: Option<&Hand>) -> Option<Taken<M>> {
        let position = self.front;
        if self.messages.is_empty() {
            return None;
        }
        let ticket = hand.map_or(Ticket::none(), |hand| hand.take(position));
        let Slot { message, request } = self.pop()?;
        Some(Taken { message, request, position, ticket })
    }

    /// The first message, if there are no requests among the messages.
    #[inline(always)]
    pub(crate) fn pop_plain(&mut self) -> Option<M> {
        if !self.is_plain() {
            return None;
        }
        self.front += 1;
        self.messages.pop_front()
    }

    /// Whether there are messages, and no requests among them.
    #[inline(always)]
    pub(super) fn is_plain(&self) -> bool {
        self.requests.is_empty() && !self.messages.is_empty()
    }

    /// Whether there are `count` messages, and no storage is to be given back once they are popped.
    #[inline(always)]
    pub(super) fn has(&self, count: usize) -> bool {
        self.messages.len() > count || self.messages.len() == count && self.messages.capacity() <= Self::KEPT
    }

    /// Up to `most` messages, if there are no requests among the messages; how many.
    #[inline]
    pub(super) fn take_plain_many<T, B: Batch<M, T>>(
        &mut self,
        most: usize,
        hand: Option<&Hand>,
        into: &mut B,
    ) -> usize {
        if !self.requests.is_empty() {
            return 0;
        }
        let count = most.min(self.messages.len());
        if count == 0 {
            return 0;
        }
        let buffer = into.buffer();
        buffer.reserve(count);
        let first = self.front;
        // Folding the queue as a whole reads each message where it lies; to pop it one by one copies it once more. To make
        // an iterator of the queue and a queue of the iterator takes no time.
        let board = hand.map(Hand::board);
        let mut messages = mem::take(&mut self.messages).into_iter();
        let _ = messages.try_fold(count, |left, message| {
            let position = self.front;
            self.front = position + 1;
            let ticket = board.map_or(Ticket::none(), |board| board.take(position));
            // Always, as there is room for all; that it is said spares the push a detour by the stack.
            if buffer.len() < buffer.capacity() {
                buffer.push(B::plain(message, position, ticket));
            }
            if left > 1 { ControlFlow::Continue(left - 1) } else { ControlFlow::Break(()) }
        });
        self.messages = messages.collect();
        (self.front - first) as usize
    }

    /// Whether the first message is a request that gave up its place.
    #[inline(always)]
    pub(super) fn starts_released(&self) -> bool {
        self.requests.front().is_some_and(|(at, request)| *at == self.front && request.is_released())
    }

    /// Moves everything into an empty queue.
    #[inline]
    pub(super) fn move_all(&mut self, into: &mut Self) {
        mem::swap(self, into);
        self.front = into.front + into.messages.len() as u64;
    }

    /// Moves the first `count` messages into a queue that is empty or ends where this one begins; none changes nothing.
    pub(super) fn move_first(&mut self, count: usize, into: &mut Self) {
        if count == 0 {
            return;
        }
        if into.messages.is_empty() {
            into.front = self.front;
        }
        into.messages.extend(self.messages.drain(..count));
        self.front += count as u64;
        while let Some((at, _)) = self.requests.front()
            && *at < self.front
        {
            into.requests.extend(self.requests.pop_front());
        }
    }

    /// The messages at positions from `from` to before `until`, as far as they are here.
    pub(super) fn messages(&self, from: u64, until: u64) -> vec_deque::Iter<'_, M> {
        let at = |position: u64| (position.saturating_sub(self.front) as usize).min(self.messages.len());
        self.messages.range(at(from)..at(until))
    }

    /// The message at a position.
    pub(super) fn message(&self, position: u64) -> Option<&M> {
        self.messages.get(position.checked_sub(self.front)? as usize)
    }

    pub(super) fn has_requests(&self) -> bool {
        !self.requests.is_empty()
    }

    /// All requests with their positions.
    pub(super) fn requests(&self) -> impl Iterator<Item = (u64, &AnyResponder)> {
        self.requests.iter().map(|(at, request)| (*at, request))
    }

    /// The request at a position.
    pub(super) fn request(&self, position: u64) -> Option<&AnyResponder> {
        let at = self.requests.binary_search_by_key(&position, |(at, _)| *at).ok()?;
        self.requests.get(at).map(|(_, request)| request)
    }

    /// Adds a request at a position behind all that are here.
    pub(super) fn add_request(&mut self, position: u64, request: AnyResponder) {
        self.requests.push_back((position, request));
    }

    /// Adds a request at the position of a message that is here as a plain one.
    pub(super) fn insert_request(&mut self, position: u64, request: AnyResponder) {
        if let Err(at) = self.requests.binary_search_by_key(&position, |(at, _)| *at) {
            self.requests.insert(at, (position, request));
        }
    }

    /// Takes the requests at positions from `from` to before `until` out; their messages stay.
    pub(super) fn take_requests(
        &mut self,
        from: u64,
        until: u64,
    ) -> impl Iterator<Item = (u64, AnyResponder)> + '_ {
        let from = self.requests.partition_point(|(at, _)| *at < from);
        let until = self.requests.partition_point(|(at, _)| *at < until);
        self.requests.drain(from..until.max(from))
    }

    /// Empties the queue: its messages and its requests.
    pub(super) fn clear(&mut self) -> (VecDeque<M>, VecDeque<(u64, AnyResponder)>) {
        self.front += self.messages.len() as u64;
        (mem::take(&mut self.messages), mem::take(&mut self.requests))
    }

    /// Gives back storage that is far more than what is here and `needed`.
    #[inline]
    pub(super) fn give_back(&mut self, needed: usize) {
        if self.messages.capacity() > Self::KEPT {
            self.shrink(needed);
        }
    }

    #[cold]
    fn shrink(&mut self, needed: usize) {
        let needed = needed.max(self.messages.len());
        if self.messages.capacity() / 4 > needed {
            self.messages.shrink_to(2 * needed);
            self.requests.shrink_to(2 * needed);
        }
    }
}
