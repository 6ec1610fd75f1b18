//! What passes through one channel, from look to look; and the messages themselves, where the program shows them.

mod payloads;
mod tap;

pub(crate) use payloads::Payloads;
use payloads::{Shown, Tape};
pub(crate) use tap::{Tap, find};
