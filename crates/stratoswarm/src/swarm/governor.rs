use stratoswarm_core::{
    Receiver,
    messages::{Done, GovernorCall, GovernorMessage, Resources},
};

use super::{Ledger, Meter, Pace};

/// Serves the `governor` channel: grants resources from a total and takes them back, by a [`Ledger`].
#[derive(Debug)]
pub struct Governor {
    ledger: Ledger,
    meter: Meter,
    pace: Pace,
}

impl Governor {
    /// A governor over so much.
    pub fn new(total: Resources, meter: Meter) -> Self {
        Self { ledger: Ledger::new(total), meter, pace: Pace::default() }
    }

    /// The same, working at this pace.
    #[must_use]
    pub fn paced(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// Serves until the channel is closed and drained.
    pub async fn serve(mut self, mut messages: Receiver<GovernorMessage>) {
        while let Some(delivery) = self.meter.of(messages.recv()).await {
            if self.pace.fails(&delivery).await {
                continue;
            }
            match GovernorCall::from(delivery) {
                GovernorCall::RequestAllocation(request, reply) => {
                    let grant = self.ledger.grant(request.resources);
                    self.meter.of_call(|| reply.send(grant));
                }
                GovernorCall::ReleaseAllocation(release, reply) => {
                    let released = self.ledger.release(release.allocation).map(|()| Done {});
                    self.meter.of_call(|| reply.send(released));
                }
                GovernorCall::QueryAvailable(_, reply) => {
                    let available = self.ledger.available();
                    self.meter.of_call(|| reply.send(available));
                }
            }
        }
    }
}
