use std::{fmt, sync::Arc};

use super::Verdict;

/// What a [`Watch`](crate::Watch) tells.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::time::Duration;
/// use stratoswarm_core::{Fabric, WatchEvent};
/// # use stratoswarm_core::examples::Job;
///
/// let fabric = Fabric::new();
/// let jobs = fabric.channel::<Job>("jobs").capacity(1).open()?;
/// let (tell, events) = std::sync::mpsc::channel();
/// let options = fabric.watch().interval(Duration::from_millis(5)).threshold(Duration::from_millis(20));
/// let watch = options.start(move |event| drop(tell.send(event)))?;
/// jobs.send(Job(1)).await?;
/// let mut waiting = jobs.send(Job(2)); // and nobody reads
/// assert!(futures::poll!(&mut waiting).is_pending());
/// let WatchEvent::Began(verdict) = events.recv()? else { panic!("it has just begun") };
/// assert_eq!(verdict.channels, ["jobs"]);
/// # drop(watch);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchEvent {
    /// Something does not move.
    Began(Arc<Verdict>),
    /// It does again, or has gone. It is as it was when it began.
    Ended(Arc<Verdict>),
}

impl fmt::Display for WatchEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Began(verdict) => verdict.fmt(f),
            Self::Ended(verdict) => writeln!(f, "over: {}: {}", verdict.kind, verdict.summary),
        }
    }
}
