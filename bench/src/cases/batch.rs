//! `batch/1x1/CAPACITY`: batches on both sides.

use super::{Audience, Shape, contender};
use crate::{
    measure::Case,
    payload::Msg,
    rivals::{BeforeBatch, OursBatch, Tokio, TokioBatch, before},
};

const MESSAGES: u64 = 400_000;

pub(super) fn cases() -> Vec<Case> {
    [100, 1_000, 10_000].into_iter().map(case).collect()
}

fn case(capacity: usize) -> Case {
    let shape = Shape { senders: 1, readers: 1, capacity, messages: MESSAGES, audience: Audience::One };
    let mut rivals = vec![contender::<Msg, Tokio>(shape), contender::<Msg, TokioBatch>(shape)];
    rivals.extend(before(|| contender::<Msg, BeforeBatch>(shape)));
    Case {
        name: format!("batch/1x1/{capacity}"),
        short: capacity == 1_000,
        ours: contender::<Msg, OursBatch>(shape),
        rivals,
    }
}
