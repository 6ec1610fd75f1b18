use serde::Serialize;

/// What became of the messages of one lane of an overloaded service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LaneAccount {
    /// The class whose lane it is.
    pub lane: &'static str,
    /// How many may wait.
    pub capacity: usize,
    /// Messages accepted.
    pub accepted: u64,
    /// How many of them were handed out, as the service counted them; each once, however often it came again.
    pub handed_out: u64,
    /// How many expired before they were handed out, as the dead letters say.
    pub expired: u64,
    /// How many of those handed out were given up in the end, as the dead letters say.
    pub dead: u64,
}
