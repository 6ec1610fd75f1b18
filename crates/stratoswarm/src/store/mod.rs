//! Where the best tours outlast a run: an embedded database in one file.
//!
//! A file is looked at before anything writes to it: read-only, with all that the database would write kept in memory. What is not
//! a store, or is damaged, stays as it is, byte for byte.

mod fingerprint;
mod inspection;
mod layout;
mod overlay;
mod prepared;
mod silenced;
mod store_error;
mod tour_store;

pub use prepared::Prepared;
pub use store_error::StoreError;
pub use tour_store::TourStore;
