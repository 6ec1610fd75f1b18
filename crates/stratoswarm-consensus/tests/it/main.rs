//! The crate seen from outside: what is guaranteed, and the faults of the README's table. No server, no real waiting: the logs are in
//! memory, and time is tokio's paused clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod deciding; // proposals, reads, subscribers
mod failures; // one test for each row of the table
mod fixtures; // a ledger
mod foreign_log; // an implementation of the trait from outside
mod leasing; // leases and their holders
mod snapshots; // written, confirmed, purged, loaded
