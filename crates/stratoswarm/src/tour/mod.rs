//! Tours: permutations of an instance's cities, and how they travel as bytes.

mod batch;
mod permutation;

pub use batch::{BatchError, TourBatch};
pub use permutation::{Tour, TourError};
