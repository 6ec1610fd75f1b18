use super::{Effects, Log, Queue, Reader};
use crate::request::AnyResponder;

/// Requests of which each group has a part of its own.
impl<M> Log<M> {
    /// The groups that are there, to be asked, in the order in which they came: what tells each from all others, and its
    /// name.
    pub(crate) fn groups_to_ask(&self) -> Vec<(u64, String)> {
        let groups = self.readers.iter().filter(|reader| reader.is_group());
        let mut groups: Vec<_> = groups.map(|group| (group.number, group.name.clone())).collect();
        groups.sort_unstable_by_key(|(number, _)| *number);
        groups
    }

    /// How many groups there are.
    pub(crate) fn group_count(&self) -> usize {
        self.groups as usize
    }

    /// A group goes, and with it the parts of requests that it has not taken: their callers are told.
    pub(super) fn drop_parts(&self, group: &Reader<M>, effects: &mut Effects<M>) {
        if !group.is_group() || self.asked == 0 {
            return;
        }
        let parts = &mut effects.dropped_requests;
        for lane in self.lanes.read() {
            group.inbox.lock().queues[lane].parts_of(group.number, 0, parts);
            self.lanes[lane].intake.parts_of(group.number, group.seats[lane].next, parts);
        }
    }
}

impl<M> Queue<M> {
    /// The parts that a group has in the requests from this number on.
    fn parts_of(&self, group: u64, from: u64, parts: &mut Vec<AnyResponder>) {
        let requests = self.requests().filter(|(number, ..)| *number >= from);
        parts.extend(requests.filter_map(|(_, request, _)| request.part_of(group)));
    }
}
