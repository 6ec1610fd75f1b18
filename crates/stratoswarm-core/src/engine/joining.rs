use std::{mem, sync::Arc};

use super::{
    Durability, Effects, InFlight, Kind, LaneIndex, Log, Queue, Reader, ReaderFigures, SharedInbox, Start,
    Tag, Warning,
    cursors::Whose,
    lane::{Lane, Sorted},
    marks::Marks,
    per_lane::PerLane,
    queue::cloned,
    reader::Seat,
};

/// What a member needs of its group: its inbox, and what its members have in flight.
pub(crate) struct Membership<M> {
    pub(crate) inbox: SharedInbox<M>,
    pub(crate) in_flight: Arc<InFlight>,
    /// Whether it acknowledges: then messages are taken by way of its ledger.
    pub(crate) keeps: bool,
    /// What tells the group from all others that its channel ever had.
    pub(crate) group: u64,
}

impl<M: Clone> Log<M> {
    /// The place of the group, which is made if there is none.
    pub(crate) fn open_group(
        &mut self,
        name: &str,
        durability: Durability,
        start: Start,
        effects: &mut Effects<M>,
    ) -> usize {
        if let Some(place) = self.group(name) {
            return place;
        }
        let place = self.open(Kind::Group(durability), name.to_owned(), start, effects);
        let reader = &self.readers[place];
        let kept = reader.figures(&self.lanes).accepted;
        let gone = self.tail() - kept;
        if gone > 0 {
            effects.warnings.push(Warning::LateGroup { group: name.to_owned(), gone, kept });
        }
        self.group_came(effects);
        place
    }

    /// Makes the group, if there is none, as one of those that were meant to be.
    pub(crate) fn declare_group(&mut self, name: &str, effects: &mut Effects<M>) {
        self.open_group(name, Durability::Durable, Start::Next, effects);
        self.told.groups_declared = true;
    }

    /// A further member of the group, which is made if there is none.
    pub(crate) fn join(
        &mut self,
        name: &str,
        durability: Durability,
        start: Start,
        effects: &mut Effects<M>,
    ) -> Membership<M> {
        if self.group(name).is_none() && self.told.groups_declared {
            effects.warnings.push(Warning::Undeclared { group: name.to_owned() });
        }
        let place = self.open_group(name, durability, start, effects);
        self.reader_came();
        let reader = &mut self.readers[place];
        reader.members += 1;
        reader.warned = false;
        let in_flight = reader.in_flight.get_or_insert_with(|| Arc::new(InFlight::new()));
        Membership {
            inbox: reader.inbox.clone(),
            in_flight: Arc::clone(in_flight),
            keeps: reader.keeps,
            group: reader.number,
        }
    }

    /// A further member of the group with this inbox; its name, if it is still there.
    pub(crate) fn join_again(&mut self, inbox: &SharedInbox<M>) -> Option<String> {
        let reader = self.readers.get_mut(inbox.place())?;
        reader.members += 1;
        let name = reader.name.clone();
        self.reader_came();
        Some(name)
    }

    /// A new subscriber's inbox. Its name may be empty.
    pub(crate) fn open_subscriber(
        &mut self,
        name: &str,
        start: Start,
        effects: &mut Effects<M>,
    ) -> SharedInbox<M> {
        let place = self.open(Kind::Subscriber, name.to_owned(), start, effects);
        self.reader_came();
        let reader = &mut self.readers[place];
        reader.members = 1;
        reader.inbox.clone()
    }

    /// Adds a lossless reader; its place. The first gets what is kept for it; later ones begin with the next message, or
    /// with what is there from where they were to start.
    fn open(&mut self, kind: Kind, name: String, from: Start, effects: &mut Effects<M>) -> usize {
        let place = self.readers.len();
        let start = |lane: &Lane<M>| if place == 0 { lane.kept_from } else { lane.intake.end() };
        let starts = PerLane {
            main: start(&self.lanes.main),
            more: self.lanes.more.iter().map(start).collect::<Vec<_>>(),
        };
        let mut seats = PerLane {
            main: Seat::new(starts.main),
            more: starts.more.iter().copied().map(Seat::new).collect(),
        };
        let sorted = self.classes.as_ref().map(|classes| Box::new(Sorted::new(classes, &starts.more)));
        let group = matches!(kind, Kind::Group(_));
        for at in self.lanes.read() {
            seats[at].released = self.lanes[at].released_from(starts[at], group);
        }
        seats.main.filled = sorted.is_some(); // for the short ways, as it has to be gone through
        let inbox = SharedInbox::new(place, starts.more.len(), sorted);
        let mut reader = Reader::new(kind, name, inbox, seats);
        let late = from != Start::Next && (place > 0 || self.retention.is_some());
        if late {
            let first = self.first_of(from);
            for at in self.lanes.read() {
                self.copy_from(at, first, &mut reader, effects);
            }
        }
        reader.number = self.readers_made;
        self.readers_made += 1;
        self.groups += u32::from(reader.is_group());
        if place == 0 {
            self.readers.reserve_exact(1); // most channels have one; a vector would begin with four
        }
        self.readers.push(reader);
        if place > 0 {
            for at in self.lanes.read() {
                self.cursor_came(at, Whose::Lossless, starts[at]); // the first takes over that of the one to come
            }
        }
        if late {
            self.serve(effects); // it may be among the fullest
            if self.retention.is_some() {
                let depth = self.look(0, false); // it may have more than any other
                self.enter(0, depth, 0);
            }
        }
        place
    }

    /// Gives a new reader copies of what is there of a lane from this sequence number on: what is retained, and all that the
    /// reader with its oldest message still has to get, but for those that gave up their places.
    fn copy_from(&mut self, at: LaneIndex, first: u64, reader: &mut Reader<M>, effects: &mut Effects<M>) {
        let source = self.oldest_source(at);
        let first =
            if self.marks.has(Marks::UNEVEN) { self.first_that_fits(at, first, source) } else { first };
        let intake = &self.lanes[at].intake;
        let mut queue = intake.empty_like();
        let seat = &mut reader.seats[at];
        // What nobody has left but this channel, up to where the source begins: there are no lanes, so numbers are those of
        // admission.
        let retained = self.retained_from().max(first)..source.map_or(seat.start, |(oldest, _)| oldest);
        let mut give = |number: u64, message: &M, seq: u64| {
            queue.skip_gap_to(number);
            seat.given += 1;
            match cloned(message) {
                Some(message) => queue.push_numbered(message, seq, None, self.lanes[at].gate.capacity),
                None => {
                    seat.passed += 1;
                    reader.skipped.panicked += 1;
                }
            }
        };
        if self.retention.is_some() {
            let here = intake.numbered().filter(|(number, ..)| retained.contains(number));
            here.filter(|(.., tag)| is_live(*tag))
                .for_each(|(number, message, _)| give(number, message, number));
        }
        if let Some((_, source)) = source {
            let source = &self.readers[source];
            // Taken out, so that `Clone` runs under the log's lock alone; who looks meanwhile comes here, and waits.
            let inbox = mem::replace(&mut source.inbox.lock().queues[at], Queue::new());
            let next = source.seats[at].next;
            let rest = intake.numbered().zip(intake.seqs()).filter(|((number, ..), _)| *number >= next);
            let all = inbox.numbered().zip(inbox.seqs()).chain(rest);
            let wanted = all.filter(|((.., tag), seq)| is_live(*tag) && *seq >= first);
            wanted.for_each(|((number, message, _), seq)| give(number, message, seq));
            source.inbox.lock().queues[at] = inbox;
        }
        queue.skip_gap_to(reader.seats[at].next);
        self.share_tags(at, &mut queue, reader.is_group(), effects);
        if let Some(trace) = self.trace.as_ref().filter(|_| !reader.is_group()) {
            queue.tag_bare(0, || trace.mark());
        }
        self.share_retained_expiries(&mut queue, effects);
        reader.seats[at].filled = true;
        reader.inbox.lock().queues[at] = queue;
    }

    /// From where on no more than the lane's capacity is there, if another has more, by a measure of its own.
    fn first_that_fits(&self, at: LaneIndex, first: u64, source: Option<(u64, usize)>) -> u64 {
        let (lane, mut seqs) = (&self.lanes[at], Vec::new());
        let wanted = |queue: &Queue<M>, from: u64, until: u64, seqs: &mut Vec<u64>| {
            let all = queue.numbered().zip(queue.seqs());
            let there = all.filter(|((number, _, tag), seq)| {
                (from..until).contains(number) && is_live(*tag) && *seq >= first
            });
            seqs.extend(there.map(|(_, seq)| seq));
        };
        if self.retention.is_some() {
            let until = source.map_or(u64::MAX, |(oldest, _)| oldest);
            wanted(&lane.intake, self.retained_from(), until, &mut seqs);
        }
        if let Some(source) = source.map(|(_, source)| &self.readers[source]) {
            wanted(&source.inbox.lock().queues[at], 0, u64::MAX, &mut seqs);
            wanted(&lane.intake, source.seats[at].next, u64::MAX, &mut seqs);
        }
        let surplus = (seqs.len() as u64).saturating_sub(lane.gate.capacity);
        seqs.get(surplus as usize).copied().unwrap_or(first)
    }

    /// Gives a late reader what lies beside its messages: their expiry, and to a group a share in the requests that other
    /// groups have to take.
    fn share_tags(&self, at: LaneIndex, queue: &mut Queue<M>, group: bool, effects: &mut Effects<M>) {
        // Requests first: what a subscriber has of one, its charge, is not all of it.
        for requests in [true, false] {
            let mut share = |of: &Queue<M>| {
                for (number, request, _) in of.requests().filter(|(.., released)| !released) {
                    let tag = match request.is_request() {
                        asked if asked != requests => continue,
                        true if group => Tag::request(number, request.clone(), 1),
                        true => match request.charge_alone() {
                            Some(charge) => Tag::expiry(number, charge),
                            None => continue,
                        },
                        false => Tag::expiry(number, request.clone()),
                    };
                    if let Err(tag) = queue.attach(tag) {
                        effects.dropped_requests.push(tag.request); // it is not there, or has one already
                    }
                }
            };
            for other in &self.readers {
                share(&other.inbox.lock().queues[at]);
            }
            share(&self.lanes[at].intake);
        }
    }
}

impl<M: Clone> Log<M> {
    /// Copies of what groups without members have not taken, with their names, and of what nobody came for. Requests are not
    /// among it: their callers are told. A message whose `Clone` panics is left out.
    pub(crate) fn undelivered_messages(&mut self) -> Vec<(Option<String>, M)> {
        let mut left = Vec::new();
        let copy = |left: &mut Vec<_>, group: Option<&String>, queue: &Queue<M>, from: u64| {
            let sent = |tag: Option<&Tag>| tag.is_none_or(|tag| !tag.request.is_request());
            let messages = queue.numbered().filter(|(number, _, tag)| *number >= from && sent(*tag));
            left.extend(messages.filter_map(|(_, message, _)| Some((group.cloned(), cloned(message)?))));
        };
        for reader in self.readers.iter().filter(|reader| reader.members == 0) {
            if reader.keeps
                && let Some(ledger) = &mut reader.inbox.lock().ledger
            {
                let back = ledger.take_waiting().into_iter();
                left.extend(back.map(|message| (Some(reader.name.clone()), message)));
            }
            for at in self.lanes.read() {
                // Taken out, so that `Clone` runs under the log's lock alone.
                let inbox = mem::replace(&mut reader.inbox.lock().queues[at], Queue::new());
                copy(&mut left, Some(&reader.name), &inbox, 0);
                reader.inbox.lock().queues[at] = inbox;
                copy(&mut left, Some(&reader.name), &self.lanes[at].intake, reader.seats[at].next);
            }
        }
        if self.keeps && self.readers.is_empty() {
            let kept =
                |at: LaneIndex| copy(&mut left, None, &self.lanes[at].intake, self.lanes[at].kept_from);
            self.lanes.read().for_each(kept);
        }
        left
    }
}

impl<M> Log<M> {
    /// The place of the reader that has the oldest message of a lane to take, and that message's number; those that gave up
    /// their places do not count.
    pub(super) fn oldest_source(&self, at: LaneIndex) -> Option<(u64, usize)> {
        let intake = &self.lanes[at].intake;
        let oldest = |reader: &Reader<M>| {
            let inbox = reader.inbox.lock();
            let mut in_inbox = inbox.queues[at].numbered();
            let in_inbox = in_inbox.find(|(.., tag)| is_live(*tag)).map(|(number, ..)| number);
            in_inbox.or_else(|| {
                let mut left = intake.numbered().filter(|(number, ..)| *number >= reader.seats[at].next);
                left.find(|(.., tag)| is_live(*tag)).map(|(number, ..)| number)
            })
        };
        let places = self.readers.iter().enumerate();
        places.filter_map(|(place, reader)| Some((oldest(reader)?, place))).min()
    }

    /// A member or subscriber leaves. What it had not handed out is still there, for its group.
    pub(crate) fn leave(&mut self, inbox: &SharedInbox<M>, effects: &mut Effects<M>) {
        let place = inbox.place();
        let Some(reader) = self.readers.get_mut(place) else { return };
        reader.members -= 1;
        if reader.members == 0 {
            if reader.kind == Kind::Group(Durability::Durable) {
                self.warn_of_stalls(effects);
            } else {
                self.remove(place, self.closed, effects);
            }
        }
        self.readers_went(1, effects);
    }

    /// Removes a group; how many messages only it had not taken.
    pub(crate) fn remove_group(&mut self, name: &str, effects: &mut Effects<M>) -> usize {
        self.group(name).map_or(0, |place| self.remove(place, false, effects))
    }

    /// Removes the groups without members that have something left and, if no reader is left then, all that nobody came
    /// for. `remembered`: what they leave stands in the figures.
    pub(crate) fn remove_deserted(&mut self, remembered: bool, effects: &mut Effects<M>) {
        // One that has nothing left stays, so that who reports at the same time still finds what it did.
        let deserted = |log: &Self| {
            log.readers.iter().position(|reader| reader.members == 0 && reader.left(&log.lanes) > 0)
        };
        while let Some(place) = deserted(self) {
            self.remove(place, remembered, effects);
        }
        if self.keeps && self.readers.is_empty() {
            for at in self.lanes.read() {
                self.keep_from_now_on(at, self.lanes[at].kept_from, effects);
            }
        }
    }

    /// Takes a reader out of every account, but for the figures of one that is remembered; frees what only it had not
    /// read; how many messages that was.
    fn remove(&mut self, place: usize, remembered: bool, effects: &mut Effects<M>) -> usize {
        let figures = self.readers[place].figures(&self.lanes);
        let mut gone = self.readers.swap_remove(place);
        if let Some(moved) = self.readers.get(place) {
            moved.inbox.set_place(place);
        }
        gone.inbox.set_gone();
        let members = gone.members as usize;
        self.parked -= u32::from(!gone.parked.is_empty());
        effects.wakers.extend(gone.parked.clear());
        self.drop_parts(&gone, effects);
        {
            let mut inbox = gone.inbox.lock();
            for at in self.lanes.read() {
                inbox.set_serve(at, false);
                effects.drop_all(&mut inbox.queues[at]);
            }
            if let Some(ledger) = &mut inbox.ledger {
                ledger.clear(effects);
            }
        }
        if gone.keeps {
            effects.inboxes.push(gone.inbox.clone()); // it may be the last, and of the user's there is more in it
        }
        self.groups -= u32::from(gone.is_group());
        for at in self.lanes.read() {
            let next = gone.seats[at].next;
            if gone.is_group() {
                self.lanes[at].intake.unclaim(next, &mut effects.dropped_requests);
            }
            if self.readers.is_empty() {
                self.keep_from_now_on(at, next, effects);
            } else {
                self.cursor_went(at, Whose::Lossless, next, effects);
            }
        }
        let left = figures.left as usize;
        self.remember(
            ReaderFigures { members: 0, listed: Vec::new(), ..figures },
            gone.in_flight,
            remembered,
        );
        for at in self.lanes.read() {
            self.places_left(at, gone.seats[at].places, effects);
        }
        self.readers_went(members, effects);
        left
    }

    /// The next messages are kept for the first lossless reader to come, who has a cursor already: the one at `before`.
    fn keep_from_now_on(&mut self, at: LaneIndex, before: u64, effects: &mut Effects<M>) {
        let lane = &mut self.lanes[at];
        let from = lane.intake.end();
        lane.kept_from = from;
        lane.cursors.moved(Whose::Lossless, before, from);
        if lane.cursors.are_several() {
            self.trim(at, effects);
        } else {
            self.let_go_before(at, from, effects);
        }
    }
}

/// Whether a message has not given up its place.
fn is_live(tag: Option<&Tag>) -> bool {
    tag.is_none_or(|tag| !tag.released)
}
