use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;

use super::{SimFaults, SimNode, sim_state::SimState, store::Store};

/// A log for tests that does to its entries what logs do in bad hours, by a seed: the same seed, the same course.
///
/// It lives under tokio's paused clock on a runtime of one thread, so that hours take no time and every run of a seed is alike. Give
/// each node its own way to it, [`node`](Self::node).
///
/// # Examples
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use stratoswarm_consensus::{At, Machine};
/// # #[derive(Default, Serialize, Deserialize)] struct Counter(u64);
/// # impl Machine for Counter {
/// #     type Command = u64;
/// #     type Response = u64;
/// #     fn apply(&mut self, _at: At, add: &u64) -> u64 { self.0 += add; self.0 }
/// # }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stratoswarm_consensus::{Consensus, Sim};
///
/// let sim = Sim::new(7);
/// let one = Consensus::<Counter>::open(sim.node(1)).await?;
/// let two = Consensus::<Counter>::open(sim.node(2)).await?;
/// sim.cut(2, true); // two is cut off from the log
/// assert_eq!(one.propose(3).await?.response, 3);
/// assert_eq!(two.read_local(|counter| counter.0)?.0, 0);
/// sim.cut(2, false);
/// assert_eq!(two.read(|counter| counter.0).await?, 3);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Sim {
    state: Arc<SimState>,
}

impl Sim {
    /// An empty log without faults, whose chances follow from the seed.
    pub fn new(seed: u64) -> Self {
        Self { state: Arc::new(SimState::new(seed)) }
    }

    /// From now on these faults.
    pub fn set_faults(&self, faults: SimFaults) {
        self.state.world.lock().faults = faults;
    }

    /// The way of this node to the log.
    pub fn node(&self, node: usize) -> SimNode {
        SimNode::new(Arc::clone(&self.state), node)
    }

    /// Cuts this node off, or takes it back: while it is cut off its appends are lost, and it reads nothing.
    pub fn cut(&self, node: usize, off: bool) {
        let mut world = self.state.world.lock();
        if off {
            world.cut.insert(node);
        } else {
            world.cut.remove(&node);
        }
        drop(world);
        self.state.news.notify_waiters();
    }

    /// The log takes nothing for so long.
    pub fn stall(&self, time: Duration) {
        self.state.world.lock().stalled_until = tokio::time::Instant::now() + time;
    }

    /// Sets the log's clock: so many milliseconds ahead of where it is, or back.
    pub fn set_clock(&self, milliseconds: i64) {
        self.state.world.lock().ahead += milliseconds;
    }

    /// Loses the last entries, acknowledged and read as they are.
    pub fn lose_tail(&self, entries: usize) {
        self.store(|store| store.lose(entries));
    }

    /// Refuses entries while it has so many.
    pub fn limit(&self, entries: usize) {
        self.store(|store| store.set_limit(entries));
    }

    /// The index of the first entry that is left.
    pub fn first(&self) -> u64 {
        self.store(|store| store.first())
    }

    /// The index that the next entry gets.
    pub fn next(&self) -> u64 {
        self.store(|store| store.next())
    }

    /// The newest snapshot of this index or a lower one, as it is kept.
    pub fn snapshot(&self, at_most: u64) -> Option<(u64, Bytes)> {
        self.store(|store| store.snapshot(at_most))
    }

    /// Puts a snapshot there, or in place of the one that is there.
    pub fn put_snapshot(&self, at: u64, bytes: Bytes) {
        self.store(|store| store.put_snapshot(at, bytes));
    }

    fn store<T>(&self, act: impl FnOnce(&mut Store) -> T) -> T {
        act(&mut self.state.world.lock().store)
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").field("next", &self.next()).finish_non_exhaustive()
    }
}
