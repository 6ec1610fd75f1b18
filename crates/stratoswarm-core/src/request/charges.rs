use std::sync::Arc;

use tokio::time::Instant;

use super::{AnyCell, AnyResponder, RequestLiveness};
use crate::{
    spares::Spares,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
};

/// The charges of messages that have nothing else beside them, to be used again once nobody has them: messages are taken in
/// the order in which they came, or nearly so, and none need be allocated for each.
#[derive(Default)]
pub(crate) struct Charges(Spares<BareCharge>);

/// Where a charge is given back.
pub(crate) trait GiveBack: Send + Sync {
    /// No lock may be held, as that wakes others.
    fn give_back(&self, bytes: u64);
}

/// What a message is charged. It is given back with the last share: each reader that has yet to take the message has one.
struct BareCharge {
    to: Arc<dyn GiveBack>,
    bytes: AtomicU64,
    shares: AtomicU32,
}

impl Charges {
    /// So many are kept at most; of more, each is allocated.
    const MOST: usize = 1024;

    /// What lies beside a message that was charged so much.
    #[inline]
    pub(crate) fn take(&mut self, to: &Arc<dyn GiveBack>, bytes: u64) -> AnyResponder {
        if let Some(unused) = self.0.unused() {
            unused.bytes.store(bytes, Ordering::Relaxed);
            unused.shares.store(1, Ordering::Relaxed);
            let charge = Arc::clone(unused);
            return AnyResponder::first(charge);
        }
        self.add(to, bytes)
    }

    #[cold]
    fn add(&mut self, to: &Arc<dyn GiveBack>, bytes: u64) -> AnyResponder {
        let charge = Arc::new(BareCharge {
            to: Arc::clone(to),
            bytes: AtomicU64::new(bytes),
            shares: AtomicU32::new(1),
        });
        self.0.keep(&charge, Self::MOST);
        AnyResponder::first(charge)
    }
}

impl AnyCell for BareCharge {
    fn is_request(&self) -> bool {
        false
    }

    fn is_bare_charge(&self) -> bool {
        true
    }

    fn without_charge(&self) -> Option<AnyResponder> {
        Some(AnyResponder::none())
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn begin_handling(&self, _: Option<Instant>) -> RequestLiveness {
        RequestLiveness::Live
    }

    fn state(&self, _: Option<Instant>) -> RequestLiveness {
        RequestLiveness::Live
    }

    fn expire(&self) {}

    fn close(&self) {}

    fn channel(&self) -> usize {
        0
    }

    fn add_responder(&self) {
        self.shares.fetch_add(1, Ordering::Relaxed);
    }

    fn drop_responder(&self) {
        // Whoever has the only share has nobody beside him who could make or drop one.
        if self.shares.load(Ordering::Acquire) == 1 || self.shares.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.to.give_back(self.bytes.load(Ordering::Relaxed));
        }
    }

    fn fail_wrong_type(&self) {}
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Given(AtomicU64);

    impl GiveBack for Given {
        fn give_back(&self, bytes: u64) {
            self.0.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    proptest! {
        /// Each is given back once, with its last share, however often what held it is used again.
        #[test]
        fn charges_are_given_back_once(steps in prop::collection::vec((0..4u8, any::<prop::sample::Index>()), 0..300)) {
            let given = Arc::new(Given::default());
            let to: Arc<dyn GiveBack> = Arc::<Given>::clone(&given);
            let (mut charges, mut held) = (Charges::default(), VecDeque::<(u64, Vec<AnyResponder>)>::new());
            let (mut expected, mut taken) = (0, 0);
            for (step, which) in steps {
                let at = (!held.is_empty()).then(|| which.index(held.len()));
                match (step, at) {
                    (0 | 1, _) | (_, None) => {
                        taken += 1;
                        held.push_back((taken, vec![charges.take(&to, taken)]));
                    }
                    (2, Some(at)) => {
                        let share = held[at].1[0].clone();
                        held[at].1.push(share);
                    }
                    (_, Some(at)) => {
                        drop(held[at].1.pop());
                        if held[at].1.is_empty() {
                            expected += held.remove(at).map_or(0, |(bytes, _)| bytes);
                        }
                    }
                }
                prop_assert_eq!(given.0.load(Ordering::Relaxed), expected);
            }
        }
    }

    #[test]
    fn what_nobody_has_is_used_again() {
        let to: Arc<dyn GiveBack> = Arc::new(Given::default());
        let mut charges = Charges::default();
        for _ in 0..10 {
            let three: Vec<_> = (0..3).map(|bytes| charges.take(&to, bytes)).collect();
            drop(three);
        }
        assert_eq!(charges.0.len(), 3);
        let many: Vec<_> = (0..2 * Charges::MOST as u64).map(|bytes| charges.take(&to, bytes)).collect();
        assert_eq!(charges.0.len(), Charges::MOST);
        drop(many);
    }
}
