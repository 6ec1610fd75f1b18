use std::{
    fmt,
    sync::{Arc, Weak},
};

use super::directory::Directory;
use crate::stats::ChannelTimes;

/// While it lives, a few messages of each channel of a fabric are looked at: how long they wait, and are worked on. Made by
/// [`Fabric::sample_times`](crate::Fabric::sample_times).
///
/// Of each lane of each channel it is about thirty a second, of one with fewer every message, but of a burst one in two
/// or fewer. What lies between two of them
/// goes its usual way; each of them takes two or three looks at the clock, and a lock that nobody else wants. Of broadcasts and
/// taps nothing is told: they hold nobody back.
///
/// Several may live at once, and tell the same. It does not keep the fabric alive. To make it, to drop it and to ask it takes the lock of
/// each channel for a moment, as [`Fabric::snapshot`](crate::Fabric::snapshot) does.
#[must_use = "nothing is sampled any more once it is dropped"]
pub struct Sampling {
    directory: Weak<Directory>,
}

impl Sampling {
    pub(super) fn new(directory: &Arc<Directory>) -> Self {
        directory.sample(true);
        Self { directory: Arc::downgrade(directory) }
    }

    /// What is known so far, by the names of the channels; of those of which something is. It only grows, as long as a reader lives:
    /// who wants to know about a time compares.
    ///
    /// A channel that has become slow, so that its next message to be looked at is far away, has it brought near by this.
    pub fn times(&self) -> Vec<ChannelTimes> {
        let Some(directory) = self.directory.upgrade() else { return Vec::new() };
        let mut all: Vec<_> = directory.live().iter().map(|entry| entry.channel().times()).collect();
        all.retain(|channel| !channel.readers.is_empty());
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }
}

impl Drop for Sampling {
    fn drop(&mut self) {
        if let Some(directory) = self.directory.upgrade() {
            directory.sample(false);
        }
    }
}

impl fmt::Debug for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampling").finish_non_exhaustive()
    }
}
