/// What is done with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StepKind {
    /// It is sent, from the first poll until it is accepted: the wait for room is part of it.
    Send,
    /// A reply is asked for, from the first poll until it has come, or is waited for no longer.
    Request,
    /// A group has it to do, from the moment it is handed out until its [`Delivery`](crate::Delivery), or what was made of that, is
    /// dropped. What waits in a reader's inbox is not handed out.
    Process,
}
