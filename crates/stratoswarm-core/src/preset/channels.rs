use std::time::Duration;

use crate::{
    Broadcast, Channel, Fabric, OpenError, Priority,
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
    pub(super) fn open(fabric: Fabric) -> Result<Self, OpenError> {
        const LONG: Duration = Duration::from_secs(60);
        const SHORT: Duration = Duration::from_secs(5);
        Ok(Self {
            scheduler: fabric
                .channel("scheduler")
                .capacity(1000)
                .lane(Priority::Critical, 64)
                .default_timeout(SHORT)
                .shutdown_order(10)
                .open_unlisted()?,
            evolution: fabric
                .channel("evolution")
                .capacity(10_000)
                .default_timeout(LONG)
                .shutdown_order(20)
                .open_unlisted()?,
            gpu: fabric
                .channel("gpu")
                .capacity(100)
                .lane(Priority::Critical, 16)
                .default_timeout(LONG)
                .shutdown_order(30)
                .open_unlisted()?,
            governor: fabric
                .channel("governor")
                .capacity(1000)
                .lane(Priority::Critical, 64)
                .default_timeout(SHORT)
                .shutdown_order(40)
                .open_unlisted()?,
            cost: fabric
                .channel("cost")
                .capacity(1000)
                .default_timeout(SHORT)
                .shutdown_order(50)
                .open_unlisted()?,
            efficiency: fabric
                .channel("efficiency")
                .capacity(1000)
                .default_timeout(SHORT)
                .shutdown_order(60)
                .open_unlisted()?,
            knowledge: fabric
                .channel("knowledge")
                .capacity(1000)
                .default_timeout(SHORT)
                .shutdown_order(70)
                .open_unlisted()?,
            events: fabric.broadcast("events").capacity(1000).shutdown_order(80).open_unlisted()?,
            fabric,
        })
    }
}
