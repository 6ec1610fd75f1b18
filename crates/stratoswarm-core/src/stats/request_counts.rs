use super::ExpiredCounts;

/// What became of a channel's requests, as their callers saw it.
///
/// `asked` less the others is what is still waiting for its reply, or has just got it.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, RequestCounts};
/// # use stratoswarm_core::examples::Ping;
/// let pings = Fabric::new().channel::<Ping>("pings").open()?;
/// let mut worker = pings.join("workers");
/// let (mut first, mut second, mut third) = (pings.request(Ping), pings.request(Ping), pings.request(Ping));
/// # assert!(futures::poll!(&mut first).is_pending());
/// # assert!(futures::poll!(&mut second).is_pending());
/// # assert!(futures::poll!(&mut third).is_pending());
/// worker.try_recv()?.into_parts().1.send(());
/// first.await?;
/// drop(second); // gives up
/// let counts: RequestCounts = pings.info().requests;
/// assert_eq!((counts.asked, counts.answered, counts.abandoned), (3, 1, 1), "the third still waits");
/// # drop(third);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct RequestCounts {
    /// Requests accepted by the channel.
    pub asked: u64,
    /// Replies that reached their callers.
    pub answered: u64,
    /// Accepted requests whose deadline passed.
    pub expired: u64,
    /// Accepted requests whose caller dropped the future.
    pub abandoned: u64,
    /// Requests whose last responder was dropped, or was of another type.
    pub unanswered: u64,
    /// How far those had come whose deadline passed, also those that were not accepted.
    #[cfg_attr(feature = "serde", serde(default))]
    pub expired_at: ExpiredCounts,
}

impl RequestCounts {
    /// How many of those accepted wait for a reply still.
    pub(crate) fn open(&self) -> u64 {
        self.asked.saturating_sub(self.answered + self.expired + self.abandoned + self.unanswered)
    }
}
