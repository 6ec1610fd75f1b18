//! `accounts/SENDERSxREADERS/1000`: a queue whose accounts are read every millisecond, against one nobody looks at.

use super::{Audience, Shape, contender};
use crate::{
    measure::{Case, Contender},
    payload::Msg,
    rivals::{Ours, Watched},
};

/// Enough for some fifty readings a run.
const MESSAGES: u64 = 2_000_000;

pub(super) fn cases() -> Vec<Case> {
    [(1, 1), (4, 4)].into_iter().map(|(senders, readers)| case(senders, readers)).collect()
}

fn case(senders: usize, readers: usize) -> Case {
    let shape = Shape { senders, readers, capacity: 1_000, messages: MESSAGES, audience: Audience::One };
    Case {
        name: format!("accounts/{senders}x{readers}/1000"),
        short: false,
        ours: contender::<Msg, Watched>(shape),
        rivals: vec![Contender {
            name: "unwatched",
            note: Some("ours, its accounts read by nobody"),
            ..contender::<Msg, Ours>(shape)
        }],
    }
}
