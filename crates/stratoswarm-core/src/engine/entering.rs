use super::{Effects, LaneIndex, Log, Tag, WaitId, marks::Marks, per_lane::PerLane, queue::cloned};
use crate::{
    message::Priority,
    request::{AnyResponder, Charges},
    sync,
};

/// What comes in, where there is more to say than that it does: into which lane, and until when it is good.
impl<M> Log<M> {
    /// Whether a message has to be asked where it belongs, or how long it is good for.
    #[inline]
    pub(crate) fn has_lanes(&self) -> bool {
        self.lanes.are_several()
    }

    /// The lane of a message of this class; it is asked only where there are several.
    #[inline]
    pub(crate) fn lane_of(&self, class: impl FnOnce() -> Priority) -> LaneIndex {
        self.classes.as_ref().map_or(0, |classes| classes.lane(sync::users(class)))
    }

    /// How many messages may wait of those that have no lane of their own.
    pub(crate) fn capacity(&self) -> usize {
        let normal = self.own_lane(Priority::Normal).unwrap_or(0);
        usize::try_from(self.lanes[normal].gate.capacity).unwrap_or(usize::MAX)
    }

    /// How many of those may be reserved at once: a reader may have a measure of its own.
    pub(crate) fn most_places(&self) -> usize {
        let normal = self.own_lane(Priority::Normal).unwrap_or(0);
        usize::try_from(self.room(normal)).unwrap_or(usize::MAX)
    }

    /// The lane of one class alone.
    pub(crate) fn own_lane(&self, class: Priority) -> Option<LaneIndex> {
        match &self.classes {
            None => (class == Priority::Normal).then_some(0),
            Some(classes) => {
                let own = class == Priority::Normal || classes.lane(class) != classes.lane(Priority::Normal);
                own.then(|| classes.lane(class))
            }
        }
    }
}

impl<M: Clone> Log<M> {
    /// Appends an admitted message to its lane, perhaps with its expiry.
    pub(crate) fn push_in(
        &mut self,
        at: LaneIndex,
        message: M,
        expiry: AnyResponder,
        sender: u32,
        effects: &mut Effects<M>,
    ) {
        let expiry = match &self.trace {
            Some(trace) if !expiry.is_some() => trace.mark(),
            _ => expiry,
        };
        let deadline = expiry.cell().and_then(|cell| cell.deadline());
        self.expiring |= deadline.is_some();
        let expires = expiry.is_some();
        let tag = |number| expires.then(|| Tag::expiry(number, expiry));
        self.append(at, message, tag, sender, effects);
        if expires {
            self.remember_expiry(deadline);
            self.alert_next(at, effects);
        }
    }

    /// Admits a message to its lane and appends it, if nothing need be looked at but the lane's credit; whether it did.
    #[inline]
    pub(crate) fn enter_lane(&mut self, at: LaneIndex, message: &mut Option<M>) -> bool {
        if self.is_looked_on() || !self.admit_fast_in(at) {
            return false;
        }
        let PerLane { main, more } = &mut self.lanes;
        let (Some(lane), Some(classes)) = (more.get_mut(at - 1), &self.classes) else { return false };
        if let Some(message) = message.take() {
            lane.intake.push_shifted(message, main.intake.pass_one(), lane.gate.capacity);
            classes.set_end(at, lane.intake.end());
            if classes.alarm >> (at - 1) & 1 == 1 {
                self.interrupt(at);
            }
        }
        true
    }

    /// Where charges of messages that are not used any more may be.
    pub(crate) fn charges(&mut self) -> Option<&mut Charges> {
        self.classes.as_mut().map(|classes| &mut classes.charges)
    }

    /// The same of a message that was charged, and has nothing else beside it; whether it did.
    #[inline]
    pub(crate) fn enter_charged(
        &mut self,
        at: LaneIndex,
        message: &mut Option<M>,
        charge: impl FnOnce(&mut Charges) -> AnyResponder,
    ) -> bool {
        if self.is_looked_on() || !self.admit_fast_in(at) {
            return false;
        }
        if let Some(message) = message.take() {
            let seq = self.pass_admission();
            let charge = self.classes.as_mut().map(|classes| charge(&mut classes.charges));
            let number = self.lanes[at].intake.end();
            self.place(at, message, seq, charge.map(|charge| Tag::expiry(number, charge)));
        }
        true
    }

    /// Appends an admitted request to its lane; its number there. There must be a group.
    pub(crate) fn push_request_in(
        &mut self,
        at: LaneIndex,
        message: M,
        request: AnyResponder,
        sender: u32,
        effects: &mut Effects<M>,
    ) -> u64 {
        self.asked += 1;
        let groups = self.groups;
        self.append(at, message, |number| Some(Tag::request(number, request, groups)), sender, effects)
    }

    fn append(
        &mut self,
        at: LaneIndex,
        message: M,
        tag: impl FnOnce(u64) -> Option<Tag>,
        sender: u32,
        effects: &mut Effects<M>,
    ) -> u64 {
        let tag = tag(self.lanes[at].intake.end());
        let seq = if at == 0 {
            self.tail()
        } else if self.is_looked_on() {
            self.record_in(at, &message, tag.as_ref(), sender, effects);
            self.remember_admission(&message, effects)
        } else {
            self.pass_admission()
        };
        if self.marks.has(Marks::SAMPLED) && at > 0 {
            self.stamp(at, seq);
        }
        self.place(at, message, seq, tag)
    }

    /// Appends a message to its lane; its number there.
    #[inline]
    fn place(&mut self, at: LaneIndex, message: M, seq: u64, tag: Option<Tag>) -> u64 {
        let lane = &mut self.lanes[at];
        let number = lane.intake.end();
        lane.intake.push_numbered(message, seq, tag, lane.gate.capacity);
        if let Some(classes) = &self.classes {
            classes.set_end(at, number + 1);
            if classes.alarm >> (at - 1) & 1 == 1 {
                self.interrupt(at);
            }
        }
        number
    }

    /// A lane has something that has not waited: ends the runs of those readers who were to go on without a look at it.
    #[cold]
    fn interrupt(&mut self, at: LaneIndex) {
        let mut alarm = 0;
        for reader in &mut self.readers {
            if reader.deaf >> (at - 1) & 1 == 1 {
                reader.deaf = 0;
                reader.inbox.lock().end_run();
            }
            alarm |= reader.deaf;
        }
        if let Some(classes) = &mut self.classes {
            classes.alarm = alarm;
        }
    }

    // ---- the order of admission over all lanes

    /// Whether somebody reads in the order of admission, or something is left of that.
    #[inline]
    fn is_looked_on(&self) -> bool {
        self.onlookers > 0 || !self.lanes.main.intake.is_empty()
    }

    /// Counts a message of some lane; its sequence number. Nobody may look on.
    #[inline]
    fn pass_admission(&mut self) -> u64 {
        self.lanes.main.intake.pass_one()
    }

    /// The same, and keeps a clone for those who look on. If it panics, all that is kept goes: they learn how many they missed.
    fn remember_admission(&mut self, message: &M, effects: &mut Effects<M>) -> u64 {
        let clone = if self.lossy.readers.is_empty() { None } else { cloned(message) };
        let intake = &mut self.lanes.main.intake;
        let Some(clone) = clone else {
            effects.drop_all(intake);
            return self.pass_admission();
        };
        let seq = intake.end();
        if intake.len() as u64 == self.lossy.keep {
            effects.dropped.extend(intake.pop_plain());
        }
        intake.push(clone, self.lossy.keep);
        seq
    }

    /// Sends a message with a permit, in the lane that the permit is for. Legal after the close; whether a shutdown has ended
    /// the wait for it.
    pub(crate) fn push_permitted(
        &mut self,
        id: WaitId,
        message: M,
        expiry: AnyResponder,
        sender: u32,
        effects: &mut Effects<M>,
    ) -> bool {
        let at = self.take_permit(id);
        self.admit_permitted(at, effects);
        self.push_in(at, message, expiry, sender, effects);
        self.after_push(1, effects);
        self.permit_gone(effects);
        self.ended
    }
}
