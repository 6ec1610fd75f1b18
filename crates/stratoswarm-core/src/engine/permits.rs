use super::{Effects, LaneIndex, Log, WaitId, Waiter};
use crate::stats::Caller;

/// Places for messages to come, which are kept by hand.
impl<M> Log<M> {
    /// Makes an admission into a permit.
    pub(crate) fn permit(&mut self, at: LaneIndex, caller: Caller) -> WaitId {
        let id = self.next_id();
        let lane = &mut self.lanes[at];
        lane.credit = lane.credit.saturating_sub(1);
        lane.gate.permits.push(Waiter { id, waker: None, caller, places: 1, firm: true });
        id
    }

    /// Takes a permit back; the lane it was for.
    pub(super) fn take_permit(&mut self, id: WaitId) -> LaneIndex {
        let of = self.lanes.read().find(|at| self.lanes[*at].gate.permits.remove(id).is_some());
        of.unwrap_or(self.lanes.read().start)
    }

    /// A permit is dropped unused.
    pub(crate) fn return_permit(&mut self, id: WaitId, effects: &mut Effects<M>) {
        let at = self.take_permit(id);
        self.permit_gone(effects);
        self.serve_in(at, effects);
    }

    /// Admits a message to a place that was kept for it: with a permit that was taken back, or while it waited for its bytes.
    pub(crate) fn admit_permitted(&mut self, at: LaneIndex, effects: &mut Effects<M>) {
        self.make_room(at, 1, effects);
        let lane = &mut self.lanes[at];
        if lane.credit > 0 {
            lane.credit -= 1;
        } else if lane.gate.high_water < lane.gate.capacity || self.looks_at_claims(at) {
            let depth = self.look(at, false);
            self.enter(at, depth, 1);
        }
    }

    /// A permit was used or given back.
    pub(super) fn permit_gone(&mut self, effects: &mut Effects<M>) {
        if self.closed && !self.has_permits() {
            self.wake_all_readers(effects);
        }
    }

    /// Whether permits are out.
    pub(super) fn has_permits(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.gate.permits.is_empty())
    }
}
