use crate::message::{Message, NoReply};

/// Something to do, without a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job(pub u32);

impl Message for Job {
    type Reply = NoReply;
}
