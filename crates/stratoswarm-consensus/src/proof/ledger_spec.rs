use stateright::semantics::SequentialSpec;

use super::ballot::FUNDS;

/// What a ledger does, one call after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct LedgerSpec(u64);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum LedgerCall {
    Grant(u64),
    Read,
}

impl SequentialSpec for LedgerSpec {
    type Op = LedgerCall;
    type Ret = Option<u64>;

    fn invoke(&mut self, call: &LedgerCall) -> Option<u64> {
        match *call {
            LedgerCall::Grant(cores) => {
                let granted = self.0 + cores;
                (granted <= FUNDS).then(|| {
                    self.0 = granted;
                    granted
                })
            }
            LedgerCall::Read => Some(self.0),
        }
    }
}
