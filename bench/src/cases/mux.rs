//! `mux/2`: two channels through one mux, which take turns. `mux/64-idle`: one channel through a mux of 65, the others idle.

use super::{Audience, Shape, contender};
use crate::{
    measure::{Case, Contender},
    payload::Msg,
    rivals::classes::{MuxOfManyIdle, MuxOfOneIdle, MuxOfTwo, Plain},
};

const SHAPE: Shape =
    Shape { senders: 1, readers: 1, capacity: 1_000, messages: 200_000, audience: Audience::One };

pub(super) fn cases() -> Vec<Case> {
    let plain = || Contender { note: Some("one channel, its receiver"), ..contender::<Msg, Plain>(SHAPE) };
    vec![
        Case {
            name: "mux/2".to_owned(),
            short: false,
            ours: contender::<Msg, MuxOfTwo>(SHAPE),
            rivals: vec![plain()],
        },
        Case {
            name: "mux/64-idle".to_owned(),
            short: false,
            ours: contender::<Msg, MuxOfManyIdle>(SHAPE),
            rivals: vec![
                Contender { name: "mux-of-2", note: Some("both busy"), ..contender::<Msg, MuxOfTwo>(SHAPE) },
                Contender {
                    name: "mux-of-2-idle",
                    note: Some("one busy, one idle"),
                    ..contender::<Msg, MuxOfOneIdle>(SHAPE)
                },
                plain(),
            ],
        },
    ]
}
