//! The library and its rivals side by side; see `stratoswarm-bench --help`.
//!
//! - [`cases`]: what is measured, one file per family
//! - [`rivals`]: ours and the others, one small adapter each
//! - [`memory`]: the allocator, which counts
//! - [`measure`]: turn and turn about, medians, ratios
//! - [`properties`]: correct under cancellation, coop, fair
//! - [`floor`], [`growth`]: what the machine asks, and how the cost grows
//! - [`report`]: text, JSON, Markdown, plots
//!
//! `bench/before REVISION` builds this same program with an older revision of the library as one more rival, `before`;
//! see there.
//!
//! To add a rival: its package in `Cargo.toml`, an adapter in [`rivals`], a line in each case it takes part in, a line
//! in [`properties`], its package in the head of the Markdown page. To add a case: a file in [`cases`], a line in its
//! catalogue.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a run that breaks may end the bench")]
#![allow(clippy::print_stdout, reason = "the tables are its output")]

mod cases;
mod cli;
mod floor;
mod growth;
mod machine;
mod measure;
mod memory;
mod payload;
mod properties;
mod report;
mod rivals;
mod runtime;
mod versions;

fn main() -> std::process::ExitCode {
    cli::main(std::env::args_os())
}
