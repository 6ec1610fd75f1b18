//! The one order: the trait of a log, and the two logs that need no server.

mod append_error;
mod cursor;
mod dice;
mod local;
mod log;
mod log_error;
mod log_reader;
mod read;
mod sim;
mod sim_faults;
mod sim_node;
mod sim_state;
mod store;
mod stored;

pub use append_error::AppendError;
#[cfg(test)]
pub(crate) use dice::Dice;
pub use local::Local;
pub use log::{Log, LogFuture};
pub use log_error::LogError;
pub use log_reader::LogReader;
pub use read::Read;
pub use sim::Sim;
pub use sim_faults::SimFaults;
pub use sim_node::SimNode;
pub use stored::Stored;
