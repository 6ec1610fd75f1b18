//! The kit, tested by itself: one file for each of its parts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::print_stdout
)]

mod contract; // T2: channels under every fault, against what was sent
mod determinism; // T1: the same seed, the same run
mod faults; // what each does, alone
mod fixtures;
mod guide; // the examples of docs/testing.md
mod idle; // T5: accounts, and what is left
mod interrupt;
mod planted; // T6: five faults of programs, found and mended
mod probe; // T4: what a probe passes on
mod report; // what a failing test says
mod seconds; // what the kit costs
mod tasks; // tasks that end, panic or hang
