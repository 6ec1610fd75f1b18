use tokio::time::Instant;

use crate::{message::Priority, traced::Origin};

/// A message as a [`Recorder`](crate::Recorder) gets it: a clone, and what was said of it when it was sent.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stratoswarm_core::Fabric;
/// # use stratoswarm_core::examples::Job;
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let mut recorder = jobs.record().open()?;
/// jobs.send(Job(7)).await?;
/// let record = recorder.recv().await.ok_or("closed")??;
/// assert_eq!((record.seq, record.message, record.is_request), (0, Job(7), false));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record<M> {
    /// Its sequence number: how many messages the channel had admitted before it.
    pub seq: u64,
    /// The class whose lane it went to; `Normal` where there are no lanes.
    pub class: Priority,
    /// When it expires, if it does; of a request, until when its caller waits.
    pub deadline: Option<Instant>,
    /// Somebody waits for its reply.
    pub is_request: bool,
    /// Who sent it, and when it was admitted; on a [traced](crate::ChannelBuilder::traced) channel.
    pub origin: Option<Origin>,
    /// The message.
    pub message: M,
}
