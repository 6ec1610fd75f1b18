use std::{fmt, sync::Arc};

use parking_lot::Mutex;

use super::{Message, NoReply};

/// A message that cannot be cloned, such as a file, a boxed closure or the sender of another channel: whoever takes it out
/// first has it.
///
/// On its way to the one member of the one group nothing is cloned. Where other readers see it, too, they get another handle
/// of the same value.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stratoswarm_core::{Once, channel};
///
/// type Work = Box<dyn FnOnce() -> u32 + Send>;
///
/// let work = channel::<Once<Work>>(8);
/// let mut worker = work.join("workers");
/// work.send(Once::new(Box::new(|| 42))).await?;
/// let job = worker.recv().await.and_then(|job| job.into_message().take()).ok_or("somebody else has it")?;
/// assert_eq!(job(), 42);
/// # Ok(()) }
/// ```
pub struct Once<T>(Arc<Mutex<Option<T>>>);

impl<T> Once<T> {
    /// Makes a message of it.
    pub fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(Some(value))))
    }

    /// Takes it out; none if another reader has done so.
    ///
    /// # Examples
    /// ```
    /// # use stratoswarm_core::Once;
    /// let first = Once::new(String::from("mine"));
    /// let second = first.clone();
    /// assert_eq!((first.take(), second.take()), (Some("mine".to_owned()), None));
    /// ```
    pub fn take(self) -> Option<T> {
        self.0.lock().take()
    }
}

impl<T> Clone for Once<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Send + 'static> Message for Once<T> {
    type Reply = NoReply;
}

impl<T> From<T> for Once<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> fmt::Debug for Once<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once")
    }
}
