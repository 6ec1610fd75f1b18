use std::collections::BTreeMap;

use super::{op, put};

/// What stands in a message's record before its body: its kind and length, its channel, number and two times.
const BEFORE_BODY: usize = 9 + 22;

/// Messages that are to be written at once.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) records: Vec<u8>,
    /// Of each channel in it: when, and where in the chunk.
    pub(super) indexes: BTreeMap<u16, Vec<(u64, u64)>>,
    /// The first and the last.
    pub(super) times: Option<(u64, u64)>,
}

impl Chunk {
    pub(super) fn message(&mut self, channel: u16, number: u64, (publish, log): (u64, u64), body: &[u8]) {
        self.note(channel, log);
        put::record(&mut self.records, op::MESSAGE, |into| {
            into.extend(channel.to_le_bytes());
            into.extend((number as u32).to_le_bytes());
            into.extend(log.to_le_bytes());
            into.extend(publish.to_le_bytes());
            into.extend(body);
        });
    }

    pub(super) fn clear(&mut self) {
        self.times = None;
        self.records.clear();
        self.records.shrink_to(4 << 20);
        self.indexes.values_mut().for_each(Vec::clear);
    }

    /// How many bytes these messages of it have.
    pub(super) fn bodies(&self, index: &[(u64, u64)]) -> u64 {
        index.iter().map(|&(_, at)| (self.length(at) - BEFORE_BODY) as u64).sum()
    }

    /// As many of its first records as have so many bytes, and the others.
    pub(super) fn split(&self, bytes: usize) -> [Self; 2] {
        self.sort(|_, end| usize::from(end > bytes))
    }

    /// What is of these channels.
    pub(super) fn of(&self, is_wanted: impl Fn(u16) -> bool) -> Self {
        let [wanted, _] = self.sort(|channel, _| usize::from(!is_wanted(channel)));
        wanted
    }

    /// Its records in their order, each in the part that is said of its channel and where it ends.
    fn sort(&self, part_of: impl Fn(u16, usize) -> usize) -> [Self; 2] {
        let mut places: Vec<_> = self
            .indexes
            .iter()
            .flat_map(|(&channel, index)| index.iter().map(move |&(time, at)| (at, channel, time)))
            .collect();
        places.sort_unstable();
        let mut parts = [Self::default(), Self::default()];
        for (at, channel, time) in places {
            let end = at as usize + self.length(at);
            let part = &mut parts[part_of(channel, end)];
            part.note(channel, time);
            part.records.extend(&self.records[at as usize..end]);
        }
        parts
    }

    /// One more begins here.
    fn note(&mut self, channel: u16, time: u64) {
        self.indexes.entry(channel).or_default().push((time, self.records.len() as u64));
        let (first, last) = self.times.unwrap_or((time, time));
        self.times = Some((first.min(time), last.max(time)));
    }

    /// How long the record is that begins here.
    fn length(&self, at: u64) -> usize {
        let mut length = [0; 8];
        length.copy_from_slice(&self.records[at as usize + 1..at as usize + 9]);
        9 + u64::from_le_bytes(length) as usize
    }
}
