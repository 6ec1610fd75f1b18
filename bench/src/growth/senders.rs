//! 1 to 256 senders into one reader: the cost of a message.

use super::{Series, lines, versus};
use crate::{
    cases::{Audience, Shape},
    payload::Msg,
    rivals::{Ours, Tokio},
};

pub(super) fn measure(repetitions: usize) -> anyhow::Result<Series> {
    let lines = lines(["stratoswarm", "tokio"], &[1, 4, 16, 64, 256], |runtime, senders| {
        let shape = Shape {
            senders: senders as usize,
            readers: 1,
            capacity: 1_000,
            messages: 128_000,
            audience: Audience::One,
        };
        versus::<Msg, Ours, Tokio>(runtime, shape, repetitions)
    })?;
    Ok(Series { name: "senders", over: "senders", unit: "ns per message", lines })
}
