//! What a piece of work allocates, counted by the process's allocator.
//!
//! Counting costs every allocation of every contender some 10 ns, which `--floor` shows. Blocks still grow in place, as
//! they do without it.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes of the whole process, from the start of a piece of work to its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allocated {
    /// Allocated in all, whether freed or not.
    pub(crate) total: f64,
    /// Allocated and not freed; less than nothing if more was freed than allocated.
    pub(crate) held: f64,
}

pub(crate) fn measure(work: impl FnOnce()) -> Allocated {
    let region = Region::new(ALLOCATOR);
    work();
    let change = region.change();
    let total = change.bytes_allocated as f64;
    Allocated { total, held: total - change.bytes_deallocated as f64 }
}
