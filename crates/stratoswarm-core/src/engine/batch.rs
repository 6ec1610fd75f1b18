use super::{InFlightGuard, Taken};

/// Where a reader collects what it takes at once.
pub(crate) trait Batch<M, T> {
    fn buffer(&mut self) -> &mut Vec<T>;

    /// What a plain message becomes.
    fn plain(message: M, number: u64, guard: InFlightGuard) -> T;

    /// Takes any message in; false if it is skipped.
    fn take(&mut self, taken: Taken<M>) -> bool;
}
