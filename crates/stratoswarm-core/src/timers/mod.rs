//! Deadlines, and the list of the requests that wait.
//!
//! One thread keeps the deadlines of all requests of the process: a table of them in parts, so that callers do not meet,
//! and a sleep until the earliest. It starts with the first deadline and ends when there has been none for a while. So
//! nothing of ours runs in the user's runtime, which need not have a clock.
//!
//! Where tokio's clock is paused, as in tests, no thread can follow it: there a request has a `Sleep` of tokio's. That is
//! asked when a request begins to wait: a request that waits when the clock is paused keeps to the system's.
//!
//! Never early; late by what it takes to wake a thread, or by tokio's tick.

mod keeper;
mod sleeping;
mod table;
mod timer;
mod within;

pub(crate) use timer::{Timer, close_requests, requests};
pub(crate) use within::within;
