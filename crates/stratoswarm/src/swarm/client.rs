use stratoswarm_core::{
    Channel, ChannelRegistry, Message,
    messages::{
        CostMessage, EfficiencyMessage, EvolutionMessage, GovernorMessage, GpuCommand, KnowledgeMessage,
        SchedulerMessage, SystemEvent,
    },
};

use super::{Component, ComponentClient, Meter, SwarmError};

/// A client of every component; the one place that says which component serves which channel.
#[derive(Debug, Clone)]
pub(super) struct Client {
    registry: ChannelRegistry,
    meter: Meter,
}

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

    pub(super) fn device(&self) -> ComponentClient<'_, GpuCommand> {
        self.of(Component::Device, self.registry.gpu())
    }

    pub(super) fn evolution(&self) -> ComponentClient<'_, EvolutionMessage> {
        self.of(Component::Evolution, self.registry.evolution())
    }

    pub(super) fn scheduler(&self) -> ComponentClient<'_, SchedulerMessage> {
        self.of(Component::Scheduler, self.registry.scheduler())
    }

    pub(super) fn governor(&self) -> ComponentClient<'_, GovernorMessage> {
        self.of(Component::Governor, self.registry.governor())
    }

    pub(super) fn cost(&self) -> ComponentClient<'_, CostMessage> {
        self.of(Component::Cost, self.registry.cost())
    }

    pub(super) fn efficiency(&self) -> ComponentClient<'_, EfficiencyMessage> {
        self.of(Component::Efficiency, self.registry.efficiency())
    }

    pub(super) fn knowledge(&self) -> ComponentClient<'_, KnowledgeMessage> {
        self.of(Component::Knowledge, self.registry.knowledge())
    }

    /// Publishes an event; it is an error if nobody follows them.
    pub(super) fn publish(&self, event: SystemEvent) -> Result<(), SwarmError> {
        match self.meter.of_call(|| self.registry.events().send(event)) {
            Ok(0) | Err(_) => Err(SwarmError::Missing { component: Component::Events }),
            Ok(_) => Ok(()),
        }
    }

    fn of<'a, M: Message>(&'a self, component: Component, channel: &'a Channel<M>) -> ComponentClient<'a, M> {
        ComponentClient { component, channel, meter: &self.meter }
    }
}
