//! Recipes on top of the channels: plain functions for what programs do again and again.
//!
//! | recipe | |
//! |---|---|
//! | [`request_with_timeout`] | one request with a timeout, as a plain function |
//! | [`serve`] | a worker's loop: n deliveries at once, a panicking handler costs one delivery |

mod request_with_timeout;
mod serve;
mod served;

pub use request_with_timeout::request_with_timeout;
pub use serve::serve;
pub use served::Served;

pub use super::Responder;
