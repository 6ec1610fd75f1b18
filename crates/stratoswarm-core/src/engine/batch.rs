use super::{Taken, Ticket};

/// Where a reader collects what it takes at once.
pub(crate) trait Batch<M, T> {
    fn buffer(&mut self) -> &mut Vec<T>;

    /// What a plain message becomes.
    fn plain(message: M, number: u64, ticket: Ticket) -> T;

    /// Takes any message in; false if it is skipped.
    fn take(&mut self, taken: Taken<M>) -> bool;
}
