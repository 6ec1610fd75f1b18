use serde::{Serialize, de::DeserializeOwned};

use crate::At;

/// A state that commands change, the same on every node that applies the same commands.
///
/// `apply` must be pure: no clock, no chance, no order of a `HashMap`, nothing but the state, the command and [`At`]. What is not is
/// found at the next snapshot, and stops the node that finds it ([`Stopped::Diverged`](crate::Stopped::Diverged)). The state is
/// encoded for snapshots: use `BTreeMap`, whose order is the same everywhere.
///
/// # Examples
/// ```
/// use serde::{Deserialize, Serialize};
/// use stratoswarm_consensus::{At, Machine};
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct Counter(u64);
///
/// impl Machine for Counter {
///     type Command = u64;
///     type Response = u64;
///     fn apply(&mut self, _at: At, add: &u64) -> u64 {
///         self.0 += add;
///         self.0
///     }
/// }
/// ```
pub trait Machine: Default + Serialize + DeserializeOwned + Send + 'static {
    /// What is proposed, and applied once it is decided.
    type Command: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// What applying it says to whoever proposed it.
    type Response: Send + 'static;

    /// Applies a decided command. Called once for each, in the same order on every node.
    ///
    /// # Panics
    /// A panic stops the node: [`Stopped::Panicked`](crate::Stopped::Panicked).
    fn apply(&mut self, at: At, command: &Self::Command) -> Self::Response;
}
