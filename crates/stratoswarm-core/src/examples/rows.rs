use crate::message::Message;

/// Asks for rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows;

impl Message for Rows {
    type Reply = u64;
}
