use std::time::Duration;

/// What a [`Sim`](crate::Sim) does to entries and snapshots: how many times in a thousand each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SimFaults {
    /// The entry is lost, and the sender told nothing.
    pub lose: u32,
    /// It is stored, but the sender told nothing.
    pub lose_ack: u32,
    /// The sender is told nothing, and it is stored up to ten minutes later.
    pub late: u32,
    /// It is stored, and once more up to ten minutes later.
    pub repeat: u32,
    /// The log takes nothing for ten seconds.
    pub stall: u32,
    /// The log's clock is set back, or ahead, by up to ten seconds.
    pub set_clock: u32,
    /// A snapshot is cut, or one of its bits turned, and its sender told that it is kept.
    pub damage: u32,
    /// How long entries take at most until they are read, in some stretches. Then they come together.
    pub read_lag: Duration,
}

impl SimFaults {
    /// No fault.
    pub fn none() -> Self {
        Self::default()
    }

    /// All of them, as often as in the crate's own proof.
    pub fn all() -> Self {
        Self {
            lose: 40,
            lose_ack: 60,
            late: 30,
            repeat: 60,
            stall: 5,
            set_clock: 10,
            damage: 250,
            read_lag: Duration::from_secs(3),
        }
    }
}
