use std::{fmt::Display, time::Duration};

use stratoswarm_core::{Ask, Channel, Message, RequestError};

use super::{Component, Meter, SwarmError};

/// A client of one component. What it does is metered, and its errors name the component: missing if nobody serves the
/// channel, unanswered if there is no answer in time.
#[derive(Debug)]
pub(super) struct ComponentClient<'a, M: Message> {
    pub(super) component: Component,
    pub(super) channel: &'a Channel<M>,
    pub(super) meter: &'a Meter,
}

/// How long the answers may take that wait for much computing. Who is to answer is known to be there.
const LONG: Duration = Duration::from_secs(24 * 3600);

impl<M: Message> ComponentClient<'_, M> {
    /// Asks what is answered at once, within the channel's own timeout.
    pub(super) async fn query<A: Ask<M>>(&self, question: A) -> Result<A::Reply, SwarmError> {
        self.answer(self.channel.request(question)).await
    }

    /// Asks for what is done at once; the component's fault is an error, too.
    pub(super) async fn ask<T, F: Display>(
        &self,
        request: impl Ask<M, Reply = Result<T, F>>,
    ) -> Result<T, SwarmError> {
        self.query(request).await?.map_err(|fault| self.refused(fault))
    }

    /// Asks for what takes much computing; the component's fault is an error, too.
    pub(super) async fn ask_long<T, F: Display>(
        &self,
        request: impl Ask<M, Reply = Result<T, F>>,
    ) -> Result<T, SwarmError> {
        let answer = self.answer(self.channel.request(request).timeout(LONG)).await?;
        answer.map_err(|fault| self.refused(fault))
    }

    /// Sends what is not answered; it is an error if the channel is closed.
    pub(super) async fn send(&self, message: impl Into<M>) -> Result<(), SwarmError> {
        let (component, error) = (self.component, RequestError::Closed);
        let sent = self.meter.of(self.channel.send(message.into())).await;
        sent.map_err(|_| SwarmError::Unanswered { component, error })
    }

    /// What the component has against a request, as an error.
    pub(super) fn refused(&self, fault: impl Display) -> SwarmError {
        SwarmError::Refused { component: self.component, reason: fault.to_string() }
    }

    async fn answer<T>(
        &self,
        request: impl Future<Output = Result<T, RequestError>>,
    ) -> Result<T, SwarmError> {
        let component = self.component;
        // A request would wait for somebody to come, and all who will come are there.
        if self.channel.receiver_count() == 0 {
            return Err(SwarmError::Missing { component });
        }
        self.meter.of(request).await.map_err(|error| match error {
            RequestError::Expired { members: 0, .. } => SwarmError::Missing { component },
            error => SwarmError::Unanswered { component, error },
        })
    }
}

#[cfg(test)]
mod tests {
    use stratoswarm_core::{
        ChannelRegistry,
        messages::{AgentId, AgentSpawned, QueryStatus, SchedulerCall},
    };

    use super::*;
    use crate::swarm::Client;

    #[tokio::test(start_paused = true)]
    async fn a_channel_that_nobody_serves_is_found_out() {
        let client = Client::new(ChannelRegistry::new(), "test", Meter::new());
        let status = client.scheduler().query(QueryStatus {}).await;
        assert_eq!(status.unwrap_err(), SwarmError::Missing { component: Component::Scheduler });
        let event = AgentSpawned { agent: AgentId::from_u128(1) };
        assert_eq!(client.publish(event.into()), Err(SwarmError::Missing { component: Component::Events }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_component_that_drops_its_request_is_named() {
        let client = Client::new(ChannelRegistry::new(), "test", Meter::new());
        let mut scheduler = client.scheduler().channel.join("schedulers");
        tokio::spawn(async move {
            while let Some(delivery) = scheduler.recv().await {
                drop(SchedulerCall::from(delivery));
            }
        });
        let status = client.scheduler().query(QueryStatus {}).await;
        let error = RequestError::Unanswered;
        assert_eq!(status.unwrap_err(), SwarmError::Unanswered { component: Component::Scheduler, error });
    }
}
