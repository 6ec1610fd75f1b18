/// Requests whose deadline passed, by how far they had come; see [`Stage`](crate::Stage).
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Ping;
/// # use std::time::Duration;
/// let pings = Fabric::new().channel::<Ping>("pings").open()?;
/// let second = Duration::from_secs(1);
/// let _nobody = pings.request(Ping).timeout(second).await; // there is no group
/// let _idle = pings.join("workers");
/// let _late = pings.request(Ping).timeout(second).await; // there is one, and its member does not come
/// let requests = pings.info().requests;
/// assert_eq!((requests.expired_at.unserved, requests.expired_at.queued), (1, 1));
/// assert_eq!((requests.asked, requests.expired), (1, 1), "of those that were accepted");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ExpiredCounts {
    /// While no group was there.
    pub unserved: u64,
    /// While they waited for room.
    pub sending: u64,
    /// Accepted, and not taken by any handler.
    pub queued: u64,
    /// While a handler had them.
    pub handling: u64,
}
