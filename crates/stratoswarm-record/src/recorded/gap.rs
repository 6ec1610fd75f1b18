/// Messages that are not recorded, by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// The number of the first one.
    pub from: u64,
    /// The number of the last one.
    pub to: u64,
    /// Why they are missing.
    pub why: String,
}
