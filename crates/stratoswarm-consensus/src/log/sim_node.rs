use std::{fmt, pin::pin, sync::Arc};

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, sleep_until};

use super::{AppendError, Log, LogError, LogFuture, LogReader, Read, sim_state::SimState};

/// How many entries are handed out together.
const BATCH: u64 = 64;

/// One node's way to a simulated log: see [`Sim`](crate::Sim).
#[derive(Clone)]
pub struct SimNode {
    state: Arc<SimState>,
    node: usize,
}

impl SimNode {
    pub(super) fn new(state: Arc<SimState>, node: usize) -> Self {
        Self { state, node }
    }

    fn reachable(&self) -> Result<(), LogError> {
        let cut = self.state.world.lock().cut.contains(&self.node);
        if cut { Err(LogError::new("the log cannot be reached")) } else { Ok(()) }
    }
}

impl Log for SimNode {
    fn append(&self, entry: Bytes) -> LogFuture<'_, Result<(), AppendError>> {
        Box::pin(self.state.append(self.node, entry))
    }

    fn reader(&self, from: u64) -> Box<dyn LogReader> {
        Box::new(Reading { node: self.clone(), next: from.max(1), due: Instant::now() })
    }

    fn purge(&self, below: u64) -> LogFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            self.reachable()?;
            self.state.world.lock().store.purge(below);
            Ok(())
        })
    }

    fn put_snapshot(&self, at: u64, bytes: Bytes) -> LogFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            // Its way takes time: entries are applied meanwhile.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            self.reachable()?;
            let mut world = self.state.world.lock();
            let damage = world.faults.damage;
            let mut bytes = BytesMut::from(&*bytes);
            if world.dice.in_thousand(damage) && !bytes.is_empty() {
                let place = world.dice.below(bytes.len() as u64) as usize;
                if world.dice.in_thousand(500) {
                    bytes.truncate(place);
                } else {
                    bytes[place] ^= 1 << world.dice.below(8);
                }
            }
            world.store.put_snapshot(at, bytes.freeze());
            Ok(())
        })
    }

    fn snapshot(&self, at_most: u64) -> LogFuture<'_, Result<Option<(u64, Bytes)>, LogError>> {
        Box::pin(async move {
            self.reachable()?;
            Ok(self.state.world.lock().store.snapshot(at_most))
        })
    }

    fn random(&self) -> u64 {
        self.state.world.lock().dice.roll()
    }
}

impl fmt::Debug for SimNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimNode").field("node", &self.node).finish_non_exhaustive()
    }
}

/// A node's place in the log.
struct Reading {
    node: SimNode,
    next: u64,
    /// When the entry before was read: none comes before it.
    due: Instant,
}

/// What a look at the log found.
enum Look {
    Found(Read),
    Later(Instant),
    Nothing,
}

impl Reading {
    fn look(&mut self) -> Look {
        let state = &self.node.state;
        let world = state.world.lock();
        if world.cut.contains(&self.node.node) {
            return Look::Nothing;
        }
        if self.next < world.store.first() {
            return Look::Found(Read::Gap { first: world.store.first() });
        }
        let mut entries = Vec::new();
        while let Some((stored, came)) = world.store.entry(self.next) {
            let due = self.due.max(*came + state.lag(self.node.node, stored, world.faults.read_lag));
            if due > Instant::now() {
                if entries.is_empty() {
                    return Look::Later(due);
                }
                break;
            }
            entries.push(stored.clone());
            (self.next, self.due) = (self.next + 1, due);
            if entries.len() as u64 == BATCH {
                break;
            }
        }
        if entries.is_empty() { Look::Nothing } else { Look::Found(Read::Entries(entries)) }
    }
}

impl LogReader for Reading {
    fn next(&mut self) -> LogFuture<'_, Result<Read, LogError>> {
        Box::pin(async move {
            let state = Arc::clone(&self.node.state);
            loop {
                let mut news = pin!(state.news.notified());
                news.as_mut().enable();
                match self.look() {
                    Look::Found(read) => return Ok(read),
                    Look::Later(due) => sleep_until(due).await,
                    Look::Nothing => news.await,
                }
            }
        })
    }
}
