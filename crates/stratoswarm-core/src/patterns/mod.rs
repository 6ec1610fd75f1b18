//! Recipes on top of the channels: plain functions for what programs do again and again.
//!
//! | recipe | |
//! |---|---|
//! | [`request_with_timeout`] | one request with a timeout, as a plain function |
//! | [`serve`] | a worker's loop: n deliveries at once, a panicking handler costs one delivery |
//!
//! # Examples
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use stratoswarm_core::Fabric;
//! # use stratoswarm_core::examples::Double;
//! # use std::time::Duration;
//! use stratoswarm_core::patterns::{request_with_timeout, serve};
//!
//! let doubles = Fabric::new().channel::<Double>("doubles").open()?;
//! tokio::spawn(serve(doubles.join("workers"), 4, async |delivery| {
//!     let (Double(n), reply) = delivery.into_parts();
//!     reply.send(2 * n);
//! }));
//! assert_eq!(request_with_timeout(&doubles, Double(21), Duration::from_secs(1)).await?, 42);
//! # Ok(()) }
//! ```

mod request_with_timeout;
mod serve;
mod served;

pub use request_with_timeout::request_with_timeout;
pub use serve::serve;
pub use served::Served;
