use std::{
    fmt,
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use stratoswarm_core::{Delivery, Message, Receiver, patterns};

use crate::Kit;

/// How many calls it answers at once.
const AT_ONCE: usize = 64;

/// A component that is not part of the test, and answers as the test says. Made by [`Kit::fake`]; it works until the test ends,
/// also if this handle is dropped.
pub struct Fake<M> {
    manner: Arc<Mutex<Manner>>,
    message: PhantomData<fn(M)>,
}

/// How it answers.
#[derive(Debug, Default)]
struct Manner {
    calls: usize,
    after: Duration,
    is_silent: bool,
}

impl<M: Message> Fake<M> {
    #[track_caller]
    pub(crate) fn new<F, Fut>(kit: &Kit, receiver: Receiver<M>, answer: F) -> Self
    where
        F: Fn(Delivery<M>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let manner = Arc::new(Mutex::new(Manner::default()));
        let (answer, of) = (Arc::new(answer), Arc::clone(&manner));
        let serving = patterns::serve(receiver, AT_ONCE, move |call| {
            let (answer, manner) = (Arc::clone(&answer), Arc::clone(&of));
            async move {
                let (after, is_silent) = {
                    let mut manner = manner.lock().unwrap_or_else(PoisonError::into_inner);
                    manner.calls += 1;
                    (manner.after, manner.is_silent)
                };
                if is_silent {
                    let _call = call;
                    return std::future::pending().await;
                }
                if !after.is_zero() {
                    tokio::time::sleep(after).await;
                }
                answer(call).await;
            }
        });
        kit.fabric().spawn("fake", serving);
        Self { manner, message: PhantomData }
    }

    /// Each answer takes so long, from the next call on.
    pub fn after(&self, pause: Duration) -> &Self {
        self.manner.lock().unwrap_or_else(PoisonError::into_inner).after = pause;
        self
    }

    /// From the next call on it takes calls and never answers.
    pub fn never(&self) -> &Self {
        self.manner.lock().unwrap_or_else(PoisonError::into_inner).is_silent = true;
        self
    }

    /// How many calls it got.
    pub fn calls(&self) -> usize {
        self.manner.lock().unwrap_or_else(PoisonError::into_inner).calls
    }
}

impl<M> fmt::Debug for Fake<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fake").field("manner", &self.manner).finish_non_exhaustive()
    }
}
