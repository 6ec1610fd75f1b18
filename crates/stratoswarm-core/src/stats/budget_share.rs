/// What one channel has of a [`Budget`](crate::Budget), in bytes; see [`BudgetInfo`](crate::BudgetInfo).
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct BudgetShare {
    /// The channel's name.
    pub channel: String,
    /// What no other channel can use. 0 once it is closed.
    pub minimum: usize,
    /// What is charged: messages accepted and not yet taken by all that hold senders, and permits that are out.
    pub used: usize,
    /// Senders that have their place and wait for bytes.
    pub waiting: usize,
}
