/// What became of the settlement of a delivery.
///
/// Not a `Result` and not `#[must_use]`, as [`ReplyOutcome`](crate::ReplyOutcome) is not: work that came too late to be
/// acknowledged is done all the same.
///
/// # Examples
/// ```
/// # use stratoswarm_core::{AckPolicy, Fabric, Settled};
/// # use stratoswarm_core::examples::Job;
/// use std::time::Duration;
///
/// let jobs = Fabric::new().channel::<Job>("jobs").open()?;
/// let mut worker = jobs.group("workers").ack(AckPolicy::explicit().ack_wait(Duration::ZERO)).join()?;
/// jobs.try_send(Job(1))?;
/// let (_, late) = worker.try_recv()?.into_acked();
/// let (_, again) = worker.try_recv()?.into_acked(); // no time was left
/// assert_eq!((late.ack(), again.ack()), (Settled::Lapsed, Settled::Done));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is settled as was said.
    Done,
    /// It was settled before, or its time was over and another delivery was made of it, or its group is gone.
    Lapsed,
}
