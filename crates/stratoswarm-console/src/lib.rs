//! A look from outside into the channels of a running program: what waits where, since when and for whom, what does not move, and
//! why.
//!
//! One line of a program starts it. It listens at a unix socket that this user alone can reach, or for browsers at an address:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use stratoswarm_console::Console;
//! use stratoswarm_core::Fabric;
//!
//! let fabric = Fabric::new();
//! let console = Console::of(&fabric).listen("127.0.0.1:0").start()?;
//! # drop(console);
//! # Ok(()) }
//! ```
//!
//! # What is served
//!
//! | path | what |
//! |---|---|
//! | `/` | a page: what does not move in words, a map, a table |
//! | `/snapshot.json` | all figures, how they go, and what does not move, looked at when it is asked for |
//! | `/explain.json` | what does not move alone |
//! | `/map.dot` | the page's map, for Graphviz |
//! | `/tap/CHANNEL` | what passes through one channel, as server-sent events; messages [if they may be shown](ConsoleBuilder::show_payloads) |
//! | `/metrics` | figures for Prometheus, looked at when they are asked for |
//! | `/stream` | the first again and again, as server-sent events: each 100 ms, if whoever reads keeps up |
//!
//! # Hanging programs
//!
//! It answers by a thread of its own with a runtime of its own, as it may be the program's that hangs. The looks are made by
//! another one: where a message's `Clone` hangs, a channel's lock is held, and a look at it waits. Then the answer has what was seen
//! before, for how long the look has been waiting (`look_waiting_s`), and why nothing moves, which waits for no lock.
//!
//! It does not keep the fabric, and nothing of it has to end before the fabric can.
//!
//! # Cost
//!
//! Of each channel about thirty messages a second are timed (see [`Fabric::sample_times`](stratoswarm_core::Fabric::sample_times)), and
//! nothing is asked of the others on their way. Each channel's lock is taken for a moment at each look: once a second, ten times while somebody
//! watches; of many channels less often, so that looking takes at most a tenth of one thread's time.
//!
//! # Security
//!
//! The socket's folder lets nobody in but its user. Over TCP only requests are answered that call the server by a name of its own,
//! so that no page from elsewhere can ask in a browser; addresses that other machines can reach need a
//! [token](ConsoleBuilder::token). Nothing can be changed: `GET` of fixed paths. Connections, their heads, their time and their
//! number are bounded.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod console;
mod console_builder;
mod look;
mod map;
mod metrics;
mod server;
#[cfg(unix)]
mod socket_folder;
mod start_error;
mod tap;
mod trends;

pub use console::Console;
pub use console_builder::ConsoleBuilder;
pub use start_error::StartError;
pub use trends::{ChannelTrend, ReaderTrend, Trends};
