//! Tours: permutations of an instance's cities, and how they travel as bytes.

mod batch_error;
mod tour;
mod tour_batch;
mod tour_error;

pub use batch_error::BatchError;
pub use tour::Tour;
pub use tour_batch::TourBatch;
pub use tour_error::TourError;
