use crate::message::Message;

/// Asks whether somebody is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ping;

impl Message for Ping {
    type Reply = ();
}
