//! What the tests of other channels state, as oracles for this library.
//!
//! Their authors have thought about what a channel must do for longer than we have. Each test here is named after a
//! contract that one of these suites states, and is written anew against this library, in its terms. Where it differs on
//! purpose, the test states what it does instead, and `docs/differences.md` says why.
//!
//! | module | suite | version |
//! |---|---|---|
//! | `tokio_mpsc`, `tokio_mpsc_end`, `tokio_mpsc_permits` | tokio, `tokio/tests/sync_mpsc.rs` | 1.53.1, `ea91b33ca57f` |
//! | `tokio_broadcast`, `tokio_broadcast_lag` | tokio, `tokio/tests/sync_broadcast.rs` | 1.53.1, `ea91b33ca57f` |
//! | `async_channel` | async-channel, `tests/bounded.rs` and `tests/unbounded.rs` | 2.5.0, `34e669e05719` |
//! | `go`, `go_select` | Go, `test/chan/*.go`, `test/ken/chan*.go`, `src/runtime/chan_test.go`, as crossbeam-channel has them in `tests/golang.rs` | 0.5.16, `7de845aa13ce` |
//!
//! Time is tokio's paused clock; nothing here sleeps.

// In tests a failed `unwrap` is the failure report, and a panic inside a message is the subject under test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../it/fixtures.rs"]
#[allow(dead_code, reason = "the other binary uses the rest")]
mod fixtures; // futures polled by hand
mod terms; // what several suites say, in this library's terms

// tokio
mod tokio_broadcast; // news that nobody waits for
mod tokio_broadcast_lag; // what a slow reader of it is told
mod tokio_mpsc; // one queue, one reader
mod tokio_mpsc_end; // how it ends
mod tokio_mpsc_permits; // places kept before the message is made

// others
mod async_channel; // threads and tasks at both ends
mod go; // threads, races, every capacity
mod go_select; // one of several calls

mod differences_page; // docs/differences.md names tests that exist
