//! `sampled/SENDERSxREADERS/CAPACITY`: what it costs that a few messages are timed and that a thread watches whether anything moves,
//! beside the same channel without either, and beside what others offer to see into a channel.

use super::{Audience, Shape, contender};
use crate::{
    measure::{Case, Contender},
    payload::Msg,
    rivals::{
        classes::Plain,
        seen::{Hotpath, Metered, Sampled},
    },
};

const MESSAGES: u64 = 200_000;

const WITHOUT: &str = "ours, without it";
const WRAPPED: &str = "tokio's mpsc, each message timed and told of";
const METERED: &str = "async-channel, each message counted and its flight timed now and then";

pub(super) fn cases() -> Vec<Case> {
    [(1, 1, 1), (1, 1, 1_000), (4, 1, 1_000)]
        .map(|(senders, readers, capacity)| case(senders, readers, capacity))
        .into()
}

fn case(senders: usize, readers: usize, capacity: usize) -> Case {
    let shape = Shape { senders, readers, capacity, messages: MESSAGES, audience: Audience::One };
    let with = |note, contender: Contender| Contender { note: Some(note), ..contender };
    Case {
        name: format!("sampled/{senders}x{readers}/{capacity}"),
        short: false,
        ours: contender::<Msg, Sampled>(shape),
        rivals: vec![
            with(WITHOUT, contender::<Msg, Plain>(shape)),
            with(WRAPPED, contender::<Msg, Hotpath>(shape)),
            with(METERED, contender::<Msg, Metered>(shape)),
        ],
    }
}
