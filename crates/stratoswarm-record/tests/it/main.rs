//! Recordings seen from outside: what is written, and what is read of it, whole, cut or damaged.

// In tests a failed `unwrap` is the failure report, and literal numbers and long scenarios are what is being read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::too_many_lines)]

mod cutting; // every place where a file can end
mod differing; // the first difference between two recordings
mod fixtures; // the message of most tests, a folder, a recording
mod following; // while it is written
mod foreign; // another implementation of the format reads and writes the same
mod glancing; // the summaries alone
mod hostile; // any bytes
mod paused; // under a paused clock
mod recording; // what is recorded, and what is refused
mod redacting; // what is cut out afterwards
mod replaying; // what was recorded, once more
mod replies; // and what it is answered with
mod rotating; // several files, one recording
mod traced; // who sent what, and what became of it
