use std::time::Duration;

use stratoswarm_core::{Ask, Channel, ChannelRegistry, Message, RequestError, messages::SystemEvent};

use super::{Component, Meter, SwarmError};

/// A way into the channels: metered, and with errors that name the component that should have answered.
#[derive(Debug, Clone)]
pub(super) struct Client {
    registry: ChannelRegistry,
    meter: Meter,
}

/// How long the answers may take that wait for much computing. Who is to answer is known to be there.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// How long the roll call waits for somebody to be there at all.
const ROLL_CALL: Duration = Duration::from_secs(1);

impl Client {
    pub(super) fn new(registry: ChannelRegistry, meter: Meter) -> Self {
        Self { registry, meter }
    }

    pub(super) fn registry(&self) -> &ChannelRegistry {
        &self.registry
    }

    pub(super) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Asks what is answered at once, within the channel's own timeout.
    pub(super) async fn ask<M: Message, A: Ask<M>>(
        &self,
        component: Component,
        channel: &Channel<M>,
        ask: A,
    ) -> Result<A::Reply, SwarmError> {
        let answer = self.meter.of(channel.request(ask)).await;
        answer.map_err(|error| unanswered(component, error))
    }

    /// Asks what is answered after much computing.
    pub(super) async fn ask_long<M: Message, A: Ask<M>>(
        &self,
        component: Component,
        channel: &Channel<M>,
        ask: A,
    ) -> Result<A::Reply, SwarmError> {
        let answer = self.meter.of(channel.request(ask).timeout(LONG)).await;
        answer.map_err(|error| unanswered(component, error))
    }

    /// Asks a component for the first time: finds out soon if nobody serves its channel, and is patient otherwise.
    pub(super) async fn ask_first<M: Message, A: Ask<M> + Clone>(
        &self,
        component: Component,
        channel: &Channel<M>,
        ask: A,
    ) -> Result<A::Reply, SwarmError> {
        match self.meter.of(channel.request(ask.clone()).timeout(ROLL_CALL)).await {
            Err(RequestError::Expired { members, .. }) if members > 0 => {
                self.ask(component, channel, ask).await
            }
            answer => answer.map_err(|error| unanswered(component, error)),
        }
    }

    /// Sends what is not answered.
    pub(super) async fn send<M: Message>(
        &self,
        component: Component,
        channel: &Channel<M>,
        message: M,
    ) -> Result<(), SwarmError> {
        let sent = self.meter.of(channel.send(message)).await;
        sent.map_err(|_| unanswered(component, RequestError::Closed))
    }

    /// Publishes an event; somebody must follow them.
    pub(super) fn publish(&self, event: SystemEvent) -> Result<(), SwarmError> {
        match self.meter.of_call(|| self.registry.events().send(event)) {
            Ok(0) | Err(_) => Err(SwarmError::Missing { component: Component::Events }),
            Ok(_) => Ok(()),
        }
    }
}

fn unanswered(component: Component, error: RequestError) -> SwarmError {
    match error {
        RequestError::Expired { members: 0, .. } => SwarmError::Missing { component },
        error => SwarmError::Unanswered { component, error },
    }
}

#[cfg(test)]
mod tests {
    use stratoswarm_core::messages::{AgentId, AgentSpawned, QueryStatus, SchedulerCall};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_channel_that_nobody_serves_is_found_out() {
        let client = Client::new(ChannelRegistry::new(), Meter::new());
        let status =
            client.ask_first(Component::Scheduler, client.registry().scheduler(), QueryStatus {}).await;
        assert_eq!(status.unwrap_err(), SwarmError::Missing { component: Component::Scheduler });
        let event = AgentSpawned { agent: AgentId::from_u128(1) };
        assert_eq!(client.publish(event.into()), Err(SwarmError::Missing { component: Component::Events }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_component_that_drops_its_request_is_named() {
        let client = Client::new(ChannelRegistry::new(), Meter::new());
        let mut scheduler = client.registry().scheduler().join("schedulers");
        tokio::spawn(async move {
            while let Some(delivery) = scheduler.recv().await {
                drop(SchedulerCall::from(delivery));
            }
        });
        let status = client.ask(Component::Scheduler, client.registry().scheduler(), QueryStatus {}).await;
        let error = RequestError::Unanswered;
        assert_eq!(status.unwrap_err(), SwarmError::Unanswered { component: Component::Scheduler, error });
    }
}
