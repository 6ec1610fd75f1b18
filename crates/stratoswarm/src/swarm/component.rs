use std::fmt;

/// A part of the swarm: what serves one of the eight channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Component {
    /// The device executor, behind `gpu`.
    Device,
    /// The evolution engine, behind `evolution`.
    Evolution,
    /// The scheduler, behind `scheduler`.
    Scheduler,
    /// The governor of the resources, behind `governor`.
    Governor,
    /// The cost model, behind `cost`.
    Cost,
    /// The monitor of the machine, behind `efficiency`.
    Efficiency,
    /// The store of results, behind `knowledge`.
    Knowledge,
    /// The observer that follows the events, of `events`.
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
