use serde::{Deserialize, Serialize};

use crate::{At, Machine};

/// The machine under test: a register and a ledger.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Ballot {
    pub(super) register: u64,
    pub(super) granted: u64,
}

/// How much the ledger grants in all.
pub(super) const FUNDS: u64 = 30;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Move {
    /// Puts a value, and says the one before.
    Swap(u64),
    /// Grants so much if there is so much left.
    Grant(u64),
}

impl Machine for Ballot {
    type Command = Move;
    /// The value before; how much is granted in all, or none.
    type Response = Option<u64>;

    fn apply(&mut self, _at: At, command: &Move) -> Option<u64> {
        match *command {
            Move::Swap(value) => Some(std::mem::replace(&mut self.register, value)),
            Move::Grant(cores) => {
                let granted = self.granted + cores;
                (granted <= FUNDS).then(|| {
                    self.granted = granted;
                    granted
                })
            }
        }
    }
}
