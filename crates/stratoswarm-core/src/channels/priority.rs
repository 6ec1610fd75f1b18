/// A class of traffic, the most urgent first.
///
/// Channels have one lane so far, so a class changes no order; naming it now keeps callers as they are when lanes come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Must not wait behind anything else: cancel, stop.
    Critical,
    /// Before ordinary work.
    High,
    /// Ordinary work.
    #[default]
    Normal,
    /// Bulk.
    Low,
}
