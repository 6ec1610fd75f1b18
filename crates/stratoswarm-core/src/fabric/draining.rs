use std::time::Duration;

use super::{ChannelReport, shutdown};
use crate::{channel::Channel, message::Message};

/// The end of one channel, as a shutdown brings it to all: an item of the channel, made of what the fabric has.
impl<M: Message> Channel<M> {
    /// Closes this channel and drains it, as a [shutdown](crate::Fabric::shutdown) does with all of its fabric's; the
    /// others stay as they are.
    ///
    /// Drained means: taken, and the [`Delivery`](crate::Delivery) or [`Responder`](crate::Responder) dropped, and no permit
    /// out. Groups without members and lossy readers are not waited for. Then, or after `after`, it is reported what is left,
    /// and every wait on the channel ends: what only groups without members had, or nobody came for, goes; requests are told
    /// [`Closed`](crate::RequestError::Closed); members and subscribers may still take what they have.
    ///
    /// What it reports as undelivered and lets go of, no later report names.
    ///
    /// # Cancel safety
    /// Dropped after its first poll, the channel stays closed, and nothing else was ended; it can be called again. Several at
    /// once, and beside a shutdown, each wait for themselves; the first to be over ends the waits.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use stratoswarm_core::Fabric;
    /// # use stratoswarm_core::examples::Job;
    /// use std::time::Duration;
    ///
    /// let fabric = Fabric::new();
    /// let jobs = fabric.channel::<Job>("jobs").group("auditors").open()?; // no auditor ever comes
    /// let mut worker = jobs.join("workers");
    /// for n in 1..=3 { jobs.send(Job(n)).await?; }
    /// tokio::spawn(async move { while worker.recv().await.is_some() {} });
    /// let report = jobs.drain(Duration::from_secs(5)).await;
    /// assert_eq!((report.drained, report.in_flight, report.undelivered), (3, 0, 3));
    /// assert!(jobs.send(Job(4)).await.is_err(), "closed");
    /// fabric.channel::<Job>("other").open()?; // the fabric goes on
    /// # Ok(()) }
    /// ```
    pub async fn drain(&self, after: Duration) -> ChannelReport {
        shutdown::drain(&**self.shared(), after).await
    }
}
