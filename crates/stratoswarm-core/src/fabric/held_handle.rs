use std::panic::Location;

/// Handles that still existed when a shutdown was over: those of one kind and name that were made in one place.
///
/// Often the reason why something did not end: a task that was forgotten.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// let fabric = Fabric::new();
/// let forgotten = fabric.channel::<Job>("jobs").open()?.subscribe();
/// let report = fabric.shutdown(std::time::Duration::from_secs(1)).await;
/// let held = &report.held[0];
/// assert_eq!((&*held.channel, held.kind, held.count), ("jobs", "Subscriber", 1));
/// assert_eq!(held.location.file(), file!(), "where it was made");
/// # drop(forgotten);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct HeldHandle {
    /// The channel's name.
    pub channel: String,
    /// The handle's type: `Channel`, `Broadcast`, `Receiver`, `Subscriber` or `LossySubscriber`.
    pub kind: &'static str,
    /// A receiver's group, or the name that it, or another handle, was given.
    pub name: Option<String>,
    /// Where they were made.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::stats::serialize::location"))]
    pub location: &'static Location<'static>,
    /// How many of them exist.
    pub count: usize,
}
