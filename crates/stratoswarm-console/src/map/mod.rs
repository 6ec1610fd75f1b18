//! The map: who sends to which channel, and who reads it; where each of them stands on the page, and each line's path.

mod dot;
mod flows;
mod layout;
mod map;

pub(crate) use flows::Flows;
use layout::{Layout, Placed};
pub(crate) use map::Map;
