use serde::{Deserialize, Serialize};

use crate::requests::Handover;

/// Messages that a reader passed without getting them, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Skipped {
    /// Requests whose deadline had passed before a handler could take them.
    pub expired: u64,
    /// Requests whose caller had gone before a handler could take them.
    pub abandoned: u64,
    /// Messages whose `Clone` panicked for this reader.
    pub panicked: u64,
    /// Messages that a lossy reader was too slow for.
    pub missed: u64,
}

impl Skipped {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.expired + self.abandoned + self.panicked + self.missed
    }

    pub(crate) fn count(&mut self, why: Option<Handover>) {
        match why {
            Some(Handover::Abandoned) => self.abandoned += 1,
            _ => self.expired += 1,
        }
    }
}
