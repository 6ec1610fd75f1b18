use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use stratoswarm_core::{
    Ask, Channel, Message,
    messages::{AllocationId, CancelTask, QueryAvailable, QueryStatus, ReleaseAllocation, TaskId},
};
use tokio::{
    task::{JoinSet, unconstrained},
    time::{MissedTickBehavior, interval},
};

use super::Tally;
use crate::swarm::{Client, SwarmError};

/// The tasks that make an overload; dropped, they end.
#[derive(Debug)]
pub(in crate::swarm) struct Load {
    tallies: Vec<Arc<Tally>>,
    tasks: JoinSet<()>,
}

/// A query of the load is good for so long.
const TTL: Duration = Duration::from_millis(50);
const OFFERED_EVERY: Duration = Duration::from_millis(1);
const URGENT_EVERY: Duration = Duration::from_millis(5);
/// Of no task and no agent: what is asked for here is unknown, which is as much work to say as anything else.
const NOBODY: u128 = u128::MAX - 1;

impl Load {
    /// None yet.
    pub(in crate::swarm) fn new() -> Self {
        Self { tallies: Vec::new(), tasks: JoinSet::new() }
    }

    /// Begins to offer both services `factor` times the work that they do.
    pub(in crate::swarm) fn start(
        &mut self,
        factor: u32,
        client: &Client,
        scheduler: &Arc<Tally>,
        governor: &Arc<Tally>,
    ) {
        let registry = client.registry();
        let cancel = CancelTask { task: TaskId::from_u128(NOBODY) };
        self.offer(factor, registry.scheduler(), scheduler, || QueryStatus {}.into(), cancel);
        let release = ReleaseAllocation { allocation: AllocationId::from_u128(NOBODY) };
        self.offer(factor, registry.governor(), governor, || QueryAvailable {}.into(), release);
    }

    /// Ends it, and waits until its tasks have.
    pub(in crate::swarm) async fn stop(&mut self) -> Result<(), SwarmError> {
        for tally in &self.tallies {
            tally.run(false);
        }
        while let Some(ended) = self.tasks.join_next().await {
            ended.map_err(|_| SwarmError::Panicked { task: "the load".to_owned() })?;
        }
        Ok(())
    }

    fn offer<M: Message, A: Ask<M> + Clone + Send + Sync + 'static>(
        &mut self,
        factor: u32,
        channel: &Channel<M>,
        tally: &Arc<Tally>,
        bulk: impl Fn() -> M + Send + 'static,
        urgent: A,
    ) where
        A::Reply: Send,
    {
        tally.run(true);
        self.tallies.push(Arc::clone(tally));
        let (offered, counted) = (channel.clone(), Arc::clone(tally));
        self.tasks.spawn(async move {
            let mut ticks = interval(OFFERED_EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while counted.is_running() {
                ticks.tick().await;
                // For each query that the service has worked on, so many are offered: one is always under way.
                let due = (counted.worked_on() + 1).saturating_mul(u64::from(factor));
                while counted.offered() < due {
                    // Polled once: what finds no room then is turned away. Not for want of tokio's budget, though.
                    let sent = unconstrained(offered.send(bulk()).ttl(TTL));
                    let accepted = tokio::select! {
                        biased;
                        sent = sent => sent.is_ok(),
                        () = std::future::ready(()) => false,
                    };
                    counted.offer(accepted);
                }
            }
        });
        let (asked, counted) = (channel.clone(), Arc::clone(tally));
        self.tasks.spawn(async move {
            let mut ticks = interval(URGENT_EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while counted.is_running() {
                ticks.tick().await;
                let begin = Instant::now();
                if asked.request(urgent.clone()).await.is_ok() {
                    counted.answered(begin.elapsed());
                }
            }
        });
    }
}
