use crate::message::Message;

/// Asks for twice as much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Double(pub u64);

impl Message for Double {
    type Reply = u64;
}
