//! The locks and atomics of everything that the model checker explores, from one place.
//!
//! Under `cfg(loom)` they are loom's, so that the models run the shipped code; otherwise `parking_lot`'s and the standard
//! library's. Reference counts are the standard library's in both cases.
//!
//! Every lock has a [`Rank`]. A thread that holds a lock takes only locks of a higher rank, and never two of one rank;
//! builds with debug assertions check it at every lock.

#[cfg(not(loom))]
pub(crate) use self::ranked::{Mutex, MutexGuard};

#[cfg(not(loom))]
pub(crate) mod atomic {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
}

#[cfg(loom)]
pub(crate) use self::model::{Mutex, MutexGuard};

#[cfg(loom)]
pub(crate) mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
}

/// tokio's cooperative budget, of which every async operation spends one unit.
#[cfg(not(loom))]
pub(crate) use tokio::task::coop::poll_proceed;

#[cfg(loom)]
pub(crate) use self::model::poll_proceed;

/// Has a future spend none of it.
#[cfg(not(loom))]
pub(crate) use tokio::task::coop::unconstrained;

#[cfg(loom)]
pub(crate) use std::convert::identity as unconstrained;

/// The task that runs here, if a task of tokio does.
#[cfg(not(loom))]
pub(crate) use tokio::task::try_id;

#[cfg(loom)]
pub(crate) use self::model::try_id;

/// Runs the user's code under a lock. What it locks itself, of other channels, is in no order with what is held.
#[cfg(any(loom, not(debug_assertions)))]
#[inline(always)]
pub(crate) fn users<T>(code: impl FnOnce() -> T) -> T {
    code()
}

#[cfg(all(not(loom), debug_assertions))]
pub(crate) use self::ranked::users;

/// The order in which locks are taken. The user's code runs under none of them but the log's,
/// and there only `Clone`; and, of groups that acknowledge or have keys, the inbox's: `Clone` and the keys.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Rank {
    /// The names of a fabric's channels.
    Fabric,
    /// The state of one channel.
    Log,
    /// What one reader has to take.
    Inbox,
    /// What a request and its reply share.
    Cell,
    /// The list of one channel's handles.
    Handles,
    /// What is charged to a budget.
    Budget,
    /// Which sources of a mux were woken.
    Woken,
    /// What a traced channel tells.
    Trace,
}

#[cfg(not(loom))]
mod ranked {
    use std::time::Duration;

    use super::Rank;

    /// `parking_lot`'s mutex; with debug assertions one that checks its rank.
    #[derive(Debug)]
    pub(crate) struct Mutex<T> {
        #[cfg(debug_assertions)]
        rank: Rank,
        inner: parking_lot::Mutex<T>,
    }

    #[cfg(not(debug_assertions))]
    pub(crate) type MutexGuard<'a, T> = parking_lot::MutexGuard<'a, T>;

    impl<T> Mutex<T> {
        #[cfg_attr(not(debug_assertions), expect(unused_variables, reason = "checked with debug assertions"))]
        pub(crate) const fn new(rank: Rank, value: T) -> Self {
            Self {
                #[cfg(debug_assertions)]
                rank,
                inner: parking_lot::Mutex::new(value),
            }
        }

        /// The lock, unless it is held for longer than this, by whomever; for one who only looks, and may be anywhere.
        pub(crate) fn try_lock_for(&self, within: Duration) -> Option<parking_lot::MutexGuard<'_, T>> {
            self.inner.try_lock_for(within)
        }

        #[cfg(not(debug_assertions))]
        #[inline(always)]
        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.inner.lock()
        }
    }

    #[cfg(debug_assertions)]
    pub(crate) use checked::{MutexGuard, users};

    #[cfg(debug_assertions)]
    mod checked {
        use std::{
            cell::Cell,
            ops::{Deref, DerefMut},
        };

        use super::Mutex;

        thread_local! {
            /// One bit for each rank that this thread holds.
            static HELD: Cell<u32> = const { Cell::new(0) };
        }

        #[derive(Debug)]
        pub(crate) struct MutexGuard<'a, T> {
            inner: parking_lot::MutexGuard<'a, T>,
            _held: Held,
        }

        /// Drops after the guard beside it.
        #[derive(Debug)]
        struct Held(u32);

        impl<T> Mutex<T> {
            #[track_caller]
            pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
                let bit = 1_u32 << self.rank as u32;
                let held = HELD.try_with(Cell::get).unwrap_or(0);
                assert!(held < bit, "lock of rank {:?} taken while {held:#b} are held", self.rank);
                let _ = HELD.try_with(|ranks| ranks.set(held | bit));
                MutexGuard { inner: self.inner.lock(), _held: Held(bit) }
            }
        }

        pub(crate) fn users<T>(code: impl FnOnce() -> T) -> T {
            struct Back(u32);
            impl Drop for Back {
                fn drop(&mut self) {
                    let _ = HELD.try_with(|ranks| ranks.set(self.0));
                }
            }
            let held = HELD.try_with(|ranks| ranks.replace(0)).unwrap_or(0);
            let _back = Back(held);
            assert!(held.count_ones() <= 1, "a user's code runs under several locks: {held:#b}");
            code()
        }

        impl Drop for Held {
            fn drop(&mut self) {
                let _ = HELD.try_with(|ranks| ranks.set(ranks.get() & !self.0));
            }
        }

        impl<T> Deref for MutexGuard<'_, T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.inner
            }
        }

        impl<T> DerefMut for MutexGuard<'_, T> {
            fn deref_mut(&mut self) -> &mut T {
                &mut self.inner
            }
        }

        #[cfg(test)]
        mod tests {
            use super::{super::Rank, *};

            #[test]
            #[should_panic(expected = "lock of rank Log taken")]
            fn a_lock_of_a_lower_rank_is_not_taken_under_a_higher_one() {
                let (log, inbox) = (Mutex::new(Rank::Log, ()), Mutex::new(Rank::Inbox, ()));
                drop((log.lock(), inbox.lock())); // in their order, and both given back
                let _inbox = inbox.lock();
                let _log = log.lock();
            }

            #[test]
            #[should_panic(expected = "lock of rank Inbox taken")]
            fn two_locks_of_one_rank_are_not_held_at_once() {
                let (one, other) = (Mutex::new(Rank::Inbox, ()), Mutex::new(Rank::Inbox, ()));
                let _one = one.lock();
                let _other = other.lock();
            }
        }
    }
}

#[cfg(loom)]
mod model {
    pub(crate) use loom::sync::MutexGuard;

    use super::Rank;

    /// loom's mutex with the interface of `parking_lot`'s.
    #[derive(Debug)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    /// There is no budget in a model.
    pub(crate) struct Budget;

    impl Budget {
        #[allow(clippy::unused_self)] // as tokio's
        pub(crate) fn made_progress(&self) {}
    }

    pub(crate) fn poll_proceed(_: &mut std::task::Context<'_>) -> std::task::Poll<Budget> {
        std::task::Poll::Ready(Budget)
    }

    pub(crate) fn try_id() -> Option<tokio::task::Id> {
        None
    }

    impl<T> Mutex<T> {
        pub(crate) fn new(_: Rank, value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn try_lock_for(&self, _: std::time::Duration) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok()
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            match self.0.lock() {
                Ok(guard) => guard,
                Err(poisoned) => poisoned.into_inner(),
            }
        }
    }
}
