use std::{panic::Location, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{Shared, handles::SiteCount};
use crate::{engine::LogFacts, request::Asked, timers};

/// One channel as a look sees it that is to tell why nothing moves.
pub(crate) struct ChannelFacts {
    pub(crate) name: Arc<str>,
    /// What tells it from all others that are there.
    pub(crate) address: usize,
    /// Where it was opened.
    pub(crate) at: &'static Location<'static>,
    /// None if its lock was held for too long.
    pub(crate) log: Option<LogFacts>,
    /// The requests whose callers wait.
    pub(crate) asked: Vec<Asked>,
    /// Something else than handles keeps it open: its fabric.
    pub(crate) is_kept_open: bool,
    /// The handles that there are.
    pub(crate) handles: Vec<SiteCount>,
}

impl<M> Shared<M> {
    /// Looks, and waits for no lock longer than this.
    pub(crate) fn facts(&self, within: Duration) -> ChannelFacts {
        let log = self.log.try_lock_for(within).and_then(|log| log.facts(Instant::now(), within));
        let cells = timers::requests(self.address());
        ChannelFacts {
            name: Arc::clone(&self.name),
            address: self.address(),
            at: self.location,
            log,
            asked: cells.iter().filter_map(|cell| cell.asked(within)).collect(),
            is_kept_open: true,
            handles: self.try_handle_sites(within),
        }
    }
}
