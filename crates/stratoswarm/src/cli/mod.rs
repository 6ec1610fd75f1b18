//! The command line: options in, one result or one line of error out.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | a result was printed, also after Ctrl-C or SIGTERM |
//! | 1 | the run failed: a component did not do its part, the accounts do not balance, the result cannot be written; of `top`: no answer |
//! | 2 | the input or an option is not acceptable; nothing was run |
//! | 3 | of a demonstration: something is stuck or slow, as it should be |
//! | 4 | two recordings differ, or the replies of a replay from the recorded ones |
//! | 130 | a second Ctrl-C or SIGTERM while the first was being obeyed |
//!
//! SIGQUIT explains on standard error what does not move.
//!
//! If the environment variable `RUST_LOG` is set, the events it asks for are logged to standard error.

mod command;
mod demo;
mod demo_options;
mod failure;
mod input;
mod listen_options;
mod logging;
#[cfg_attr(not(feature = "console"), path = "without_looked_at.rs")]
mod looked_at;
mod options;
mod program;
mod quit;
#[cfg_attr(not(feature = "record"), path = "without_recording.rs")]
mod recording;
#[cfg(feature = "record")]
mod recording_followed;
mod recording_options;
mod recording_part;
#[cfg(feature = "record")]
mod replay;
mod replay_options;
mod rewrite_options;
mod run_options;
mod signals;
mod sizes;
#[cfg_attr(not(feature = "store"), path = "without_stored.rs")]
mod stored;
mod top_options;

pub use command::Command;
pub use demo_options::DemoOptions;
pub use failure::Failure;
pub use input::{MAX_FILE_BYTES, read_instance};
pub use listen_options::ListenOptions;
pub use options::Options;
pub use program::main;
pub use recording_options::{DiffOrder, RecordingCommand, RecordingOptions};
pub use recording_part::RecordingPart;
pub use replay_options::{ReplayOptions, ReplayPace};
pub use rewrite_options::RewriteOptions;
pub use run_options::RunOptions;
pub use top_options::TopOptions;
