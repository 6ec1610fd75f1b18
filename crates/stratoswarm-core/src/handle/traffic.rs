use std::time::Duration;

use crate::{engine::Log, error::OpenError, message::Priority};

/// What a channel does with different classes of traffic, as it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// Classes with room of their own.
    pub(crate) lanes: Vec<(Priority, usize)>,
    /// How many more urgent messages may overtake a lane that waits.
    pub(crate) max_bypass: Option<u32>,
    /// How long messages that are only sent are good for.
    pub(crate) ttl: Option<Duration>,
    /// Handles that wait take turns.
    pub(crate) fair_senders: bool,
}

/// Where nothing else is said.
const MAX_BYPASS: u32 = 32;

impl Traffic {
    /// One class, good for ever.
    pub(crate) const fn plain() -> Self {
        Self { lanes: Vec::new(), max_bypass: None, ttl: None, fair_senders: false }
    }

    /// Whether a channel may be opened so.
    pub(crate) fn check(&self) -> Result<(), OpenError> {
        let incompatible = |option, with| Err(OpenError::Incompatible { option, with });
        for (at, (class, capacity)) in self.lanes.iter().enumerate() {
            if *capacity == 0 {
                return Err(OpenError::ZeroCapacity);
            }
            if *class == Priority::Normal {
                return incompatible("lane(Priority::Normal, ..)", "capacity(..), which is about it");
            }
            if self.lanes[..at].iter().any(|(other, _)| other == class) {
                return incompatible("lane(..)", "another lane of its class");
            }
        }
        match self.max_bypass {
            Some(0) => {
                incompatible("max_bypass(0)", "more than one lane, as some would never have their turn")
            }
            Some(_) if self.lanes.is_empty() => incompatible("max_bypass(..)", "a single lane"),
            _ => Ok(()),
        }
    }

    /// Whether what is stated here is what a channel was opened with.
    pub(crate) fn matches(&self, open: &Self) -> bool {
        let lanes = self.lanes.is_empty()
            || self.lanes.len() == open.lanes.len()
                && self.lanes.iter().all(|lane| open.lanes.contains(lane));
        lanes
            && self.max_bypass.is_none_or(|max| max == open.max_bypass.unwrap_or(MAX_BYPASS))
            && self.ttl.is_none_or(|ttl| Some(ttl) == open.ttl)
            && (!self.fair_senders || open.fair_senders)
    }

    /// Adds what is stated to the description of a channel.
    pub(crate) fn describe(&self, mut text: String) -> String {
        for (class, capacity) in &self.lanes {
            text.push_str(&format!(", lane {class:?} of {capacity}"));
        }
        if let Some(max) = self.max_bypass {
            text.push_str(&format!(", max bypass {max}"));
        }
        if let Some(ttl) = self.ttl {
            text.push_str(&format!(", time to live {ttl:?}"));
        }
        if self.fair_senders {
            text.push_str(", fair senders");
        }
        text
    }

    /// Gives a new log its lanes. Where messages expire by themselves there is one, too, as each has to be looked at.
    pub(super) fn set_up<M>(&self, log: &mut Log<M>, capacity: usize) {
        if self.lanes.is_empty() && self.ttl.is_none() && !self.fair_senders {
            return;
        }
        let mut lanes = self.lanes.clone();
        lanes.push((Priority::Normal, capacity));
        lanes.sort_unstable_by_key(|(class, _)| *class);
        log.set_lanes(&lanes, self.max_bypass.unwrap_or(MAX_BYPASS));
        if self.fair_senders {
            log.take_turns();
        }
    }
}
