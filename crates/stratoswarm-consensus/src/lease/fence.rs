use std::sync::atomic::{AtomicU64, Ordering};

use super::Stale;

/// Stands before a resource and admits no token below the highest it has seen.
///
/// A lease is lost by time, and a holder may not notice in time: it was stopped, or a clock is wrong. What it does then comes with an old
/// token. Keep the fence where the resource is, as long as the resource is; a resource that outlives the process must keep the token
/// itself.
///
/// # Examples
/// ```
/// use stratoswarm_consensus::{Fence, Stale};
///
/// let fence = Fence::new();
/// fence.admit(7)?;
/// fence.admit(7)?;
/// fence.admit(9)?;
/// assert_eq!(fence.admit(7), Err(Stale { seen: 9 }));
/// # Ok::<(), Stale>(())
/// ```
#[derive(Debug, Default)]
pub struct Fence {
    seen: AtomicU64,
}

impl Fence {
    /// One that has seen no token.
    pub fn new() -> Self {
        Self::default()
    }

    /// Admits a token that is not below the highest seen.
    ///
    /// # Errors
    /// It is older: [`Stale`].
    pub fn admit(&self, token: u64) -> Result<(), Stale> {
        let seen = self.seen.fetch_max(token, Ordering::AcqRel);
        if token < seen { Err(Stale { seen }) } else { Ok(()) }
    }
}
