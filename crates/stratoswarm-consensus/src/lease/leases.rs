use std::fmt;

use super::Acquiring;
use crate::{Consensus, Machine, Stopped};

/// The leases of a log: a name has at most one holder at each time of the log. Made by [`Consensus::leases`].
///
/// An election is a lease: whoever holds it leads, and its token is the term.
///
/// # Examples
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use stratoswarm_consensus::{At, Machine};
/// # #[derive(Default, Serialize, Deserialize)] struct Nothing;
/// # impl Machine for Nothing {
/// #     type Command = ();
/// #     type Response = ();
/// #     fn apply(&mut self, _at: At, _command: &()) {}
/// # }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use stratoswarm_consensus::{AcquireError, Consensus, Fence, Local};
///
/// let log = Local::new();
/// let one = Consensus::<Nothing>::open(log.clone()).await?;
/// let two = Consensus::<Nothing>::open(log).await?;
/// let fence = Fence::new(); // at the resource
///
/// let lease = one.leases().acquire("gpu-0").await?;
/// let refused = two.leases().acquire("gpu-0").timeout(Duration::ZERO).await;
/// assert!(matches!(refused, Err(AcquireError::Taken { token }) if token == lease.token()));
/// lease.run(async |token| fence.admit(token)).await??;
///
/// let old = lease.token();
/// lease.release().await?;
/// let lease = two.leases().acquire("gpu-0").await?;
/// fence.admit(lease.token())?;
/// assert!(fence.admit(old).is_err(), "too late");
/// # Ok(()) }
/// ```
pub struct Leases<M: Machine> {
    consensus: Consensus<M>,
}

impl<M: Machine> Leases<M> {
    pub(crate) fn new(consensus: Consensus<M>) -> Self {
        Self { consensus }
    }

    /// Acquires a lease, once nobody else holds it: await it.
    ///
    /// # Errors
    /// When awaited, see [`AcquireError`](crate::AcquireError).
    ///
    /// # Cancel safety
    /// Dropped, it may have been acquired, and ends by its time.
    pub fn acquire(&self, name: impl Into<String>) -> Acquiring<M> {
        Acquiring::new(self.consensus.clone(), name.into())
    }

    /// The token with which a lease is held, as far as this node has read: it may be behind.
    ///
    /// # Errors
    /// A node that has stopped answers nothing.
    pub fn holder(&self, name: &str) -> Result<Option<u64>, Stopped> {
        self.consensus.node().lease_token(name)
    }
}

impl<M: Machine> Clone for Leases<M> {
    fn clone(&self) -> Self {
        Self { consensus: self.consensus.clone() }
    }
}

impl<M: Machine> fmt::Debug for Leases<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leases").finish_non_exhaustive()
    }
}
