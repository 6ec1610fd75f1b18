//! `record/tap` and `record/sender`: a queue whose messages a tap sees, too, or a recorder, for one clone of each, beside one that
//! nobody looks at.

use super::{Audience, Shape, contender};
use crate::{
    measure::{Case, Contender},
    payload::Msg,
    rivals::classes::{Plain, Recorded, Subscribed, Tapped},
};

const SHAPE: Shape =
    Shape { senders: 1, readers: 1, capacity: 1_000, messages: 200_000, audience: Audience::One };

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "record/tap".to_owned(),
            short: false,
            ours: contender::<Msg, Tapped>(SHAPE),
            rivals: vec![
                Contender { note: Some("ours, nobody looks on"), ..contender::<Msg, Plain>(SHAPE) },
                Contender {
                    note: Some("ours, one that misses nothing looks on"),
                    ..contender::<Msg, Subscribed>(SHAPE)
                },
            ],
        },
        Case {
            name: "record/sender".to_owned(),
            short: false,
            ours: contender::<Msg, Recorded>(SHAPE),
            rivals: vec![
                Contender {
                    name: "tap",
                    note: Some("ours, a tap looks on"),
                    ..contender::<Msg, Tapped>(SHAPE)
                },
                Contender { note: Some("ours, nobody looks on"), ..contender::<Msg, Plain>(SHAPE) },
            ],
        },
    ]
}
