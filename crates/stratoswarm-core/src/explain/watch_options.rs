use std::{fmt, io, time::Duration};

use super::{Explainer, Watch, WatchEvent};
use crate::fabric::Fabric;

/// How to watch a fabric. Made by [`Fabric::watch`].
#[must_use = "call `start`"]
pub struct WatchOptions {
    pub(super) explainer: Explainer,
    pub(super) interval: Duration,
}

impl WatchOptions {
    /// How often it looks: each 250 ms without.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// What has lasted for less is not told, unless it is certain that it never ends. 2 s without.
    pub fn threshold(mut self, threshold: Duration) -> Self {
        self.explainer = self.explainer.threshold(threshold);
        self
    }

    /// Starts a thread that looks, and tells of each verdict when it begins and when it ends. A look that comes late by more than
    /// its interval is void: then the host itself stood still. `tell` runs on that thread; if it panics, the next event comes
    /// nevertheless.
    ///
    /// # Errors
    /// The thread cannot be started.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// let fabric = Fabric::new();
    /// let watch = fabric.watch().start(|event| eprint!("{event}"))?; // until it is dropped
    /// # drop(watch);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start(self, tell: impl FnMut(WatchEvent) + Send + 'static) -> io::Result<Watch> {
        Watch::start(self, tell)
    }
}

impl Fabric {
    /// Watches this fabric from a thread of its own, and tells what begins and what ends not to move; see
    /// [`explain`](Self::explain).
    pub fn watch(&self) -> WatchOptions {
        WatchOptions { explainer: self.explainer(), interval: Duration::from_millis(250) }
    }
}

impl fmt::Debug for WatchOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchOptions").field("interval", &self.interval).finish_non_exhaustive()
    }
}
