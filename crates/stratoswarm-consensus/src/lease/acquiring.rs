use std::{
    fmt,
    future::IntoFuture,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use tokio::time::{Instant, timeout_at};

use super::{AcquireError, Lease};
use crate::{
    Consensus, Fate, Machine, Undecided,
    node::{Node, Refusal, Reply, Settled},
    replica::{Body, LeaseAnswer, LeaseCommand},
};

/// The shortest lease. A log on servers pauses for some six seconds when one of them fails.
const LEAST: Duration = Duration::from_secs(10);

/// The longest.
const MOST: Duration = Duration::from_secs(24 * 3_600);

/// How long until another try, where nothing says when.
const PAUSE: Duration = Duration::from_millis(100);

/// A lease that is about to be acquired: await it. Made by [`Leases::acquire`](crate::Leases::acquire).
#[must_use = "a lease is acquired once this is awaited"]
pub struct Acquiring<M: Machine> {
    consensus: Consensus<M>,
    name: String,
    ttl: Duration,
    timeout: Option<Duration>,
}

impl<M: Machine> Acquiring<M> {
    pub(super) fn new(consensus: Consensus<M>, name: String) -> Self {
        Self { consensus, name, ttl: Duration::from_secs(15), timeout: None }
    }

    /// How long it lasts without being renewed: 15 s if not stated, 10 s at least, a day at most. It is renewed every third of it.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// How long to wait while another holds it: no time is one try, if not stated for ever. What the log takes for a try comes
    /// on top, at most the node's [timeout](crate::Opening::timeout).
    pub fn timeout(mut self, after: Duration) -> Self {
        self.timeout = Some(after);
        self
    }

    async fn acquire(self) -> Result<Lease<M>, AcquireError> {
        if self.ttl < LEAST {
            return Err(AcquireError::TooShort { ttl: self.ttl, least: LEAST });
        }
        let ttl = self.ttl.min(MOST);
        let deadline = self.timeout.map(|after| Instant::now() + after);
        let is_over = || deadline.is_some_and(|deadline| Instant::now() >= deadline);
        let node = Arc::clone(self.consensus.node());
        loop {
            let sent = Instant::now();
            let command = LeaseCommand::Acquire(self.name.clone(), nanoseconds(ttl));
            let decided = decide(&node, command, node.options.timeout);
            let decided = match deadline {
                None => decided.await?,
                Some(deadline) => timeout_at(deadline + node.options.timeout, decided)
                    .await
                    .map_err(|_| AcquireError::TimedOut)??,
            };
            match decided {
                Some(LeaseAnswer::Granted { token, .. }) => {
                    let lease = Lease::hold(self.consensus.clone(), self.name.clone(), token, ttl, sent);
                    if lease.is_held() {
                        return Ok(lease);
                    }
                }
                Some(LeaseAnswer::Taken { token, until, now }) => {
                    if is_over() {
                        return Err(AcquireError::Taken { token });
                    }
                    let left = Duration::from_nanos(until.saturating_sub(now)) + Duration::from_millis(1);
                    let again = Instant::now() + left;
                    let wait = deadline.map_or(again, |deadline| deadline.min(again));
                    released(&node, &self.name, token, wait).await?;
                }
                _ if is_over() => return Err(AcquireError::TimedOut),
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

/// Waits until this node reads that the lease is not held with this token any more, or until then.
async fn released<M: Machine>(
    node: &Node<M>,
    name: &str,
    token: u64,
    until: Instant,
) -> Result<(), AcquireError> {
    loop {
        let mut progress = pin!(node.progress.notified());
        progress.as_mut().enable();
        if node.lease_token(name)? != Some(token) || timeout_at(until, progress).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Has a command decided, whatever it takes; none if it is certain that it was not applied.
pub(super) async fn decide<M: Machine>(
    node: &Arc<Node<M>>,
    command: LeaseCommand,
    life: Duration,
) -> Result<Option<LeaseAnswer>, AcquireError> {
    let submission = match node.submit(Body::Lease(command), Reply::Lease, life).await {
        Ok(submission) => submission,
        Err(Refusal::NotSent) => return Ok(None),
        Err(Refusal::Stopped(why)) => return Err(why.into()),
        Err(Refusal::Full) => return Err(AcquireError::Refused { why: "it is full".into() }),
        Err(Refusal::TooLarge { limit, .. }) => {
            return Err(AcquireError::Refused { why: format!("it takes no more than {limit} bytes") });
        }
        Err(Refusal::Unencodable(why)) => return Err(AcquireError::Refused { why }),
    };
    match submission.settled {
        Some(Settled::Committed(committed)) => Ok(Some(committed.response)),
        Some(Settled::Stopped(why)) => Err(why.into()),
        Some(_) => Ok(None),
        None => match Undecided::of(submission, node).fate().await {
            Fate::Committed(committed) => Ok(Some(committed.response)),
            Fate::Stopped(why) => Err(why.into()),
            _ => Ok(None),
        },
    }
}

pub(super) fn nanoseconds(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_nanos()).unwrap_or(u64::MAX)
}

impl<M: Machine> IntoFuture for Acquiring<M> {
    type Output = Result<Lease<M>, AcquireError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.acquire())
    }
}

impl<M: Machine> fmt::Debug for Acquiring<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquiring").field("name", &self.name).field("ttl", &self.ttl).finish_non_exhaustive()
    }
}
