use std::panic::Location;

/// A handle that still existed when a shutdown was over.
///
/// Often the reason why something did not end: a task that was forgotten.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, Message, NoReply};
/// # #[derive(Clone, Debug, PartialEq)] struct Job(u32); impl Message for Job { type Reply = NoReply; }
/// let fabric = Fabric::new();
/// let forgotten = fabric.channel::<Job>("jobs").open()?.subscribe();
/// let report = fabric.shutdown(std::time::Duration::from_secs(1)).await;
/// let held = &report.held[0];
/// assert_eq!((&*held.channel, held.kind), ("jobs", "Subscriber"));
/// assert_eq!(held.opened_at.file(), file!(), "where it was made");
/// # drop(forgotten);
/// # Ok(()) }
/// ```
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
