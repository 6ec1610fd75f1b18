use std::{collections::BTreeMap, path::PathBuf};

use crate::FaultKind;

/// What one run of a test is to be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Kinds of faults that are left out, to find those that matter.
    pub(crate) without: Vec<FaultKind>,
    /// How many faults of a kind there may be, the first ones.
    pub(crate) at_most: BTreeMap<FaultKind, u64>,
    /// Where a recording goes, if the test has one made.
    pub(crate) record: Option<PathBuf>,
}
