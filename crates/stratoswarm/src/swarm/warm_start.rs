use serde::Serialize;

/// From what a run started that has a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WarmStart {
    /// How many tours of the instance there were.
    pub tours: usize,
    /// The length of the best; none if there were none.
    pub best_length: Option<i64>,
}
