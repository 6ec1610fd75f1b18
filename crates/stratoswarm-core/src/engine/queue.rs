use std::{
    collections::VecDeque,
    mem,
    ops::{ControlFlow, Range},
    panic::{AssertUnwindSafe, catch_unwind},
};

use tokio::time::Instant;

use super::{Batch, InFlight, InFlightGuard, Tag, Taken};
use crate::{
    request::{AnyCell, AnyResponder},
    sync,
};

/// Of a burst's storage, that of so many messages is kept for the next one, if they are no larger than [`KEPT_BYTES`]
/// together; more is given back once it is drained.
const KEPT: usize = 1024;

/// See [`KEPT`].
const KEPT_BYTES: usize = 512 * 1024;

/// Messages with ascending numbers, and beside them the [`Tag`]s of the few that have one.
///
/// The numbers of two neighbours differ by one, unless a gap lies between them: a tag that says which numbers are not here.
pub(crate) struct Queue<M> {
    messages: VecDeque<M>,
    /// The number of the first message, or of the gap before it, or of the next message to come.
    front: u64,
    /// By ascending numbers.
    tags: VecDeque<Tag>,
    /// How many numbers the gaps leave out.
    missing: u64,
    /// How many messages here gave up their places.
    released: u32,
    /// How much the sequence number of the first message is more than its number here: in a channel with lanes.
    ahead: u64,
    /// The same of the last message.
    ahead_last: u64,
    /// From which numbers on it is how much, of those behind the first; none where it is never more.
    #[allow(clippy::box_collection, reason = "most queues have none, and are kept small")]
    shifts: Option<Box<VecDeque<Shift>>>,
}

/// From this number on sequence numbers are so much more.
#[derive(Clone, Copy)]
struct Shift {
    from: u64,
    ahead: u64,
}

impl<M> Queue<M> {
    /// For how many messages storage is kept when a burst is over.
    pub(super) const KEPT: usize = match size_of::<M>() {
        0 => usize::MAX, // takes none
        size if size > KEPT_BYTES => 1,
        size if KEPT_BYTES / size < KEPT => KEPT_BYTES / size,
        _ => KEPT,
    };

    pub(crate) const fn new() -> Self {
        Self {
            messages: VecDeque::new(),
            front: 0,
            tags: VecDeque::new(),
            missing: 0,
            released: 0,
            ahead: 0,
            ahead_last: 0,
            shifts: None,
        }
    }

    /// A queue whose messages have sequence numbers besides.
    pub(super) fn with_seqs() -> Self {
        Self { shifts: Some(Box::default()), ..Self::new() }
    }

    /// An empty one of the same kind, with the same next number.
    pub(super) fn empty_like(&self) -> Self {
        Self { shifts: self.shifts.as_ref().map(|_| Box::default()), ..Self::new() }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The number of the first message, if no gap lies before it; of the next to come, if there is none.
    #[inline]
    pub(crate) fn front(&self) -> u64 {
        self.front
    }

    /// The number of the next message to come.
    #[inline]
    pub(super) fn end(&self) -> u64 {
        self.front + self.messages.len() as u64 + self.missing
    }

    /// How many requests here gave up their places.
    #[inline]
    pub(super) fn released(&self) -> u64 {
        self.released.into()
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

    /// A request that so many groups are to take.
    #[inline]
    pub(super) fn push_request(&mut self, message: M, request: AnyResponder, groups: u32, most: u64) {
        self.tags.push_back(Tag::request(self.end(), request, groups));
        self.push(message, most);
    }

    /// A message with a sequence number, and with a tag, if it needs one.
    #[inline]
    pub(super) fn push_numbered(&mut self, message: M, seq: u64, tag: Option<Tag>, most: u64) {
        self.tags.extend(tag);
        self.push_shifted(message, seq, most);
    }

    /// The same without a tag.
    #[inline(always)]
    pub(super) fn push_shifted(&mut self, message: M, seq: u64, most: u64) {
        let number = self.end();
        if seq - number != self.ahead_last {
            self.shift(number, seq - number);
        }
        self.push(message, most);
    }

    /// From this number on, which is that of the next message, sequence numbers are so much more.
    #[inline(never)]
    fn shift(&mut self, from: u64, ahead: u64) {
        let Some(shifts) = &mut self.shifts else { return };
        if self.messages.is_empty() {
            shifts.clear();
            self.ahead = ahead;
        } else {
            shifts.push_back(Shift { from, ahead });
        }
        self.ahead_last = ahead;
    }

    /// Counts a message that is not here. There must be none, and no gaps.
    #[inline]
    pub(super) fn pass_one(&mut self) -> u64 {
        debug_assert!(self.messages.is_empty() && self.tags.is_empty(), "nothing is passed by");
        self.front += 1;
        self.front - 1
    }

    /// Takes the first `count` messages from a vector, which keeps its storage. What is behind them moves to its front.
    pub(super) fn push_many(&mut self, messages: &mut Vec<M>, count: usize) {
        if count < messages.len() {
            self.messages.extend(messages.drain(..count));
            return;
        }
        // As a queue, for which no time is needed, they are copied as a whole.
        let mut all = VecDeque::from(mem::take(messages));
        self.messages.append(&mut all);
        *messages = all.into();
    }

    /// The same from a queue, where nothing moves.
    pub(super) fn push_many_of(&mut self, messages: &mut VecDeque<M>, count: usize) {
        self.messages.extend(messages.drain(..count));
    }

    /// The next `count` numbers are not here.
    pub(super) fn push_gap(&mut self, count: u32) {
        if self.messages.is_empty() {
            self.skip_to(self.end() + u64::from(count));
            return;
        }
        let end = self.end();
        self.missing += u64::from(count);
        if let Some(last) = self.tags.back_mut()
            && last.gap > 0
            && last.at + u64::from(last.gap) == end
        {
            last.gap += count;
        } else {
            self.tags.push_back(Tag::gap(end, count));
        }
    }

    /// The numbers before this one that are not here yet will not come.
    pub(super) fn skip_gap_to(&mut self, number: u64) {
        if number > self.end() {
            self.push_gap((number - self.end()) as u32);
        }
    }

    /// The next message to come has this number. There must be no messages.
    pub(super) fn skip_to(&mut self, number: u64) {
        debug_assert!(self.messages.is_empty(), "numbers are skipped by a gap where there are messages");
        self.front = number;
        if !self.tags.is_empty() {
            self.tags.clear();
            self.missing = 0;
        }
        self.forget_shifts();
    }

    /// There are no messages of which it is said how far ahead they are.
    #[inline]
    fn forget_shifts(&mut self) {
        if let Some(shifts) = &mut self.shifts {
            shifts.clear();
            self.ahead = self.ahead_last;
        }
    }

    /// The first message on its way out.
    #[inline(always)]
    pub(super) fn take(&mut self, in_flight: Option<&InFlight>) -> Option<Taken<M>> {
        if !self.tags.is_empty() {
            return self.take_tagged(in_flight);
        }
        if self.messages.is_empty() {
            return None;
        }
        let number = self.front;
        let guard = in_flight.map_or(InFlightGuard::none(), |in_flight| in_flight.take(number));
        let message = self.messages.pop_front()?;
        self.front = number + 1;
        Some(Taken { message, request: AnyResponder::none(), number, guard })
    }

    #[inline(never)]
    fn take_tagged(&mut self, in_flight: Option<&InFlight>) -> Option<Taken<M>> {
        self.pass_gap();
        let number = self.front;
        let request = match self.tags.front_mut() {
            Some(tag) if tag.at == number => {
                self.released -= u32::from(tag.released);
                let request = mem::take(&mut tag.request);
                self.tags.pop_front();
                request
            }
            _ => AnyResponder::none(),
        };
        let guard = in_flight.map_or(InFlightGuard::none(), |in_flight| in_flight.take(number));
        let message = self.messages.pop_front()?;
        self.front = number + 1;
        Some(Taken { message, request, number, guard })
    }

    /// The first message on its way out, under its sequence number.
    #[inline]
    pub(super) fn take_numbered(&mut self, in_flight: Option<&InFlight>) -> Option<Taken<M>> {
        let mut taken = self.take(in_flight)?;
        taken.number = self.pass_shifts(taken.number);
        Some(taken)
    }

    /// Leaves behind what is said of sequence numbers before that of this number, which is the first; that of this one.
    #[inline]
    fn pass_shifts(&mut self, number: u64) -> u64 {
        if let Some(shifts) = &mut self.shifts {
            while let Some(shift) = shifts.front().copied().filter(|shift| shift.from <= number) {
                self.ahead = shift.ahead;
                shifts.pop_front();
            }
        }
        number + self.ahead
    }

    /// Up to which number the sequence numbers follow one another; without tags.
    #[inline]
    pub(super) fn even_until(&mut self) -> u64 {
        self.pass_shifts(self.front);
        self.shifts.as_ref().and_then(|shifts| shifts.front()).map_or(u64::MAX, |shift| shift.from)
    }

    /// The sequence number of the first message, where it is known to [follow the one before](Self::even_until).
    #[inline(always)]
    pub(super) fn front_seq(&self) -> u64 {
        self.front + self.ahead
    }

    /// The sequence number of the message of this number.
    pub(super) fn seq(&self, number: u64) -> u64 {
        let Some(shifts) = &self.shifts else { return number };
        let before = shifts.partition_point(|shift| shift.from <= number).checked_sub(1);
        number + before.and_then(|at| shifts.get(at)).map_or(self.ahead, |shift| shift.ahead)
    }

    /// The sequence numbers of the messages of these numbers, which came from another queue to the end of this one: that has
    /// none but these, if it was `empty`.
    fn shift_as(&mut self, from: &Self, numbers: Range<u64>, empty: bool) {
        let (Some(shifts), Some(theirs)) = (&mut self.shifts, &from.shifts) else { return };
        if numbers.is_empty() {
            return;
        }
        let first = theirs.partition_point(|shift| shift.from <= numbers.start);
        let last = theirs.partition_point(|shift| shift.from < numbers.end);
        let ahead = first.checked_sub(1).and_then(|at| theirs.get(at)).map_or(from.ahead, |it| it.ahead);
        if empty {
            shifts.clear();
            self.ahead = ahead;
        } else if self.ahead_last != ahead {
            shifts.push_back(Shift { from: numbers.start, ahead });
        }
        shifts.extend(theirs.range(first..last));
        self.ahead_last = shifts.back().map_or(self.ahead, |last| last.ahead);
    }

    /// The charge of the first message and its sequence number, if nothing else lies beside it and it gave up no place; it is to
    /// be [popped](Self::pop_charged) then.
    #[inline(always)]
    pub(super) fn take_charge(&mut self) -> Option<(AnyResponder, u64)> {
        let number = self.front;
        let tag = self.tags.front_mut().filter(|tag| tag.at == number && tag.gap == 0 && !tag.released)?;
        let charge = tag.request.take_bare_charge()?;
        self.tags.pop_front();
        Some((charge, self.pass_shifts(number)))
    }

    /// The first message, whose charge was taken.
    #[inline(always)]
    pub(super) fn pop_charged(&mut self) -> Option<M> {
        self.front += 1;
        self.messages.pop_front()
    }

    /// Leaves a gap behind that is before everything else.
    fn pass_gap(&mut self) {
        while let Some(tag) = self.tags.front()
            && tag.gap > 0
            && tag.at == self.front
        {
            self.front += u64::from(tag.gap);
            self.missing -= u64::from(tag.gap);
            self.tags.pop_front();
        }
    }

    /// The first message, where it is.
    #[inline]
    pub(super) fn first(&self) -> Option<&M> {
        self.messages.front()
    }

    /// The first message, if there are no tags.
    #[inline(always)]
    pub(crate) fn pop_plain(&mut self) -> Option<M> {
        if !self.is_plain() {
            return None;
        }
        self.front += 1;
        self.messages.pop_front()
    }

    /// Whether there are messages, and no tags.
    #[inline(always)]
    pub(super) fn is_plain(&self) -> bool {
        self.tags.is_empty() && !self.messages.is_empty()
    }

    /// Whether there are `count` messages, at least one, and no storage is to be given back once they are popped.
    #[inline(always)]
    pub(super) fn has(&self, count: usize) -> bool {
        self.messages.len() > count || self.messages.len() == count && self.messages.capacity() <= Self::KEPT
    }

    /// Up to `most` messages, if there are no tags; how many.
    #[inline]
    pub(super) fn take_plain_many<T, B: Batch<M, T>>(
        &mut self,
        most: usize,
        in_flight: Option<&InFlight>,
        into: &mut B,
    ) -> usize {
        if !self.tags.is_empty() {
            return 0;
        }
        let count = most.min(self.messages.len());
        if count == 0 {
            return 0;
        }
        let buffer = into.buffer();
        buffer.reserve(count);
        let (first, ahead) = (self.front, self.ahead);
        // Folding the queue as a whole reads each message where it lies; to pop it one by one copies it once more. To make
        // an iterator of the queue and a queue of the iterator takes no time.
        let board = in_flight.map(InFlight::board);
        let mut messages = mem::take(&mut self.messages).into_iter();
        let _ = messages.try_fold(count, |left, message| {
            let number = self.front;
            self.front = number + 1;
            let guard = board.map_or(InFlightGuard::none(), |board| board.take(number));
            // Always, as there is room for all; that it is said spares the push a detour by the stack.
            if buffer.len() < buffer.capacity() {
                buffer.push(B::plain(message, number + ahead, guard));
            }
            if left > 1 { ControlFlow::Continue(left - 1) } else { ControlFlow::Break(()) }
        });
        self.messages = messages.collect();
        (self.front - first) as usize
    }

    /// Moves everything to the end of a queue that ends where this one begins, which has no gaps.
    #[inline]
    fn move_all(&mut self, into: &mut Self) {
        debug_assert_eq!(self.missing, 0, "an intake has no gaps");
        if into.messages.is_empty() {
            into.skip_to(self.front);
            mem::swap(self, into);
            self.front = into.end();
            return;
        }
        debug_assert_eq!(into.end(), self.front, "it ends where this one begins");
        into.shift_as(self, self.front..self.end(), false);
        into.messages.append(&mut self.messages);
        into.tags.append(&mut self.tags);
        into.released += mem::take(&mut self.released);
        self.front = into.end();
    }

    /// Moves the first `count` messages to the end of a queue that ends where this one begins, which has no gaps.
    pub(super) fn move_first(&mut self, count: usize, into: &mut Self) {
        if count == 0 {
            return;
        }
        if count >= self.messages.len() {
            self.move_all(into);
            return;
        }
        let empty = into.messages.is_empty();
        if empty {
            into.skip_to(self.front);
        }
        debug_assert_eq!(into.end(), self.front, "it ends where this one begins");
        let end = self.front + count as u64;
        into.shift_as(self, self.front..end, empty);
        into.messages.extend(self.messages.drain(..count));
        let tagged = self.tags.partition_point(|tag| tag.at < end);
        for tag in self.tags.drain(..tagged) {
            self.released -= u32::from(tag.released);
            into.released += u32::from(tag.released);
            into.tags.push_back(tag);
        }
        self.front = end;
    }

    /// All messages with their numbers and tags.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (u64, &M, Option<&Tag>)> {
        let mut tags = self.tags.iter().peekable();
        let mut number = self.front;
        self.messages.iter().map(move |message| {
            while let Some(gap) = tags.next_if(|tag| tag.gap > 0 && tag.at == number) {
                number += u64::from(gap.gap);
            }
            let at = number;
            number += 1;
            (at, message, tags.next_if(|tag| tag.at == at))
        })
    }

    /// The last `count` messages of an intake with their numbers and tags.
    pub(super) fn last(&self, count: usize) -> impl Iterator<Item = (u64, &M, Option<&Tag>)> {
        debug_assert_eq!(self.missing, 0, "an intake has no gaps");
        let from = self.messages.len().saturating_sub(count);
        let first = self.front + from as u64;
        let tagged = self.tags.partition_point(|tag| tag.at < first);
        let mut tags = self.tags.range(tagged..).peekable();
        let numbered = (first..).zip(self.messages.range(from..));
        numbered.map(move |(number, message)| (number, message, tags.next_if(|tag| tag.at == number)))
    }

    /// The sequence numbers of all messages.
    pub(super) fn seqs(&self) -> impl Iterator<Item = u64> {
        self.numbered().map(|(number, ..)| self.seq(number))
    }

    /// All requests with their numbers and whether they gave up their places.
    pub(super) fn requests(&self) -> impl Iterator<Item = (u64, &AnyResponder, bool)> {
        let requests = self.tags.iter().filter(|tag| tag.gap == 0);
        requests.map(|tag| (tag.at, &tag.request, tag.released))
    }

    /// The request of this number gives up its place; whether it is here, and had not done so before.
    pub(super) fn release(&mut self, number: u64) -> bool {
        let Ok(at) = self.tags.binary_search_by_key(&number, |tag| tag.at) else { return false };
        let tag = &mut self.tags[at];
        let released = tag.gap == 0 && !std::mem::replace(&mut tag.released, true);
        self.released += u32::from(released);
        released
    }

    /// Every message of which this is true gives up its place; whether one did.
    pub(super) fn release_where(&mut self, over: impl Fn(&dyn AnyCell) -> bool) -> bool {
        let before = self.released;
        for tag in self.tags.iter_mut().filter(|tag| !tag.released) {
            tag.released = tag.request.cell().is_some_and(&over);
            self.released += u32::from(tag.released);
        }
        self.released > before
    }

    /// When the next message here that was only sent expires and gives up its place, if one does.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        let tags = self.tags.iter().filter(|tag| tag.claims == Tag::ALL && !tag.released);
        tags.filter_map(|tag| tag.request.cell().and_then(AnyCell::deadline)).min()
    }

    /// Gives a message that is here a tag of the request's.
    pub(super) fn attach(&mut self, request: Tag) -> Result<(), Tag> {
        let at = self.tags.partition_point(|tag| tag.at < request.at);
        let gap = at.checked_sub(1).and_then(|before| self.tags.get(before)).filter(|tag| tag.gap > 0);
        let missing = gap.is_some_and(|gap| request.at < gap.at + u64::from(gap.gap))
            || self.tags.get(at).is_some_and(|tag| tag.at == request.at);
        if missing || request.at < self.front || request.at >= self.end() {
            return Err(request);
        }
        self.released += u32::from(request.released);
        self.tags.insert(at, request);
        Ok(())
    }

    /// How many messages from this number on gave up their places: of a group's, or of another reader's, for whom a request
    /// is a message like any other.
    pub(super) fn released_from(&self, number: u64, of_group: bool) -> u64 {
        let tags = self.tags.iter().rev().take_while(|tag| tag.at >= number).filter(|tag| tag.released);
        tags.filter(|tag| of_group || !tag.request.is_request()).count() as u64
    }

    /// A group that had yet to take the requests from this number on does not. Those that no other will take are let go.
    pub(super) fn unclaim(&mut self, number: u64, let_go: &mut Vec<AnyResponder>) {
        let from = self.tags.partition_point(|tag| tag.at < number);
        for tag in self.tags.range_mut(from..).filter(|tag| tag.claims != Tag::ALL) {
            tag.claims = tag.claims.saturating_sub(1);
        }
        self.drop_unclaimed(from, self.tags.len(), |tag| let_go.push(tag.request));
    }

    /// A group that had yet to take the message of this number does not: its share in the request, if it is one.
    pub(super) fn unclaim_one(&mut self, number: u64) -> AnyResponder {
        let Ok(at) = self.tags.binary_search_by_key(&number, |tag| tag.at) else {
            return AnyResponder::none();
        };
        let tag = &mut self.tags[at];
        if tag.gap > 0 || tag.claims == Tag::ALL {
            return AnyResponder::none();
        }
        tag.claims = tag.claims.saturating_sub(1);
        if tag.claims > 0 {
            return AnyResponder::none(); // others may answer
        }
        let Some(tag) = self.tags.remove(at) else { return AnyResponder::none() };
        self.released -= u32::from(tag.released);
        tag.request
    }

    /// Gives a reader that has a copy of messages from here what lies beside them: their expiry, and to a group its share in
    /// their requests, which is those that no other group will take, and of the others a further responder. It comes to
    /// `lost` if the message is not there, as its `Clone` panicked.
    pub(super) fn share_tags(&mut self, from: u64, with: &mut Self, group: bool, mut lost: impl FnMut(Tag)) {
        let end = with.end();
        let (first, last) =
            (self.tags.partition_point(|tag| tag.at < from), self.tags.partition_point(|tag| tag.at < end));
        let mut give = |tag: Tag| {
            if let Err(tag) = with.attach(tag) {
                lost(tag);
            }
        };
        for tag in self.tags.range_mut(first..last) {
            if tag.claims == Tag::ALL {
                give(Tag { released: tag.released, ..Tag::expiry(tag.at, tag.request.clone()) });
            } else if group {
                tag.claims = tag.claims.saturating_sub(1);
                if tag.claims > 0 {
                    give(Tag { released: tag.released, ..Tag::request(tag.at, tag.request.clone(), 1) });
                }
            } else if let Some(charge) = tag.request.charge_alone() {
                give(Tag::expiry(tag.at, charge)); // it is no request to this reader, which holds senders nevertheless
            }
        }
        if group {
            self.drop_unclaimed(first, last, give);
        }
    }

    /// Gives each message from this number on that has nothing beside it this, so that none goes a way on which nobody looks.
    pub(super) fn tag_bare(&mut self, from: u64, mark: impl Fn() -> AnyResponder) {
        let (first, end) = (from.max(self.front), self.end());
        for number in first..end {
            let _ = self.attach(Tag::expiry(number, mark())); // refused where something is, or is missing
        }
    }

    /// Takes the requests among these tags that no group has yet to take. What they are charged stays for other readers.
    fn drop_unclaimed(&mut self, first: usize, last: usize, mut take: impl FnMut(Tag)) {
        let mut at = first;
        for _ in first..last {
            let Some(tag) = self.tags.get_mut(at) else { return };
            if tag.gap == 0 && tag.claims == 0 {
                if let Some(charge) = tag.request.charge_alone() {
                    let tag = mem::replace(tag, Tag::expiry(tag.at, charge));
                    self.released -= u32::from(tag.released);
                    take(tag);
                    at += 1;
                    continue;
                }
                let Some(tag) = self.tags.remove(at) else { return };
                self.released -= u32::from(tag.released);
                take(tag);
            } else {
                at += 1;
            }
        }
    }

    /// Has what lies beside the messages dropped.
    pub(super) fn drop_tags(&mut self, let_go: &mut Vec<AnyResponder>) {
        debug_assert_eq!(self.missing, 0, "a gap is no tag to drop");
        self.released = 0;
        let_go.extend(self.tags.drain(..).map(|tag| tag.request));
    }

    /// Whether anything lies beside the messages.
    #[inline(always)]
    pub(super) fn has_tags(&self) -> bool {
        !self.tags.is_empty()
    }

    /// Lets go of the messages before this number.
    pub(super) fn drop_before(&mut self, number: u64, dropped: &mut Vec<M>, let_go: &mut Vec<AnyResponder>) {
        debug_assert_eq!(self.missing, 0, "an intake has no gaps");
        let count = (number.saturating_sub(self.front) as usize).min(self.messages.len());
        dropped.extend(self.messages.drain(..count));
        self.front += count as u64;
        self.drop_tags_before(self.front, let_go);
    }

    /// Lets go of what lies beside the messages before this number.
    pub(super) fn drop_tags_before(&mut self, number: u64, let_go: &mut Vec<AnyResponder>) {
        let tagged = self.tags.partition_point(|tag| tag.at < number);
        for tag in self.tags.drain(..tagged) {
            self.released -= u32::from(tag.released);
            let_go.push(tag.request);
        }
    }

    /// Empties the queue: its messages and its tags.
    pub(super) fn clear(&mut self) -> (VecDeque<M>, VecDeque<Tag>) {
        self.front = self.end();
        (self.missing, self.released) = (0, 0);
        self.forget_shifts();
        (mem::take(&mut self.messages), mem::take(&mut self.tags))
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
            self.tags.shrink_to(2 * needed);
            if let Some(shifts) = &mut self.shifts {
                shifts.shrink_to(2 * needed);
            }
        }
    }
}

impl<M: Clone> Queue<M> {
    /// Clones the messages at these places of another queue, which has no gaps. If a `Clone` panics, those before it came.
    pub(super) fn extend_cloned(&mut self, from: &Self, places: Range<usize>) {
        self.messages.extend(from.messages.range(places).cloned());
    }

    /// Clones the messages at these places, without their requests, to the end of a queue that ends where they begin. A
    /// message whose `Clone` panics is a gap there; how many did.
    pub(super) fn copy(&self, mut places: Range<usize>, into: &mut Self) -> u64 {
        debug_assert_eq!(self.missing, 0, "an intake has no gaps");
        let mut panicked = 0;
        while !places.is_empty() {
            let before = into.messages.len();
            let all =
                catch_unwind(AssertUnwindSafe(|| sync::users(|| into.extend_cloned(self, places.clone()))));
            let cloned = into.messages.len() - before;
            let from = self.front + places.start as u64;
            into.shift_as(self, from..from + cloned as u64, before == 0);
            places.start += cloned;
            if all.is_err() {
                panicked += 1;
                places.start += 1;
                into.push_gap(1);
            }
        }
        panicked
    }

    /// A clone of the message at this place; none if its `Clone` panics.
    pub(super) fn copy_one(&self, place: usize) -> Option<M> {
        self.messages.get(place).and_then(cloned)
    }
}

/// A clone of a user's message; none if its `Clone` panics.
pub(super) fn cloned<M: Clone>(message: &M) -> Option<M> {
    catch_unwind(AssertUnwindSafe(|| sync::users(|| message.clone()))).ok()
}
