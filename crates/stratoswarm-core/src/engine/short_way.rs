use std::{collections::VecDeque, task::Waker};

use super::{Effects, LaneIndex, Log, marks::Marks};
use crate::request::AnyResponder;

/// What most messages go: nobody waits, and there is room.
impl<M> Log<M> {
    /// Admits one message without a look at anything else, if that may be.
    #[inline(always)]
    pub(crate) fn admit_fast(&mut self) -> bool {
        // All that matters is in the credit, and whatever makes less of it (a close, a sender that waits, a place reserved)
        // computes it anew. Readers only make room, which lets it be too low, never too high.
        if self.lanes.main.credit > 0 {
            self.lanes.main.credit -= 1;
            return true;
        }
        !self.lanes.are_several() && self.admit_to_sole()
    }

    /// The same for `count` messages.
    #[inline]
    pub(crate) fn admit_many_fast(&mut self, count: usize) -> bool {
        let admitted = count as u64 <= self.lanes.main.credit;
        if admitted {
            self.lanes.main.credit -= count as u64;
        }
        admitted
    }

    /// Admits one message to the only reader, if its inbox is empty: what a channel comes to that is mostly empty, where
    /// every message may be a new high water.
    #[inline]
    fn admit_to_sole(&mut self) -> bool {
        self.admit_to_sole_in(0)
    }

    #[inline(never)]
    fn admit_to_sole_in(&mut self, at: LaneIndex) -> bool {
        if self.marks.any() {
            return self.admit_to_sole_marked(at);
        }
        let Some(places) = self.sole_places(at) else { return false };
        self.enter_where(at, places, places);
        true
    }

    /// The same where something keeps messages from the short ways.
    #[cold]
    #[inline(never)]
    fn admit_to_sole_marked(&mut self, at: LaneIndex) -> bool {
        // In a channel with lanes a sample is noted where its place in the order of admission is known.
        if self.marks.has(Marks::TAPED) || at > 0 && self.is_sample_due(at) {
            return false;
        }
        let Some(places) = self.sole_places(at) else { return false };
        self.enter_where(at, places, places);
        if self.marks.has(Marks::SAMPLED) {
            self.sample(at, 1);
        }
        true
    }

    /// How many places are taken with one message more, if it may come in: there is one reader, whose inbox is empty.
    #[inline(always)]
    fn sole_places(&self, at: LaneIndex) -> Option<u64> {
        let [reader] = self.readers.as_slice() else { return None };
        let (seat, lane) = (&reader.seats[at], &self.lanes[at]);
        if seat.filled || self.closed || !lane.gate.line.is_empty() || reader.holds_otherwise() {
            return None;
        }
        // Its inbox is empty, so what waits is what it has not pulled: no inbox need be locked to know how much that is.
        let depth = lane.intake.end() - seat.next - seat.released;
        (depth + lane.gate.reserved() < lane.gate.capacity).then_some(depth + 1)
    }

    /// Admits one message to a lane the short way, if that may be.
    #[inline(always)]
    pub(crate) fn admit_fast_in(&mut self, at: LaneIndex) -> bool {
        let lane = &mut self.lanes[at];
        if lane.credit > 0 {
            lane.credit -= 1;
            return true;
        }
        self.admit_to_sole_in(at)
    }

    /// Appends an admitted message.
    #[inline(always)]
    pub(crate) fn push(&mut self, message: M) {
        let lane = &mut self.lanes.main;
        lane.intake.push(message, lane.gate.capacity);
    }

    /// Appends an admitted request, where there are no lanes; its number. There must be a group.
    #[inline(always)]
    pub(crate) fn push_request(&mut self, message: M, request: AnyResponder) -> u64 {
        let lane = &mut self.lanes.main;
        let number = lane.intake.end();
        self.asked += 1;
        lane.intake.push_request(message, request, self.groups, lane.gate.capacity);
        number
    }

    /// Appends the first `count` messages, which were admitted, where there are no lanes.
    pub(crate) fn push_many(&mut self, messages: &mut Vec<M>, count: usize) {
        self.lanes.main.intake.push_many(messages, count);
    }

    /// The same from a queue.
    pub(crate) fn push_many_of(&mut self, messages: &mut VecDeque<M>, count: usize) {
        self.lanes.main.intake.push_many_of(messages, count);
    }

    /// Whether a group is there to answer requests.
    #[inline(always)]
    pub(crate) fn has_group(&self) -> bool {
        self.groups > 0
    }

    /// Whether [`after_push`](Self::after_push) has something to do.
    #[inline(always)]
    pub(crate) fn has_listeners(&self) -> bool {
        self.parked > 0 || self.onlookers > 0
    }

    /// What follows the push of `count` messages: readers to wake, and lossy ones to be told where the end is.
    pub(crate) fn after_push(&mut self, count: u64, effects: &mut Effects<M>) {
        // Without lanes, only a broadcast is traced: it says who sends by itself.
        let gone = self.record_last(count, 0, effects);
        effects.dropped.extend(gone);
        if !self.lossy.readers.is_empty() {
            self.lossy.overtake(self.tail());
            self.trim(0, effects);
        }
        if self.parked > 0 {
            self.wake_readers(count, effects);
        }
    }

    /// The waker to wake for one message, where the only reader is lossless and there is nothing else to do; `Err`
    /// otherwise.
    #[inline]
    pub(crate) fn sole_parked(&mut self) -> Result<Option<Waker>, ()> {
        let [reader] = self.readers.as_mut_slice() else { return Err(()) };
        if self.onlookers > 0 {
            return Err(());
        }
        match reader.parked.first() {
            None => return Ok(None),
            Some(waiter) if !waiter.firm && reader.parked.len() > 1 => return Err(()), // does not count as woken
            Some(_) => {}
        }
        let waker = reader.parked.pop().and_then(|waiter| waiter.waker);
        self.parked -= u32::from(reader.parked.is_empty());
        Ok(waker)
    }

    #[inline]
    pub(crate) fn has_parked(&self) -> bool {
        self.parked > 0
    }
}
