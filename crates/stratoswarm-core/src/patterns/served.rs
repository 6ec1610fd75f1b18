/// What a worker's loop did.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// use stratoswarm_core::patterns::serve;
///
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let worker = jobs.join("workers");
/// for n in 1..=3 { jobs.send(Job(n)).await?; }
/// jobs.close();
/// let served = serve(worker, 2, async |job| drop(job)).await; // returns when the channel is drained
/// assert_eq!((served.finished, served.panicked), (3, 0));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Served {
    /// Deliveries whose handler ran to its end.
    pub finished: u64,
    /// Deliveries whose handler panicked; their callers were told
    /// [`Unanswered`](crate::RequestError::Unanswered).
    pub panicked: u64,
}
