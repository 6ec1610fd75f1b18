use std::{collections::BTreeMap, fmt};

use crate::FaultKind;

/// How many faults there were, by kind and channel, in the order of the kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<FaultKind, BTreeMap<String, u64>>,
    totals: [u64; FaultKind::ALL.len()],
}

impl Tally {
    /// How many there were of this kind, on all channels.
    pub fn of(&self, kind: FaultKind) -> u64 {
        self.totals[kind as usize]
    }

    /// How many there were of this kind on one channel.
    pub fn on(&self, kind: FaultKind, channel: &str) -> u64 {
        self.counts.get(&kind).and_then(|channels| channels.get(channel)).copied().unwrap_or(0)
    }

    /// The kinds of which there was any.
    pub fn kinds(&self) -> Vec<FaultKind> {
        FaultKind::ALL.into_iter().filter(|kind| self.of(*kind) > 0).collect()
    }

    pub(crate) fn count(&mut self, kind: FaultKind, channel: &str) {
        self.totals[kind as usize] += 1;
        let channels = self.counts.entry(kind).or_default();
        match channels.get_mut(channel) {
            Some(count) => *count += 1,
            None => drop(channels.insert(channel.to_owned(), 1)),
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.counts.is_empty() {
            return f.write_str("none");
        }
        let each = self.counts.iter().flat_map(|(kind, channels)| channels.iter().map(move |it| (kind, it)));
        for (at, (kind, (channel, count))) in each.enumerate() {
            f.write_str(if at > 0 { ", " } else { "" })?;
            match (kind, channel.as_str()) {
                (FaultKind::Capacities, _) => write!(f, "{kind}")?,
                (_, "") => write!(f, "{kind} ({count})")?,
                (_, channel) => write!(f, "{kind} on `{channel}` ({count})")?,
            }
        }
        Ok(())
    }
}
