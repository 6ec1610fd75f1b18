//! Tests for code that is built on [`stratoswarm_core`]'s channels.
//!
//! A test runs under many seeds, each with a runtime of one thread and a paused clock. From the seed follow the faults that its
//! channels suffer: no room, operations that begin late, readers that are slow, lossy readers that lose, replies that come too
//! late, deliveries that come back, handlers that panic, tasks that end, channels that close. All of them keep what the channels
//! [guarantee](stratoswarm_core#what-is-guaranteed), so a test that fails has found a fault of the program: it says under which
//! seed, and the fewest faults that are enough.
//!
//! # Example
//! ```no_run
//! use stratoswarm_core::{Delivery, examples::Ping};
//! use stratoswarm_test::{Faults, Kit, ms};
//!
//! #[stratoswarm_test::test(seeds = 100)]
//! async fn every_ping_is_answered(kit: Kit) {
//!     let fabric = kit.capacities(1).everywhere(Faults::new().yields(3).delay(ms(0)..ms(50))).fabric();
//!     let pings = fabric.channel::<Ping>("pings").open().unwrap();
//!     let worker = kit.fake("pings", |ping: Delivery<Ping>| async move {
//!         ping.reply(());
//!     });
//!     pings.request(Ping).await.unwrap();
//!     assert_eq!(worker.calls(), 1);
//!     kit.assert_balanced();
//!     kit.assert_idle().await;
//! }
//! ```
//!
//! # What is guaranteed
//! - The same seed gives the same run, where the test takes time from tokio's clock and order from nothing but the channels. A failing
//!   seed is run again; if it passes then, or its two recordings differ, the failure says so.
//! - No fault breaks a guarantee of the channels.
//! - [`Probe::expect`] passes on no message of before its call, unless [`including_past`](Expect::including_past) is said.
//! - [`Kit::assert_balanced`] holds at every moment; [`Kit::assert_idle`] names what is left, with its line.
//! - A test in which nothing moves any more ends at once, and says who waits for whom; one whose task panics ends with that panic.
//!
//! # Beside it
//! Under this crate `stratoswarm_core` has its feature `chaos`, in tests alone. A fabric of
//! [`Fabric::new`](stratoswarm_core::Fabric::new) behaves as without.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod chance;
mod current;
mod disturbance;
mod expect;
mod failure;
mod fake;
mod fault_kind;
mod faults;
mod guarded;
mod injected;
mod kit;
mod leftovers;
mod lines;
mod outcome;
mod panics;
mod pause;
mod plan;
mod probe;
mod run;
mod seeds;
mod tally;
mod time;

pub use expect::Expect;
pub use failure::Failure;
pub use fake::Fake;
pub use fault_kind::FaultKind;
pub use faults::Faults;
pub use kit::Kit;
pub use outcome::Outcome;
pub use probe::Probe;
pub use seeds::Seeds;
pub use stratoswarm_test_macros::test;
pub use tally::Tally;
pub use time::{ms, secs};
