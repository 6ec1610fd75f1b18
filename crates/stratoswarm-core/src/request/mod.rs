//! What a request and its reply share: one cell per request, reached from both sides.
//!
//! [`ReplyCell`] has one reply, [`GatherCell`] one of each group, each by its [`GatherPart`], and [`StreamCell`] one after the
//! other. A cell is one allocation. The caller's side knows its reply type; the log's side carries it erased
//! ([`AnyResponder`]) and counted, so that "unanswered" means the last responder was dropped.

mod answer_to;
mod any_cell;
mod any_responder;
mod asked;
mod charge_cell;
mod charges;
mod expiry_cell;
mod gather_cell;
mod gather_part;
mod gathered;
mod owed;
mod reply_cell;
mod reply_outcome;
mod settle_cell;
mod settled;
mod settlement;
mod stream_cell;
mod trace_cell;
mod watchers;
mod watching;

pub(crate) use answer_to::AnswerTo;
pub(crate) use any_cell::{AnyCell, RequestLiveness};
pub(crate) use any_responder::AnyResponder;
pub(crate) use asked::Asked;
pub(crate) use charge_cell::{ChargeCell, Charging};
pub(crate) use charges::{Charges, GiveBack};
pub(crate) use expiry_cell::ExpiryCell;
pub(crate) use gather_cell::{GatherCell, GatherEnd, GatherRule};
pub(crate) use gather_part::GatherPart;
pub use gathered::Gathered;
pub(crate) use owed::{Owed, Verdict};
pub(crate) use reply_cell::{Reply, ReplyCell};
pub use reply_outcome::ReplyOutcome;
pub(crate) use settle_cell::SettleCell;
pub use settled::Settled;
pub use settlement::Settlement;
pub(crate) use stream_cell::{Row, StreamCell, StreamId};
pub(crate) use trace_cell::TraceCell;
pub(crate) use watching::Watching;
