//! Integration tests: raw sockets against a real console.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod client; // a client that can misbehave

mod answers; // what is served, and while the program hangs
mod burdens; // slow, silent, many and greedy clients
mod doors; // names, tokens, methods, paths
mod starting; // addresses, sockets, their end
