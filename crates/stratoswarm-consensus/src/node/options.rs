use std::time::Duration;

use crate::replica::Plant;

/// How a node is opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) timeout: Duration,
    pub(crate) open_timeout: Duration,
    pub(crate) snapshot_every: u64,
    pub(crate) retain: usize,
    pub(crate) plant: Plant,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            open_timeout: Duration::from_secs(60),
            snapshot_every: 10_000,
            retain: 1_024,
            plant: Plant::default(),
        }
    }
}
