//! `gated/SUBSCRIBERS/1000`: lossless multicast.

use super::{Audience, Shape, contender};
use crate::{
    measure::{Case, Contender},
    payload::Msg,
    rivals::{AsyncBroadcast, AsyncBroadcastDirect, BeforeGated, OursGated, TokioEach, before},
};

const CAPACITY: usize = 1_000;

pub(super) fn cases() -> Vec<Case> {
    [1, 3, 8].into_iter().map(case).collect()
}

fn case(readers: usize) -> Case {
    let messages = 160_000 / readers as u64;
    let shape = Shape { senders: 1, readers, capacity: CAPACITY, messages, audience: Audience::All };
    let mut rivals = vec![
        contender::<Msg, AsyncBroadcast>(shape),
        contender::<Msg, AsyncBroadcastDirect>(shape),
        Contender { note: Some("one mpsc per subscriber"), ..contender::<Msg, TokioEach>(shape) },
    ];
    rivals.extend(before(|| contender::<Msg, BeforeGated>(shape)));
    Case {
        name: format!("gated/{readers}/{CAPACITY}"),
        short: readers == 3,
        ours: contender::<Msg, OursGated>(shape),
        rivals,
    }
}
