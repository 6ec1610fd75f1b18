/// Where a message of a [traced](crate::ChannelBuilder::traced) channel came from, and when.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// # let fabric = Fabric::new();
/// let jobs = fabric.channel::<Job>("jobs").traced().open()?;
/// let events = fabric.broadcast::<u32>("events").traced().open()?;
/// let (mut of_jobs, mut of_events) = (jobs.record().open()?, events.record().open()?);
/// jobs.named("planner").send(Job(1)).await?;
/// events.send(7)?;
/// let job = of_jobs.try_recv()??.origin.ok_or("not traced")?;
/// let event = of_events.try_recv()??.origin.ok_or("not traced")?;
/// assert_eq!(jobs.senders()[job.sender as usize].name.as_deref(), Some("planner"));
/// assert!(job.turn < event.turn, "one count for the whole fabric");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Origin {
    /// Who sent it: a place in [`Channel::senders`](crate::Channel::senders).
    pub sender: u32,
    /// When it was admitted, by the count that all traced channels of a fabric have in common: of two events the one with
    /// the less came before.
    pub turn: u64,
}
