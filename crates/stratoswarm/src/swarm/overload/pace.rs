use std::{sync::Arc, time::Duration};

use stratoswarm_core::{Delivery, Message};

use super::Tally;

/// How a service works under an overload: a query of the load takes it a while, and now and then it fails. Without an overload
/// it does nothing.
#[derive(Debug, Clone, Default)]
pub struct Pace(Option<Arc<Tally>>);

/// So long a query of the load takes, in which the service only waits, as for a device: the processor is the swarm's.
const TAKES: Duration = Duration::from_millis(1);
/// One in so many fails at its first delivery.
const FAILS: u64 = 20;
/// One in so many fails at each of them.
const FAILS_FOR_GOOD: u64 = 100;

impl Pace {
    pub(in crate::swarm) fn new(tally: Arc<Tally>) -> Self {
        Self(Some(tally))
    }

    /// Whether the handling of this delivery fails; waits as long as it takes. It is then to be dropped.
    pub(in crate::swarm) fn fails<M: Message>(
        &self,
        delivery: &Delivery<M>,
    ) -> impl Future<Output = bool> + Send + use<M> {
        let is_bulk = !delivery.is_request();
        let (seq, attempt) = (delivery.seq(), delivery.attempt());
        let tally = self.0.clone();
        if let (Some(tally), 1) = (&tally, attempt) {
            tally.hand_out(delivery.priority());
        }
        async move {
            let Some(tally) = tally.filter(|tally| is_bulk && tally.is_running()) else { return false };
            tokio::time::sleep(TAKES).await;
            tally.work_on();
            seq.is_multiple_of(FAILS_FOR_GOOD) || (attempt == 1 && seq.is_multiple_of(FAILS))
        }
    }
}
