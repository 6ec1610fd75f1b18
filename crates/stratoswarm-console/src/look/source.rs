use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use stratoswarm_core::{ChannelTimes, Explainer, Fabric, Sampling, Verdict, WeakFabric};

use super::{Seen, View, document::Explanation};
use crate::{
    map::{Flows, Map},
    trends::Trends,
};

/// Whoever explains forgets what it saw before that.
const MEMORY: Duration = Duration::from_secs(60);

/// For so long sampled times are not read again: histograms are larger than other figures.
const TIMES_FOR: Duration = Duration::from_millis(900);

/// What is looked at, and what is remembered of it. It does not keep the fabric.
#[derive(Debug)]
pub(crate) struct Source {
    fabric: WeakFabric,
    explainer: Mutex<Explaining>,
    trends: Mutex<Trends>,
    flows: Mutex<Flows>,
    /// Begun by the first look, as it waits for the locks of all channels.
    sampling: OnceLock<Sampling>,
    times: Mutex<Option<Timed>>,
    program: Arc<str>,
    begin: Instant,
}

/// Sampled times, as they were read.
#[derive(Debug)]
struct Timed {
    at: tokio::time::Instant,
    times: Arc<Vec<ChannelTimes>>,
}

#[derive(Debug)]
struct Explaining {
    explainer: Explainer,
    at: Instant,
}

impl Source {
    pub(crate) fn new(fabric: &Fabric, program: &str) -> Self {
        Self {
            fabric: fabric.downgrade(),
            explainer: Mutex::new(Explaining { explainer: fabric.explainer(), at: Instant::now() }),
            trends: Mutex::default(),
            flows: Mutex::default(),
            sampling: OnceLock::new(),
            times: Mutex::default(),
            program: program.into(),
            begin: Instant::now(),
        }
    }

    /// A look; none once the fabric is gone. It may hang while a message's `Clone` does, as that runs under a lock. `is_wanted`: somebody
    /// waits for it; else it is for the figures over time alone.
    pub(crate) fn look(&self, is_wanted: bool) -> Option<View> {
        let at = Instant::now();
        let fabric = self.fabric.upgrade()?;
        let snapshot = fabric.snapshot();
        let times = self.times(self.sampling.get_or_init(|| fabric.sample_times()));
        drop(fabric); // which may be the last to have it
        let mut trends = self.trends.lock().unwrap_or_else(PoisonError::into_inner);
        trends.add_times(&times, Instant::now());
        let trends = trends.add(&snapshot, Instant::now());
        let seen = Seen { snapshot: snapshot.into(), trends: trends.into(), times };
        Some(self.view(at, Some(seen), is_wanted.then(|| self.verdicts()), None))
    }

    /// Sampled times, no older than a second.
    fn times(&self, sampling: &Sampling) -> Arc<Vec<ChannelTimes>> {
        let mut known = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.as_ref().filter(|known| known.at.elapsed() < TIMES_FOR) {
            return Arc::clone(&known.times);
        }
        let times = Arc::new(sampling.times());
        *known = Some(Timed { at: tokio::time::Instant::now(), times: Arc::clone(&times) });
        times
    }

    /// What can be told while a look hangs, which has been waiting for so long: what was seen before, and what does not move.
    pub(super) fn without_look(&self, before: Option<Seen>, waiting: Duration) -> View {
        self.view(Instant::now(), before, Some(self.verdicts()), Some(waiting))
    }

    fn view(
        &self,
        at: Instant,
        seen: Option<Seen>,
        verdicts: Option<Vec<Verdict>>,
        waiting: Option<Duration>,
    ) -> View {
        let map = seen.as_ref().zip(verdicts.as_ref()).map(|(seen, verdicts)| {
            let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
            flows.add(&seen.snapshot);
            Map::new(&seen.snapshot, &seen.trends, verdicts, &flows)
        });
        let (program, uptime) = (Arc::clone(&self.program), at.duration_since(self.begin));
        View { program, uptime, at, seen, verdicts, map, waiting, event: OnceLock::new() }
    }

    /// Why nothing moves, as one object, looked at afresh; none once the fabric is gone. It waits for no lock for long.
    pub(super) fn explain(&self) -> Option<Bytes> {
        let fabric = self.fabric.upgrade()?;
        let verdicts = self.verdicts();
        let quiet = if verdicts.is_empty() { fabric.quiet() } else { None };
        drop(fabric); // which may be the last to have it
        serde_json::to_vec(&Explanation::new(&verdicts, quiet.as_ref())).ok().map(Into::into)
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let mut explaining = self.explainer.lock().unwrap_or_else(PoisonError::into_inner);
        // What is slow is told by what moved since it was looked at before, if that was not long ago.
        if explaining.at.elapsed() > MEMORY
            && let Some(fabric) = self.fabric.upgrade()
        {
            explaining.explainer = fabric.explainer();
        }
        explaining.at = Instant::now();
        explaining.explainer.look()
    }
}
