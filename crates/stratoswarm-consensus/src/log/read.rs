use super::Stored;

/// What a [`LogReader`](crate::LogReader) found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Read {
    /// Entries, the next ones in the log's order.
    Entries(Vec<Stored>),
    /// What comes next was purged: the first entry that is left, or will come, has this index.
    Gap {
        /// Its index.
        first: u64,
    },
}
