use std::fmt;

/// A part of the swarm: what serves one of the eight channels, the one of its name unless another is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Component {
    /// The device, which runs the kernels (channel `gpu`).
    Device,
    /// The evolution engine, which selects and breeds tours.
    Evolution,
    /// The scheduler, which gives every agent a stream of the device.
    Scheduler,
    /// The governor, which grants cores and memory.
    Governor,
    /// The cost model, which plans and prices the work.
    Cost,
    /// The monitor, which measures the machine.
    Efficiency,
    /// The store, which keeps every agent's best tour.
    Knowledge,
    /// The observer, which follows the events.
    Events,
}

impl Component {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Device,
        Self::Evolution,
        Self::Scheduler,
        Self::Governor,
        Self::Cost,
        Self::Efficiency,
        Self::Knowledge,
        Self::Events,
    ];

    /// The name on the command line and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Evolution => "evolution",
            Self::Scheduler => "scheduler",
            Self::Governor => "governor",
            Self::Cost => "cost",
            Self::Efficiency => "efficiency",
            Self::Knowledge => "knowledge",
            Self::Events => "events",
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
