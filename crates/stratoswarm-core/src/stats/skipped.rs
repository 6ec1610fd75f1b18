/// Messages that a reader passed without getting them, by reason.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::{Fabric, TryRecvError};
/// # use stratoswarm_core::examples::Ping;
/// let pings = Fabric::new().channel::<Ping>("pings").open()?;
/// let mut worker = pings.join("workers");
/// let mut asking = pings.request(Ping);
/// assert!(futures::poll!(&mut asking).is_pending());
/// drop(asking); // the caller has gone before a worker came
/// assert_eq!(worker.try_recv().err(), Some(TryRecvError::Empty));
/// let skipped = pings.info().readers[0].skipped;
/// assert_eq!((skipped.abandoned, skipped.expired, skipped.missed), (1, 0, 0));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Skipped {
    /// Requests whose deadline had passed before a handler could take them.
    pub expired: u64,
    /// Requests whose caller had gone before a handler could take them.
    pub abandoned: u64,
    /// Messages whose `Clone` panicked for this reader.
    pub panicked: u64,
    /// Messages that a lossy reader was too slow for, told to it or yet to be told; of a group that
    /// [drops its oldest](crate::GroupOptions::drop_oldest), those that it lost.
    pub missed: u64,
    /// Messages whose place a newer one of their key took, of a reader that keeps the [latest](crate::GroupOptions::latest_by).
    #[cfg_attr(feature = "serde", serde(default))]
    pub conflated: u64,
}

impl Skipped {
    /// All of them.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Fabric;
    /// let news = Fabric::new().broadcast::<u32>("news").capacity(2).open()?;
    /// let mut reader = news.subscribe();
    /// for n in 1..=5 { news.send(n)?; }
    /// while reader.try_recv().is_ok() {}
    /// let info = &news.info().readers[0];
    /// assert_eq!(info.skipped.total(), 3);
    /// assert_eq!(info.taken, info.accepted - info.skipped.total());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn total(&self) -> u64 {
        self.expired + self.abandoned + self.panicked + self.missed + self.conflated
    }
}
