use std::{sync::Arc, time::Duration};

use super::{Account, Budget};
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
    /// How many bytes its messages may have.
    pub(crate) max_bytes: Option<usize>,
    /// What they are charged to together with those of other channels, and its minimum there.
    pub(crate) budget: Option<(Budget, usize)>,
    /// How many messages stay for late readers.
    pub(crate) retain: Option<usize>,
    /// Its fabric has a tracer.
    pub(crate) spans: bool,
    /// It is told who sent each message, and what became of it.
    pub(crate) traced: bool,
}

/// Where nothing else is said.
const MAX_BYPASS: u32 = 32;

impl Traffic {
    /// One class, good for ever.
    pub(crate) const fn plain() -> Self {
        Self {
            lanes: Vec::new(),
            max_bypass: None,
            ttl: None,
            fair_senders: false,
            max_bytes: None,
            budget: None,
            retain: None,
            spans: false,
            traced: false,
        }
    }

    /// Whether a channel may be opened so.
    pub(crate) fn check(&self, capacity: usize) -> Result<(), OpenError> {
        let incompatible = |option, with| Err(OpenError::Incompatible { option, with });
        if let Some(retain) = self.retain {
            if retain > capacity {
                return incompatible("retain", "a capacity below it");
            }
            if !self.lanes.is_empty() {
                return incompatible("retain", "lane");
            }
            if self.ttl.is_some() {
                return incompatible("retain", "ttl");
            }
            if self.fair_senders {
                return incompatible("retain", "fair_senders");
            }
            if self.bounds_bytes() {
                return incompatible("retain", "max_bytes or a budget");
            }
            if self.traced {
                return incompatible("retain", "traced");
            }
        }
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
        match (self.max_bytes, &self.budget) {
            (Some(_), Some(_)) => return incompatible("max_bytes(..)", "budget(..)"),
            (Some(0), None) => return Err(OpenError::ZeroCapacity),
            (None, Some((budget, _))) if budget.capacity() == 0 => return Err(OpenError::ZeroCapacity),
            _ => {}
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
            && (self.max_bytes.is_none() || self.max_bytes == open.max_bytes)
            && (self.budget.is_none() || self.budget == open.budget)
            && self.retain.is_none_or(|retain| Some(retain) == open.retain)
            && (!self.traced || open.traced)
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
        if let Some(bytes) = self.max_bytes {
            text.push_str(&format!(", at most {bytes} bytes"));
        }
        if let Some((budget, minimum)) = &self.budget {
            text.push_str(&format!(", at least {minimum} bytes of budget {:?}", budget.name()));
        }
        if let Some(retain) = self.retain {
            text.push_str(&format!(", retains {retain}"));
        }
        if self.traced {
            text.push_str(", traced");
        }
        text
    }

    /// Whether the bytes of its messages are bounded.
    fn bounds_bytes(&self) -> bool {
        self.max_bytes.is_some() || self.budget.is_some()
    }

    /// The account of a channel whose bytes are bounded: at its own budget, or at one that it shares.
    pub(crate) fn account(&self, channel: &Arc<str>) -> Result<Option<Account>, OpenError> {
        let own = self.max_bytes.map(|bytes| (Budget::new(channel, bytes), bytes));
        let Some((budget, minimum)) = own.as_ref().or(self.budget.as_ref()) else { return Ok(None) };
        budget.open(channel, *minimum).map(Some).map_err(|minima| OpenError::Overcommitted {
            budget: budget.name().to_owned(),
            capacity: budget.capacity(),
            minima: usize::try_from(minima).unwrap_or(usize::MAX),
        })
    }

    /// Gives a new log its lanes. Where messages expire by themselves, are charged or traced, there is one, too, as each has to
    /// be looked at.
    pub(super) fn set_up<M>(&self, log: &mut Log<M>, capacity: usize) {
        if let Some(retain) = self.retain {
            log.retain(retain); // goes with nothing of what follows
        }
        let looks =
            self.ttl.is_some() || self.fair_senders || self.bounds_bytes() || self.traced || self.spans;
        if self.lanes.is_empty() && !looks {
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
