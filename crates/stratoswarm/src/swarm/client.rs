use stratoswarm_core::{
    Broadcast, Channel, ChannelRegistry, Message,
    messages::{
        CostMessage, EfficiencyMessage, EvolutionMessage, GovernorMessage, GpuCommand, KnowledgeMessage,
        SchedulerMessage, SystemEvent,
    },
};

use super::{Component, ComponentClient, Meter, SwarmError};

/// A client of every component; the one place that says which component serves which channel. Its handles have its name: by it
/// recordings tell who sent what.
#[derive(Debug)]
pub(super) struct Client {
    registry: ChannelRegistry,
    device: Channel<GpuCommand>,
    evolution: Channel<EvolutionMessage>,
    scheduler: Channel<SchedulerMessage>,
    governor: Channel<GovernorMessage>,
    cost: Channel<CostMessage>,
    efficiency: Channel<EfficiencyMessage>,
    knowledge: Channel<KnowledgeMessage>,
    events: Broadcast<SystemEvent>,
    meter: Meter,
}

impl Client {
    pub(super) fn new(registry: ChannelRegistry, name: &str, meter: Meter) -> Self {
        Self {
            device: registry.gpu().named(name),
            evolution: registry.evolution().named(name),
            scheduler: registry.scheduler().named(name),
            governor: registry.governor().named(name),
            cost: registry.cost().named(name),
            efficiency: registry.efficiency().named(name),
            knowledge: registry.knowledge().named(name),
            events: registry.events().named(name),
            registry,
            meter,
        }
    }

    /// Another one, with a name of its own.
    pub(super) fn named(&self, name: &str) -> Self {
        Self::new(self.registry.clone(), name, self.meter.clone())
    }

    pub(super) fn registry(&self) -> &ChannelRegistry {
        &self.registry
    }

    pub(super) fn meter(&self) -> &Meter {
        &self.meter
    }

    pub(super) fn device(&self) -> ComponentClient<'_, GpuCommand> {
        self.of(Component::Device, &self.device)
    }

    pub(super) fn evolution(&self) -> ComponentClient<'_, EvolutionMessage> {
        self.of(Component::Evolution, &self.evolution)
    }

    pub(super) fn scheduler(&self) -> ComponentClient<'_, SchedulerMessage> {
        self.of(Component::Scheduler, &self.scheduler)
    }

    pub(super) fn governor(&self) -> ComponentClient<'_, GovernorMessage> {
        self.of(Component::Governor, &self.governor)
    }

    pub(super) fn cost(&self) -> ComponentClient<'_, CostMessage> {
        self.of(Component::Cost, &self.cost)
    }

    pub(super) fn efficiency(&self) -> ComponentClient<'_, EfficiencyMessage> {
        self.of(Component::Efficiency, &self.efficiency)
    }

    pub(super) fn knowledge(&self) -> ComponentClient<'_, KnowledgeMessage> {
        self.of(Component::Knowledge, &self.knowledge)
    }

    /// Publishes an event; it is an error if nobody follows them.
    pub(super) fn publish(&self, event: SystemEvent) -> Result<(), SwarmError> {
        match self.meter.of_call(|| self.events.send(event)) {
            Ok(0) | Err(_) => Err(SwarmError::Missing { component: Component::Events }),
            Ok(_) => Ok(()),
        }
    }

    fn of<'a, M: Message>(&'a self, component: Component, channel: &'a Channel<M>) -> ComponentClient<'a, M> {
        ComponentClient { component, channel, meter: &self.meter }
    }
}
