//! Integration tests of the reference swarm.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod program; // runs the binary: helpers for the modules below

mod bad_input; // the binary on everything it must refuse: exit code 2, one line, nothing on standard output
mod demo; // what goes wrong, and what is told of it
mod determinism; // the same seed, the same result
#[cfg(all(unix, feature = "console"))]
mod listen; // looking at it from outside, while it runs
mod logging; // RUST_LOG
mod overload; // more work than two of the services can do
mod quality; // how good the tours are
#[cfg(feature = "record")]
mod recordings; // run --record, and what can be done with its file
mod refusals; // every kind of bad TSPLIB file: which line, what is wrong, what is accepted
#[cfg(feature = "record")]
mod replays; // replay, and what is cut out of a recording
mod results; // what the binary prints and writes, and that it is true
mod shipped; // data/: what is published must measure what is published
#[cfg(target_os = "linux")] // it is seen in /proc when the program listens
mod signals; // Ctrl-C and SIGTERM
#[cfg(feature = "store")]
mod store; // run --store: warm starts, kills, and files that are none
#[cfg(all(unix, feature = "console"))]
mod top; // a swarm of another process, seen from outside
mod tour_files; // reading, writing, atomicity
mod weights; // matrices in every format, distances of whole files
mod without; // every component is needed
