use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
    thread::Thread,
};

/// Tells a recorder that it is to end.
#[derive(Debug, Default)]
pub(super) struct Stop {
    asked: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Stop {
    pub(super) fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Has this one woken when it is asked; look at [`is_asked`](Self::is_asked) afterwards.
    pub(super) fn register(&self, waker: &Waker) {
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
    }
}

/// Wakes the thread of a recorder, and notes that it did.
#[derive(Debug)]
pub(super) struct Alarm {
    thread: Thread,
    rung: AtomicBool,
}

impl Alarm {
    pub(super) fn here() -> Arc<Self> {
        Arc::new(Self { thread: std::thread::current(), rung: AtomicBool::new(true) })
    }

    /// Whether it rang since it was asked last.
    pub(super) fn has_rung(&self) -> bool {
        self.rung.swap(false, Ordering::SeqCst)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}
