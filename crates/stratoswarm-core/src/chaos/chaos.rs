use std::{panic::RefUnwindSafe, time::Duration};

use super::{Hold, Moment};

/// Who disturbs the channels of a fabric: given at its [building](crate::FabricBuilder::chaos), asked at their operations, under no
/// lock. The crate `stratoswarm-test` has one that draws from a seed.
///
/// Nothing it can say breaks a guarantee, but for [`repeats`](Self::repeats): what is held up is an operation that was begun
/// later, what is lost a lossy reader is told of, a reply that is late is so for both sides, and what is refused is delivered
/// again. Calls that do not wait (`try_*`, a broadcast's `send`) are held up by nothing.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::{sync::Arc, time::Duration};
/// use stratoswarm_core::{Chaos, Fabric, Hold, Moment};
/// # use stratoswarm_core::examples::Job;
///
/// struct SlowReaders;
/// impl Chaos for SlowReaders {
///     fn hold(&self, _channel: &str, moment: Moment) -> Option<Hold> {
///         let slow = || Box::pin(tokio::time::sleep(Duration::from_millis(20))) as Hold;
///         (moment == Moment::Receive).then(slow)
///     }
/// }
///
/// let fabric = Fabric::builder().chaos(Arc::new(SlowReaders)).build();
/// let jobs = fabric.channel::<Job>("jobs").open()?;
/// let mut worker = jobs.join("workers");
/// jobs.send(Job(1)).await?;
/// let begin = tokio::time::Instant::now();
/// worker.recv().await;
/// assert_eq!(begin.elapsed().as_millis(), 20);
/// # Ok(()) }
/// ```
pub trait Chaos: Send + Sync + RefUnwindSafe {
    /// What an operation waits for before it begins; nothing, if it is not disturbed. Asked once for an operation that sends, and
    /// for a reader whenever it looks and there is something for it.
    fn hold(&self, channel: &str, moment: Moment) -> Option<Hold> {
        let _ = (channel, moment);
        None
    }

    /// Whether a lossy reader loses this message: it is counted as missed, and the reader told of it in its place.
    fn loses(&self, channel: &str) -> bool {
        let _ = channel;
        false
    }

    /// Whether the reply to this request, which has a deadline, comes too late: whoever answers gets it back, and the caller is
    /// told at its deadline.
    fn is_late(&self, channel: &str) -> bool {
        let _ = channel;
        false
    }

    /// Whether a message of a group that acknowledges is handed out once more, next to the same member and outside all accounts.
    /// This alone no channel of one process does: it is for those that will be served from elsewhere.
    fn repeats(&self, channel: &str) -> bool {
        let _ = channel;
        false
    }

    /// Whether a member of a group that acknowledges gives this delivery back before it is handed out, and after which delay it is
    /// to be delivered again.
    fn refuses(&self, channel: &str, attempt: u32) -> Option<Duration> {
        let _ = (channel, attempt);
        None
    }
}

/// A channel, as far as it is disturbed.
pub(crate) trait Disturbed {
    /// What an operation waits for before it begins.
    fn hold(&self, moment: Moment) -> Option<Hold>;
}

/// Who disturbs nothing.
pub(crate) struct NoChaos;

impl Chaos for NoChaos {}

/// Runs a handler after what it is held up by.
pub(crate) async fn disturbed(hold: Option<Hold>, handling: impl Future<Output = ()>) {
    if let Some(hold) = hold {
        hold.await;
    }
    handling.await;
}
