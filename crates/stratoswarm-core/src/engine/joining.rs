use std::{mem, sync::Arc};

use super::{
    Durability, Effects, InFlight, Kind, Log, Queue, Reader, ReaderFigures, SharedInbox, Tag, Warning,
    cursors::Whose, queue::cloned,
};

/// What a member needs of its group: its inbox, and what its members have in flight.
pub(crate) struct Membership<M> {
    pub(crate) inbox: SharedInbox<M>,
    pub(crate) in_flight: Arc<InFlight>,
    /// Whether it acknowledges: then messages are taken by way of its ledger.
    pub(crate) keeps: bool,
}

impl<M: Clone> Log<M> {
    /// The place of the group, which is made if there is none.
    pub(crate) fn open_group(
        &mut self,
        name: &str,
        durability: Durability,
        from_oldest: bool,
        effects: &mut Effects<M>,
    ) -> usize {
        if let Some(place) = self.group(name) {
            return place;
        }
        let place = self.open(Kind::Group(durability), name.to_owned(), from_oldest, effects);
        let reader = &self.readers[place];
        let kept = self.tail() - reader.start + reader.given;
        let gone = self.tail() - kept;
        if gone > 0 {
            effects.warnings.push(Warning::LateGroup { group: name.to_owned(), gone, kept });
        }
        self.group_came(effects);
        place
    }

    /// Makes the group, if there is none, as one of those that were meant to be.
    pub(crate) fn declare_group(&mut self, name: &str, effects: &mut Effects<M>) {
        self.open_group(name, Durability::Durable, false, effects);
        self.told.groups_declared = true;
    }

    /// A further member of the group, which is made if there is none.
    pub(crate) fn join(
        &mut self,
        name: &str,
        durability: Durability,
        from_oldest: bool,
        effects: &mut Effects<M>,
    ) -> Membership<M> {
        if self.group(name).is_none() && self.told.groups_declared {
            effects.warnings.push(Warning::Undeclared { group: name.to_owned() });
        }
        let place = self.open_group(name, durability, from_oldest, effects);
        self.reader_came();
        let reader = &mut self.readers[place];
        reader.members += 1;
        reader.warned = false;
        let in_flight = reader.in_flight.get_or_insert_with(|| Arc::new(InFlight::new()));
        Membership { inbox: reader.inbox.clone(), in_flight: Arc::clone(in_flight), keeps: reader.keeps }
    }

    /// A further member of the group with this inbox; its name, if it is still there.
    pub(crate) fn join_again(&mut self, inbox: &SharedInbox<M>) -> Option<String> {
        let reader = self.readers.get_mut(inbox.place())?;
        reader.members += 1;
        let name = reader.name.clone();
        self.reader_came();
        Some(name)
    }

    /// A new subscriber's inbox.
    pub(crate) fn open_subscriber(&mut self, from_oldest: bool, effects: &mut Effects<M>) -> SharedInbox<M> {
        let place = self.open(Kind::Subscriber, String::new(), from_oldest, effects);
        self.reader_came();
        let reader = &mut self.readers[place];
        reader.members = 1;
        reader.inbox.clone()
    }

    /// Adds a lossless reader; its place. The first gets what is kept for it; later ones begin with the next message, or
    /// with the oldest that another still has.
    fn open(&mut self, kind: Kind, name: String, from_oldest: bool, effects: &mut Effects<M>) -> usize {
        let place = self.readers.len();
        let start = if place == 0 { self.kept_from } else { self.tail() };
        let mut reader = Reader::new(kind, name, place, start);
        if from_oldest && place > 0 {
            self.copy_oldest(&mut reader, effects);
        }
        reader.number = self.readers_made;
        self.readers_made += 1;
        self.groups += u32::from(reader.is_group());
        if place == 0 {
            self.readers.reserve_exact(1); // most channels have one; a vector would begin with four
        }
        self.readers.push(reader);
        if place > 0 {
            self.cursor_came(Whose::Lossless, start); // the first takes over that of the one to come
        }
        if from_oldest {
            self.serve(effects); // it may be among the fullest
        }
        place
    }

    /// Gives a new reader copies of all that the reader with the oldest message still has to get, but for requests that
    /// gave up their places.
    fn copy_oldest(&mut self, reader: &mut Reader<M>, effects: &mut Effects<M>) {
        let live = |tag: Option<&Tag>| tag.is_none_or(|tag| !tag.released);
        let oldest = |reader: &Reader<M>| {
            let inbox = reader.inbox.lock();
            let in_inbox = inbox.queue.numbered().find(|(.., tag)| live(*tag)).map(|(number, ..)| number);
            in_inbox.or_else(|| {
                let mut left = self.intake.numbered().filter(|(number, ..)| *number >= reader.next);
                left.find(|(.., tag)| live(*tag)).map(|(number, ..)| number)
            })
        };
        let oldest =
            self.readers.iter().filter_map(|it| Some((oldest(it)?, it))).min_by_key(|(number, _)| *number);
        let Some((_, source)) = oldest else { return };
        // Taken out, so that `Clone` runs under the log's lock alone; who looks meanwhile comes here, and waits.
        let inbox = mem::replace(&mut source.inbox.lock().queue, Queue::new());
        let mut queue = Queue::new();
        let rest = self.intake.numbered().filter(|(number, ..)| *number >= source.next);
        for (number, message, _) in inbox.numbered().chain(rest).filter(|(.., tag)| live(*tag)) {
            queue.skip_gap_to(number);
            reader.given += 1;
            match cloned(message) {
                Some(message) => queue.push(message, self.gate.capacity),
                None => {
                    reader.passed += 1;
                    reader.skipped.panicked += 1;
                }
            }
        }
        queue.skip_gap_to(self.intake.end());
        source.inbox.lock().queue = inbox;
        if reader.is_group() {
            self.share_requests(&mut queue, effects);
        }
        reader.filled = true;
        reader.inbox.lock().queue = queue;
    }

    /// Gives a late group a share in the requests that other groups have to take.
    fn share_requests(&self, queue: &mut Queue<M>, effects: &mut Effects<M>) {
        let mut share = |of: &Queue<M>| {
            for (number, request, _) in of.requests().filter(|(.., released)| !released) {
                if let Err(tag) = queue.attach(Tag::request(number, request.clone(), 1)) {
                    effects.dropped_requests.push(tag.request); // it is not there, or has a share already
                }
            }
        };
        for group in self.readers.iter().filter(|other| other.is_group()) {
            share(&group.inbox.lock().queue);
        }
        share(&self.intake);
    }
}

impl<M: Clone> Log<M> {
    /// Copies of what groups without members have not taken, with their names, and of what nobody came for. Requests are not
    /// among it: their callers are told. A message whose `Clone` panics is left out.
    pub(crate) fn undelivered_messages(&mut self) -> Vec<(Option<String>, M)> {
        let mut left = Vec::new();
        let copy = |left: &mut Vec<_>, group: Option<&String>, queue: &Queue<M>, from: u64| {
            let sent = |tag: Option<&Tag>| tag.is_none_or(|tag| !tag.request.is_some());
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
            // Taken out, so that `Clone` runs under the log's lock alone.
            let inbox = mem::replace(&mut reader.inbox.lock().queue, Queue::new());
            copy(&mut left, Some(&reader.name), &inbox, 0);
            reader.inbox.lock().queue = inbox;
            copy(&mut left, Some(&reader.name), &self.intake, reader.next);
        }
        if self.keeps && self.readers.is_empty() {
            copy(&mut left, None, &self.intake, self.kept_from);
        }
        left
    }
}

impl<M> Log<M> {
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

    /// Removes the groups without members and, if no reader is left then, all that nobody came for. `remembered`: what they
    /// leave stands in the figures.
    pub(crate) fn remove_deserted(&mut self, remembered: bool, effects: &mut Effects<M>) {
        while let Some(place) = self.readers.iter().position(|reader| reader.members == 0) {
            self.remove(place, remembered, effects);
        }
        if self.keeps && self.readers.is_empty() {
            self.keep_from_now_on(self.kept_from, effects);
        }
    }

    /// Takes a reader out of every account, but for the figures of one that is remembered; frees what only it had not
    /// read; how many messages that was.
    fn remove(&mut self, place: usize, remembered: bool, effects: &mut Effects<M>) -> usize {
        let figures = self.readers[place].figures(self.tail());
        let mut gone = self.readers.swap_remove(place);
        if let Some(moved) = self.readers.get(place) {
            moved.inbox.set_place(place);
        }
        gone.inbox.set_gone();
        let members = gone.members as usize;
        self.parked -= u32::from(!gone.parked.is_empty());
        effects.wakers.extend(gone.parked.clear());
        {
            let mut inbox = gone.inbox.lock();
            inbox.set_serve(false);
            effects.drop_all(&mut inbox.queue);
            if let Some(ledger) = &mut inbox.ledger {
                ledger.clear(effects);
            }
        }
        if gone.keeps {
            effects.inboxes.push(gone.inbox.clone()); // it may be the last, and of the user's there is more in it
        }
        if gone.is_group() {
            self.groups -= 1;
            self.intake.unclaim(gone.next, &mut effects.dropped_requests);
        }
        if self.readers.is_empty() {
            self.keep_from_now_on(gone.next, effects);
        } else {
            self.cursor_went(Whose::Lossless, gone.next, effects);
        }
        let left = figures.left as usize;
        self.remember(ReaderFigures { members: 0, ..figures }, gone.in_flight, remembered);
        self.places_left(gone.places, effects);
        self.readers_went(members, effects);
        left
    }

    /// The next messages are kept for the first lossless reader to come, who has a cursor already: the one at `before`.
    fn keep_from_now_on(&mut self, before: u64, effects: &mut Effects<M>) {
        self.kept_from = self.tail();
        self.cursors.moved(Whose::Lossless, before, self.kept_from);
        if self.cursors.are_several() {
            self.trim(effects);
        } else {
            self.let_go_before(self.kept_from, effects);
        }
    }
}
