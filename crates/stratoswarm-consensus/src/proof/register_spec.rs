use stateright::semantics::SequentialSpec;

/// What a register does, one call after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct RegisterSpec(u64);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum RegisterCall {
    Swap(u64),
    Read,
}

impl SequentialSpec for RegisterSpec {
    type Op = RegisterCall;
    type Ret = u64;

    fn invoke(&mut self, call: &RegisterCall) -> u64 {
        match *call {
            RegisterCall::Swap(value) => std::mem::replace(&mut self.0, value),
            RegisterCall::Read => self.0,
        }
    }
}
