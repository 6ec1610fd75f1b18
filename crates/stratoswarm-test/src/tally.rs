use std::{collections::BTreeMap, fmt};

use crate::FaultKind;

/// How many faults there were, by kind and channel, in the order of the kinds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<(FaultKind, String), u64>,
}

impl Tally {
    /// How many there were of this kind, on all channels.
    pub fn of(&self, kind: FaultKind) -> u64 {
        self.counts.iter().filter(|((counted, _), _)| *counted == kind).map(|(_, count)| count).sum()
    }

    /// How many there were of this kind on one channel.
    pub fn on(&self, kind: FaultKind, channel: &str) -> u64 {
        self.counts.get(&(kind, channel.to_owned())).copied().unwrap_or(0)
    }

    /// The kinds of which there was any.
    pub fn kinds(&self) -> Vec<FaultKind> {
        FaultKind::ALL.into_iter().filter(|kind| self.of(*kind) > 0).collect()
    }

    pub(crate) fn count(&mut self, kind: FaultKind, channel: &str) {
        *self.counts.entry((kind, channel.to_owned())).or_default() += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.counts.is_empty() {
            return f.write_str("none");
        }
        for (at, ((kind, channel), count)) in self.counts.iter().enumerate() {
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
