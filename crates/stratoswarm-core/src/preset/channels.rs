use std::time::Duration;

use crate::{
    Broadcast, Channel, ChannelBuilder, Fabric, Message, OpenError, Priority,
    messages::{
        CostMessage, EfficiencyMessage, EvolutionMessage, GovernorMessage, GpuCommand, KnowledgeMessage,
        SchedulerMessage, SystemEvent,
    },
};

/// What all handles of a registry share.
pub(super) struct Channels {
    pub(super) fabric: Fabric,
    pub(super) gpu: Channel<GpuCommand>,
    pub(super) evolution: Channel<EvolutionMessage>,
    pub(super) cost: Channel<CostMessage>,
    pub(super) efficiency: Channel<EfficiencyMessage>,
    pub(super) scheduler: Channel<SchedulerMessage>,
    pub(super) governor: Channel<GovernorMessage>,
    pub(super) knowledge: Channel<KnowledgeMessage>,
    pub(super) events: Broadcast<SystemEvent>,
}

impl Channels {
    pub(super) fn open(fabric: Fabric, traced: bool) -> Result<Self, OpenError> {
        const LONG: Duration = Duration::from_secs(60);
        const SHORT: Duration = Duration::from_secs(5);
        let events = fabric.broadcast("events").capacity(1000).shutdown_order(80);
        let events = if traced { events.traced() } else { events };
        Ok(Self {
            scheduler: channel(&fabric, "scheduler", traced)
                .capacity(1000)
                .lane(Priority::Critical, 64)
                .default_timeout(SHORT)
                .shutdown_order(10)
                .open_unlisted()?,
            evolution: channel(&fabric, "evolution", traced)
                .capacity(10_000)
                .default_timeout(LONG)
                .shutdown_order(20)
                .open_unlisted()?,
            gpu: channel(&fabric, "gpu", traced)
                .capacity(100)
                .lane(Priority::Critical, 16)
                .default_timeout(LONG)
                .shutdown_order(30)
                .open_unlisted()?,
            governor: channel(&fabric, "governor", traced)
                .capacity(1000)
                .lane(Priority::Critical, 64)
                .default_timeout(SHORT)
                .shutdown_order(40)
                .open_unlisted()?,
            cost: channel(&fabric, "cost", traced)
                .capacity(1000)
                .default_timeout(SHORT)
                .shutdown_order(50)
                .open_unlisted()?,
            efficiency: channel(&fabric, "efficiency", traced)
                .capacity(1000)
                .default_timeout(SHORT)
                .shutdown_order(60)
                .open_unlisted()?,
            knowledge: channel(&fabric, "knowledge", traced)
                .capacity(1000)
                .default_timeout(SHORT)
                .shutdown_order(70)
                .open_unlisted()?,
            events: events.open_unlisted()?,
            fabric,
        })
    }
}

fn channel<'a, M: Message>(fabric: &'a Fabric, name: &str, traced: bool) -> ChannelBuilder<'a, M> {
    let channel = fabric.channel(name);
    if traced { channel.traced() } else { channel }
}
