use std::task::Waker;

use super::{Effects, LaneIndex, Log, WaitId, Waiter};
use crate::stats::Caller;

/// Places of those who wait for something besides: for the bytes that their messages are charged.
impl<M> Log<M> {
    /// Keeps places that were granted. The close wakes whoever has them.
    pub(crate) fn hold(&mut self, at: LaneIndex, places: u32, waker: &Waker, caller: Caller) -> WaitId {
        let id = self.next_id();
        let lane = &mut self.lanes[at];
        lane.credit = lane.credit.saturating_sub(places.into());
        lane.gate.granted_places += u64::from(places);
        lane.gate.granted.push(Waiter { id, waker: Some(waker.clone()), caller, places, firm: true });
        id
    }

    /// Keeps the waker current.
    pub(crate) fn hold_on(&mut self, at: LaneIndex, id: WaitId, waker: &Waker, effects: &mut Effects<M>) {
        let renewed = self.lanes[at].gate.granted.renew(id, waker);
        effects.drop_waker(renewed.flatten());
    }

    /// Takes the places that were kept, to be used under the same lock.
    pub(crate) fn take_held(&mut self, at: LaneIndex, id: WaitId) {
        self.lanes[at].gate.ungrant(id);
    }
}
