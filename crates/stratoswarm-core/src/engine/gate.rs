use std::task::Waker;

use tokio::time::Instant;

use super::{
    Effects, LaneIndex, Log, SharedInbox, Taken, WaitId, WaitList, Waiter, Warning, lane::Lane, marks::Marks,
    rota::Rota,
};
use crate::stats::Caller;

/// Who may send: how many places there are, who has one reserved, and who waits for one.
pub(super) struct Gate {
    pub(super) capacity: u64,
    /// The most messages that ever waited at once.
    pub(super) high_water: u64,
    /// Those who wait for a place, the longest waiting first.
    pub(super) line: WaitList,
    /// Those who were granted places and have not used them.
    pub(super) granted: WaitList,
    /// How many places that are.
    pub(super) granted_places: u64,
    /// The permits that are out.
    pub(super) permits: WaitList,
    /// Requests that wait for a group to exist.
    pub(super) unserved: WaitList,
    /// Whose turn it is, where handles take turns; otherwise it is the longest waiting's.
    rota: Option<Box<Rota>>,
    /// The most places that a group took at the last look which drops its oldest.
    pub(super) dropping: u64,
    /// The most places that any other reader took at the last look.
    deepest: u64,
    /// The most places that a reader took at the last look, and how many readers did, if somebody waited.
    most: u64,
    fullest: u32,
}

/// The places of a reader that holds nobody back.
const NONE: u64 = u64::MAX;

/// Whether messages may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// So many, now: they must be pushed under the same lock, or be made into a permit.
    Granted(usize),
    Full,
    Closed,
}

/// What is to come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Messages,
    /// Places for messages to come: all that are wanted, or none. They wait for nobody.
    Permit,
}

/// How many places of a lane a reader takes that has so many messages: what counts is how far it is from where it holds senders
/// back, by a measure of its own or by the capacity.
pub(super) fn in_lane(buffer: Option<u64>, capacity: u64, messages: u64) -> u64 {
    buffer.map_or(messages, |most| capacity.saturating_sub(most.saturating_sub(messages)))
}

impl Gate {
    pub(super) fn new(capacity: u64) -> Self {
        Self {
            capacity,
            high_water: 0,
            line: WaitList::new(),
            granted: WaitList::new(),
            granted_places: 0,
            permits: WaitList::new(),
            unserved: WaitList::new(),
            rota: None,
            dropping: 0,
            deepest: 0,
            most: 0,
            fullest: 0,
        }
    }

    /// Whether those who wait are served with each message that a reader with the most takes.
    fn is_served(&self) -> bool {
        self.fullest > 0
    }

    /// Places that are promised.
    pub(super) fn reserved(&self) -> u64 {
        self.granted_places + self.permits.len() as u64
    }

    /// Turns those away who wait; their wakers.
    pub(super) fn close(&mut self) -> impl Iterator<Item = Waker> + use<> {
        self.granted_places = 0;
        self.rota.iter_mut().for_each(|rota| rota.clear());
        let waiting = self.line.clear().chain(self.granted.clear());
        waiting.chain(self.unserved.clear())
    }

    /// Has the handles that wait take turns.
    pub(super) fn take_turns(&mut self) {
        self.rota = Some(Box::default());
    }

    /// Whose turn it is.
    #[inline]
    fn next(&self) -> Option<&Waiter> {
        match &self.rota {
            None => self.line.first(),
            Some(rota) => rota.first().and_then(|id| self.line.get(id)),
        }
    }

    /// The same, who waits no more.
    #[inline]
    fn pop_next(&mut self) -> Option<Waiter> {
        match &mut self.rota {
            None => self.line.pop(),
            Some(rota) => rota.pop().and_then(|id| self.line.remove(id)),
        }
    }

    /// How many places are free, where so many messages wait.
    fn free(&self, depth: u64) -> u64 {
        self.capacity.saturating_sub(depth + self.reserved())
    }

    /// Grants a waiter its places; who is to be woken.
    fn grant(&mut self, mut waiter: Waiter) -> Option<Waker> {
        let waker = waiter.waker.take();
        self.granted_places += u64::from(waiter.places);
        self.granted.push(waiter);
        waker
    }

    /// Takes back the places that were granted to this waiter; how many.
    pub(super) fn ungrant(&mut self, id: WaitId) -> Option<u32> {
        let places = self.granted.remove(id)?.places;
        self.granted_places -= u64::from(places);
        Some(places)
    }
}

impl<M> Log<M> {
    /// So many messages come in where so many places are taken, at the last look.
    #[inline]
    pub(super) fn enter(&mut self, at: LaneIndex, places: u64, count: u64) {
        let gate = &self.lanes[at].gate;
        let (places, deepest) = (places.max(gate.dropping), gate.deepest.max(gate.dropping));
        self.enter_where(at, places + count, deepest + count);
        if self.marks.has(Marks::SAMPLED) {
            self.sample(at, count);
        }
    }

    /// The same where now so many places are taken and, of the reader with the most, so many messages wait; and none of them is
    /// sampled.
    #[inline]
    pub(super) fn enter_where(&mut self, at: LaneIndex, places: u64, deepest: u64) {
        let gate = &mut self.lanes[at].gate;
        gate.high_water = gate.high_water.max(deepest);
        self.set_credit(at, places, deepest);
    }

    /// Whether a granted place is claimed with a look at who has how many: the most that wait may be more than the capacity, or
    /// this message is to be sampled.
    #[inline]
    pub(super) fn looks_at_claims(&self, at: LaneIndex) -> bool {
        self.marks.any()
            && (self.marks.has(Marks::UNEVEN) || self.marks.has(Marks::SAMPLED) && self.is_sample_due(at))
    }

    /// Computes the credit anew, where so many places are taken.
    fn refresh(&mut self, at: LaneIndex, places: u64) {
        let gate = &self.lanes[at].gate;
        self.set_credit(at, places.max(gate.dropping), gate.deepest.max(gate.dropping));
        if self.marks.has(Marks::SAMPLED) {
            self.stop_at_sample(at, 0);
        }
    }

    /// The credit is exact in two ways: within it no message exceeds the capacity, and none is a new high water that nobody
    /// would see.
    #[inline]
    fn set_credit(&mut self, at: LaneIndex, places: u64, deepest: u64) {
        let lane = &mut self.lanes[at];
        let gate = &lane.gate;
        let room = gate.free(places);
        let barred = self.closed || self.marks.has(Marks::TAPED) || !gate.line.is_empty();
        lane.credit = if barred { 0 } else { room.min(gate.high_water.saturating_sub(deepest)) };
    }

    /// The most messages of a lane that any reader has not taken. While senders wait, the readers with the most are told to
    /// serve them: no other can free a place. A reader with an empty inbox need not be told, as its next message leads it
    /// here.
    ///
    /// `waits`: who asks will wait, if there is no place.
    pub(super) fn look(&mut self, at: LaneIndex, waits: bool) -> u64 {
        let kept = if self.readers.is_empty() { self.lanes[at].kept_places() } else { 0 };
        let taped = self.taped_places(at);
        let Lane { intake, gate, .. } = &mut self.lanes[at];
        let tail = intake.end();
        let waiting = !gate.line.is_empty();
        let full = gate.capacity.saturating_sub(gate.reserved());
        let is_full = |places: u64| waiting || waits && places >= full;
        let (mut most, mut deepest, mut dropping) = (kept.max(taped), kept, 0);
        for reader in &mut self.readers {
            let seat = &mut reader.seats[at];
            let mut places = tail - seat.next - seat.released;
            if reader.drops {
                let in_inbox = if seat.filled { reader.inbox.lock().places(at) } else { 0 };
                dropping = dropping.max(places + in_inbox);
                seat.places = NONE;
                continue;
            }
            let in_lane = |places: u64| in_lane(reader.buffer, gate.capacity, places);
            if seat.filled {
                let mut inbox = reader.inbox.lock();
                let filled = reader.keeps || !inbox.queues[at].is_empty();
                seat.filled = filled || reader.paused;
                places += inbox.places(at);
                deepest = deepest.max(places);
                places = in_lane(places);
                let serves = filled && places >= most && is_full(places);
                if serves != seat.serves {
                    inbox.set_serve(at, serves);
                    seat.serves = serves;
                }
            } else {
                deepest = deepest.max(places);
                places = in_lane(places);
            }
            seat.places = places;
            most = most.max(places);
        }
        (gate.most, gate.deepest, gate.dropping) = (most, deepest, dropping);
        gate.fullest = 0;
        if is_full(most) {
            for reader in &mut self.readers {
                if reader.seats[at].places == most {
                    gate.fullest += 1;
                } else {
                    reader.stop_serving(at); // it had the most only among those before it
                }
            }
        }
        most
    }

    /// How many places of a lane there can be at most: its capacity, or what a reader has for a measure of its own.
    pub(crate) fn room(&self, at: LaneIndex) -> u64 {
        let capacity = self.lanes[at].gate.capacity;
        if !self.marks.has(Marks::UNEVEN) {
            return capacity;
        }
        let buffers = self.readers.iter().filter(|reader| !reader.drops).filter_map(|reader| reader.buffer);
        buffers.chain(self.least_tape()).fold(capacity, u64::min)
    }

    /// Nobody waits any more: no reader need serve.
    fn stop_serving(&mut self, at: LaneIndex) {
        let gate = &mut self.lanes[at].gate;
        if gate.fullest > 0 {
            gate.fullest = 0;
            self.readers.iter_mut().for_each(|reader| reader.stop_serving(at));
        }
    }

    /// A reader is gone that had so many places at the last look. If it was the last with the most of them, some are free.
    pub(super) fn places_left(&mut self, at: LaneIndex, places: u64, effects: &mut Effects<M>) {
        let gate = &mut self.lanes[at].gate;
        if gate.line.is_empty() {
            return;
        }
        gate.fullest -= u32::from(places == gate.most && gate.fullest > 0);
        if gate.fullest == 0 {
            self.serve_in(at, effects);
        }
    }

    /// Gives the free places of every lane to the longest waiting senders.
    #[inline]
    pub(crate) fn serve(&mut self, effects: &mut Effects<M>) {
        for at in self.lanes.read() {
            self.serve_in(at, effects);
        }
    }

    /// The same of one lane.
    #[inline]
    pub(super) fn serve_in(&mut self, at: LaneIndex, effects: &mut Effects<M>) {
        if self.closed || self.lanes[at].gate.line.is_empty() {
            return;
        }
        self.grant(at, effects);
    }

    fn grant(&mut self, at: LaneIndex, effects: &mut Effects<M>) {
        if let Some(conflate) = self.conflate {
            conflate(self, at, effects);
        }
        let (depth, whole) = (self.look(at, false), self.room(at));
        let gate = &mut self.lanes[at].gate;
        let mut free = gate.free(depth);
        // Who waits for several places gets them together, and holds up those behind it until they are free.
        // More than there can be are granted when all are free: the capacity may have been made less meanwhile, or a reader have
        // come that holds senders by a measure of its own.
        let waiting = gate.line.len();
        while gate.next().is_some_and(|next| u64::from(next.places).min(whole) <= free)
            && let Some(waiter) = gate.pop_next()
        {
            free = free.saturating_sub(waiter.places.into());
            effects.wake_taken(gate.grant(waiter));
        }
        let granted = gate.line.len() < waiting;
        if gate.line.is_empty() {
            self.stop_serving(at);
        }
        self.refresh(at, depth);
        if granted {
            self.alert_next(at, effects);
        }
    }

    /// Where messages expire, whoever is next in line looks again whenever the next or what expires may be another: its
    /// timer is for what expired first when it last looked.
    pub(super) fn alert_next(&self, at: LaneIndex, effects: &mut Effects<M>) {
        if self.expiring
            && let Some(next) = self.lanes[at].gate.next()
            && let Some(waker) = &next.waker
        {
            effects.wake(waker);
        }
    }

    /// Serves after this message was popped from an inbox that asks for it, the short way: `Ok` with the waker to wake.
    #[inline]
    pub(crate) fn serve_after(
        &mut self,
        inbox: &SharedInbox<M>,
        taken: &Taken<M>,
    ) -> Result<Option<Waker>, ()> {
        if self.lanes.are_several()
            || self.expiring
            || self.conflate.is_some()
            || self.marks.has(Marks::TAPED)
        {
            return Err(());
        }
        let lane = &mut self.lanes.main;
        let Some(reader) = self.readers.get_mut(inbox.place()) else { return Ok(None) };
        if reader.buffer.is_some() {
            return Err(()); // its places are not those of the lane
        }
        if !reader.seats.main.serves || self.closed {
            return Ok(None); // somebody has looked meanwhile
        }
        if taken.request.is_some() {
            return Err(()); // it may have given up its place before
        }
        let gate = &mut lane.gate;
        if gate.fullest > 1 {
            gate.fullest -= 1;
            reader.stop_serving(0); // others have more to take
            return Ok(None);
        }
        // What the only reader still has to take has greater numbers than this message, whatever others take meanwhile.
        let most = lane.intake.end() - taken.number - 1;
        let one = most + gate.reserved() + 1 == gate.capacity
            && self.readers.len() == 1
            && gate.line.len() > 1
            && gate.line.first().is_some_and(|first| first.places == 1);
        let Some(waiter) = (if one { gate.line.pop() } else { None }) else { return Err(()) };
        Ok(gate.grant(waiter))
    }

    /// Decides the long way: those who wait come first, and messages that are over give up their places. `now` is needed
    /// where there are such. `waits`: whoever asks will wait, if there is no place.
    #[cold]
    pub(crate) fn admit(
        &mut self,
        at: LaneIndex,
        wanted: usize,
        what: Entry,
        waits: bool,
        now: Option<Instant>,
        effects: &mut Effects<M>,
    ) -> Admission {
        if self.closed {
            return Admission::Closed;
        }
        if !self.lanes[at].gate.is_served() {
            self.serve_in(at, effects);
        }
        if !self.lanes[at].gate.line.is_empty() && self.release_gone(at, now) {
            self.serve_in(at, effects);
        }
        if !self.lanes[at].gate.line.is_empty() {
            return Admission::Full;
        }
        let mut depth = self.look(at, waits);
        if let Some(conflate) = self.conflate.filter(|_| self.lanes[at].gate.free(depth) == 0) {
            conflate(self, at, effects);
            depth = self.look(at, waits);
        }
        let free = |log: &Self, depth| log.lanes[at].gate.free(depth);
        if free(self, depth) == 0 && self.release_gone(at, now) {
            depth = self.look(at, waits);
        }
        match free(self, depth).min(wanted as u64) {
            count if count == 0 || what == Entry::Permit && count < wanted as u64 => {
                self.refresh(at, depth);
                Admission::Full
            }
            count => {
                match what {
                    Entry::Messages => {
                        self.make_room(at, count, effects);
                        self.enter(at, depth, count);
                    }
                    Entry::Permit => self.refresh(at, depth),
                }
                Admission::Granted(count as usize)
            }
        }
    }

    /// How many wait for a place.
    pub(crate) fn waiting(&self, at: LaneIndex) -> usize {
        self.lanes[at].gate.line.len()
    }

    /// Whether [`admit`](Self::admit) needs to know the time.
    pub(crate) fn needs_time(&self) -> bool {
        self.asked > 0 || self.expiring
    }

    /// Queues a sender in its place behind those who wait. Before it sleeps, it must
    /// [ask for service](Self::request_grants). `handle` is what tells its handle from others that exist.
    pub(crate) fn enqueue(
        &mut self,
        at: LaneIndex,
        places: u32,
        waker: &Waker,
        handle: usize,
        caller: Caller,
    ) -> WaitId {
        let id = self.next_id();
        let lane = &mut self.lanes[at];
        lane.credit = 0;
        if let Some(rota) = &mut lane.gate.rota {
            rota.note(id, handle);
            rota.enter(id);
        }
        lane.gate.line.push(Waiter { id, waker: Some(waker.clone()), caller, places, firm: true });
        id
    }

    /// Has the readers with the most serve those who wait, from now on with each message they take. Whether somebody may
    /// have been granted a place by that.
    pub(crate) fn request_grants(&mut self, at: LaneIndex, effects: &mut Effects<M>) -> bool {
        let served = self.lanes[at].gate.is_served();
        if !served {
            self.serve_in(at, effects); // what was taken before is seen, and what is taken from here on is served
        }
        self.warn_of_stalls(effects);
        !served
    }

    /// Warns, once, of what holds senders and does not read: groups without members, or that there is nobody.
    pub(super) fn warn_of_stalls(&mut self, effects: &mut Effects<M>) {
        for at in self.lanes.read() {
            let gate = &self.lanes[at].gate;
            let (waiting, most) = (gate.line.len() as u64, gate.most);
            if waiting == 0 {
                continue;
            }
            if self.readers.is_empty() && !self.told.unread {
                self.told.unread = true;
                effects.warnings.push(Warning::Unread { waiting });
            }
            for reader in &mut self.readers {
                let holds = reader.is_group() && reader.members == 0 && reader.seats[at].places == most;
                if holds && !reader.warned {
                    reader.warned = true;
                    effects.warnings.push(Warning::DeadGroup { group: reader.name.clone(), waiting });
                }
            }
        }
    }

    /// Whether a sender that comes now just queues: others wait and are served, and nothing is to be decided anew.
    #[inline]
    pub(crate) fn just_queue(&self, at: LaneIndex) -> bool {
        // A served line gets every place that is freed before anybody else. Only messages that are over could free one unseen,
        // and where there never were any, there is nothing to look for.
        let gate = &self.lanes[at].gate;
        gate.is_served() && !gate.line.is_empty() && !self.closed && !self.needs_time()
    }

    /// Takes the place that a waiting sender was granted, the short way: it is its turn, and no new high water.
    #[inline]
    pub(crate) fn claim_fast(&mut self, at: LaneIndex, id: WaitId) -> bool {
        // The place is reserved for it, so there is room without a look. And where the high water is the capacity, this message
        // cannot be a new one, so its depth need not be known. Who is not the first leaves the search to the long way.
        let looks = self.looks_at_claims(at);
        let gate = &mut self.lanes[at].gate;
        let turn = gate.granted.first().is_some_and(|first| first.id == id && first.places == 1);
        let short = turn && !self.closed && gate.high_water >= gate.capacity && !looks;
        if short {
            gate.granted.pop();
            gate.granted_places -= 1;
        }
        short
    }

    /// Takes the place that a waiting sender may have been granted; with it come as many more of those `wanted` as are
    /// free and as nobody waits for. `Full`: it waits still, and its waker is kept current.
    pub(crate) fn claim(
        &mut self,
        at: LaneIndex,
        id: WaitId,
        wanted: usize,
        what: Entry,
        waker: &Waker,
        effects: &mut Effects<M>,
    ) -> Admission {
        if self.closed {
            return Admission::Closed;
        }
        let looks = self.looks_at_claims(at);
        let gate = &mut self.lanes[at].gate;
        let Some(places) = gate.ungrant(id) else {
            let renewed = gate.line.renew(id, waker).or_else(|| gate.unserved.renew(id, waker));
            effects.drop_waker(renewed.flatten());
            return Admission::Full;
        };
        let promised = wanted == 1 && gate.high_water >= gate.capacity && !looks;
        if what == Entry::Permit || promised {
            return Admission::Granted(places as usize); // they were promised, and there can be no new high water
        }
        let depth = self.look(at, false);
        let gate = &self.lanes[at].gate;
        let free = gate.free(depth);
        let count = if gate.line.is_empty() { free.min(wanted as u64).max(1) } else { 1 };
        self.make_room(at, count, effects);
        self.enter(at, depth, count);
        Admission::Granted(count as usize)
    }

    /// A sender is dropped that waited or had been granted a place; whether it waited for a group.
    pub(crate) fn cancel_send(&mut self, at: LaneIndex, id: WaitId, effects: &mut Effects<M>) -> bool {
        let gate = &mut self.lanes[at].gate;
        if let Some(rota) = &mut gate.rota {
            rota.remove(id);
        }
        if let Some(waiter) = gate.unserved.remove(id) {
            effects.drop_waker(waiter.waker);
            return true;
        }
        if let Some(waiter) = gate.line.remove(id) {
            let (is_last, several) = (gate.line.is_empty(), waiter.places > 1);
            effects.drop_waker(waiter.waker);
            if is_last {
                self.stop_serving(at);
            } else if several {
                self.serve_in(at, effects); // those behind it may need fewer
            } else {
                self.alert_next(at, effects);
            }
        } else if gate.ungrant(id).is_some() {
            self.serve_in(at, effects);
        }
        false
    }

    /// Queues a request that finds no group, or keeps its waker current. A place that it was granted, while there was a
    /// group, is free again.
    pub(crate) fn wait_for_group(
        &mut self,
        at: LaneIndex,
        id: Option<WaitId>,
        waker: &Waker,
        handle: usize,
        caller: impl FnOnce() -> Caller,
        effects: &mut Effects<M>,
    ) -> WaitId {
        if let Some(id) = id
            && !self.lanes[at].gate.unserved.has(id)
        {
            self.cancel_send(at, id, effects);
        }
        if !self.told.unserved {
            self.told.unserved = true;
            effects.warnings.push(Warning::Unserved);
        }
        let fresh = id.unwrap_or_else(|| self.next_id());
        let gate = &mut self.lanes[at].gate;
        let (id, replaced) = gate.unserved.wait(id, fresh, waker, true, caller);
        if let Some(rota) = &mut gate.rota {
            rota.note(id, handle);
        }
        effects.drop_waker(replaced);
        id
    }

    /// A group has come: the requests that waited for one are in line for a place, each as of when it came.
    pub(super) fn group_came(&mut self, effects: &mut Effects<M>) {
        self.told.unserved = false;
        for at in self.lanes.read() {
            let lane = &mut self.lanes[at];
            if self.closed || lane.gate.unserved.is_empty() {
                continue;
            }
            while let Some(waiter) = lane.gate.unserved.pop() {
                lane.gate.rota.iter_mut().for_each(|rota| rota.enter(waiter.id));
                lane.gate.line.push(waiter);
            }
            lane.credit = 0;
            self.serve_in(at, effects);
        }
    }

    /// Gives a lane another capacity. A greater one grants places at once; with a smaller one none is admitted until it
    /// fits.
    pub(crate) fn set_capacity(&mut self, at: LaneIndex, capacity: u64, effects: &mut Effects<M>) {
        self.lanes[at].gate.capacity = capacity;
        if self.closed {
            return;
        }
        self.grant(at, effects);
    }
}
