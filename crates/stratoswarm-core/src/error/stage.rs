use std::fmt;

/// How far a request had come when its deadline passed.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, RequestError, Stage};
/// # use stratoswarm_core::examples::Ping;
/// # let after = std::time::Duration::from_millis(5);
/// let pings = Fabric::new().channel::<Ping>("pings").capacity(1).open()?;
/// let unserved = pings.request(Ping).timeout(after).await; // there is no group
/// assert!(matches!(unserved, Err(RequestError::Expired { stage: Stage::Unserved, .. })));
/// let _idle = pings.join("workers");
/// let queued = pings.request(Ping).timeout(after).await; // there is room, but nobody takes it
/// assert!(matches!(queued, Err(RequestError::Expired { stage: Stage::Queued, .. })));
/// pings.send(Ping).await?; // in the place of the expired one
/// let sending = pings.request(Ping).timeout(after).await; // there is no room
/// assert!(matches!(sending, Err(RequestError::Expired { stage: Stage::Sending, .. })));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Waiting for a group: nobody was there to take it, not even a group without members.
    Unserved,
    /// Not accepted yet: the channel was full, or no time was left when it was first polled.
    Sending,
    /// Accepted, not yet taken by any handler.
    Queued,
    /// Taken by a handler, not yet answered.
    Handling,
}

impl Stage {
    /// Whether the channel had accepted the request.
    pub(crate) fn is_accepted(self) -> bool {
        matches!(self, Self::Queued | Self::Handling)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unserved => "waiting for a group to take it",
            Self::Sending => "waiting to be accepted",
            Self::Queued => "queued",
            Self::Handling => "being handled",
        })
    }
}
