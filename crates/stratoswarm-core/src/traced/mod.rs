//! What is told of a traced channel besides its figures: who sent a message and when it was admitted, by one count of the fabric,
//! and what became of it in each of its readers.
//!
//! A traced channel has lanes, and something lies beside each of its messages: so all of them go the long ways in and out, and
//! the short ones ask nothing.

mod mark;
mod origin;
mod outcome;
mod outcome_kind;
mod outcomes;
mod reply_encoder;
mod trace;

pub use origin::Origin;
pub use outcome::Outcome;
pub use outcome_kind::OutcomeKind;
pub use outcomes::Outcomes;
pub use reply_encoder::ReplyEncoder;
pub(crate) use trace::{Trace, Turns};
