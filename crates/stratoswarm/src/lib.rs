//! The reference swarm of `stratoswarm-core`: agents that solve instances of TSPLIB by evolution, and talk only
//! through the eight channels of one registry. It is the proof that the fabric carries a program, and the example to
//! copy.
//!
//! `stratoswarm run FILE.tsp` is the program; [`swarm`] says how it works, [`cli`] what it answers. The parts, each of
//! which knows only those below it: [`cli`], [`report`], [`demo`] and [`swarm`], [`search`], [`tour`], [`tsplib`].
//!
//! `stratoswarm demo NAME` is one of ten programs that do not move, with what the library says of it: [`demo`].
//! `stratoswarm top` shows a swarm of another process: `top`, with the feature `console`.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod cli;
pub mod demo;
mod process_name;
pub mod report;
pub mod search;
#[cfg(feature = "store")]
pub mod store;
pub mod swarm;
#[cfg(feature = "console")]
pub mod top;
pub mod tour;
pub mod tsplib;
