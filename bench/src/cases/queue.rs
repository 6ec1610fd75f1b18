//! `queue/SENDERSxREADERS/CAPACITY`: one by one, each message to one reader.

use super::{Audience, Shape, contender};
use crate::{
    measure::{Case, Contender},
    payload::Msg,
    rivals::{
        AsyncChannel, Before, Crossfire, CrossfireMany, CrossfireOne, Flume, Kanal, Ours, Tachyonix,
        Thingbuf, Tokio, before,
    },
};

const MESSAGES: u64 = 200_000;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (senders, readers) in [(1, 1), (4, 1), (4, 4)] {
        for capacity in [100, 1_000, 10_000] {
            cases.push(case(senders, readers, capacity));
        }
    }
    cases
}

fn case(senders: usize, readers: usize, capacity: usize) -> Case {
    let shape = Shape { senders, readers, capacity, messages: MESSAGES, audience: Audience::One };
    let mut rivals = vec![
        contender::<Msg, AsyncChannel>(shape),
        contender::<Msg, Flume>(shape),
        contender::<Msg, Kanal>(shape),
    ];
    if readers == 1 {
        rivals.insert(0, contender::<Msg, Tokio>(shape));
        rivals.extend([
            contender::<Msg, Crossfire>(shape),
            contender::<Msg, Tachyonix>(shape),
            contender::<Msg, Thingbuf>(shape),
        ]);
    } else {
        rivals.push(contender::<Msg, CrossfireMany>(shape));
    }
    if senders == 1 {
        let one = contender::<Msg, CrossfireOne>(shape);
        rivals.push(Contender { note: Some("its handles cannot be cloned"), ..one });
    }
    rivals.extend(before(|| contender::<Msg, Before>(shape)));
    Case {
        name: format!("queue/{senders}x{readers}/{capacity}"),
        short: capacity == 1_000,
        ours: contender::<Msg, Ours>(shape),
        rivals,
    }
}
