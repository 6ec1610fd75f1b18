use std::panic::Location;

/// A handle that still existed when a shutdown was over.
///
/// Often the reason why something did not end: a task that was forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldHandle {
    /// The channel's name.
    pub channel: String,
    /// The handle's type: `Channel`, `Broadcast`, `Receiver`, `Subscriber` or `LossySubscriber`.
    pub kind: &'static str,
    /// A receiver's group, or the name it was joined with.
    pub name: Option<String>,
    /// Where the handle was made.
    pub opened_at: &'static Location<'static>,
}
