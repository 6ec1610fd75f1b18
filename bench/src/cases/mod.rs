//! The catalogue: one file per family of cases.

mod accounts;
mod batch;
mod bytes;
mod classes;
mod flow;
mod gated;
mod lossy;
mod memory;
mod mux;
mod queue;
mod record;
mod recording;
mod request;
mod sampled;

pub(crate) use flow::{Audience, PATIENCE, Shape, contender, flow};

use crate::measure::Case;

/// Every case, in the order of the report.
pub(crate) fn all() -> Vec<Case> {
    [
        queue::cases(),
        batch::cases(),
        gated::cases(),
        lossy::cases(),
        request::cases(),
        bytes::cases(),
        memory::cases(),
        accounts::cases(),
        classes::cases(),
        mux::cases(),
        record::cases(),
        recording::cases(),
        sampled::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
