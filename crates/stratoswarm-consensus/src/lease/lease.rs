use std::{fmt, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    AcquireError, Lost,
    acquiring::{decide, nanoseconds},
};
use crate::{
    Consensus, Machine,
    node::Node,
    replica::{LeaseAnswer, LeaseCommand},
};

/// How long until a renewal of which nothing is known is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// A lease that is held, and renewed until it is dropped or lost. Made by [`Leases::acquire`](crate::Leases::acquire).
///
/// Its holder counts on it until its time less a tenth, from the sending of its last renewal on: before the log can give it to another,
/// unless a clock runs more than a tenth too fast, or was set. What must not happen twice even then needs a
/// [`Fence`](crate::Fence) at the resource. Dropped, it is given back.
#[must_use = "a lease is given back when it is dropped"]
pub struct Lease<M: Machine> {
    consensus: Consensus<M>,
    name: String,
    token: u64,
    /// Until when it is held for sure; none once it is lost.
    held: Arc<watch::Sender<Option<Instant>>>,
    renewing: AbortHandle,
    given_back: bool,
}

impl<M: Machine> Lease<M> {
    pub(super) fn hold(
        consensus: Consensus<M>,
        name: String,
        token: u64,
        ttl: Duration,
        sent: Instant,
    ) -> Self {
        let held = Arc::new(watch::Sender::new(Some(sent + sure(ttl))));
        let renewal = renew(Arc::clone(consensus.node()), name.clone(), token, ttl, Arc::clone(&held));
        let renewing = tokio::spawn(renewal).abort_handle();
        Self { consensus, name, token, held, renewing, given_back: false }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Grows from holder to holder: tell it to the resource, whose [`Fence`](crate::Fence) refuses older ones.
    pub fn token(&self) -> u64 {
        self.token
    }

    /// Whether it is held for sure.
    pub fn is_held(&self) -> bool {
        self.held.borrow().is_some_and(|until| Instant::now() < until)
    }

    /// Waits until it is lost: its time is over without a renewal, or the node has stopped.
    ///
    /// # Cancel safety
    /// Can be dropped at any time.
    pub async fn lost(&self) {
        let mut held = self.held.subscribe();
        loop {
            let until = *held.borrow_and_update();
            let Some(until) = until.filter(|&until| Instant::now() < until) else { return };
            tokio::select! {
                biased;
                changed = held.changed() => if changed.is_err() { return },
                () = sleep_until(until) => {}
            }
        }
    }

    /// Runs this while the lease is held, with its token. Lost, it is dropped at its next await.
    ///
    /// # Errors
    /// [`Lost`] if it was dropped.
    ///
    /// # Cancel safety
    /// Dropped, so is what runs. The lease stays.
    pub async fn run<R>(&self, work: impl AsyncFnOnce(u64) -> R) -> Result<R, Lost> {
        tokio::select! {
            biased;
            () = self.lost() => Err(Lost { token: self.token }),
            done = work(self.token) => Ok(done),
        }
    }

    /// Gives it back, and waits until that is decided.
    ///
    /// # Errors
    /// The log did not answer in time, or the node has stopped: the lease ends by its time.
    ///
    /// # Cancel safety
    /// Dropped, it is given back, or ends by its time.
    pub async fn release(mut self) -> Result<(), AcquireError> {
        self.renewing.abort();
        self.given_back = true;
        let node = self.consensus.node();
        let command = LeaseCommand::Release(self.name.clone(), self.token);
        let decided = decide(node, command, node.options.timeout);
        let decided = timeout(node.options.timeout * 2, decided).await.map_err(|_| AcquireError::TimedOut)?;
        decided?.map(|_| ()).ok_or(AcquireError::TimedOut)
    }
}

/// How long a holder counts on a lease: less than the log, as its clock may be slower.
fn sure(ttl: Duration) -> Duration {
    ttl / 10 * 9
}

/// Renews a lease until it is lost.
async fn renew<M: Machine>(
    node: Arc<Node<M>>,
    name: String,
    token: u64,
    ttl: Duration,
    held: Arc<watch::Sender<Option<Instant>>>,
) {
    let is_over = || held.borrow().is_none_or(|until| Instant::now() >= until);
    let mut pause = ttl / 3;
    loop {
        sleep(pause).await;
        let sent = Instant::now();
        let command = LeaseCommand::Renew(name.clone(), token, nanoseconds(ttl));
        match decide(&node, command, ttl / 3).await {
            Ok(Some(LeaseAnswer::Granted { .. })) => {
                // It may have been lost meanwhile by this node's clock: then it stays so.
                if is_over() {
                    break;
                }
                held.send_replace(Some(sent + sure(ttl)));
                pause = ttl / 3;
            }
            Ok(None) | Err(AcquireError::Refused { .. }) if !is_over() => pause = PAUSE,
            _ => break,
        }
    }
    held.send_replace(None);
}

impl<M: Machine> Drop for Lease<M> {
    fn drop(&mut self) {
        self.renewing.abort();
        if self.given_back {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let consensus = self.consensus.clone();
        let command = LeaseCommand::Release(self.name.clone(), self.token);
        runtime.spawn(async move {
            let node = consensus.node();
            // Without an answer it ends by its time.
            let _ = decide(node, command, node.options.timeout).await;
        });
    }
}

impl<M: Machine> fmt::Debug for Lease<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("name", &self.name).field("token", &self.token).finish_non_exhaustive()
    }
}
