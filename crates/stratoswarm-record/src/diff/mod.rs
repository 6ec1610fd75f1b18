//! Two recordings, message by message.

mod by_sender;
mod compare;
mod diff;
mod diff_error;
mod divergence;
mod found;
mod order;

pub(crate) use compare::{Names, Rules, difference};
pub use diff::Diff;
pub use diff_error::DiffError;
pub use divergence::Divergence;
pub use order::Order;
