//! What all handles of one channel share: its log behind a lock, its name, and who holds it open.

mod blocking;
mod budget;
mod counters;
mod facts;
mod figures;
mod handle;
mod handle_kind;
mod handles;
mod lifetime;
mod shared;
mod site;
mod traffic;
mod undelivered;
mod yielding;

pub(crate) use blocking::block_on;
pub use budget::Budget;
pub(crate) use budget::{Account, Charge, Ticket, weigh};
pub(crate) use facts::ChannelFacts;
pub(crate) use handle::Handle;
pub(crate) use handle_kind::HandleKind;
pub(crate) use lifetime::Lifetime;
pub(crate) use shared::{Home, Shared, closed_while, ended};
pub(crate) use traffic::Traffic;
pub(crate) use undelivered::Undelivered;
pub(crate) use yielding::{Yielding, pays};
