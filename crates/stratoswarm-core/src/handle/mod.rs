//! What all handles of one channel share: its log behind a lock, its name, and who holds it open.

mod blocking;
mod figures;
mod handle;
mod handles;
mod shared;
mod yielding;

pub(crate) use blocking::block_on;
pub(crate) use handle::Handle;
pub(crate) use handles::HandleKind;
pub(crate) use shared::{Home, Shared, Undelivered, ended};
pub(crate) use yielding::{Yielding, pays};
