use std::collections::HashMap;

use stratoswarm_core::messages::{AllocationId, AvailableResources, GovernorFault, Grant, Resources};

/// Who holds how much of a total. Free and granted always make the total, to the last byte: amounts are whole numbers.
#[derive(Debug, Clone)]
pub struct Ledger {
    total: Resources,
    free: Resources,
    granted: HashMap<AllocationId, Resources>,
}

impl Ledger {
    /// All of the total is free.
    pub fn new(total: Resources) -> Self {
        Self { total, free: total, granted: HashMap::new() }
    }

    /// Grants resources under a new identifier.
    ///
    /// # Errors
    /// There is not enough of one of them; nothing is granted then.
    pub fn grant(&mut self, requested: Resources) -> Result<Grant, GovernorFault> {
        let free =
            minus(self.free, requested).ok_or(GovernorFault::Insufficient { requested, free: self.free })?;
        let allocation = AllocationId::random();
        self.free = free;
        self.granted.insert(allocation, requested);
        Ok(Grant { allocation, resources: requested })
    }

    /// Takes an allocation back.
    ///
    /// # Errors
    /// There is no such allocation, or not any more.
    pub fn release(&mut self, allocation: AllocationId) -> Result<(), GovernorFault> {
        let held = self.granted.remove(&allocation).ok_or(GovernorFault::UnknownAllocation { allocation })?;
        self.free = plus(self.free, held);
        Ok(())
    }

    /// The books as they stand.
    pub fn available(&self) -> AvailableResources {
        AvailableResources { free: self.free, total: self.total, allocations: self.granted.len() as u64 }
    }

    /// Do free and granted make the total?
    pub fn balances(&self) -> bool {
        self.granted.values().fold(self.free, |sum, held| plus(sum, *held)) == self.total
    }
}

/// What is left after taking `taken` away; none where there is less.
pub(super) fn minus(from: Resources, taken: Resources) -> Option<Resources> {
    Some(Resources {
        cpu_millicores: from.cpu_millicores.checked_sub(taken.cpu_millicores)?,
        memory_bytes: from.memory_bytes.checked_sub(taken.memory_bytes)?,
        gpu_memory_bytes: from.gpu_memory_bytes.checked_sub(taken.gpu_memory_bytes)?,
    })
}

/// Both together; of amounts that were parts of one total, so it fits.
pub(super) fn plus(one: Resources, other: Resources) -> Resources {
    Resources {
        cpu_millicores: one.cpu_millicores.saturating_add(other.cpu_millicores),
        memory_bytes: one.memory_bytes.saturating_add(other.memory_bytes),
        gpu_memory_bytes: one.gpu_memory_bytes.saturating_add(other.gpu_memory_bytes),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn resources(cpu_millicores: u64, memory_bytes: u64, gpu_memory_bytes: u64) -> Resources {
        Resources { cpu_millicores, memory_bytes, gpu_memory_bytes }
    }

    #[test]
    fn a_refusal_says_what_was_free_and_an_allocation_is_released_once() {
        let mut ledger = Ledger::new(resources(2000, 100, 50));
        let grant = ledger.grant(resources(500, 100, 0)).unwrap();
        let refusal = ledger.grant(resources(0, 1, 0)).unwrap_err();
        assert_eq!(
            refusal,
            GovernorFault::Insufficient { requested: resources(0, 1, 0), free: resources(1500, 0, 50) }
        );
        assert_eq!(ledger.release(grant.allocation), Ok(()));
        assert!(ledger.release(grant.allocation).is_err());
        assert_eq!(ledger.available().free, resources(2000, 100, 50));
    }

    proptest! {
        #[test]
        fn the_books_always_balance(
            total in any::<(u64, u64, u64)>(),
            steps in prop::collection::vec((any::<(u64, u64, u64)>(), 0u32..40, any::<bool>()), 0..60),
        ) {
            let total = resources(total.0, total.1, total.2);
            let mut ledger = Ledger::new(total);
            let mut held = Vec::new();
            for ((cpu, memory, gpu), shift, release) in steps {
                if release && !held.is_empty() {
                    let allocation = held.swap_remove(shift as usize % held.len());
                    prop_assert!(ledger.release(allocation).is_ok());
                } else if let Ok(grant) = ledger.grant(resources(cpu >> shift, memory >> shift, gpu >> shift)) {
                    held.push(grant.allocation);
                }
                prop_assert!(ledger.balances());
                prop_assert_eq!(ledger.available().allocations, held.len() as u64);
            }
            for allocation in held {
                prop_assert!(ledger.release(allocation).is_ok());
            }
            prop_assert_eq!(ledger.available().free, total);
        }
    }
}
